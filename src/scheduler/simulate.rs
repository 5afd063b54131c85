//! Passes one after the other, with decisions applied as a store would apply them.

use super::facts::{ChosenInput, JobFacts, PendingFacts, PendingKind};
use super::world::World;
use super::{Decision, Wait, schedule};
use crate::model::{BuildId, Timestamp};

/// More passes than any world here needs.
const MAX_PASSES: usize = 60;

/// Runs passes until nothing more is to be done; checks end at once, builds never. Gives the
/// inputs of the builds that started.
pub fn run(facts: &mut JobFacts) -> Vec<Vec<ChosenInput>> {
    let (mut now, mut next_id, mut started) = (Timestamp(100), 1000, Vec::new());
    for _ in 0..MAX_PASSES {
        now.0 += 1;
        for decision in schedule(facts, now).unwrap() {
            match decision {
                Decision::SaveInputs(_)
                | Decision::SetMaxInFlightReached(_)
                | Decision::WantChecks { .. } => {}
                Decision::CreateBuild { .. } => {
                    assert!(facts.pending.is_empty(), "one build at a time is made");
                    next_id += 1;
                    facts.pending.push(PendingFacts {
                        id: BuildId(next_id),
                        created_at: now,
                        kind: PendingKind::Scheduled,
                        is_scheduled: false,
                        is_aborted: false,
                    });
                }
                Decision::FinishAborted { build, .. } => {
                    facts.n_running -= u32::from(take(facts, build).is_scheduled);
                }
                Decision::TakePlace { build } => {
                    let pending = facts.pending.iter_mut().find(|pending| pending.id == build);
                    pending.unwrap().is_scheduled = true;
                    facts.n_running += 1;
                }
                Decision::Start { build, inputs } => {
                    take(facts, build);
                    adopt(facts, &inputs);
                    started.push(inputs);
                }
                Decision::MarkScheduled => return started,
                Decision::Retry(Wait::Checks(resources)) => {
                    let inputs = facts.inputs.iter_mut();
                    for input in inputs.filter(|input| resources.contains(&input.resource)) {
                        input.last_check_ended_at = Some(now);
                        input.next_check_at = Some(Timestamp(now.0 + 60));
                        input.has_scope = true;
                    }
                }
                Decision::Retry(_) => return started,
                Decision::ScheduleAgain => {}
            }
        }
    }
    panic!("passes do not come to an end")
}

fn take(facts: &mut JobFacts, build: BuildId) -> PendingFacts {
    let place = facts.pending.iter().position(|pending| pending.id == build);
    facts.pending.remove(place.expect("the build is pending"))
}

fn adopt(facts: &mut JobFacts, inputs: &[ChosenInput]) {
    let jobs = |id: &BuildId| {
        let mut pages = facts.passed.iter();
        pages.find(|(_, page)| page.entries.iter().any(|build| build.id == *id)).map(|(j, _)| *j)
    };
    let sources = inputs.iter().flat_map(|input| &input.passed_builds);
    let pipes: std::collections::BTreeMap<_, _> =
        sources.filter_map(|id| Some((jobs(id)?, *id))).collect();
    for input in inputs {
        facts.past.inputs.insert((input.name.clone(), input.resource, input.version));
        let versions = &facts.versions[&input.resource].entries;
        let Some(version) = versions.iter().find(|v| v.id == input.version) else { continue };
        let latest = facts.past.latest_used.entry(input.resource).or_insert(*version);
        if latest.check_order <= version.check_order {
            *latest = *version;
            facts.past.pipes.insert(input.resource, pipes.clone());
        }
    }
}

#[test]
fn a_job_catches_up() {
    for (name, text, expected) in [
        ("latest", "r: v1 v2 v3; past in:r=v1; input in r trigger", "in=v3 new"),
        ("every", "r: v1 v2 v3; past in:r=v1; input in r trigger every", "in=v2 new | in=v3 new"),
        ("every, first time", "r: v1 v2; input in r trigger every", "in=v2 new"),
        ("every, no trigger", "r: v1 v2 v3; past in:r=v1; input in r every", ""),
        (
            "every, up to the limit",
            "r: v1 v2 v3; past in:r=v1; input in r trigger every; limit 1",
            "in=v2 new",
        ),
        (
            "every that passed",
            "r: v1 v2 v3; a#1 r=v1; a#2 r=v2; a#3 r=v3; past in:r=v1 from a#1; \
             input in r passed=a trigger every",
            "in=v2 new a#2 | in=v3 new a#3",
        ),
        (
            "manual builds that wait use the same version",
            "r: v1; input in r; pending 7 manual; pending 8 manual",
            "in=v1 new | in=v1",
        ),
        (
            "manual builds share out every version",
            "r: v1 v2 v3; past in:r=v1; input in r every; pending 7 manual; pending 8 manual",
            "in=v2 new | in=v3 new",
        ),
        (
            "a new version after a rerun",
            "r: v1 v2; past in:r=v1; input in r trigger; pending 7 rerun=3",
            " | in=v2 new",
        ),
        (
            "an aborted build does not come back by itself",
            "r: v1; input in r trigger; pending 7 scheduled aborted",
            "",
        ),
    ] {
        let mut world = World::read(text);
        let started = run(&mut world.facts);
        let show = |inputs: &Vec<ChosenInput>| {
            inputs.iter().map(|input| world.show_input(input)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(started.iter().map(show).collect::<Vec<_>>().join(" | "), expected, "{name}");
    }
}
