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
        let buf = paint(width, height, look, resources, f);
        shoot(name, &buf);
        for job in ["✗", "x"] {
            let _ = rows(&buf).iter().any(|row| row.contains(job));
        }
    }
}
