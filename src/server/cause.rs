//! Where a build broke first: the step, its exit status, and the line that tells why.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::LazyLock;

use regex::Regex;

use super::report;
use crate::model::build::{Event, Plan, PlanKind, Status};
use crate::model::{BuildId, PlanId, Timestamp};
use crate::store::Store;
use crate::store::build::CauseRow;

/// How many last lines of a step are looked at.
const TAIL: usize = 200;

/// How long a line may be that people are shown, in characters.
const LONGEST_LINE: usize = 400;

/// Finds where a build broke first; nothing for one that succeeded, or whose log does not tell.
pub async fn find(store: &Store, build: BuildId, status: Status) -> Option<CauseRow> {
    if status == Status::Succeeded {
        return None;
    }
    let plan = match store.build_plan(build).await {
        Ok(plan) => plan?,
        Err(error) => {
            report("track", &error);
            return None;
        }
    };
    let mut search = Search::new(&plan);
    let mut reader = store.read_events(build, 0).await.ok()?;
    while let Ok(Some(envelopes)) = reader.next().await {
        for envelope in envelopes {
            if search.see(&envelope.event, envelope.at) {
                return search.found;
            }
        }
    }
    search.found
}

/// Walks the log up to the first step that did not succeed and counts.
struct Search {
    /// Names of the steps that count: those whose failure a `try` or a further attempt takes
    /// back are not here.
    steps: HashMap<PlanId, String>,
    tails: HashMap<PlanId, Tail>,
    started_at: Option<Timestamp>,
    found: Option<CauseRow>,
}

/// The last lines of a step.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    open: String,
}

impl Search {
    fn new(plan: &Plan) -> Self {
        let mut forgiven = HashSet::new();
        plan.walk(&mut |node| match &node.kind {
            PlanKind::Try(inner) => inner.walk(&mut |node| {
                forgiven.insert(node.id.clone());
            }),
            PlanKind::Retry(attempts) => {
                let n_before_last = attempts.len().saturating_sub(1);
                for attempt in &attempts[..n_before_last] {
                    attempt.walk(&mut |node| {
                        forgiven.insert(node.id.clone());
                    });
                }
            }
            PlanKind::Check(_)
            | PlanKind::Get(_)
            | PlanKind::Put(_)
            | PlanKind::Task(_)
            | PlanKind::Run(_)
            | PlanKind::SetPipeline(_)
            | PlanKind::LoadVar(_)
            | PlanKind::Do(_)
            | PlanKind::InParallel { .. }
            | PlanKind::Across(_)
            | PlanKind::Timeout { .. }
            | PlanKind::Hooked { .. } => {}
        });
        let mut steps = HashMap::new();
        plan.walk(&mut |node| {
            let name = match &node.kind {
                PlanKind::Check(check) => format!("check {}", check.name),
                PlanKind::Get(get) => format!("get {}", get.name),
                PlanKind::Put(put) => format!("put {}", put.name),
                PlanKind::Task(task) => format!("task {}", task.step.name),
                PlanKind::Run(run) => format!("run {}", run.message),
                PlanKind::SetPipeline(set) => format!("set_pipeline {}", set.name),
                PlanKind::LoadVar(load) => format!("load_var {}", load.name),
                PlanKind::Across(_) => "across".to_owned(),
                PlanKind::Do(_)
                | PlanKind::InParallel { .. }
                | PlanKind::Retry(_)
                | PlanKind::Try(_)
                | PlanKind::Timeout { .. }
                | PlanKind::Hooked { .. } => return,
            };
            if !forgiven.contains(&node.id) {
                steps.insert(node.id.clone(), name);
            }
        });
        Self { steps, tails: HashMap::new(), started_at: None, found: None }
    }

    /// Takes the next event; tells whether the search is over.
    fn see(&mut self, event: &Event, at: Timestamp) -> bool {
        match event {
            Event::Status { status: Status::Started, .. } => self.started_at = Some(at),
            Event::Log { origin, payload, .. } if self.steps.contains_key(&origin.id) => {
                self.tails.entry(origin.id.clone()).or_default().take(payload);
            }
            Event::Error { origin, message, .. } => {
                let line = message.lines().next().unwrap_or_default().to_owned();
                return self.name(&origin.id, None, Some(line), at);
            }
            Event::FinishTask { origin, exit_status, .. }
            | Event::FinishGet { origin, exit_status, .. }
            | Event::FinishPut { origin, exit_status, .. }
                if *exit_status != 0 =>
            {
                let line = self.tails.remove(&origin.id).and_then(Tail::telling_line);
                return self.name(&origin.id, Some(*exit_status), line, at);
            }
            Event::Finish { origin, succeeded: false, .. } => {
                let line = self.tails.remove(&origin.id).and_then(Tail::telling_line);
                return self.name(&origin.id, None, line, at);
            }
            _ => {}
        }
        false
    }

    fn name(
        &mut self,
        plan: &PlanId,
        exit_status: Option<i32>,
        line: Option<String>,
        at: Timestamp,
    ) -> bool {
        let Some(step) = self.steps.get(plan).cloned() else { return false };
        let after = self.started_at.map(|started_at| at.since(started_at));
        let line = line.map(|line| line.chars().take(LONGEST_LINE).collect());
        self.found = Some(CauseRow { plan: plan.clone(), step, exit_status, line, after });
        true
    }
}

impl Tail {
    fn take(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            // A line without an end is cut, so that no program's output is held here whole.
            if self.open.len() < 4 * LONGEST_LINE {
                self.open.push_str(piece);
            }
            if piece.ends_with('\n') {
                let line = std::mem::take(&mut self.open);
                self.push(&line);
            }
        }
    }

    fn push(&mut self, line: &str) {
        let line = plain(line);
        if !line.is_empty() {
            if self.lines.len() == TAIL {
                self.lines.pop_front();
            }
            self.lines.push_back(line);
        }
    }

    /// The first line that names an error, or the last line of all.
    fn telling_line(mut self) -> Option<String> {
        let open = std::mem::take(&mut self.open);
        self.push(&open);
        let telling = self.lines.iter().find(|line| ERROR.is_match(line));
        telling.or(self.lines.back()).cloned()
    }
}

#[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(error|fatal|panicked|panic|exception|traceback|failed|failure|not ok|cannot|denied|no such file|undefined)\b",
    )
    .expect("the pattern is valid")
});

#[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")
        .expect("the pattern is valid")
});

/// A line as it reads: without escapes, and only what the last carriage return left.
fn plain(line: &str) -> String {
    let line = ESCAPE.replace_all(line.trim_end(), "");
    let shown = line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default();
    shown.trim().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_is_found() {
        for (text, line) in [
            (
                "ok 1\n\x1b[31mnot ok 2 payment\x1b[0m\n  expected 200\n1 failed\n",
                "not ok 2 payment",
            ),
            ("building\nlast words\n", "last words"),
            ("10%\r50%\r100%\nno newline", "no newline"),
            ("0 errors so far\nfatal: repository is gone\n", "fatal: repository is gone"),
        ] {
            let mut tail = Tail::default();
            tail.take(text);
            assert_eq!(tail.telling_line().as_deref(), Some(line));
        }
    }
}
