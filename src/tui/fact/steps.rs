//! The steps of a build as a list of rows: its plan, and what its events say of each node.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::control::{PublicKind, PublicPlan};
use crate::model::build::{Envelope, Event, Status};
use crate::model::step::HookOn;
use crate::model::{PlanId, Timestamp, Value};
use crate::tui::glyph::Sign;

/// What the events say of one node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The exit status of its process.
    pub exit_status: Option<i32>,
    /// Whether it succeeded, once it is over.
    pub is_green: Option<bool>,
    /// Why it could not do its work.
    pub error: Option<String>,
    /// Where it runs.
    pub worker: Option<String>,
    /// Whether it waits for a worker.
    pub is_waiting: bool,
}

/// What a build's events say of its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    nodes: BTreeMap<PlanId, Mark>,
    /// Nodes that a step makes for its image: they count as the step.
    images: BTreeMap<PlanId, PlanId>,
    across: BTreeMap<PlanId, Vec<PublicPlan>>,
    status: Option<Status>,
}

impl Marks {
    /// What is known of a node.
    pub fn of(&self, id: &PlanId) -> Option<&Mark> {
        self.nodes.get(id)
    }

    /// The node that a log line of `id` belongs to.
    pub fn owner<'a>(&'a self, id: &'a PlanId) -> &'a PlanId {
        self.images.get(id).unwrap_or(id)
    }

    /// The status that the events tell.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// Takes in one event.
    pub fn apply(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        if let Event::Status { status, .. } = &envelope.event {
            self.status = Some(*status);
            return;
        }
        let Some(origin) = envelope.event.origin() else { return };
        let owner = self.owner(&origin.id).clone();
        let is_image = owner != origin.id;
        let mark = self.nodes.entry(owner.clone()).or_default();
        let mut over = |exit_status: Option<i32>, is_green: bool| {
            if !is_image {
                mark.ended_at = Some(at);
                mark.exit_status = exit_status;
                mark.is_green = Some(is_green);
            }
        };
        match &envelope.event {
            Event::InitializeGet { .. }
            | Event::InitializePut { .. }
            | Event::InitializeTask { .. }
            | Event::InitializeCheck { .. }
            | Event::Initialize { .. }
            | Event::StartGet { .. }
            | Event::StartPut { .. }
            | Event::StartTask { .. }
            | Event::Start { .. } => {
                mark.began_at.get_or_insert(at);
                mark.is_waiting = false;
            }
            Event::FinishGet { exit_status, .. }
            | Event::FinishPut { exit_status, .. }
            | Event::FinishTask { exit_status, .. } => over(Some(*exit_status), *exit_status == 0),
            Event::Finish { succeeded, .. } => over(None, *succeeded),
            Event::Error { message, .. } => {
                mark.error.get_or_insert_with(|| message.clone());
                mark.ended_at.get_or_insert(at);
            }
            Event::WaitingForWorker { .. } => {
                mark.began_at.get_or_insert(at);
                mark.is_waiting = true;
            }
            Event::SelectedWorker { selected_worker, .. } => {
                mark.worker = Some(selected_worker.clone());
                mark.is_waiting = false;
            }
            Event::ImageCheck { plan, .. } | Event::ImageGet { plan, .. } => {
                if let Some(id) = text_of(plan, "id") {
                    self.images.insert(PlanId(id.to_owned()), owner);
                }
            }
            Event::AcrossSubsteps { substeps, .. } => {
                let plans = match substeps {
                    Value::List(items) => items.iter().filter_map(substep).collect(),
                    _ => Vec::new(),
                };
                self.across.insert(owner, plans);
            }
            Event::Log { .. } | Event::SetPipelineChanged { .. } | Event::Status { .. } => {}
        }
    }

    /// The sign of a node.
    pub fn sign(&self, id: &PlanId, status: Status) -> Sign {
        match self.nodes.get(id) {
            Some(mark) if mark.error.is_some() => Sign::Errored,
            Some(Mark { is_green: Some(true), .. }) => Sign::Succeeded,
            Some(Mark { is_green: Some(false), .. }) => Sign::Failed,
            Some(Mark { is_waiting: true, .. }) if !status.is_over() => Sign::Pending,
            Some(Mark { began_at: Some(_), .. }) if !status.is_over() => Sign::Started,
            Some(Mark { began_at: Some(_), .. }) => match status {
                Status::Succeeded => Sign::Succeeded,
                Status::Errored => Sign::Errored,
                _ => Sign::Aborted,
            },
            _ if status.is_over() => Sign::NeverRan,
            _ => Sign::Pending,
        }
    }

    /// How long a node took, or takes until now.
    pub fn took(&self, id: &PlanId, now: Timestamp) -> Option<Duration> {
        let mark = self.nodes.get(id)?;
        Some(mark.ended_at.unwrap_or(now).since(mark.began_at?))
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    match value {
        Value::Map(map) => match map.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The public form of one combination of an across node: `{values, plan}` or the plan itself.
fn substep(value: &Value) -> Option<PublicPlan> {
    let Value::Map(map) = value else { return None };
    let inner = map.get("plan").or_else(|| map.get("step")).unwrap_or(value);
    public(inner)
}

/// Reads the public form of a plan as Concourse sends it: an id, and one key for the kind.
fn public(value: &Value) -> Option<PublicPlan> {
    let Value::Map(map) = value else { return None };
    let id = PlanId(text_of(value, "id")?.to_owned());
    let name = |inner: &Value| text_of(inner, "name").unwrap_or("").to_owned();
    let list = |inner: &Value| match inner {
        Value::List(items) => items.iter().filter_map(public).collect(),
        _ => Vec::new(),
    };
    let kind = if let Some(inner) = map.get("task") {
        PublicKind::Task { name: name(inner) }
    } else if let Some(inner) = map.get("get") {
        PublicKind::Get {
            name: name(inner),
            resource: text_of(inner, "resource").unwrap_or("").to_owned(),
            resource_type: text_of(inner, "type").unwrap_or("").to_owned(),
            version: None,
        }
    } else if let Some(inner) = map.get("put") {
        PublicKind::Put {
            name: name(inner),
            resource: text_of(inner, "resource").unwrap_or("").to_owned(),
            resource_type: text_of(inner, "type").unwrap_or("").to_owned(),
        }
    } else if let Some(inner) = map.get("set_pipeline") {
        PublicKind::SetPipeline { name: name(inner) }
    } else if let Some(inner) = map.get("load_var") {
        PublicKind::LoadVar { name: name(inner) }
    } else if let Some(inner) = map.get("do") {
        PublicKind::Do(list(inner))
    } else if let Some(Value::Map(inner)) = map.get("in_parallel") {
        let steps = inner.get("steps").map(list).unwrap_or_default();
        PublicKind::InParallel { steps, limit: None, fail_fast: false }
    } else if let Some(Value::Map(inner)) = map.get("try") {
        PublicKind::Try(Box::new(public(inner.get("step")?)?))
    } else {
        PublicKind::Do(Vec::new())
    };
    Some(PublicPlan { id, kind })
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How deep under hooks and groups.
    pub depth: u16,
    /// What it shows.
    pub kind: RowKind,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind {
    /// Words over the rows below: `ensure, whatever happens`.
    Label(String),
    /// One node.
    Step(Step),
    /// Several gets in a row that all stand alike.
    Inputs(Vec<Step>),
}

/// A node that does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The node.
    pub id: PlanId,
    /// `get`, `task`, `try`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub sign: Sign,
    /// How long it took or runs.
    pub took: Option<Duration>,
    /// By how much it is over what it usually takes, if that is worth a word.
    pub late: Option<Duration>,
}

impl RowKind {
    /// The node to look at when the row is chosen.
    pub fn plan(&self) -> Option<&PlanId> {
        match self {
            RowKind::Label(_) => None,
            RowKind::Step(step) => Some(&step.id),
            RowKind::Inputs(steps) => steps.first().map(|step| &step.id),
        }
    }
}

/// What rows are made from.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What the events say.
    pub marks: &'a Marks,
    /// Where the build stands.
    pub status: Status,
    /// The present moment.
    pub now: Timestamp,
    /// How long each step usually takes.
    pub usual: &'a [(String, Duration)],
    /// Whether gets that stand alike are one row.
    pub folds: bool,
}

impl Rows<'_> {
    /// The rows of a plan.
    pub fn of(&self, plan: &PublicPlan) -> Vec<Row> {
        let mut rows = Vec::new();
        self.add(plan, 0, None, false, &mut rows);
        if self.folds { fold(rows) } else { rows }
    }

    fn label(depth: u16, text: impl Into<String>, rows: &mut Vec<Row>) {
        rows.push(Row { depth, kind: RowKind::Label(text.into()) });
    }

    fn add(
        &self,
        plan: &PublicPlan,
        depth: u16,
        word: Option<&'static str>,
        is_idle: bool,
        rows: &mut Vec<Row>,
    ) {
        let (kind, name) = match &plan.kind {
            PublicKind::Check { name } => ("check", name.clone()),
            PublicKind::Get { name, .. } => ("get", name.clone()),
            PublicKind::Put { name, .. } => ("put", name.clone()),
            PublicKind::Task { name } => ("task", name.clone()),
            PublicKind::Run { message, prototype } => ("run", format!("{message} {prototype}")),
            PublicKind::SetPipeline { name } => ("set", name.clone()),
            PublicKind::LoadVar { name } => ("var", name.clone()),
            PublicKind::Do(steps) => {
                for step in steps {
                    self.add(step, depth, word, is_idle, rows);
                }
                return;
            }
            PublicKind::InParallel { steps, limit, .. } => {
                let only_gets =
                    steps.iter().all(|step| matches!(step.kind, PublicKind::Get { .. }));
                let depth = if only_gets || steps.len() < 2 {
                    depth
                } else {
                    let at_a_time = limit.map(|n| format!(", {n} at a time")).unwrap_or_default();
                    Self::label(depth, format!("side by side{at_a_time}"), rows);
                    depth + 1
                };
                for step in steps {
                    self.add(step, depth, word, is_idle, rows);
                }
                return;
            }
            PublicKind::Across { vars } => {
                Self::label(depth, format!("across {}", vars.join(", ")), rows);
                for step in self.marks.across.get(&plan.id).into_iter().flatten() {
                    self.add(step, depth + 1, word, is_idle, rows);
                }
                return;
            }
            PublicKind::Retry(attempts) => {
                for (i, attempt) in attempts.iter().enumerate() {
                    if i > 0 && !self.has_begun(attempt) {
                        break;
                    }
                    if i > 0 {
                        let text = format!("attempt {} of {}", i + 1, attempts.len());
                        Self::label(depth, text, rows);
                    }
                    self.add(attempt, depth + u16::from(i > 0), word, is_idle, rows);
                }
                return;
            }
            PublicKind::Try(step) => {
                return self.add(step, depth, Some("try"), is_idle, rows);
            }
            PublicKind::Timeout { step, .. } => return self.add(step, depth, word, is_idle, rows),
            PublicKind::Hooked { step, on, hook } => {
                self.add(step, depth, word, is_idle, rows);
                return self.add_hook(step, *on, hook, depth, rows);
            }
        };
        let mut sign = self.marks.sign(&plan.id, self.status);
        if is_idle && sign == Sign::Pending {
            sign = Sign::NeverRan;
        }
        let took = self.marks.took(&plan.id, self.now);
        let usual = self.usual.iter().find(|(step, _)| {
            step.strip_prefix(kind).is_some_and(|rest| rest.trim_start() == name)
        });
        // Two seconds, and a fifth of the usual time, are nothing to tell of.
        let late = took.zip(usual).and_then(|(took, (_, usual))| {
            let over = took.checked_sub(*usual)?;
            (over > Duration::from_secs(2) && over > *usual / 5).then_some(over)
        });
        let kind = word.unwrap_or(kind);
        let step = Step { id: plan.id.clone(), kind, name, sign, took, late };
        rows.push(Row { depth, kind: RowKind::Step(step) });
    }

    fn add_hook(
        &self,
        step: &PublicPlan,
        on: HookOn,
        hook: &PublicPlan,
        depth: u16,
        rows: &mut Vec<Row>,
    ) {
        // The get that brings back what a put made belongs to the put.
        if let (PublicKind::Put { resource, .. }, PublicKind::Get { resource: got, .. }) =
            (&step.kind, &hook.kind)
            && on == HookOn::Success
            && resource == got
        {
            return self.add(hook, depth, None, false, rows);
        }
        let has_begun = self.has_begun(hook);
        if self.status.is_over() && !has_begun && on != HookOn::Ensure {
            return;
        }
        let text = match on {
            HookOn::Success => "when it succeeded",
            HookOn::Failure => "when it failed",
            HookOn::Abort => "when it was aborted",
            HookOn::Error => "when it errored",
            HookOn::Ensure => "ensure, whatever happens",
        };
        Self::label(depth, text, rows);
        let is_idle = on != HookOn::Ensure && on != HookOn::Success && !has_begun;
        self.add(hook, depth + 1, None, is_idle, rows);
    }

    /// Whether anything in it has begun.
    fn has_begun(&self, plan: &PublicPlan) -> bool {
        self.marks.of(&plan.id).is_some_and(|mark| mark.began_at.is_some() || mark.error.is_some())
            || children(plan).iter().any(|child| self.has_begun(child))
    }
}

/// The nodes directly inside a node.
pub fn children(plan: &PublicPlan) -> Vec<&PublicPlan> {
    match &plan.kind {
        PublicKind::Do(steps) | PublicKind::Retry(steps) => steps.iter().collect(),
        PublicKind::InParallel { steps, .. } => steps.iter().collect(),
        PublicKind::Try(step) | PublicKind::Timeout { step, .. } => vec![step],
        PublicKind::Hooked { step, hook, .. } => vec![step, hook],
        PublicKind::Check { .. }
        | PublicKind::Get { .. }
        | PublicKind::Put { .. }
        | PublicKind::Task { .. }
        | PublicKind::Run { .. }
        | PublicKind::SetPipeline { .. }
        | PublicKind::LoadVar { .. }
        | PublicKind::Across { .. } => Vec::new(),
    }
}

/// Makes one row of gets that follow one another and stand alike.
fn fold(rows: Vec<Row>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    for row in rows {
        if let RowKind::Step(step) = &row.kind
            && step.kind == "get"
            && matches!(step.sign, Sign::Succeeded | Sign::Pending | Sign::NeverRan)
            && let Some(last) = out.last_mut()
            && last.depth == row.depth
        {
            match &mut last.kind {
                RowKind::Inputs(steps) if steps[0].sign == step.sign => {
                    steps.push(step.clone());
                    continue;
                }
                RowKind::Step(before) if before.kind == "get" && before.sign == step.sign => {
                    last.kind = RowKind::Inputs(vec![before.clone(), step.clone()]);
                    continue;
                }
                _ => {}
            }
        }
        out.push(row);
    }
    out
}
