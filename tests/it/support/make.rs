//! Builders of what a core answers.

use std::time::Duration;

use flightdeck::control::*;
use flightdeck::model::build::{Envelope, Event, EventId, LogSource, Origin, Status};
use flightdeck::model::version::MetadataField;
use flightdeck::model::worker::{ContainerInfo, ContainerKind, ContainerMetadata};
use flightdeck::model::*;

use super::control::NOW;

/// So long before [`NOW`].
pub fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

/// A build.
pub fn build(
    pipeline: &PipelineRef,
    job: &str,
    id: i64,
    name: &str,
    status: Status,
) -> BuildSummary {
    BuildSummary {
        id: BuildId(id),
        name: name.to_owned(),
        pipeline: Some(pipeline.clone()),
        job: Some(job.to_owned()),
        status,
        created_at: NOW,
        started_at: None,
        ended_at: None,
        created_by: None,
        aborted_by: None,
        is_aborting: false,
        cause: None,
    }
}

/// A build that began and ended so many seconds ago; 0 for one that has not ended.
pub fn timed(mut build: BuildSummary, began: u64, ended: u64) -> BuildSummary {
    build.created_at = ago(began + 1);
    build.started_at = Some(ago(began));
    build.ended_at = build.status.is_over().then(|| ago(ended));
    build
}

/// A job that never ran and takes nothing.
pub fn job(id: i64, name: &str) -> JobSummary {
    JobSummary {
        id: JobId(id),
        name: name.to_owned(),
        pause: None,
        finished: None,
        next: None,
        transition: None,
        suspect: None,
        pulse: Vec::new(),
        estimate: None,
        waiting: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        groups: Vec::new(),
        is_manual_trigger_disabled: false,
    }
}

/// A pipeline of jobs.
pub fn pipeline(id: i64, team: &str, name: &str, jobs: Vec<JobSummary>) -> PipelineSummary {
    PipelineSummary {
        id: PipelineId(id),
        pipeline: PipelineRef::new(team, name),
        pause: None,
        is_archived: false,
        updated_at: ago(86_400),
        groups: Vec::new(),
        jobs,
        resources: Vec::new(),
    }
}

/// An input of a job.
pub fn input(resource: &str, passed: &[&str], is_trigger: bool) -> JobInput {
    JobInput {
        name: resource.to_owned(),
        resource: resource.to_owned(),
        passed: passed.iter().map(|name| (*name).to_owned()).collect(),
        is_trigger,
    }
}

/// History: `.` green, `x` failed, `!` errored, `a` aborted; oldest first.
pub fn pulse(marks: &str) -> Vec<Pulse> {
    marks
        .chars()
        .zip(1i64..)
        .map(|(mark, n)| Pulse {
            id: BuildId(n),
            name: n.to_string(),
            status: match mark {
                'x' => Status::Failed,
                '!' => Status::Errored,
                'a' => Status::Aborted,
                _ => Status::Succeeded,
            },
        })
        .collect()
}

/// A first cause.
pub fn cause(plan: &str, step: &str, exit: Option<i32>, line: &str, after: u64) -> FirstCause {
    FirstCause {
        plan: PlanId::from(plan),
        step: step.to_owned(),
        exit_status: exit,
        line: Some(line.to_owned()),
        after: Some(Duration::from_secs(after)),
    }
}

/// An input that changed.
pub fn change(
    name: &str,
    key: &str,
    from: &str,
    to: &str,
    n: u32,
    facts: &[(&str, &str)],
) -> InputChange {
    InputChange {
        name: name.to_owned(),
        resource: name.to_owned(),
        from: Some(Version::of(key, from)),
        to: Version::of(key, to),
        metadata: facts.iter().map(|(name, value)| MetadataField::new(name, *value)).collect(),
        n_versions: Some(n),
    }
}

/// An input that a build got.
pub fn got(name: &str, key: &str, value: &str) -> NamedVersion {
    NamedVersion {
        name: name.to_owned(),
        resource: name.to_owned(),
        version: Version::of(key, value),
        metadata: Vec::new(),
        is_first_occurrence: false,
    }
}

/// A build with nothing but what lists tell.
pub fn detail(summary: BuildSummary) -> BuildDetail {
    BuildDetail {
        summary,
        plan: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        last_green: None,
        changes: Vec::new(),
        made_by: None,
        waiting: None,
        estimate: None,
        usual_steps: Vec::new(),
        worker: None,
    }
}

/// A container.
pub fn container(
    build: &BuildSummary,
    plan: &str,
    kind: ContainerKind,
    step: &str,
    is_failed: bool,
    expires_in: Option<u64>,
) -> ContainerSummary {
    ContainerSummary {
        info: ContainerInfo {
            handle: format!("{}-{step}", build.id),
            runtime: "w-3".to_owned(),
            metadata: ContainerMetadata {
                kind,
                build: build.id,
                plan: PlanId::from(plan),
                step: step.to_owned(),
                attempt: String::new(),
                build_name: build.name.clone(),
                of: format!(
                    "{}/{}",
                    build.pipeline.as_ref().unwrap(),
                    build.job.as_deref().unwrap_or("")
                ),
            },
            working_dir: "/tmp/build/e55deab7".to_owned(),
            created_at: ago(3_000),
            is_running: !is_failed && expires_in.is_none(),
            exit_status: is_failed.then_some(1),
        },
        is_failed,
        expires_at: expires_in.map(|seconds| NOW + Duration::from_secs(seconds)),
        until: None,
    }
}

/// Writes events with ids in order.
#[derive(Default)]
pub struct Tape {
    pub events: Vec<Envelope>,
}

impl Tape {
    pub fn add(&mut self, at: Timestamp, event: Event) -> &mut Tape {
        let id = self.events.len() as EventId;
        self.events.push(Envelope { id, at, output_offset: None, event });
        self
    }

    pub fn status(&mut self, at: Timestamp, status: Status) -> &mut Tape {
        self.add(at, Event::Status { status, time: at.secs() })
    }

    pub fn log(&mut self, at: Timestamp, plan: &str, payload: &str) -> &mut Tape {
        let origin = Origin::stream(&PlanId::from(plan), LogSource::Stdout);
        self.add(at, Event::Log { time: at.secs(), origin, payload: payload.to_owned() })
    }

    pub fn start(&mut self, at: Timestamp, plan: &str) -> &mut Tape {
        let origin = Origin::node(&PlanId::from(plan));
        self.add(at, Event::Start { time: at.secs(), origin })
    }

    pub fn finish(&mut self, at: Timestamp, plan: &str, exit_status: i32) -> &mut Tape {
        let origin = Origin::node(&PlanId::from(plan));
        self.add(at, Event::FinishTask { time: at.secs(), exit_status, origin })
    }
}
