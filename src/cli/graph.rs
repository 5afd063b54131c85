//! `flightdeck graph`: how versions go through a pipeline, for people and for drawing programs.
//!
//! The JSON form is stable; it grows only by new fields:
//!
//! ```json
//! {
//!   "nodes": [{"id": 0, "kind": "resource", "name": "repo", "rank": 0},
//!             {"id": 1, "kind": "job", "name": "unit", "rank": 1}],
//!   "edges": [{"from": 0, "to": 1, "kind": "get", "resource": "repo", "trigger": true}]
//! }
//! ```
//!
//! `id` is the node's place in `nodes`; `kind` of an edge is `get` (resource to job), `passed`
//! (job to job) or `put` (job to resource); `rank` is the column, from 0.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Exit;
use super::pipeline_file::{PipelineFile, values};
use super::settings::Shared;
use super::validate::verdict;
use crate::dialect::graph::{Edge, EdgeKind, Graph, NodeKind};

/// Options of `flightdeck graph`.
#[derive(Debug, Args)]
pub struct GraphOptions {
    /// The pipeline file
    file: PathBuf,

    /// How to print the graph
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A list of ranks, for people
    Text,
    /// For Graphviz
    Dot,
    /// For Mermaid, as in Markdown files
    Mermaid,
    /// For programs
    Json,
}

/// Reads the file and prints its graph. A file with errors has none: they are printed instead,
/// on standard error.
///
/// # Errors
/// When a file cannot be read, or nothing can be printed.
pub fn run(shared: &Shared, options: &GraphOptions, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let file = PipelineFile::read(&options.file, &values(shared)?)?;
    let Some(pipeline) = &file.read.pipeline else {
        let verdict = verdict(&file.path, &file.read.diagnostics);
        writeln!(io::stderr(), "{}{verdict}", file.report())?;
        return Ok(Exit::Failed);
    };
    let graph = Graph::of(pipeline);
    let text = match options.format {
        Format::Text => text(&graph),
        Format::Dot => dot(&graph),
        Format::Mermaid => mermaid(&graph),
        Format::Json => json(&graph)?,
    };
    write!(out, "{text}")?;
    Ok(Exit::Success)
}

/// Ranks from left to right; below each job what it gets, and from where, and what it puts.
fn text(graph: &Graph) -> String {
    let name = |node: usize| graph.nodes[node].name.as_str();
    let mut out = String::new();
    for rank in 0..graph.n_ranks() {
        let gap = if rank > 0 { "\n" } else { "" };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{gap}rank {rank}");
        for (id, node) in graph.in_rank(rank) {
            let _ = writeln!(out, "  {} {}", node.kind.word(), node.name);
            if node.kind == NodeKind::Resource {
                continue;
            }
            for (edge, from) in inputs(graph, id) {
                let after = match edge.kind {
                    EdgeKind::Passed => format!(" passed {}", from.join(", ")),
                    EdgeKind::Get | EdgeKind::Put => String::new(),
                };
                let trigger = if edge.is_trigger { ", trigger" } else { "" };
                let _ = writeln!(out, "    get {}{after}{trigger}", edge.resource);
            }
            for edge in graph.from(id).filter(|edge| edge.kind == EdgeKind::Put) {
                let _ = writeln!(out, "    put {}", name(edge.to));
            }
        }
    }
    out
}

/// The edges that reach a job, those of one resource, kind and trigger as one, with where they
/// come from.
fn inputs(graph: &Graph, job: usize) -> Vec<(&Edge, Vec<&str>)> {
    let mut inputs: Vec<(&Edge, Vec<&str>)> = Vec::new();
    for edge in graph.into(job) {
        let name = graph.nodes[edge.from].name.as_str();
        let key = |edge: &Edge| (edge.kind, edge.resource.clone(), edge.is_trigger);
        match inputs.iter_mut().find(|(other, _)| key(other) == key(edge)) {
            Some((_, from)) => from.push(name),
            None => inputs.push((edge, vec![name])),
        }
    }
    inputs
}

fn dot(graph: &Graph) -> String {
    let mut out =
        String::from("digraph pipeline {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    for rank in 0..graph.n_ranks() {
        out.push_str("  { rank=same;\n");
        for (id, node) in graph.in_rank(rank) {
            let shape = match node.kind {
                NodeKind::Resource => "shape=ellipse",
                NodeKind::Job => "shape=box",
            };
            let _ = writeln!(out, "    n{id} [label={}, {shape}];", quoted(&node.name, "\\\""));
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        let Edge { from, to, resource, .. } = edge;
        let style = match (edge.kind, edge.is_trigger) {
            (EdgeKind::Put, _) => "dotted",
            (EdgeKind::Get | EdgeKind::Passed, true) => "solid",
            (EdgeKind::Get | EdgeKind::Passed, false) => "dashed",
        };
        let label = quoted(resource, "\\\"");
        let label = match edge.kind {
            EdgeKind::Passed => format!("label={label}, "),
            EdgeKind::Get | EdgeKind::Put => String::new(),
        };
        let kind = edge.kind.word();
        let _ = writeln!(out, "  n{from} -> n{to} [{label}style={style}, class={kind}];");
    }
    out.push_str("}\n");
    out
}

/// Solid lines trigger, dotted ones do not, and thick ones are puts.
fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (id, node) in graph.nodes.iter().enumerate() {
        let label = quoted(&node.name, "#quot;");
        let _ = match node.kind {
            NodeKind::Resource => writeln!(out, "  n{id}([{label}])"),
            NodeKind::Job => writeln!(out, "  n{id}[{label}]"),
        };
    }
    for edge in &graph.edges {
        let Edge { from, to, resource, .. } = edge;
        let arrow = match (edge.kind, edge.is_trigger) {
            (EdgeKind::Put, _) => "==>",
            (EdgeKind::Get | EdgeKind::Passed, true) => "-->",
            (EdgeKind::Get | EdgeKind::Passed, false) => "-.->",
        };
        let label = match edge.kind {
            EdgeKind::Passed => format!("|{}|", quoted(resource, "#quot;")),
            EdgeKind::Get | EdgeKind::Put => String::new(),
        };
        let _ = writeln!(out, "  n{from} {arrow}{label} n{to}");
    }
    out
}

/// Text in double quotes, with `quote` for quotes inside of it. Both languages take names of any
/// other characters so.
fn quoted(text: &str, quote: &str) -> String {
    let text = if quote.starts_with('\\') { text.replace('\\', "\\\\") } else { text.to_owned() };
    format!("\"{}\"", text.replace('"', quote))
}

#[derive(Serialize)]
struct JsonGraph<'g> {
    nodes: Vec<JsonNode<'g>>,
    edges: Vec<JsonEdge<'g>>,
}

#[derive(Serialize)]
struct JsonNode<'g> {
    id: usize,
    kind: &'static str,
    name: &'g str,
    rank: usize,
}

#[derive(Serialize)]
struct JsonEdge<'g> {
    from: usize,
    to: usize,
    kind: &'static str,
    resource: &'g str,
    trigger: bool,
}

fn json(graph: &Graph) -> serde_json::Result<String> {
    let nodes = graph.nodes.iter().enumerate().map(|(id, node)| JsonNode {
        id,
        kind: node.kind.word(),
        name: &node.name,
        rank: node.rank,
    });
    let edges = graph.edges.iter().map(|edge| JsonEdge {
        from: edge.from,
        to: edge.to,
        kind: edge.kind.word(),
        resource: &edge.resource,
        trigger: edge.is_trigger,
    });
    let json = JsonGraph { nodes: nodes.collect(), edges: edges.collect() };
    serde_json::to_string_pretty(&json).map(|text| text + "\n")
}
