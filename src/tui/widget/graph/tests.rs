//! The graph as text: what its parts come to, and properties of all graphs.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::wire::{E, N, S, W};
use super::*;
use crate::tui::glyph::{GlyphSet, Sign};
use crate::tui::look::Look;
use crate::tui::theme::{Depth, Role, Theme};
use crate::tui::widget::testing::{rows, shoot};
use crate::tui::widget::{Chip, Progress};

const LANGS: [&str; 5] = ["python3", "nodejs", "java", "clojure", "powershell"];

/// The nineteen jobs that the design pictures show.
pub(crate) fn base_images(with_resources: bool) -> (Topology, Vec<Chip>) {
    use Sign::*;
    let mut topology = Topology::default();
    let mut chips = Vec::new();
    let mut job = |topology: &mut Topology, name: &str, sign, facts: &str, end: &str, done: u16| {
        let chip = Chip::new(name, sign).facts(facts, end);
        chips.push(if done > 0 { chip.progress(Progress::of(done)) } else { chip });
        topology.node(Node::job(name))
    };
    let t = &mut topology;
    let create = job(t, "create-gke-cluster", Succeeded, "#31  6m 12s", "2h", 0);
    let deploy = job(t, "deploy-dispatch", Succeeded, "#58  4m 40s", "2h", 0);
    let delete = job(t, "delete-gke-cluster", NeverRan, "by hand", "never ran", 0);
    let uninstall = job(t, "uninstall-dispatch", Aborted, "#22  by lee", "1d", 0);
    let units = [
        (Succeeded, "#204  48s", "26m", 0),
        (Succeeded, "#198  52s", "41m", 0),
        (Started, "#177", "~40s", 44),
        (Succeeded, "#90  1m 02s", "3d", 0),
        (Succeeded, "#61  39s", "5d", 0),
    ];
    let builds = [
        (Succeeded, "#41  3m 05s", "22m", 0),
        (Succeeded, "#44  2m 51s", "36m", 0),
        (Started, "#39", "~55s", 70),
        (Errored, "#19  registry 503", "3d", 0),
        (Succeeded, "#17  3m 30s", "5d", 0),
    ];
    let tests = [
        (Started, "#36", "~2m 50s", 53),
        (Failed, "#37  5m 52s", "14m", 0),
        (Waiting, "for build-java #39", "1m", 0),
        (Blocked, "by build-clojure ▲", "3d", 0),
        (Paused, "lee: runner is flaky", "2d", 0),
    ];
    let mut of_lang = Vec::new();
    for (i, lang) in LANGS.iter().enumerate() {
        let (s, f, e, d) = units[i];
        let unit = job(t, &format!("{lang}-units"), s, f, e, d);
        let (s, f, e, d) = builds[i];
        let build = job(t, &format!("build-{lang}-base-image"), s, f, e, d);
        let (s, f, e, d) = tests[i];
        let test = job(t, &format!("test-{lang}-base-image"), s, f, e, d);
        of_lang.push((unit, build, test));
    }
    t.edge(create, deploy, true);
    t.edge(create, delete, false);
    t.edge(create, uninstall, false);
    for &(_, build, test) in &of_lang {
        t.edge(build, test, true);
        t.edge(create, test, false);
        t.edge(deploy, test, false);
    }
    if with_resources {
        for (i, lang) in LANGS.iter().enumerate() {
            let name = format!("{lang}-base-image-pr");
            let pr = t.node(Node::resource(&name));
            let age = ["22m", "36m", "3m", "3d", "5d"][i];
            let sign = if *lang == "clojure" { CheckFails } else { NeverRan };
            chips.push(Chip { is_resource: true, ..Chip::new(name, sign).facts("", age) });
            t.edge(pr, of_lang[i].0, true);
            t.edge(pr, of_lang[i].1, true);
        }
        let release = t.node(Node::resource("dispatch-release"));
        let chip = Chip::new("dispatch-release", Pinned).facts("", "2h");
        chips.push(Chip { is_resource: true, ..chip });
        t.edge(release, deploy, true);
    }
    (topology, chips)
}

fn paint(width: u16, height: u16, look: &Look, with_resources: bool, f: bool) -> Buffer {
    let (topology, chips) = base_images(with_resources);
    let plan = Plan::new(topology);
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    look.clear(&mut buf, area, Role::Bg);
    let inner = Rect::new(1, 1, width - 2, height - 2);
    let placed = plan.place(inner.width, inner.height, Zoom::Fit);
    let selected = chips.iter().position(|chip| chip.name == "test-nodejs-base-image");
    let path = if f { plan.path_of(selected) } else { Vec::new() };
    let view = GraphView { selected, path: &path, ..GraphView::new(&placed, &chips) };
    view.draw(inner, &mut buf, look);
    if height > 30 {
        let corner = Rect::new(width - 24, height - 6, 17, 5);
        let view = ((0, 0), (inner.width, inner.height));
        Minimap { placed: &placed, chips: &chips, view }.draw(corner, &mut buf, look);
    }
    buf
}

#[test]
fn the_design_pictures_pipeline() {
    let night = Look::night();
    let day = Look { theme: Theme::day(Depth::True), ..Look::night() };
    let plain = Look { theme: Theme::night(Depth::None), glyphs: GlyphSet::Ascii, ..Look::night() };
    let sixteen = Look { theme: Theme::night(Depth::Sixteen), ..Look::night() };
    for (name, width, height, look, resources, f) in [
        ("graph", 98, 30, &night, false, false),
        ("graph-day", 98, 30, &day, false, false),
        ("graph-80x24", 80, 18, &night, false, false),
        ("graph-plain-80x24", 80, 18, &plain, false, false),
        ("graph-16", 98, 30, &sixteen, false, false),
        ("graph-220x60", 146, 36, &night, true, true),
        ("graph-220x60-nof", 146, 36, &night, true, false),
        ("graph-glyph", 50, 18, &night, true, false),
    ] {
        shoot(name, &paint(width, height, look, resources, f));
    }
}

/// The canvas as text.
fn text(topology: Topology, chips: &[Chip], width: u16, height: u16) -> Vec<String> {
    let placed = Plan::new(topology).place(width, height, Zoom::Fit);
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    GraphView::new(&placed, chips).draw(area, &mut buf, &Look::night());
    rows(&buf)
}

#[test]
fn base_images_at_eighty_columns() {
    let (topology, chips) = base_images(false);
    assert_eq!(
        text(topology, &chips, 78, 17),
        [
            "                       ╭┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈╮",
            "▌ ✓ create-g…-cluster ─┴─┬─▸▌ ✓ deploy-dispatch    ┈┤",
            "                         ┊                          ┊",
            "                         ├┈▸▌ · delete-gke-cluster  ┊",
            "                         ┊                          ┊",
            "                         ╰┈▸▌ ⊘ uninstall-dispatch  ┊",
            "                                                    ┊",
            "▌ ✓ python3-units           ▌ ✓ build-python3-bas… ─┼─▸▌ ◐ test-python3-base…",
            "                                                    ┊",
            "▌ ✓ nodejs-units            ▌ ✓ build-nodejs-base… ─┼─▸▌ ✗ test-nodejs-base-…",
            "                                                    ┊",
            "▌ ◐ java-units              ▌ ◐ build-java-base-i… ─┼─▸▌ ◌ test-java-base-im…",
            "                                                    ┊",
            "▌ ✓ clojure-units           ▌ ▲ build-clojure-bas… ─┼─▸▌ ⊣ test-clojure-base…",
            "                                                    ┊",
            "▌ ✓ powershell-units        ▌ ✓ build-powershell-… ─┴─▸▌ ‖ test-powershell-b…",
            "",
        ]
    );
}

/// Any topology: nodes, some of them resources or in stages, and lines any way round.
fn any_topology(most: usize) -> impl Strategy<Value = Topology> {
    (1..=most)
        .prop_flat_map(|n| {
            let node =
                (prop::option::weighted(0.1, 0..6usize), prop::bool::weighted(0.1), 1..30usize);
            let edge = (0..n, 0..n, any::<bool>());
            (prop::collection::vec(node, n), prop::collection::vec(edge, 0..n * 2))
        })
        .prop_map(|(nodes, edges)| {
            let mut topology = Topology::default();
            for (i, (rank, is_resource, length)) in nodes.into_iter().enumerate() {
                let name = format!("{}-{i}", "n".repeat(length));
                topology.node(Node { name, rank, is_resource });
            }
            for (from, to, triggers) in edges {
                topology.edge(from, to, triggers);
            }
            topology
        })
}

/// What must hold of every placed graph.
fn check(placed: &Placed, topology: &Topology) {
    // Chips do not overlap, and stand on the canvas.
    for (i, a) in placed.nodes.iter().enumerate() {
        assert!(a.x >= 0 && a.y >= 0 && a.x + a.width <= placed.size.0);
        assert!(a.y + a.height <= placed.size.1);
        for b in &placed.nodes[i + 1..] {
            let is_apart = a.x + a.width <= b.x
                || b.x + b.width <= a.x
                || a.y + a.height <= b.y
                || b.y + b.height <= a.y;
            assert!(is_apart, "{a:?} and {b:?}");
        }
    }
    // Every line is whole: each cell is met by its neighbour, from its source to its target.
    let mut cells: BTreeMap<usize, BTreeMap<(i32, i32), u8>> = BTreeMap::new();
    for (&at, parts) in &placed.cells {
        for part in parts {
            for &(edge, mask) in &part.lines {
                *cells.entry(edge).or_default().entry(at).or_default() |= mask;
            }
        }
    }
    for (number, edge) in topology.edges.iter().enumerate() {
        let (a, b) = (placed.nodes[edge.from], placed.nodes[edge.to]);
        if placed.ranks[edge.from] == placed.ranks[edge.to] {
            continue;
        }
        let (a, b) = if a.x < b.x { (a, b) } else { (b, a) };
        let line = cells.get(&number).expect("every line has cells");
        let inside = |spot: &super::place::Spot, x: i32, y: i32| {
            x >= spot.x && x < spot.x + spot.width && y >= spot.y && y < spot.y + spot.height
        };
        let (mut begins, mut ends) = (false, false);
        for (&(x, y), mask) in line {
            for (bit, dx, dy, back) in [(N, 0, -1, S), (E, 1, 0, W), (S, 0, 1, N), (W, -1, 0, E)] {
                if mask & bit == 0 {
                    continue;
                }
                let next = (x + dx, y + dy);
                begins |= inside(&a, next.0, next.1);
                ends |= inside(&b, next.0, next.1);
                let is_met = line.get(&next).is_some_and(|other| other & back != 0);
                assert!(is_met || inside(&a, next.0, next.1) || inside(&b, next.0, next.1));
            }
        }
        assert!(begins && ends, "line {number} does not reach its ends");
        for &(x, y) in line.keys() {
            assert!(!placed.nodes.iter().any(|spot| inside(spot, x, y)), "a line under a chip");
        }
    }
    // Lines that have no end in common share a cell only where one crosses the other.
    for (at, parts) in &placed.cells {
        for (i, a) in parts.iter().enumerate() {
            for b in &parts[i + 1..] {
                let mask = |part: &super::wire::Part| part.lines.iter().fold(0, |m, l| m | l.1);
                let is_inside = |part: &super::wire::Part| {
                    part.lines.iter().all(|&(edge, _)| {
                        let e = topology.edges[edge];
                        placed.ranks[e.from] == placed.ranks[e.to]
                    })
                };
                let is_crossing = matches!((mask(a), mask(b)), (5, 10) | (10, 5));
                assert!(
                    is_crossing
                        || super::wire::related(placed, a, b)
                        || is_inside(a)
                        || is_inside(b),
                    "two lines in {at:?}: {a:?} {b:?}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_is_drawn_whole(
        topology in any_topology(24),
        width in 1u16..400,
        height in 1u16..120,
    ) {
        let plan = Plan::new(topology.clone());
        for zoom in [Zoom::Fit, Zoom::Normal, Zoom::Overview] {
            let placed = plan.place(width, height, zoom);
            check(&placed, &topology);
            let chips: Vec<Chip> =
                topology.nodes.iter().map(|node| Chip::new(&node.name, Sign::Failed)).collect();
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            let mut view = GraphView::new(&placed, &chips);
            let mut trail = Trail::default();
            let mut here = 0;
            for heading in [Heading::Right, Heading::Down, Heading::Left, Heading::Up,
                Heading::LastRank, Heading::Bottom, Heading::Top, Heading::FirstRank] {
                here = plan.step(&placed, here, heading, &mut trail);
                prop_assert!(here < topology.nodes.len());
            }
            let path = plan.path_of(Some(here));
            view.selected = Some(here);
            view.path = &path;
            view.offset = placed.scrolled((3, 9), Some(here), (width, height));
            view.draw(area, &mut buf, &Look::night());
            Minimap { placed: &placed, chips: &chips, view: (view.offset, (width, height)) }
                .draw(Rect::new(0, 0, width.min(20), height.min(6)), &mut buf, &Look::night());
        }
    }
}

#[test]
fn states_move_nothing_and_topology_is_known_again() {
    let (topology, _) = base_images(true);
    let one = Plan::new(topology.clone());
    let two = Plan::new(topology.clone());
    assert_eq!(one, two);
    assert_eq!(one.fingerprint(), topology.fingerprint());
    let mut other = topology;
    other.edge(0, 6, true);
    assert_ne!(one.fingerprint(), other.fingerprint());
}

#[test]
fn keys_walk_along_lines_and_back() {
    let (topology, _) = base_images(false);
    let node = |name: &str| topology.nodes.iter().position(|n| n.name == name).expect(name);
    let plan = Plan::new(topology.clone());
    let placed = plan.place(96, 28, Zoom::Fit);
    let mut trail = Trail::default();
    let mut go = |from: usize, heading| plan.step(&placed, from, heading, &mut trail);
    let test = node("test-nodejs-base-image");
    let build = go(test, Heading::Left);
    assert_eq!(build, node("build-nodejs-base-image"));
    assert_eq!(go(build, Heading::Right), test);
    assert_eq!(go(test, Heading::Down), node("test-java-base-image"));
    let deploy = go(node("create-gke-cluster"), Heading::Right);
    assert_eq!(deploy, node("deploy-dispatch"));
    assert_eq!(go(deploy, Heading::Left), node("create-gke-cluster"));
    let red = |n: usize| n == test || n == node("build-clojure-base-image");
    assert_eq!(plan.seek(None, 1, &red), Some(node("build-clojure-base-image")));
    assert_eq!(plan.seek(Some(test), 1, &red), Some(node("build-clojure-base-image")));
    assert_eq!(plan.seek(Some(test), -1, &red), Some(node("build-clojure-base-image")));
    let path = plan.path(build);
    assert_eq!(path, [build, test]);
}

#[test]
fn a_large_graph_takes_little_time() {
    let mut topology = Topology::default();
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap_or(0) % below
    };
    for i in 0..100 {
        topology.node(Node::job(format!("job-{i}")));
        for _ in 0..2 {
            if i > 0 {
                let from = next(i);
                topology.edge(from, i, from % 3 > 0);
            }
        }
    }
    let begun = std::time::Instant::now();
    let plan = Plan::new(topology);
    let planned = begun.elapsed();
    let placed = plan.place(220, 60, Zoom::Fit);
    let all = begun.elapsed();
    assert!(placed.size.0 > 0);
    // Unoptimised and on a busy machine; the budget holds for the optimised program.
    assert!(all < std::time::Duration::from_secs(5), "{planned:?}, {all:?}");
}
