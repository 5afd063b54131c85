//! Tables: a world and what is said about it.

use super::*;
use crate::model::JobId;
use crate::scheduler::world::World;

fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, text, expected) in cases {
        let world = World::read(text);
        let mut names = world.names();
        for (i, job) in ["unit", "deploy", "ship"].iter().enumerate() {
            names.jobs.insert(JobId(i as i64 + 1), (*job).to_owned());
        }
        let found = explain(&world.facts, &names).unwrap();
        let said: Vec<&str> = found.iter().map(|obstacle| obstacle.why.as_str()).collect();
        assert_eq!(said, *expected, "{name}");
        assert!(found.iter().all(|obstacle| !obstacle.advice.is_empty()), "{name}");
    }
}

#[test]
fn what_keeps_a_job_from_starting() {
    check(&[
        ("nothing: a build would be made", "r: v1; input in r trigger", &[]),
        ("archived", "r: v1; input in r trigger; archived", &["the pipeline is archived"]),
        (
            "paused both ways",
            "r: v1; input in r trigger; paused; pipeline-paused",
            &["the pipeline is paused", "the job `job` is paused"],
        ),
        (
            "no version",
            "r:; input in r trigger",
            &["input `in`: latest version of resource not found"],
        ),
        ("pin", "r:; input in r pin=v1", &["input `in`: pinned version v:v1 not found"]),
        ("no inputs", "", &["the job has no inputs, so nothing starts it by itself"]),
        (
            "no trigger",
            "r: v1; input in r",
            &["no input of the job has `trigger: true`, so nothing starts it by itself"],
        ),
        (
            "nothing new",
            "r: v1; past in:r=v1; input in r trigger",
            &["builds of the job had these versions already: `in` at v:v1"],
        ),
        (
            "aborted",
            "r: v1; input in r trigger; pending 7 scheduled aborted",
            &["the pending build was aborted and is about to finish"],
        ),
    ]);
}

#[test]
fn what_a_pending_build_waits_for() {
    check(&[
        ("nothing", "r: v1; input in r checked=9; pending 7 manual at=5", &[]),
        (
            "places",
            "r: v1; input in r checked=9; pending 7 manual at=5; limit 1; running 1",
            &[
                "1 build of this job or of jobs that share its serial groups runs, and at most 1 may",
            ],
        ),
        (
            "another's turn",
            "r: v1; input in r checked=9; pending 7 manual at=5; limit 1; turn 6",
            &["build 6 of a job that shares a serial group was there before"],
        ),
        (
            "a rerun behind unresolved inputs",
            "r:; input in r; pending 7 rerun=3; limit 1",
            &["the job runs few builds at a time, so even a rerun waits until all of the job's \
               inputs have versions"],
        ),
        (
            "checks",
            "r: v1; s: w1; input in r; input x s; pending 7 manual at=5",
            &["build 7 waits for a check of `r` and `s`"],
        ),
    ]);
}

#[test]
fn why_no_version_passed() {
    check(&[
        (
            "never succeeded",
            "r: v1; input in r passed=a trigger",
            &["input `in`: no build of `unit` has succeeded yet"],
        ),
        (
            "never had it",
            "r: v1; s: w1; a#1 s=w1; input in r passed=a trigger",
            &["input `in`: no successful build of `unit` got or put `r`"],
        ),
        (
            "disabled",
            "r: v1!; a#1 r=v1; input in r passed=a trigger",
            &["input `in`: all versions of `r` that passed `unit` are disabled"],
        ),
        (
            "out of scope",
            "r: ~v1; a#1 r=v1; input in r passed=a trigger",
            &["input `in`: all versions of `r` that passed `unit` are from before its \
               configuration changed; checks have not found them again"],
        ),
        (
            "pin has not passed",
            "r: v1 v2; a#1 r=v1; input in r passed=a pin=v2",
            &["input `in`: the pinned version v:v2 has not passed `unit`"],
        ),
        (
            "none in common",
            "r: v1 v2; a#1 r=v1; b#2 r=v2; input in r passed=a,b",
            &["input `in`: no version has passed all of `unit` and `deploy`; the newest are \
               v:v1 of `unit`, v:v2 of `deploy`"],
        ),
        (
            "no fit",
            "r: v1 v2; s: w1; a#1 r=v1; a#2 r=v2 s=w1; b#3 r=v1; \
             input in r passed=a,b; input x s passed=a",
            &[
                "input `in`: no builds of its passed jobs have versions that fit `x` too",
                "input `x`: no builds of its passed jobs have versions that fit `in` too",
            ],
        ),
    ]);
}

fn prepared(text: &str, resolution: Option<()>) -> Preparation {
    let world = World::read(text);
    let resolution = resolution.map(|()| resolve(&world.facts).unwrap());
    prepare(&world.facts, resolution.as_ref(), &world.facts.pending[0])
}

#[test]
fn preparation_says_which_condition_blocks() {
    let text = "r: v1; input in r checked=9; pending 7 manual at=5";
    let ready = prepared(text, Some(()));
    assert_eq!(ready.inputs["in"], Blocking::NotBlocking);
    assert_eq!(ready.inputs_satisfied, Blocking::NotBlocking);
    assert_eq!(ready.missing_input_reasons.len(), 0);
    for (rest, expected) in [
        ("", [false, false, false]),
        ("pipeline-paused", [true, false, false]),
        ("paused", [false, true, false]),
        ("limit 1; running 1", [false, false, true]),
    ] {
        let found = prepared(&format!("{text}; {rest}"), Some(()));
        let flags = [found.paused_pipeline, found.paused_job, found.max_running_builds];
        assert_eq!(flags, expected.map(Blocking::from), "{rest}");
    }
}

#[test]
fn preparation_gives_reasons_for_inputs() {
    let unchecked = "r: v1; input in r checked=4; pending 7 manual at=5";
    for (text, resolution, expected) in [
        (unchecked, Some(()), "checking for latest available versions"),
        (unchecked, None, "input is not included in resolved candidates"),
        ("r:; input in r; pending 7 manual at=5", Some(()), "latest version of resource not found"),
    ] {
        let found = prepared(text, resolution);
        assert_eq!(found.inputs_satisfied, Blocking::Blocking);
        assert_eq!(found.inputs["in"], Blocking::Blocking);
        assert_eq!(found.missing_input_reasons["in"], expected);
    }
    assert_eq!(
        [Blocking::Unknown, Blocking::Blocking, Blocking::NotBlocking].map(Blocking::as_str),
        ["unknown", "blocking", "not_blocking"]
    );
}
