//! Tables: a world at the moment 100 and what a pass over the job decides.

use std::collections::BTreeSet;

use super::world::World;
use super::*;
use crate::model::ResourceId;

const NOW: Timestamp = Timestamp(100);

fn show_resources(world: &World, resources: &BTreeSet<ResourceId>) -> String {
    let names: Vec<&str> = resources.iter().map(|id| world.resource_name(*id)).collect();
    names.join(",")
}

fn show(world: &World, decision: &Decision) -> String {
    match decision {
        Decision::SaveInputs(resolution) => format!("save {}", world.show(&Ok(resolution.clone()))),
        Decision::CreateBuild { .. } => "create".to_owned(),
        Decision::FinishAborted { build, why } => format!("abort {build} {why:?}"),
        Decision::SetMaxInFlightReached(is_reached) => format!("reached {is_reached}"),
        Decision::TakePlace { build } => format!("place {build}"),
        Decision::WantChecks { build, resources, interval } => {
            format!("check {} for {build} {interval:?}", show_resources(world, resources))
        }
        Decision::Start { build, inputs } => {
            let inputs: Vec<String> = inputs.iter().map(|input| world.show_input(input)).collect();
            format!("start {build} with {}", inputs.join(", "))
        }
        Decision::MarkScheduled => "done".to_owned(),
        Decision::ScheduleAgain => "again".to_owned(),
        Decision::Retry(Wait::Checks(of)) => format!("retry: checks {}", show_resources(world, of)),
        Decision::Retry(Wait::Turn(turn)) => format!("retry: turn {}", turn.build),
        Decision::Retry(Wait::Running { n_running, limit }) => {
            format!("retry: {n_running} of {limit}")
        }
        Decision::Retry(Wait::Paused) => "retry: paused".to_owned(),
        Decision::Retry(Wait::Inputs) => "retry: inputs".to_owned(),
    }
}

/// Expected decisions leave out those that save inputs, unless `with_inputs`.
fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, text, expected) in cases {
        let world = World::read(text);
        let decisions = schedule(&world.facts, NOW).unwrap();
        let mut shown: Vec<String> = decisions.iter().map(|d| show(&world, d)).collect();
        if expected.first().is_none_or(|first| !first.starts_with("save")) {
            shown.retain(|decision| !decision.starts_with("save"));
        }
        assert_eq!(shown, *expected, "{name}");
        let is_last = |decision: &Decision| {
            matches!(
                decision,
                Decision::MarkScheduled | Decision::Retry(_) | Decision::ScheduleAgain
            )
        };
        let lasts = decisions.iter().filter(|decision| is_last(decision)).count();
        assert!(lasts == 1 && decisions.last().is_some_and(is_last), "{name}: one last decision");
    }
}

#[test]
fn new_versions_of_triggers_make_builds() {
    check(&[
        ("new", "r: v1; input in r trigger", &["save in=v1 new", "create", "again"]),
        ("used", "r: v1; past in:r=v1; input in r trigger", &["save in=v1", "done"]),
        ("no trigger", "r: v1; input in r", &["done"]),
        ("no inputs", "", &["save ", "done"]),
        (
            "a trigger that is old beside a new quiet input",
            "r: v1; s: w1; past in:r=v1; input in r trigger; input x s",
            &["done"],
        ),
        (
            "a new trigger beside an old one",
            "r: v1; s: w1; past in:r=v1; input in r trigger; input x s trigger",
            &["create", "again"],
        ),
        (
            "unresolved",
            "r: v1; s:; input in r trigger; input x s",
            &["save in=v1 new; x: latest version of resource not found", "done"],
        ),
        ("paused", "r: v1; input in r trigger; paused", &["done"]),
        ("pipeline paused", "r: v1; input in r trigger; pipeline-paused", &["done"]),
        (
            "limit does not matter",
            "r: v1; input in r trigger; limit 1; running 1",
            &["create", "again"],
        ),
        (
            "a pending build comes first",
            "r: v1; input in r trigger; pending 7 scheduled",
            &["reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
        (
            "even an aborted one",
            "r: v1; input in r trigger; pending 7 scheduled aborted",
            &["abort 7 ByPerson", "done"],
        ),
    ]);
}

#[test]
fn builds_start_in_their_order_one_a_pass() {
    check(&[
        (
            "the first",
            "r: v1; input in r checked=9; pending 7 manual at=5; pending 8 manual at=5",
            &["reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
        (
            "a rerun stands with its original",
            "r: v1; input in r checked=9; pending 7 manual at=5; pending 8 rerun=3",
            &["reached false", "place 8", "start 8 with ", "again"],
        ),
        (
            "aborted ones end first",
            "r: v1; input in r checked=9; pending 7 manual aborted; pending 8 manual at=5",
            &["abort 7 ByPerson", "reached false", "place 8", "start 8 with in=v1 new", "again"],
        ),
        (
            "one that has its place",
            "r: v1; input in r checked=9; pending 7 manual at=5 placed; limit 1; running 1",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "unresolved: no retry, the place is kept",
            "r:; input in r checked=9; pending 7 manual at=5",
            &["reached false", "place 7", "done"],
        ),
        (
            "a rerun whose inputs are gone makes way",
            "r: v1; input in r checked=9; pending 7 rerun-lost=3; pending 8 manual at=5",
            &[
                "reached false",
                "abort 7 InputsGone",
                "reached false",
                "place 8",
                "start 8 with in=v1 new",
                "again",
            ],
        ),
        (
            "a rerun needs no versions without a limit",
            "r:; input in r; pending 7 rerun=3",
            &["reached false", "place 7", "start 7 with ", "again"],
        ),
    ]);
}

#[test]
fn pauses_stop_all_but_endings() {
    check(&[
        (
            "paused job",
            "r: v1; input in r checked=9; pending 7 manual at=5; paused",
            &["retry: paused"],
        ),
        (
            "paused pipeline",
            "r: v1; input in r checked=9; pending 7 manual at=5; pipeline-paused",
            &["retry: paused"],
        ),
        (
            "aborted ones end",
            "r: v1; input in r; pending 7 manual aborted; paused",
            &["abort 7 ByPerson", "done"],
        ),
        (
            "one that has its place goes on",
            "r: v1; input in r checked=9; pending 7 manual at=5 placed; paused",
            &["save in=v1 new", "start 7 with in=v1 new", "again"],
        ),
        (
            "archived: all end",
            "r: v1; input in r; pending 7 manual; pending 8 rerun=3 placed; archived",
            &["abort 8 Archived", "abort 7 Archived", "done"],
        ),
        (
            "checks are made once while paused",
            "r: v1; input in r checked=4 next=64; pending 7 manual at=5; paused",
            &["check r for 7 SkippedWithImages", "retry: paused"],
        ),
    ]);
}

#[test]
fn limits_count_all_of_the_group_and_keep_the_line() {
    let base = "r: v1; input in r checked=9 next=109; pending 7 manual at=5";
    for (name, rest, expected) in [
        ("reached", "limit 2; running 2", &["reached true", "retry: 2 of 2"][..]),
        (
            "a place is free",
            "limit 2; running 1",
            &["reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
        ("another is first", "limit 1; turn 6", &["reached true", "retry: turn 6"]),
        (
            "another is later",
            "limit 1; turn 8",
            &["reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
        ("another's rerun is first", "limit 1; turn 3/9", &["reached true", "retry: turn 9"]),
        (
            "no limit, no line",
            "turn 6",
            &["reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
        (
            "an aborted build gives its place back",
            "limit 1; running 1; pending 6 manual placed aborted",
            &["abort 6 ByPerson", "reached false", "place 7", "start 7 with in=v1 new", "again"],
        ),
    ] {
        check(&[(name, &format!("{base}; {rest}"), expected)]);
    }
    check(&[
        (
            "without versions none qualifies",
            "r:; input in r checked=9 next=109; pending 7 manual at=5; limit 1",
            &["reached true", "retry: inputs"],
        ),
        (
            "so a rerun does not either",
            "r:; input in r; pending 7 rerun=3; limit 1",
            &["reached true", "retry: inputs"],
        ),
    ]);
}

#[test]
fn manual_builds_wait_for_checks_since_they_were_made() {
    check(&[
        (
            "checked before",
            "r: v1; input in r checked=4 next=64; pending 7 manual at=5",
            &["reached false", "place 7", "check r for 7 SkippedWithImages", "retry: checks r"],
        ),
        (
            "never checked, never had a scope",
            "r: v1; input in r no-scope; pending 7 manual at=5 placed",
            &["check r for 7 SkippedWithImages", "retry: checks r"],
        ),
        (
            "checked at that moment",
            "r: v1; input in r checked=5; pending 7 manual at=5 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "pinned resources need none",
            "r: v1; input in r pin=v1 pinned; pending 7 manual at=5 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "a step's own pin does not exempt",
            "r: v1; input in r pin=v1; pending 7 manual at=5 placed",
            &["check r for 7 SkippedWithImages", "retry: checks r"],
        ),
        (
            "inputs with passed jobs need none",
            "r: v1; a#1 r=v1; input in r passed=a; pending 7 manual at=5 placed",
            &["start 7 with in=v1 new a#1", "again"],
        ),
        (
            "while the limit holds it: by the interval",
            "r: v1; input in r checked=9 next=64; pending 7 manual at=5; limit 1; running 1",
            &["reached true", "check r for 7 SkippedWithImages", "retry: 1 of 1"],
        ),
        (
            "and not before",
            "r: v1; input in r checked=90 next=150; pending 7 manual at=5; limit 1; running 1",
            &["reached true", "retry: 1 of 1"],
        ),
    ]);
}

#[test]
fn scheduled_builds_wait_for_quiet_inputs_that_are_due() {
    check(&[
        (
            "due at its making",
            "r: v1; input in r next=50; pending 7 scheduled at=90 placed",
            &["check r for 7 Obeyed", "retry: checks r"],
        ),
        (
            "never checked",
            "r: v1; input in r; pending 7 scheduled at=90 placed",
            &["check r for 7 Obeyed", "retry: checks r"],
        ),
        (
            "due after its making",
            "r: v1; input in r next=95; pending 7 scheduled at=90 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "triggers do not count",
            "r: v1; input in r next=50 trigger; pending 7 scheduled at=90 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "pinned do not count",
            "r: v1; input in r next=50 pin=v1 pinned; pending 7 scheduled at=90 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "what never had a scope does not count",
            "r: v1; input in r no-scope; pending 7 scheduled at=90 placed",
            &["start 7 with in=v1 new", "again"],
        ),
        (
            "reruns wait for none",
            "r: v1; input in r next=50; pending 7 rerun=3 placed",
            &["start 7 with ", "again"],
        ),
    ]);
}

#[test]
fn a_pass_asks_for_older_history() {
    let world = World::read("r: v1 v2!; input in r trigger; page r 1");
    assert_eq!(schedule(&world.facts, NOW), Err(Older::Versions(ResourceId(1))));
}
