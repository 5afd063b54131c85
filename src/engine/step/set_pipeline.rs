//! Sets a pipeline from a file of an artifact.
//!
//! *Follows:* `atc/exec/set_pipeline_step.go`.

use thiserror::Error;

use super::{Cx, Ended, Ending};
use crate::dialect;
use crate::dialect::concourse::diff;
use crate::engine::artifact;
use crate::engine::journal::Record;
use crate::engine::report::Report;
use crate::model::build::{Event, LogSource, Plan};
use crate::model::step::SetPipeline;
use crate::model::var::Values;
use crate::model::{Diagnostic, Map, Pipeline, PipelineRef, Value};

/// The team that may set pipelines of others.
const ADMIN_TEAM: &str = "main";

/// A step that cannot be done.
#[derive(Debug, Error)]
enum SetError {
    #[error("only main team can set another team's pipeline")]
    OtherTeam,
    #[error("`set_pipeline: self` needs a build of a pipeline")]
    NoSelf,
    #[error("failed to read vars from {file}: {why}")]
    VarFile { file: String, why: String },
}

/// Sets the pipeline if its config changed.
pub async fn run(cx: &Cx, plan: &Plan, set: &SetPipeline) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    report.emit(|origin, time| Event::Initialize { origin, time }).await?;
    let set = filled(cx, set).await?;
    let team = set.team.clone().filter(|team| !team.is_empty());
    for (what, name) in [("pipeline", Some(&set.name)), ("team", team.as_ref())] {
        if name.is_some_and(|name| name.contains('/')) {
            let fault = format!("ERROR: {what} name cannot contain '/'");
            report.say(LogSource::Stderr, &fault).await?;
            return fail(&report).await;
        }
    }
    let values = values(cx, &set).await?;
    let text = artifact::read(cx, &set.file).await?;
    report.emit(|origin, time| Event::Start { origin, time }).await?;
    let read = dialect::read(&set.file, &text, &values);
    let Some(config) = judge(&report, read.pipeline, &read.diagnostics).await? else {
        return fail(&report).await;
    };
    let target = target(cx, &set, team)?;
    let was_begun = cx.build.replay.node(&plan.id).is_some_and(|node| node.is_begun);
    apply(cx, &report, &target, (config, was_begun)).await
}

async fn filled(cx: &Cx, set: &SetPipeline) -> Result<SetPipeline, Ending> {
    let mut filled = SetPipeline {
        name: set.name.clone(),
        file: cx.fill_text(&set.file).await?,
        team: None,
        vars: cx.fill_map(&set.vars).await?,
        var_files: Vec::new(),
        instance_vars: cx.fill_map(&set.instance_vars).await?,
    };
    if let Some(team) = &set.team {
        filled.team = Some(cx.fill_text(team).await?);
    }
    for file in &set.var_files {
        filled.var_files.push(cx.fill_text(file).await?);
    }
    Ok(filled)
}

/// Instance vars, then vars, then files, of which the earlier one wins.
async fn values(cx: &Cx, set: &SetPipeline) -> Result<Values, Ending> {
    let mut given: Map = set.vars.clone();
    given.extend(set.instance_vars.clone());
    let mut values = Values::from(given);
    for file in set.var_files.iter().rev() {
        let text = artifact::read(cx, file).await?;
        let (vars, diagnostics) = dialect::concourse::read_vars(file, &text);
        let why = || lines(&diagnostics, Diagnostic::is_error).join("; ");
        let vars = vars.ok_or_else(|| SetError::VarFile { file: file.clone(), why: why() })?;
        values.add_file(vars);
    }
    Ok(values)
}

/// Says what is wrong with the config. Gives it if it can be used.
async fn judge(
    report: &Report,
    pipeline: Option<Pipeline>,
    diagnostics: &[Diagnostic],
) -> Result<Option<Pipeline>, Ending> {
    for warning in lines(diagnostics, |diagnostic| !diagnostic.is_error()) {
        report.say(LogSource::Stderr, &format!("WARNING: {warning}")).await?;
    }
    if pipeline.is_none() {
        let is_yaml = !diagnostics.iter().any(|d| d.is_error() && d.code == "syntax");
        let heading = if is_yaml { "invalid pipeline:" } else { "error parsing pipeline:" };
        report.say(LogSource::Stderr, heading).await?;
        for fault in lines(diagnostics, Diagnostic::is_error) {
            report.say(LogSource::Stderr, &format!("- {fault}")).await?;
        }
    }
    Ok(pipeline)
}

fn lines(diagnostics: &[Diagnostic], which: fn(&Diagnostic) -> bool) -> Vec<String> {
    let chosen = diagnostics.iter().filter(|diagnostic| which(diagnostic));
    chosen.map(|d| format!("line {}: {}", d.place.line, d.message)).collect()
}

fn target(cx: &Cx, set: &SetPipeline, team: Option<String>) -> Result<PipelineRef, SetError> {
    let spec = &cx.build.spec;
    if set.name == "self" {
        let own = spec.pipeline.as_ref().map(|(_, pipeline)| pipeline.clone());
        return own.ok_or(SetError::NoSelf);
    }
    let team = team.unwrap_or_else(|| spec.team.clone());
    if team != spec.team && spec.team != ADMIN_TEAM {
        return Err(SetError::OtherTeam);
    }
    let mut target = PipelineRef::new(&team, &set.name);
    if !set.instance_vars.is_empty() {
        target.instance = Value::Map(set.instance_vars.clone()).to_json();
    }
    Ok(target)
}

async fn apply(
    cx: &Cx,
    report: &Report,
    target: &PipelineRef,
    (config, was_begun): (Pipeline, bool),
) -> Result<Ended, Ending> {
    let journal = &cx.build.parts.journal;
    let stored = journal.pipeline_config(target).await?;
    let changes = diff::diff(stored.as_ref(), &config);
    let changed = stored.is_none() || !changes.is_empty();
    if changed {
        for line in diff::print(&changes) {
            report.say(LogSource::Stdout, &line).await?;
        }
        let name = match &*target.instance {
            "" => target.name.clone(),
            instance => format!("{}/{instance}", target.name),
        };
        report.say(LogSource::Stdout, &format!("setting pipeline: {name}")).await?;
    } else if was_begun {
        // An earlier core has set it, and went away before it said so.
        report.say(LogSource::Stdout, "done").await?;
    } else {
        report.say(LogSource::Stdout, "no changes to apply.").await?;
    }
    report.emit(|origin, _| Event::SetPipelineChanged { origin, changed }).await?;
    if changed {
        report.record(Record::Begun).await?;
        if journal.set_pipeline(cx.build.spec.id, target, config).await? {
            report.say(LogSource::Stdout, "done").await?;
        } else {
            let warning = "WARNING: the pipeline was not saved because it was already saved by a \
                           newer build";
            report.say(LogSource::Stderr, warning).await?;
        }
    }
    report.emit(|origin, time| Event::Finish { origin, time, succeeded: true }).await?;
    Ok(Ending::Succeeded.into())
}

async fn fail(report: &Report) -> Result<Ended, Ending> {
    report.emit(|origin, time| Event::Finish { origin, time, succeeded: false }).await?;
    Ok(Ending::Failed.into())
}
