//! Events → tree: first as it is written, then with aliases, merge keys and scalars resolved.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::events::{Event, EventKind, Events, Problem};
use super::fault::{Fault, FaultKind};
use super::node::{Data, Entry, Mark, Node, Style};
use super::scalar;

/// How large a file may be.
pub(super) struct Limits {
    /// How deep lists and maps nest, through aliases too.
    pub depth: usize,
    /// How many nodes are written in the file.
    pub nodes: usize,
    /// How many more nodes its aliases may make.
    pub expanded: usize,
    /// How many bytes of text its aliases may repeat.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, nodes: 1_000_000, expanded: 500_000, bytes: 64 << 20 }
    }
}

/// What building gave.
pub(super) struct Built {
    /// The tree, or why the text is no YAML.
    pub root: Result<Node, Problem>,
    /// What is wrong with the tree.
    pub faults: Vec<Fault>,
    /// Whether a `{{x}}` stood where a value belongs.
    pub is_braced: bool,
}

/// Builds the tree of the first document.
pub(super) fn build(text: &str, limits: &Limits) -> Built {
    let mut writer = Written::new(Events::new(text), limits);
    let read = writer.document();
    let Written { nodes, anchors, mut faults, .. } = writer;
    let root = match read {
        Ok(root) => root,
        Err(Stop::Problem(problem)) => {
            return Built { root: Err(problem), faults, is_braced: false };
        }
        Err(Stop::Limit) => {
            let root = Ok(Node { data: Data::Null, ..empty() });
            return Built { root, faults, is_braced: false };
        }
    };
    let mut resolver = Resolver {
        nodes: &nodes,
        anchors: &anchors,
        limits,
        open: vec![false; nodes.len()],
        expanded: 0,
        bytes: 0,
        faults: Vec::new(),
        is_braced: false,
    };
    let root = match root {
        Some(id) => resolver.node(id, 0, false),
        None => empty(),
    };
    let is_braced = resolver.is_braced;
    faults.append(&mut resolver.faults);
    Built { root: Ok(root), faults, is_braced }
}

fn empty() -> Node {
    Node { at: Mark { line: 1, column: 1 }, style: Style::Plain, tag: None, data: Data::Null }
}

/// A node as it is written; others are named by their index.
struct RawNode {
    at: Mark,
    style: Style,
    tag: Option<Arc<str>>,
    data: RawData,
}

enum RawData {
    Scalar(Arc<str>),
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
    Alias(String),
}

enum Stop {
    Problem(Problem),
    Limit,
}

/// Reads the nodes as they are written.
struct Written<'t> {
    events: Events<'t>,
    limits: &'t Limits,
    nodes: Vec<RawNode>,
    anchors: BTreeMap<String, Vec<usize>>,
    faults: Vec<Fault>,
}

impl<'t> Written<'t> {
    fn new(events: Events<'t>, limits: &'t Limits) -> Self {
        Self { events, limits, nodes: Vec::new(), anchors: BTreeMap::new(), faults: Vec::new() }
    }

    fn next(&mut self) -> Result<Event, Stop> {
        self.events.next().map_err(Stop::Problem)
    }

    fn document(&mut self) -> Result<Option<usize>, Stop> {
        if self.next()?.kind != EventKind::DocumentStart {
            return Ok(None);
        }
        let first = self.next()?;
        let root = self.node(first, 0)?;
        self.next()?;
        // A fault in what is not read is none.
        if let Ok(Event { kind: EventKind::DocumentStart, at, .. }) = self.events.next() {
            self.faults.push(Fault { at, kind: FaultKind::MoreDocuments });
        }
        Ok(Some(root))
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<usize, Stop> {
        let Event { at, anchor, tag, style, kind, span: _ } = event;
        if depth > self.limits.depth || self.nodes.len() >= self.limits.nodes {
            let kind = if depth > self.limits.depth {
                FaultKind::TooDeep(self.limits.depth)
            } else {
                FaultKind::TooManyNodes(self.limits.nodes)
            };
            self.faults.push(Fault { at, kind });
            return Err(Stop::Limit);
        }
        let id = self.nodes.len();
        let data = RawData::List(Vec::new());
        self.nodes.push(RawNode { at, style, tag: tag.map(Arc::from), data });
        if let Some(anchor) = anchor {
            self.anchors.entry(anchor).or_default().push(id);
        }
        self.nodes[id].data = match kind {
            EventKind::Alias(name) => RawData::Alias(name),
            EventKind::Scalar(text) => RawData::Scalar(text.into()),
            EventKind::ListStart => {
                let mut list = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.kind == EventKind::ListEnd {
                        break RawData::List(list);
                    }
                    list.push(self.node(event, depth + 1)?);
                }
            }
            EventKind::MapStart => {
                let mut map = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.kind == EventKind::MapEnd {
                        break RawData::Map(map);
                    }
                    let key = self.node(event, depth + 1)?;
                    let event = self.next()?;
                    map.push((key, self.node(event, depth + 1)?));
                }
            }
            EventKind::DocumentStart
            | EventKind::DocumentEnd
            | EventKind::StreamEnd
            | EventKind::ListEnd
            | EventKind::MapEnd => RawData::Scalar("".into()),
        };
        if let RawData::Map(map) = &self.nodes[id].data {
            duplicates(&self.nodes, map, &mut self.faults);
        }
        Ok(id)
    }
}

/// Tells of keys that stand twice in one map; merge keys may.
fn duplicates(nodes: &[RawNode], map: &[(usize, usize)], faults: &mut Vec<Fault>) {
    let mut seen: HashMap<&str, Mark> = HashMap::with_capacity(map.len());
    for (key, _) in map {
        let node = &nodes[*key];
        let RawData::Scalar(text) = &node.data else { continue };
        if is_merge(node) {
            continue;
        }
        if let Some(first) = seen.get(&**text) {
            let kind = FaultKind::Duplicate { key: text.to_string(), first: *first };
            faults.push(Fault { at: node.at, kind });
        } else {
            seen.insert(text, node.at);
        }
    }
}

fn is_merge(node: &RawNode) -> bool {
    let merge_tag = node.tag.as_deref() == Some("tag:yaml.org,2002:merge");
    matches!(&node.data, RawData::Scalar(text) if &**text == "<<")
        && (merge_tag || (node.tag.is_none() && node.style == Style::Plain))
}

/// Makes the tree from the nodes as they are written.
struct Resolver<'r> {
    nodes: &'r [RawNode],
    anchors: &'r BTreeMap<String, Vec<usize>>,
    limits: &'r Limits,
    /// The nodes that are being made, by index: one that meets itself would have no end.
    open: Vec<bool>,
    expanded: usize,
    bytes: usize,
    faults: Vec<Fault>,
    is_braced: bool,
}

impl Resolver<'_> {
    fn node(&mut self, id: usize, depth: usize, aliased: bool) -> Node {
        let raw = &self.nodes[id];
        let null = Node { at: raw.at, style: raw.style, tag: None, data: Data::Null };
        if self.is_overgrown() {
            return null;
        }
        if aliased {
            self.expanded += 1;
            if let RawData::Scalar(text) = &raw.data {
                self.bytes += text.len();
            }
            if self.is_overgrown() {
                self.fault(raw.at, FaultKind::TooMuchExpanded(self.limits.expanded));
                return null;
            }
        }
        if depth > self.limits.depth {
            self.fault(raw.at, FaultKind::TooDeep(self.limits.depth));
            return null;
        }
        self.open[id] = true;
        let data = match &raw.data {
            RawData::Alias(name) => {
                self.open[id] = false;
                return match self.anchor(id, name) {
                    Some(target) if self.open[target] => {
                        self.fault(raw.at, FaultKind::InsideItself);
                        null
                    }
                    Some(target) => self.node(target, depth + 1, true),
                    None => null,
                };
            }
            RawData::Scalar(text) => scalar::resolve(text, raw.style, raw.tag.as_deref()),
            RawData::List(list) => {
                Data::List(list.iter().map(|item| self.node(*item, depth + 1, aliased)).collect())
            }
            RawData::Map(map) => Data::Map(self.map(map, depth, aliased)),
        };
        self.open[id] = false;
        let own = |tag: &&Arc<str>| !tag.starts_with("tag:yaml.org,2002:");
        Node { tag: raw.tag.as_ref().filter(own).cloned(), data, ..null }
    }

    fn is_overgrown(&self) -> bool {
        self.expanded > self.limits.expanded || self.bytes > self.limits.bytes
    }

    fn fault(&mut self, at: Mark, kind: FaultKind) {
        self.faults.push(Fault { at, kind });
    }

    /// The node that an alias means: the last one before it, else the first one after it.
    fn anchor(&mut self, alias: usize, name: &str) -> Option<usize> {
        let at = self.nodes[alias].at;
        let Some(ids) = self.anchors.get(name) else {
            let known = self.anchors.keys().cloned().collect();
            self.fault(at, FaultKind::UnknownAnchor { name: name.to_owned(), known });
            return None;
        };
        // They stand in the order of the file.
        let n_before = ids.partition_point(|id| *id < alias);
        if let Some(id) = n_before.checked_sub(1).and_then(|last| ids.get(last)) {
            return Some(*id);
        }
        let target = *ids.first()?;
        let anchor = self.nodes[target].at;
        self.fault(at, FaultKind::ForwardAlias { name: name.to_owned(), anchor });
        Some(target)
    }

    fn map(&mut self, map: &[(usize, usize)], depth: usize, aliased: bool) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(map.len());
        let mut places: HashMap<Arc<str>, usize> = HashMap::with_capacity(map.len());
        let mut merges = Vec::new();
        for (key, value) in map {
            if is_merge(&self.nodes[*key]) {
                merges.push(*value);
                continue;
            }
            let Some(text) = self.key(*key) else { continue };
            let at = self.nodes[*key].at;
            let value = self.node(*value, depth + 1, aliased);
            let entry = Entry { key: text.clone(), at, value };
            match places.get(&text) {
                // Told of already; the last one counts, as for Concourse.
                Some(place) => entries[*place] = entry,
                None => {
                    places.insert(text, entries.len());
                    entries.push(entry);
                }
            }
        }
        for merge in merges {
            let node = self.node(merge, depth + 1, aliased);
            for entry in self.merged(node) {
                if !places.contains_key(&entry.key) {
                    places.insert(entry.key.clone(), entries.len());
                    entries.push(entry);
                }
            }
        }
        entries
    }

    fn merged(&mut self, node: Node) -> Vec<Entry> {
        match node.data {
            Data::Map(entries) => entries,
            Data::List(list) if list.iter().all(|item| item.as_map().is_some()) => {
                list.into_iter().flat_map(|item| self.merged(item)).collect()
            }
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) => {
                self.fault(node.at, FaultKind::BadMerge);
                Vec::new()
            }
        }
    }

    fn key(&mut self, id: usize) -> Option<Arc<str>> {
        let node = &self.nodes[id];
        match &node.data {
            RawData::Scalar(text) => Some(text.clone()),
            RawData::Alias(name) => {
                let target = self.anchor(id, name)?;
                match &self.nodes[target].data {
                    RawData::Scalar(text) => Some(text.clone()),
                    RawData::List(_) | RawData::Map(_) | RawData::Alias(_) => {
                        self.fault(node.at, FaultKind::KeyNotText);
                        None
                    }
                }
            }
            RawData::List(_) | RawData::Map(_) => {
                if is_braced(self.nodes, node) {
                    self.is_braced = true;
                } else {
                    self.fault(node.at, FaultKind::KeyNotText);
                }
                None
            }
        }
    }
}

/// Whether the key of a flow map is what `{{x}}` looks like to a parser: `{x: nothing}`.
fn is_braced(nodes: &[RawNode], key: &RawNode) -> bool {
    let RawData::Map(map) = &key.data else { return false };
    let [(name, value)] = map[..] else { return false };
    let bare = |id: usize, empty: bool| {
        matches!(&nodes[id].data, RawData::Scalar(text)
            if text.is_empty() == empty && nodes[id].style == Style::Plain)
    };
    let named = matches!(&nodes[name].data, RawData::Scalar(text) if super::braces::is_name(text));
    key.style == Style::Flow && named && bare(name, false) && bare(value, true)
}
