//! `flightdeck run`: a pipeline without the console, its log on standard output.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Exit;
use super::join::Embedded;
use super::pipeline_file::{PipelineFile, values};
use super::settings::Shared;
use super::validate::verdict;
use crate::control::{
    Acting, BuildSummary, Control, JobSummary, PipelineSummary, SetAsk, WaitingFor,
};
use crate::model::build::{Event, Status};
use crate::model::{BuildId, PipelineRef};

/// Options of `flightdeck run`.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// The pipeline file
    file: PathBuf,

    /// The jobs to run, with the jobs before them where their versions are missing
    /// [default: all that start by themselves, and what follows from them]
    jobs: Vec<String>,
}

/// Runs the pipeline, or some jobs of it, until nothing more happens.
///
/// # Errors
/// When a file cannot be read, or the core cannot do its work.
pub async fn run(
    shared: &Shared,
    options: &RunOptions,
    out: Box<dyn Write + Send>,
) -> anyhow::Result<Exit> {
    let file = PipelineFile::read(&options.file, &values(shared)?)?;
    let report = file.report();
    let Some(config) = file.read.pipeline.clone() else {
        bail!("{report}{}", verdict(&file.path, &file.read.diagnostics));
    };
    for job in &options.jobs {
        if config.job(job).is_none() {
            let known: Vec<_> = config.jobs.iter().map(|job| job.name.as_str()).collect();
            bail!("the pipeline has no job `{job}`; it has {}", known.join(", "));
        }
    }
    let private = match &shared.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a temporary data directory")?),
    };
    let data_dir = match (&shared.data_dir, &private) {
        (Some(given), _) => given.clone(),
        (None, Some(private)) => private.path().to_owned(),
        (None, None) => bail!("no data directory"),
    };
    let core = Embedded::start(shared, &data_dir).await?;
    let (lines, printer) = print_to(out);
    if !report.is_empty() {
        // A reader that went away ends the run below, by the same channel.
        let _ = lines.send(report).await;
    }
    let mut session = Session {
        control: core.control(),
        pipeline: file.pipeline_ref(),
        lines,
        is_single: options.jobs.len() == 1,
        followed: BTreeSet::new(),
        following: JoinSet::new(),
        ended: BTreeMap::new(),
    };
    let exit = session
        .run(SetAsk { pipeline: file.pipeline_ref(), config, is_new_paused: true }, &options.jobs);
    let exit = tokio::select! {
        exit = exit => exit,
        _ = interrupted() => {
            session.abort_all().await?;
            Ok(Exit::Aborted)
        }
    };
    drop(session);
    core.shut_down().await;
    printer.await.context("the printer failed")?;
    exit
}

/// Waits for an interrupt, a hang-up or a request to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}

/// Prints texts in the order in which they come, each whole. Holds 256, then builds' logs wait.
fn print_to(mut out: Box<dyn Write + Send>) -> (mpsc::Sender<String>, tokio::task::JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel::<String>(256);
    let task = tokio::task::spawn_blocking(move || {
        while let Some(text) = receiver.blocking_recv() {
            if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                // Nobody reads any more; builds go on to their end.
                return;
            }
        }
    });
    (sender, task)
}

struct Session {
    control: Arc<dyn Control>,
    pipeline: PipelineRef,
    lines: mpsc::Sender<String>,
    is_single: bool,
    followed: BTreeSet<BuildId>,
    following: JoinSet<(BuildId, String, Status)>,
    ended: BTreeMap<BuildId, (String, Status)>,
}

impl Session {
    async fn run(&mut self, ask: SetAsk, jobs: &[String]) -> anyhow::Result<Exit> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        act.set_pipeline(ask).await?;
        act.pause_pipeline(&self.pipeline, None).await?;
        let summary = control.pipeline(&self.pipeline).await?;
        let older = self.all_builds(&summary).await?;
        self.followed.extend(older.iter().filter(|b| b.status.is_over()).map(|b| b.id));
        let paused = if jobs.is_empty() {
            self.check_all(&summary).await?;
            for job in summary.jobs.iter().filter(|job| starts_by_itself(job)) {
                act.trigger_job(&self.pipeline, &job.name).await?;
            }
            Vec::new()
        } else {
            self.pause_others(&summary).await?
        };
        act.unpause_pipeline(&self.pipeline).await?;
        let mut left = Vec::new();
        if jobs.is_empty() {
            left = self.follow().await?;
        }
        for job in jobs {
            left.extend(Box::pin(self.run_job(job, &mut BTreeSet::new())).await?);
        }
        for job in paused {
            act.unpause_job(&self.pipeline, &job).await?;
        }
        self.close(left).await
    }

    /// Runs one job; where it lacks versions, the jobs before it first. Gives what did not start.
    async fn run_job(
        &mut self,
        job: &str,
        tried: &mut BTreeSet<String>,
    ) -> anyhow::Result<Vec<BuildSummary>> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        tried.insert(job.to_owned());
        act.trigger_job(&self.pipeline, job).await?;
        act.unpause_job(&self.pipeline, job).await?;
        let mut left = self.follow().await?;
        if !left.iter().any(|build| build.job.as_deref() == Some(job)) {
            return Ok(left);
        }
        let summary = self.control.pipeline(&self.pipeline).await?;
        let upstream: BTreeSet<String> = summary
            .jobs
            .iter()
            .filter(|summary| summary.name == job)
            .flat_map(|summary| &summary.inputs)
            .flat_map(|input| input.passed.clone())
            .collect();
        for before in upstream {
            if !tried.contains(&before) {
                Box::pin(self.run_job(&before, tried)).await?;
            }
        }
        left = self.follow().await?;
        Ok(left)
    }

    /// Pauses the jobs, so that none runs that was not asked for. Gives those that ran before.
    async fn pause_others(&self, summary: &PipelineSummary) -> anyhow::Result<Vec<String>> {
        let act = acting(self.control.as_ref())?;
        let mut paused = Vec::new();
        for job in summary.jobs.iter().filter(|job| job.pause.is_none()) {
            let why = Some("`flightdeck run` runs other jobs".to_owned());
            act.pause_job(&self.pipeline, &job.name, why).await?;
            paused.push(job.name.clone());
        }
        Ok(paused)
    }

    async fn check_all(&self, summary: &PipelineSummary) -> anyhow::Result<()> {
        let act = acting(self.control.as_ref())?;
        let checks = summary.resources.iter().map(|resource| async {
            let check = act.check_resource(&self.pipeline, &resource.name).await;
            let why = match check {
                Ok(check) => check.error,
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = why {
                self.say(format!("check of {} failed: {why}\n", resource.name)).await;
            }
        });
        futures_util::future::join_all(checks).await;
        Ok(())
    }

    /// Follows all builds until nothing more happens; gives those that did not start.
    async fn follow(&mut self) -> anyhow::Result<Vec<BuildSummary>> {
        let mut changes = self.control.changes().await?;
        loop {
            let summary = self.control.pipeline(&self.pipeline).await?;
            for build in self.all_builds(&summary).await? {
                if build.status != Status::Pending && self.followed.insert(build.id) {
                    self.follow_build(build);
                }
            }
            while let Some(ended) = self.following.try_join_next() {
                self.note(ended?);
            }
            let control = Arc::clone(&self.control);
            tokio::select! {
                settled = control.settled() => {
                    settled?;
                    while let Some(ended) = self.following.join_next().await {
                        self.note(ended?);
                    }
                    let summary = self.control.pipeline(&self.pipeline).await?;
                    let (pending, others): (Vec<_>, Vec<_>) = self
                        .all_builds(&summary)
                        .await?
                        .into_iter()
                        .partition(|build| build.status == Status::Pending);
                    if others.iter().all(|build| self.followed.contains(&build.id)) {
                        return Ok(pending);
                    }
                }
                change = changes.next() => {
                    if change.is_none() {
                        bail!("the core went away");
                    }
                }
                Some(ended) = self.following.join_next() => self.note(ended?),
            }
        }
    }

    fn note(&mut self, (build, name, status): (BuildId, String, Status)) {
        self.ended.insert(build, (name, status));
    }

    async fn all_builds(&self, summary: &PipelineSummary) -> anyhow::Result<Vec<BuildSummary>> {
        let mut builds = Vec::new();
        for job in &summary.jobs {
            if job.next.is_some() || job.finished.is_some() {
                builds.extend(self.control.job_builds(&self.pipeline, &job.name, None, 100).await?);
            }
        }
        builds.sort_by_key(|build| build.id);
        Ok(builds)
    }

    fn follow_build(&mut self, build: BuildSummary) {
        let control = Arc::clone(&self.control);
        let lines = self.lines.clone();
        let name = format!("{} #{}", build.job.as_deref().unwrap_or("check"), build.name);
        let prefix = if self.is_single { String::new() } else { format!("{name} │ ") };
        self.following.spawn(async move {
            let status = follow_build(control.as_ref(), build.id, &name, &prefix, &lines).await;
            let status = match status {
                Ok(status) => status,
                Err(error) => {
                    let _ = lines.send(format!("{name}: {error}\n")).await;
                    Status::Errored
                }
            };
            (build.id, name, status)
        });
    }

    /// Says what came of it all and makes it the exit code.
    async fn close(&mut self, left: Vec<BuildSummary>) -> anyhow::Result<Exit> {
        let control = Arc::clone(&self.control);
        let mut exit = Exit::Success;
        let summary = self.control.pipeline(&self.pipeline).await?;
        for build in left {
            let job = build.job.clone().unwrap_or_default();
            let waiting = summary
                .jobs
                .iter()
                .find(|summary| summary.name == job)
                .and_then(|summary| summary.waiting.clone());
            let (why, on) = match waiting {
                Some(waiting) => (waiting.why, waiting.on),
                None => ("nothing starts it".to_owned(), WaitingFor::Person),
            };
            tracing::debug!(?on, job, "did not start");
            self.say(format!("{job} #{} did not start: {why}\n", build.name)).await;
            acting(control.as_ref())?.abort_build(build.id).await?;
            exit = exit.worst(Exit::Errored);
        }
        if self.ended.is_empty() && exit == Exit::Success {
            self.say("no job starts by itself; name one to run it\n".to_owned()).await;
        }
        for (_, status) in self.ended.values() {
            exit = exit.worst(Exit::of(*status));
        }
        Ok(exit)
    }

    async fn abort_all(&mut self) -> anyhow::Result<()> {
        let act = acting(self.control.as_ref())?;
        for build in self.control.running_builds().await? {
            act.abort_build(build.id).await?;
        }
        // Hooks of aborted builds still run; a second interrupt does not wait for them.
        let ended = async {
            while let Some(Ok(ended)) = self.following.join_next().await {
                self.ended.insert(ended.0, (ended.1, ended.2));
            }
        };
        tokio::select! {
            () = ended => {}
            () = interrupted() => {}
        }
        Ok(())
    }

    async fn say(&self, text: String) {
        // A reader that went away is no reason to stop a build.
        let _ = self.lines.send(text).await;
    }
}

fn acting(control: &dyn Control) -> anyhow::Result<&dyn Acting> {
    control.acting().context("this core may only be read")
}

fn starts_by_itself(job: &JobSummary) -> bool {
    !job.is_manual_trigger_disabled && job.inputs.iter().all(|input| input.passed.is_empty())
}

/// Prints a build's log from its first line to its last; gives its final status.
async fn follow_build(
    control: &dyn Control,
    build: BuildId,
    name: &str,
    prefix: &str,
    lines: &mpsc::Sender<String>,
) -> anyhow::Result<Status> {
    let mut events = control.build_events(build, 0).await?;
    let detail = control.build(build).await?;
    let steps = detail.plan.as_ref().map(step_names).unwrap_or_default();
    let _ = lines.send(format!("── {name} started\n")).await;
    let mut log = LogLines { prefix: prefix.to_owned(), open: BTreeMap::new() };
    let mut last = Status::Errored;
    while let Some(envelopes) = events.next().await {
        for envelope in envelopes? {
            let text = match &envelope.event {
                Event::Log { origin, payload, .. } => log.take(&origin.id.0, payload),
                Event::Error { origin, message, .. } => {
                    let step = steps.get(&origin.id.0).map_or("", String::as_str);
                    log.line(&format!("{step}: {message}"))
                }
                Event::StartTask { origin, config, .. } => {
                    let step = steps.get(&origin.id.0).map_or("task", String::as_str);
                    let args = config.run.args.clone().unwrap_or_default();
                    // A script that stands in the pipeline is known to its reader.
                    let command = std::iter::once(config.run.path.as_str())
                        .chain(args.iter().map(|arg| arg.lines().next().unwrap_or_default()))
                        .collect::<Vec<_>>()
                        .join(" ");
                    log.line(&format!("── {step}: {command}"))
                }
                Event::StartGet { origin, .. } | Event::StartPut { origin, .. } => {
                    let step = steps.get(&origin.id.0).map_or("", String::as_str);
                    log.line(&format!("── {step}"))
                }
                Event::FinishTask { origin, exit_status, .. } if *exit_status != 0 => {
                    log.flush(&origin.id.0) + &log.line(&format!("exit status {exit_status}"))
                }
                Event::FinishTask { origin, .. } => log.flush(&origin.id.0),
                Event::Status { status, .. } => {
                    last = *status;
                    String::new()
                }
                _ => String::new(),
            };
            if !text.is_empty() {
                let _ = lines.send(text).await;
            }
        }
    }
    let _ = lines.send(format!("── {name} {last}\n")).await;
    Ok(last)
}

/// Puts a prefix before each line, also of lines that come in pieces.
struct LogLines {
    prefix: String,
    open: BTreeMap<String, String>,
}

impl LogLines {
    fn line(&self, text: &str) -> String {
        format!("{}{text}\n", self.prefix)
    }

    fn take(&mut self, origin: &str, payload: &str) -> String {
        let mut out = String::new();
        let open = self.open.entry(origin.to_owned()).or_default();
        for piece in payload.split_inclusive('\n') {
            open.push_str(piece);
            // A line without an end is printed in parts, so that memory stays bounded.
            if piece.ends_with('\n') || open.len() > 64 * 1024 {
                let text = open.trim_end_matches(['\n', '\r']);
                out.push_str(&format!("{}{text}\n", self.prefix));
                open.clear();
            }
        }
        out
    }

    fn flush(&mut self, origin: &str) -> String {
        match self.open.remove(origin) {
            Some(open) if !open.is_empty() => self.line(&open),
            Some(_) | None => String::new(),
        }
    }
}

fn step_names(plan: &crate::control::PublicPlan) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    plan.walk(&mut |node| {
        if let Some(name) = node.step_name() {
            names.insert(node.id.0.clone(), name);
        }
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_in_pieces_stay_whole() {
        let mut log = LogLines { prefix: "a │ ".to_owned(), open: BTreeMap::new() };
        assert_eq!(log.take("1", "one\ntw"), "a │ one\n");
        assert_eq!(log.take("2", "other\r\n"), "a │ other\n");
        assert_eq!(log.take("1", "o\n"), "a │ two\n");
        assert_eq!(log.take("1", "rest"), "");
        assert_eq!(log.flush("1"), "a │ rest\n");
    }
}
