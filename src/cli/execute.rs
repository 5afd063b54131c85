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
use super::build_log;
use super::join::Embedded;
use super::pipeline_file::{PipelineFile, values};
use super::settings::Shared;
use super::validate::verdict;
use crate::control::{
    Acting, BuildSummary, Change, Control, ErrorKind, JobSummary, Pause, PipelineSummary, SetAsk,
};
use crate::model::build::Status;
use crate::model::{BuildId, PipelineRef};

/// What people are told of a pipeline that only `flightdeck run` runs.
const PAUSED: &str = "`flightdeck run` runs it when asked";

/// How many builds of a job are looked at: what runs is among the latest.
const LATEST: u32 = 100;

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
    let (lines, printer) = build_log::print_to(out);
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
        before: None,
        held: Vec::new(),
    };
    let ask = SetAsk { pipeline: file.pipeline_ref(), config, is_new_paused: true };
    let exit = tokio::select! {
        exit = session.run(ask, &options.jobs) => exit,
        _ = interrupted() => session.abort_all().await.map(|()| Exit::Aborted),
    };
    let left = async {
        session.hold().await?;
        core.close_intake().await;
        session.leave_as_found().await
    };
    if let Err(error) = left.await {
        tracing::warn!(error = format!("{error:#}"), "the pipeline is not as it was before");
    }
    drop(session);
    match private {
        Some(_) => core.discard().await,
        None => core.shut_down().await,
    }
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

struct Session {
    control: Arc<dyn Control>,
    pipeline: PipelineRef,
    lines: mpsc::Sender<String>,
    is_single: bool,
    followed: BTreeSet<BuildId>,
    following: JoinSet<(BuildId, String, Status)>,
    ended: BTreeMap<BuildId, (String, Status)>,
    /// Whether the pipeline was there, and paused.
    before: Option<Option<Pause>>,
    /// Jobs that do not run because others were asked for.
    held: Vec<String>,
}

impl Session {
    async fn run(&mut self, ask: SetAsk, jobs: &[String]) -> anyhow::Result<Exit> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        self.before = match control.pipeline(&self.pipeline).await {
            Ok(summary) => Some(summary.pause),
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        act.set_pipeline(ask).await?;
        act.pause_pipeline(&self.pipeline, Some(PAUSED.to_owned())).await?;
        let summary = control.pipeline(&self.pipeline).await?;
        let older = self.all_builds(&summary).await?;
        self.followed.extend(older.iter().filter(|b| b.status.is_over()).map(|b| b.id));
        if jobs.is_empty() {
            self.check_all(&summary).await?;
            for job in summary.jobs.iter().filter(|job| starts_by_itself(job)) {
                act.trigger_job(&self.pipeline, &job.name).await?;
            }
        } else {
            self.hold_others(&summary).await?;
        }
        act.unpause_pipeline(&self.pipeline).await?;
        let mut tried = BTreeSet::new();
        for job in jobs {
            if !tried.contains(job) {
                Box::pin(self.run_job(job, &mut tried)).await?;
            }
        }
        let left = self.follow().await?;
        self.close(left).await
    }

    /// Runs one job; where it lacks versions, the jobs before it first.
    async fn run_job(&mut self, job: &str, tried: &mut BTreeSet<String>) -> anyhow::Result<()> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        tried.insert(job.to_owned());
        act.trigger_job(&self.pipeline, job).await?;
        act.unpause_job(&self.pipeline, job).await?;
        let left = self.follow().await?;
        if !left.iter().any(|build| build.job.as_deref() == Some(job)) {
            return Ok(());
        }
        let summary = self.control.pipeline(&self.pipeline).await?;
        let before: BTreeSet<String> = summary
            .jobs
            .iter()
            .filter(|summary| summary.name == job)
            .flat_map(|summary| &summary.inputs)
            .flat_map(|input| input.passed.clone())
            .collect();
        for before in before {
            if !tried.contains(&before) {
                Box::pin(self.run_job(&before, tried)).await?;
            }
        }
        self.follow().await?;
        Ok(())
    }

    /// Pauses the jobs, so that none runs that was not asked for.
    async fn hold_others(&mut self, summary: &PipelineSummary) -> anyhow::Result<()> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        for job in summary.jobs.iter().filter(|job| job.pause.is_none()) {
            let why = Some("`flightdeck run` runs other jobs".to_owned());
            self.held.push(job.name.clone());
            act.pause_job(&self.pipeline, &job.name, why).await?;
        }
        Ok(())
    }

    /// Starts nothing more of the pipeline.
    async fn hold(&self) -> anyhow::Result<()> {
        let act = acting(self.control.as_ref())?;
        Ok(act.pause_pipeline(&self.pipeline, Some(PAUSED.to_owned())).await?)
    }

    /// Brings pauses back to what they were. A pipeline that is new stays paused: nobody but
    /// this command was asked to run it.
    async fn leave_as_found(&self) -> anyhow::Result<()> {
        let act = acting(self.control.as_ref())?;
        for job in &self.held {
            act.unpause_job(&self.pipeline, job).await?;
        }
        match &self.before {
            Some(None) => act.unpause_pipeline(&self.pipeline).await?,
            Some(Some(pause)) => act.pause_pipeline(&self.pipeline, pause.why.clone()).await?,
            None => {}
        }
        Ok(())
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
            let builds = self.all_builds(&summary).await?;
            self.follow_started(builds);
            let control = Arc::clone(&self.control);
            let mut settled = control.settled();
            loop {
                tokio::select! {
                    settled = &mut settled => {
                        settled?;
                        break;
                    }
                    change = changes.next() => match change {
                        Some(change) => self.look_at(change).await?,
                        None => bail!("the core went away"),
                    },
                    Some(ended) = self.following.join_next() => self.note(ended?),
                }
            }
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
    }

    /// Looks at what a change is about: at a build that is not followed yet, or at all.
    async fn look_at(&mut self, change: Change) -> anyhow::Result<()> {
        let builds = match change {
            Change::Build { pipeline, job, build } => {
                if pipeline != self.pipeline || self.followed.contains(&build) {
                    return Ok(());
                }
                self.control.job_builds(&pipeline, &job, None, LATEST).await?
            }
            Change::Everything => {
                let summary = self.control.pipeline(&self.pipeline).await?;
                self.all_builds(&summary).await?
            }
            Change::Pipeline(_) | Change::Resource { .. } => return Ok(()),
        };
        self.follow_started(builds);
        Ok(())
    }

    fn follow_started(&mut self, builds: Vec<BuildSummary>) {
        for build in builds {
            if build.status != Status::Pending && self.followed.insert(build.id) {
                self.follow_build(build);
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
                builds.extend(
                    self.control.job_builds(&self.pipeline, &job.name, None, LATEST).await?,
                );
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
            let status =
                build_log::follow(control.as_ref(), build.id, &name, &prefix, &lines).await;
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
        let mut has_left = false;
        let summary = self.control.pipeline(&self.pipeline).await?;
        for build in left {
            let job = build.job.clone().unwrap_or_default();
            let waiting = summary
                .jobs
                .iter()
                .find(|summary| summary.name == job)
                .and_then(|summary| summary.waiting.clone());
            let why = match waiting {
                Some(waiting) => waiting.why,
                None => "nothing starts it".to_owned(),
            };
            self.say(format!("{job} #{} did not start: {why}\n", build.name)).await;
            acting(control.as_ref())?.abort_build(build.id).await?;
            has_left = true;
        }
        if self.ended.is_empty() && !has_left {
            self.say("no job starts by itself; name one to run it\n".to_owned()).await;
        }
        let ends = self.ended.values().map(|(_, status)| Exit::of(*status));
        Ok(match ends.fold(Exit::Success, Exit::worst) {
            // Where a build did not succeed, that is why others did not start.
            Exit::Success if has_left => Exit::Errored,
            exit => exit,
        })
    }

    /// Aborts the pipeline's builds and waits for the hooks of those that run. A second
    /// interrupt does not wait for them.
    async fn abort_all(&mut self) -> anyhow::Result<()> {
        let control = Arc::clone(&self.control);
        let act = acting(control.as_ref())?;
        let ending = async {
            // What hooks put must not start anything.
            self.hold().await?;
            let mut changes = self.control.changes().await?;
            loop {
                let builds = self.control.running_builds().await?;
                let ours = builds.iter().filter(|b| b.pipeline.as_ref() == Some(&self.pipeline));
                let ours: Vec<&BuildSummary> = ours.collect();
                if ours.is_empty() && self.following.is_empty() {
                    return anyhow::Ok(());
                }
                for build in ours {
                    if !build.is_aborting {
                        act.abort_build(build.id).await?;
                    }
                    if build.status == Status::Started && self.followed.insert(build.id) {
                        self.follow_build(build.clone());
                    }
                }
                tokio::select! {
                    change = changes.next() => {
                        if change.is_none() {
                            bail!("the core went away");
                        }
                    }
                    Some(ended) = self.following.join_next() => self.note(ended?),
                }
            }
        };
        tokio::select! {
            ended = ending => ended,
            () = interrupted() => Ok(()),
        }
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
