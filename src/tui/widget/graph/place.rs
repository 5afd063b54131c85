//! A plan in a view of some size: level of detail, columns, rows, tracks, cells.

use std::collections::BTreeSet;

use super::bundle::Net;
use super::order::{Columns, Item};
use super::plan::Plan;
use super::rank::Ranks;
use super::rows::{self, Heights};
use super::track::{self, Gutter, Hop};
use super::wire::{self, Cells, E, N, S, W};
use super::{Edge, Node, Topology};
use crate::tui::format::{self, Cut};

/// How much a chip tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// A sign a job, names of the red and the chosen ones only.
    Glyph,
    /// A row a job: sign and name.
    Name,
    /// Two rows a job: name, then build, duration, age.
    Facts,
}

/// How the level is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Zoom {
    /// The most that fits the view; names with a way to move if nothing does.
    #[default]
    Fit,
    /// Two rows a job at full width, larger than the view if need be.
    Normal,
    /// A sign a job.
    Overview,
}

impl Zoom {
    /// The next one, round and round.
    pub fn next(self) -> Zoom {
        match self {
            Zoom::Fit => Zoom::Normal,
            Zoom::Normal => Zoom::Overview,
            Zoom::Overview => Zoom::Fit,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Zoom::Fit => "fit",
            Zoom::Normal => "normal",
            Zoom::Overview => "overview",
        }
    }
}

/// Sizes of a level.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    heights: Heights,
    /// The narrowest chip that still tells something.
    least: i32,
    /// Longer names are cut to this before a level that tells less is taken.
    cut: i32,
    /// What the second row asks for, where there is room: `#112  43m 20s   3m`.
    facts: i32,
    /// The widest chip.
    most: i32,
    /// Columns between tracks.
    step: i32,
    /// Columns of a gutter beside its tracks, at least.
    beside: i32,
}

impl Level {
    pub(super) fn heights(self) -> Heights {
        self.sizes().heights
    }

    fn sizes(self) -> Sizes {
        match self {
            Level::Facts => Sizes {
                heights: Heights { job: 2, gap: 1 },
                least: 15,
                cut: 18,
                facts: 24,
                most: 38,
                step: 2,
                beside: 4,
            },
            Level::Name => Sizes {
                heights: Heights { job: 1, gap: 1 },
                least: 14,
                cut: 14,
                facts: 14,
                most: 38,
                step: 2,
                beside: 4,
            },
            Level::Glyph => Sizes {
                heights: Heights { job: 1, gap: 0 },
                least: 3,
                cut: 3,
                facts: 3,
                most: 3,
                step: 1,
                beside: 3,
            },
        }
    }
}

/// A rectangle on the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Spot {
    /// First column.
    pub x: i32,
    /// First row.
    pub y: i32,
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

/// A plan on a canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// How much chips tell.
    pub level: Level,
    /// Columns and rows of the canvas.
    pub size: (i32, i32),
    /// Where every node stands.
    pub nodes: Vec<Spot>,
    /// The column of every node.
    pub ranks: Vec<usize>,
    /// First column and width of every rank.
    pub columns: Vec<(i32, i32)>,
    /// Where the name of every node is cut.
    pub cuts: Vec<Cut>,
    pub(super) edges: Vec<Edge>,
    /// Per line, the nodes at its left and right end.
    pub(super) ends: Vec<(usize, usize)>,
    pub(super) cells: Cells,
    /// Ends of lines: the cell, the line, whether it was turned round.
    pub(super) arrows: Vec<((i32, i32), usize, bool)>,
}

/// Rows and gutters of a level, before columns have their widths.
struct Skeleton {
    level: Level,
    rows: Vec<i32>,
    height: i32,
    gutters: Vec<Gutter>,
}

/// Places a plan in a view.
pub(super) fn place(plan: &Plan, width: u16, height: u16, zoom: Zoom) -> Placed {
    let (width, height) = (i32::from(width), i32::from(height));
    match zoom {
        Zoom::Normal => finish(plan, skeleton(plan, Level::Facts), None),
        Zoom::Overview => finish(plan, skeleton(plan, Level::Glyph), Some(width)),
        Zoom::Fit => {
            for level in [Level::Facts, Level::Name, Level::Glyph] {
                let bones = skeleton(plan, level);
                let fits = bones.height <= height && narrowest(plan, &bones) <= width;
                if fits {
                    return finish(plan, bones, Some(width));
                }
            }
            finish(plan, skeleton(plan, Level::Name), None)
        }
    }
}

fn narrowest(plan: &Plan, bones: &Skeleton) -> i32 {
    let sizes = bones.level.sizes();
    let gutters: i32 = bones.gutters.iter().map(|gutter| least_gutter(gutter, sizes)).sum();
    let natural = natural_widths(plan, bones.level);
    gutters + natural.iter().map(|&width| width.min(sizes.cut)).sum::<i32>()
}

fn least_gutter(gutter: &Gutter, sizes: Sizes) -> i32 {
    let tracks = i32::try_from(gutter.count).unwrap_or(i32::MAX / 1_000);
    sizes.beside + (tracks - 1).max(0) * sizes.step
}

/// Per rank, the width that no name of it is cut at.
fn natural_widths(plan: &Plan, level: Level) -> Vec<i32> {
    let sizes = level.sizes();
    let mut widths = vec![sizes.least; plan.ranks.count];
    if level == Level::Glyph {
        return widths;
    }
    for (node, it) in plan.topology.nodes.iter().enumerate() {
        let name = i32::try_from(format::width(&it.name)).unwrap_or(sizes.most);
        let width = &mut widths[plan.ranks.of[node]];
        *width = (*width).max((name + 5).min(sizes.most));
    }
    widths
}

fn skeleton(plan: &Plan, level: Level) -> Skeleton {
    let nodes = &plan.topology.nodes;
    let is_resource = |node: usize| nodes.get(node).is_some_and(|node: &Node| node.is_resource);
    let heights = level.sizes().heights;
    let rows = rows::rows(&plan.columns, &is_resource, heights);
    let hops = Routes::of(plan, &rows, level).hops();
    let gutters: Vec<Gutter> = hops.iter().map(|hops| track::assign(hops)).collect();
    let tall = |item: usize| match plan.columns.items[item] {
        Item::Node(node) if !is_resource(node) => heights.job,
        Item::Node(_) | Item::Lane(_) => 1,
    };
    let bottom = rows.iter().enumerate().map(|(item, row)| row + tall(item)).max().unwrap_or(0);
    let legs = gutters.iter().flat_map(|g| g.doglegs.values()).map(|leg| leg.over + 1);
    let height = legs.max().unwrap_or(0).max(bottom);
    Skeleton { level, rows, height, gutters }
}

/// Where lines come in and go out, once rows are known.
#[derive(Clone, Copy)]
pub(super) struct Routes<'a> {
    pub topology: &'a Topology,
    pub ranks: &'a Ranks,
    pub nets: &'a [Net],
    pub columns: &'a Columns,
    pub rows: &'a [i32],
    pub level: Level,
}

impl<'a> Routes<'a> {
    fn of(plan: &'a Plan, rows: &'a [i32], level: Level) -> Routes<'a> {
        let Plan { topology, ranks, nets, columns, .. } = plan;
        Routes { topology, ranks, nets, columns, rows, level }
    }

    /// The row at which a line arrives: dotted ones at the second row of a node that solid ones
    /// reach.
    fn arrival(&self, edge: usize, to: usize) -> i32 {
        let is_second = self.level == Level::Facts
            && !self.topology.nodes[to].is_resource
            && !self.topology.edges[edge].triggers
            && self.ranks.is_triggered[to];
        self.rows[to] + i32::from(is_second)
    }

    /// The ends of a line as it is laid out: from left to right.
    fn ends(&self, edge: usize) -> (usize, usize) {
        let e = self.topology.edges[edge];
        if self.ranks.is_reversed[edge] { (e.to, e.from) } else { (e.from, e.to) }
    }

    /// The rows of a line at each of its columns, from its source to its target.
    fn way(&self, net: usize, edge: usize) -> Vec<i32> {
        let (from, to) = self.ends(edge);
        let (first, last) = (self.ranks.of[from], self.ranks.of[to]);
        let mut way = vec![self.rows[from]];
        for rank in first + 1..last {
            let lane = self.columns.lanes[net][rank];
            way.push(lane.map_or(self.rows[from], |item| self.rows[item]));
        }
        way.push(self.arrival(edge, to));
        way
    }

    /// What every net does in every gutter.
    pub fn hops(&self) -> Vec<Vec<Hop>> {
        let mut gutters: Vec<Vec<Hop>> = vec![Vec::new(); self.ranks.count.saturating_sub(1)];
        for (net, it) in self.nets.iter().enumerate() {
            for &edge in &it.edges {
                let (from, _) = self.ends(edge);
                let first = self.ranks.of[from];
                for (hop, pair) in self.way(net, edge).windows(2).enumerate() {
                    let hops = &mut gutters[first + hop];
                    if hops.last().is_none_or(|last| last.net != net) {
                        hops.push(Hop { net, left: BTreeSet::new(), right: BTreeSet::new() });
                    }
                    if let Some(last) = hops.last_mut() {
                        last.left.insert(pair[0]);
                        last.right.insert(pair[1]);
                    }
                }
            }
        }
        gutters
    }
}

/// Gives narrow columns room for their second row, the narrowest first; says how much was given.
fn widen(widths: &mut [i32], spare: i32, wanted: i32) -> i32 {
    let mut given = 0;
    while given < spare {
        let Some(width) = widths.iter_mut().filter(|width| **width < wanted).min() else { break };
        *width += 1;
        given += 1;
    }
    given
}

/// Gives columns their widths and lays the lines. With a width, names give way before the picture
/// outgrows it, and what is left over goes to the gutters.
fn finish(plan: &Plan, bones: Skeleton, width: Option<i32>) -> Placed {
    let sizes = bones.level.sizes();
    let mut widths = natural_widths(plan, bones.level);
    let mut gutters: Vec<i32> = bones.gutters.iter().map(|g| least_gutter(g, sizes)).collect();
    if let Some(width) = width {
        let room = width - gutters.iter().sum::<i32>();
        shrink(&mut widths, room, sizes.cut);
        let mut spare = room - widths.iter().sum::<i32>();
        spare -= widen(&mut widths, spare, sizes.facts);
        for round in 0..4 {
            for gutter in gutters.iter_mut() {
                if spare > 0 && round < 4 {
                    *gutter += 1;
                    spare -= 1;
                }
            }
        }
    } else {
        gutters.iter_mut().for_each(|gutter| *gutter += 2);
    }
    let mut x = 0;
    let mut columns = Vec::with_capacity(widths.len());
    for (rank, &width) in widths.iter().enumerate() {
        columns.push((x, width));
        x += width + gutters.get(rank).copied().unwrap_or(0);
    }
    let size = (x.max(0), bones.height);
    let height = |node: &Node| if node.is_resource { 1 } else { sizes.heights.job };
    let nodes: Vec<Spot> = plan
        .topology
        .nodes
        .iter()
        .enumerate()
        .map(|(node, it)| {
            let (x, width) = columns[plan.ranks.of[node]];
            Spot { x, y: bones.rows[node], width, height: height(it) }
        })
        .collect();
    let mut cuts = vec![Cut::Middle; nodes.len()];
    for column in plan.by_rank() {
        let name = |node: usize| plan.topology.nodes[node].name.as_str();
        for &node in &column {
            let others = column.iter().filter(|other| **other != node).map(|&other| name(other));
            cuts[node] = Cut::among(name(node), others);
        }
    }
    let mut placed = Placed {
        level: bones.level,
        size,
        nodes,
        ranks: plan.ranks.of.clone(),
        columns,
        cuts,
        edges: plan.topology.edges.clone(),
        ends: (0..plan.topology.edges.len())
            .map(|edge| Routes::of(plan, &bones.rows, bones.level).ends(edge))
            .collect(),
        cells: Cells::new(),
        arrows: Vec::new(),
    };
    lay(plan, &bones, &gutters, &mut placed);
    placed
}

/// Makes the widest columns narrower, down to `least`, until all fit into `room`.
fn shrink(widths: &mut [i32], room: i32, least: i32) {
    let floor: Vec<i32> = widths.iter().map(|&width| width.min(least)).collect();
    while widths.iter().sum::<i32>() > room {
        let widest = (0..widths.len())
            .filter(|&at| widths[at] > floor[at])
            .max_by_key(|&at| (widths[at], std::cmp::Reverse(at)));
        match widest {
            Some(at) => widths[at] -= 1,
            None => return,
        }
    }
}

fn lay(plan: &Plan, bones: &Skeleton, gutters: &[i32], placed: &mut Placed) {
    let sizes = bones.level.sizes();
    let track_x = |gutter: usize, track: usize| {
        let (x, width) = placed.columns[gutter];
        let tracks = i32::try_from(bones.gutters[gutter].count).unwrap_or(1);
        let slack = gutters[gutter] - 1 - (tracks - 1).max(0) * sizes.step;
        x + width + (slack / 2).max(1) + i32::try_from(track).unwrap_or(0) * sizes.step
    };
    let routes = Routes::of(plan, &bones.rows, bones.level);
    let mut cells = Cells::new();
    let mut arrows = Vec::new();
    for (net, it) in plan.nets.iter().enumerate() {
        for &edge in &it.edges {
            let (from, _) = routes.ends(edge);
            let first = plan.ranks.of[from];
            let way = routes.way(net, edge);
            let (x, width) = placed.columns[first];
            let mut points = vec![(x + width, way[0])];
            for (hop, pair) in way.windows(2).enumerate() {
                let gutter = first + hop;
                let (here, next) = (pair[0], pair[1]);
                let tracks = &bones.gutters[gutter];
                if let Some(&track) = tracks.track.get(&net) {
                    let trunk = track_x(gutter, track);
                    points.push((trunk, here));
                    if let Some(leg) = tracks.doglegs.get(&(net, next)) {
                        let second = track_x(gutter, leg.track);
                        points.extend([(trunk, leg.over), (second, leg.over), (second, next)]);
                    } else {
                        points.push((trunk, next));
                    }
                }
                points.push((placed.columns[gutter + 1].0 - 1, next));
            }
            wire::add(&mut cells, net, edge, &points, (W, E));
            if let Some(&end) = points.last() {
                arrows.push((end, edge, plan.ranks.is_reversed[edge]));
            }
        }
    }
    // Lines inside a column lead down behind what stands between.
    for (edge, e) in plan.topology.edges.iter().enumerate() {
        let (a, b) = (placed.nodes[e.from], placed.nodes[e.to]);
        if placed.ranks[e.from] != placed.ranks[e.to] {
            continue;
        }
        let (upper, lower) = if a.y <= b.y { (a, b) } else { (b, a) };
        let x = upper.x + 2.min(upper.width - 1);
        let (top, bottom) = (upper.y + upper.height, lower.y - 1);
        if top <= bottom {
            let net = plan.nets.len() + edge;
            wire::add(&mut cells, net, edge, &[(x, top), (x, bottom)], (N, S));
        }
    }
    placed.cells = cells;
    placed.arrows = arrows;
}
