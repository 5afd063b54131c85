//! Tables: a world and what is chosen in it.

use super::*;
use crate::scheduler::world::World;

fn check(cases: &[(&str, &str, &str)]) {
    for (name, world, expected) in cases {
        let world = World::read(world);
        assert_eq!(world.show(&resolve(&world.facts)), *expected, "{name}");
    }
}

#[test]
fn latest_takes_the_enabled_version_of_the_highest_rank() {
    check(&[
        ("newest", "r: v1 v2; input in r", "in=v2 new"),
        ("disabled", "r: v1 v2!; input in r", "in=v1 new"),
        ("none", "r:; input in r", "in: latest version of resource not found"),
        ("all disabled", "r: v1!; input in r", "in: latest version of resource not found"),
        ("page's end", "r: v1 v2!; input in r; page r 1", "older r"),
        ("page is enough", "r: v1 v2; input in r; page r 1", "in=v2 new"),
        ("no inputs", "r: v1", ""),
    ]);
}

#[test]
fn pins_stand_for_one_version() {
    check(&[
        ("pinned", "r: v1 v2; input in r pin=v1", "in=v1 new"),
        ("disabled", "r: v1! v2; input in r pin=v1", "in=v1 new"),
        ("unknown", "r: v1; input in r pin=v9", "in: pinned version v:v9 not found"),
        ("older than the page", "r: v1 v2; input in r pin=v1; page r 1", "in=v1 new"),
    ]);
}

#[test]
fn every_goes_on_from_the_highest_rank_used() {
    check(&[
        ("never used", "r: v1 v2 v3; input in r every", "in=v3 new"),
        ("none", "r:; input in r every", "in: version of resource not found"),
        ("next", "r: v1 v2 v3; past in:r=v1; input in r every", "in=v2 new; next"),
        ("last", "r: v1 v2 v3; past in:r=v2; input in r every", "in=v3 new"),
        ("nothing new", "r: v1 v2; past in:r=v2; input in r every", "in=v2"),
        ("other input's use", "r: v1 v2 v3; past x:r=v1; input in r every", "in=v2 new; next"),
        (
            "lower use does not count",
            "r: v1 v2 v3; past in:r=v3; past in:r=v1; input in r every",
            "in=v3",
        ),
        ("disabled between", "r: v1 v2! v3; past in:r=v1; input in r every", "in=v3 new"),
        ("disabled last", "r: v1 v2 v3!; past in:r=v1; input in r every", "in=v2 new"),
        ("used one disabled", "r: v1 v2!; past in:r=v2; input in r every", "in=v1 new"),
        (
            "all disabled",
            "r: v1!; past in:r=v1; input in r every",
            "in: version of resource not found",
        ),
        ("use is out of scope", "r: ~v0 v1 v2; past in:r=v0; input in r every", "in=v2 new"),
        ("page ends above use", "r: v1 v2 v3; past in:r=v1; input in r every; page r 2", "older r"),
        (
            "page reaches use",
            "r: v0 v1 v2 v3; past in:r=v1; input in r every; page r 3",
            "in=v2 new; next",
        ),
        ("page ends below", "r: v0 v1!; past in:r=v1; input in r every; page r 1", "older r"),
    ]);
}

#[test]
fn first_occurrence_asks_for_name_resource_and_version() {
    check(&[
        ("used", "r: v1; past in:r=v1; input in r", "in=v1"),
        ("other name", "r: v1; past old:r=v1; input in r", "in=v1 new"),
        ("other resource", "r: v1; s: v1; past in:s=v1; input in r", "in=v1 new"),
    ]);
}

#[test]
fn one_passed_job_offers_its_builds_newest_first() {
    check(&[
        ("newest", "r: v1 v2; a#1 r=v1; a#2 r=v2; input in r passed=a", "in=v2 new a#2"),
        (
            "build order, not rank",
            "r: v1 v2; a#1 r=v2; a#2 r=v1; input in r passed=a",
            "in=v1 new a#2",
        ),
        (
            "a rerun stands with its original",
            "r: v1 v2; a#1 r=v1; a#2 r=v2; a#3<1 r=v1; input in r passed=a",
            "in=v2 new a#2",
        ),
        (
            "a rerun comes before its original",
            "r: v1; a#1 r=v1; a#3<1 r=v1; input in r passed=a",
            "in=v1 new a#3",
        ),
        ("disabled", "r: v1 v2!; a#1 r=v1; a#2 r=v2; input in r passed=a", "in=v1 new a#1"),
        ("out of scope", "r: v1 ~v2; a#1 r=v1; a#2 r=v2; input in r passed=a", "in=v1 new a#1"),
        ("a put hides what was got", "r: v1 v2; a#1 r=v2,v1; input in r passed=a", "in=v2 new a#1"),
        ("a disabled put does not", "r: v1 v2!; a#1 r=v2,v1; input in r passed=a", "in=v1 new a#1"),
        (
            "an unknown put ends the build",
            "r: v1 ~v2; a#1 r=v2,v1; input in r passed=a",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "an unknown version of a lower resource ends the build",
            "q: ~u; r: v1 v2; a#1 r=v1 q=u; input in r passed=a; input x q passed=a",
            "in: no satisfiable builds from passed jobs found for set of inputs; \
             x: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "an unknown version of an unbound resource does not",
            "q: ~u; r: v1 v2; a#1 r=v1 q=u; input in r passed=a",
            "in=v1 new a#1",
        ),
        (
            "nothing",
            "r: v1; s: w; a#1 s=w; input in r passed=a",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
    ]);
}

#[test]
fn pins_with_passed_jobs_ask_for_both() {
    check(&[
        ("passed", "r: v1 v2; a#1 r=v1; a#2 r=v2; input in r passed=a pin=v1", "in=v1 new a#1"),
        ("not put by it", "r: v1 v2; a#1 r=v2,v1; input in r passed=a pin=v1", "in=v1 new a#1"),
        (
            "not passed",
            "r: v1 v2; a#2 r=v2; input in r passed=a pin=v1",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "disabled",
            "r: v1! v2; a#1 r=v1; input in r passed=a pin=v1",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "unknown: the whole group fails with it",
            "r: v1; s: w; a#1 r=v1 s=w; input in r passed=a pin=v9; input x s passed=a",
            "in: pinned version v:v9 not found; x: pinned version v:v9 not found",
        ),
    ]);
}

#[test]
fn several_passed_jobs_vouch_for_one_version() {
    check(&[
        (
            "newest that passed both",
            "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v1; input in r passed=a,b",
            "in=v1 new a#1,b#3",
        ),
        (
            "the first job's order decides",
            "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v2; b#4 r=v1; input in r passed=b,a",
            "in=v2 new a#2,b#3",
        ),
        (
            "none in common",
            "r: v1 v2; a#1 r=v1; b#2 r=v2; input in r passed=a,b",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "a constrained build may still contradict by its put",
            "r: v1 v2; a#1 r=v1; b#2 r=v2,v1; input in r passed=a,b",
            "in: no satisfiable builds from passed jobs found for set of inputs",
        ),
    ]);
}

#[test]
fn inputs_that_share_a_job_share_its_build() {
    check(&[
        (
            "one build",
            "r: v1 v2; s: w1 w2; a#1 r=v1 s=w1; a#2 r=v2 s=w2; input x r passed=a; input y s passed=a",
            "x=v2 new a#2; y=w2 new a#2",
        ),
        (
            "backtracks over the first's newest",
            "r: v1 v2; s: w1 w2; a#1 r=v1 s=w1; a#2 r=v2 s=w2; b#3 s=w1; \
             input x r passed=a; input y s passed=a,b",
            "x=v1 new a#1; y=w1 new a#1,b#3",
        ),
        (
            "through a chain of jobs",
            "r: v1 v2; s: w1 w2; t: u1 u2; a#1 r=v1 s=w1; a#2 r=v2 s=w2; \
             b#3 s=w2 t=u1; b#4 s=w1 t=u2; c#5 t=u1; \
             input x r passed=a; input y s passed=a,b; input z t passed=b,c",
            "x=v2 new a#2; y=w2 new a#2,b#3; z=u1 new b#3,c#5",
        ),
        (
            "an older build must not contradict the newer one",
            "r: v1 v2; s: w1; a#1 r=v1 s=w1; a#2 r=v2; input x r passed=a; input y s passed=a",
            "x=v1 new a#1; y=w1 new a#1",
        ),
        (
            "an older build with the same version vouches too",
            "r: v1 v2; s: w1; a#1 r=v2 s=w1; a#2 r=v2; input x r passed=a; input y s passed=a",
            "x=v2 new a#2,a#1; y=w1 new a#1",
        ),
        (
            "an older build without the other's resource does not contradict",
            "r: v1 v2; s: w1; a#1 s=w1; a#2 r=v2; input x r passed=a; input y s passed=a",
            "x=v2 new a#2; y=w1 new a#1",
        ),
        (
            "two inputs of one resource",
            "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v1; input x r passed=a; input y r passed=a,b",
            "x=v1 new a#1; y=v1 new a#1,b#3",
        ),
        (
            "one failing fails all of its group",
            "r: v1; s: w1; a#1 r=v1 s=w1; input x r passed=a; input y s passed=a,b",
            "x: no satisfiable builds from passed jobs found for set of inputs; \
             y: no satisfiable builds from passed jobs found for set of inputs",
        ),
    ]);
}

#[test]
fn sets_of_inputs_fail_apart() {
    check(&[
        (
            "a group and a single",
            "r: v1; s: w1; input x r passed=a; input y s",
            "x: no satisfiable builds from passed jobs found for set of inputs; y=w1 new",
        ),
        (
            "two groups",
            "r: v1; a#1 r=v1; input x r passed=a; input y r passed=b",
            "x=v1 new a#1; y: no satisfiable builds from passed jobs found for set of inputs",
        ),
        (
            "has next counts even so",
            "r: v1 v2 v3; s:; past x:r=v1; input x r every; input y s",
            "x=v2 new; y: latest version of resource not found; next",
        ),
    ]);
}

#[test]
fn an_input_joins_the_last_group_that_it_shares_a_job_with() {
    for (inputs, expected) in [
        (vec!["a", "b"], vec![vec![0], vec![1]]),
        (vec!["a", "b", "ab"], vec![vec![0], vec![1, 2]]),
        (vec!["ac", "b", "ab", "c"], vec![vec![0, 3], vec![1, 2]]),
        (vec!["a", "ab", "b"], vec![vec![0, 1, 2]]),
        (vec!["a", "b", "ab", "a"], vec![vec![0], vec![1, 2, 3]]),
    ] {
        let mut world = "r: v1".to_owned();
        for passed in &inputs {
            let jobs: Vec<String> = passed.chars().map(String::from).collect();
            world += &format!("; input in r passed={}", jobs.join(","));
        }
        let sets = split(&World::read(&world).facts.inputs);
        let expected: Vec<Set> = expected.into_iter().map(Set::Tied).collect();
        assert_eq!(sets, expected, "{inputs:?}");
    }
}

#[test]
fn every_with_passed_goes_on_from_the_last_used_build() {
    let builds = "r: v1 v2 v3 v4; a#1 r=v1; a#2 r=v2; a#3 r=v3; a#4 r=v4";
    let both = "r: v1 v2 v3; a#1 r=v1; a#2 r=v2; a#3 r=v3; b#4 r=v1; b#5 r=v2; b#6 r=v3";
    for (name, before, rest, expected) in [
        ("never used", builds, "input in r passed=a every", "in=v4 new a#4"),
        (
            "oldest unused",
            builds,
            "past in:r=v1 from a#1; input in r passed=a every",
            "in=v2 new a#2; next",
        ),
        (
            "even the last unused says next",
            builds,
            "past in:r=v3 from a#3; input in r passed=a every",
            "in=v4 new a#4; next",
        ),
        ("nothing unused", builds, "past in:r=v4 from a#4; input in r passed=a every", "in=v4 a#4"),
        (
            "a rerun of the last used is unused",
            builds,
            "a#9<4 r=v4; past in:r=v4 from a#4; input in r passed=a every",
            "in=v4 a#9; next",
        ),
        (
            "both jobs go on",
            both,
            "past in:r=v1 from a#1 b#4; input in r passed=a,b every",
            "in=v2 new a#2,b#5; next",
        ),
        (
            "a job without a last used build waits for the others",
            both,
            "past in:r=v1 from b#4; input in r passed=a,b every",
            "in=v2 new b#5,a#2; next",
        ),
        (
            "pipes of other jobs do not count",
            both,
            "past in:r=v1 from c#4; input in r passed=a,b every",
            "in=v3 new a#3,b#6",
        ),
        (
            "back to what was used if the unused do not fit",
            "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v1",
            "past in:r=v1 from a#1 b#3; input in r passed=a,b every",
            "in=v1 a#1,b#3",
        ),
        (
            "a pin filters, the order stays",
            builds,
            "past in:r=v1 from a#1; input in r passed=a was-every pin=v3; a#5 r=v3",
            "in=v3 new a#3; next",
        ),
        (
            "the first input's past decides for the group",
            "r: v1 v2 v3; s: w1 w2 w3; a#1 r=v1 s=w1; a#2 r=v2 s=w2; a#3 r=v3 s=w3",
            "past x:r=v2 from a#2; past y:s=w1 from a#1; \
             input x r passed=a every; input y s passed=a every",
            "x=v3 new a#3; y=w3 new a#3; next",
        ),
        (
            "a page must reach the last used build",
            builds,
            "past in:r=v1 from a#1; input in r passed=a every; page a 3",
            "older a",
        ),
        (
            "the page reaches it",
            builds,
            "past in:r=v2 from a#2; input in r passed=a every; page a 3",
            "in=v3 new a#3; next",
        ),
        (
            "the last used build is gone",
            builds,
            "past in:r=v1 from a#0; input in r passed=a every",
            "in=v1 a#1; next",
        ),
    ] {
        check(&[(name, &format!("{before}; {rest}"), expected)]);
    }
}

#[test]
fn a_page_that_ends_too_early_asks_for_older() {
    let world = "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v1; input in r passed=a,b";
    check(&[
        ("enough", "r: v1 v2; a#1 r=v1; a#2 r=v2; input in r passed=a; page a 1", "in=v2 new a#2"),
        ("first job", &format!("{world}; page a 1"), "older a"),
        (
            "second job",
            "r: v1 v2; a#1 r=v1; b#2 r=v1; b#3 r=v2; input in r passed=a,b; page b 1",
            "older b",
        ),
    ]);
}

#[test]
fn what_is_known_of_older_builds_saves_asking() {
    let text = "r: v1 v2; a#1 r=v1; a#2 r=v2; b#3 r=v1; b#4 r=v1; \
                input in r passed=a,b; page b 1";
    let mut world = World::read(text);
    assert_eq!(world.show(&resolve(&world.facts)), "older b");
    let key = (JobId(2), world.resource("r"));
    world.facts.beyond.insert(key, BTreeSet::from([VersionId(1)]));
    assert_eq!(world.show(&resolve(&world.facts)), "in=v1 new a#1,b#4");
    world.facts.beyond.insert(key, BTreeSet::from([VersionId(2)]));
    assert_eq!(world.show(&resolve(&world.facts)), "older b");
}
