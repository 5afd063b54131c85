//! Does what the console asks for: one task for each question, stream and shell. Their answers
//! come back as messages.
//!
//! The newest question of a kind replaces an older one; dropping the driver ends all of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::control::{
    Acting, Control, Error, ErrorKind, HijackAsk, Result, Shell, ShellInput, ShellOutput,
};
use crate::model::build::EventId;
use crate::model::time::Clock;
use crate::model::{BuildId, Timestamp};
use crate::tui::effect::{Act, Effect, Want};
use crate::tui::msg::{Answer, Done, Msg};
use crate::tui::options::ExtraAction;

/// How long an answer may take.
const READ_LIMIT: Duration = Duration::from_secs(15);

/// How long an act may take; a check asks the outside world.
const ACT_LIMIT: Duration = Duration::from_secs(120);

/// Events that are handed over at a time, at most: a key waits no longer than they take.
const BATCH: usize = 500;

/// What effects are done with.
pub struct Driver {
    control: Arc<dyn Control>,
    clock: Arc<dyn Clock>,
    extra: Vec<ExtraAction>,
    tx: mpsc::Sender<Msg>,
    fetches: HashMap<Want, AbortHandle>,
    streams: HashMap<BuildId, AbortHandle>,
    changes: Option<AbortHandle>,
    shells: HashMap<u64, (mpsc::Sender<ShellInput>, AbortHandle)>,
    loose: Vec<AbortHandle>,
}

/// What the driver cannot do itself, because it needs the terminal.
#[derive(Debug)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The terminal, or the end.
    Terminal(Effect),
}

impl Driver {
    /// A driver that does nothing yet. Messages go into `tx`: when it is full, tasks wait.
    pub fn new(
        control: Arc<dyn Control>,
        clock: Arc<dyn Clock>,
        extra: Vec<ExtraAction>,
        tx: mpsc::Sender<Msg>,
    ) -> Driver {
        Driver {
            control,
            clock,
            extra,
            tx,
            fetches: HashMap::new(),
            streams: HashMap::new(),
            changes: None,
            shells: HashMap::new(),
            loose: Vec::new(),
        }
    }

    /// Does an effect, or gives it back.
    pub fn run(&mut self, effect: Effect) -> Needs {
        match effect {
            Effect::Fetch { want, generation } => self.fetch(want, generation),
            Effect::Forget(want) => {
                if let Some(task) = self.fetches.remove(&want) {
                    task.abort();
                }
            }
            Effect::Connect => self.connect(),
            Effect::Follow { build, from, generation } => self.follow(build, from, generation),
            Effect::Unfollow(build) => {
                if let Some(task) = self.streams.remove(&build) {
                    task.abort();
                }
            }
            Effect::Act(act) => self.act(act),
            Effect::OpenShell { shell, ask } => self.open_shell(shell, ask),
            Effect::ToShell { shell, input } => {
                // A shell that takes nothing more is as good as gone; its end is told by itself.
                if let Some((line, _)) = self.shells.get(&shell) {
                    let _ = line.try_send(input);
                }
            }
            Effect::CloseShell(shell) => {
                if let Some((_, task)) = self.shells.remove(&shell) {
                    task.abort();
                }
            }
            Effect::Extra(at) => self.extra(at),
            Effect::HandOver { .. }
            | Effect::Copy(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Bell
            | Effect::Quit(_) => return Needs::Terminal(effect),
        }
        Needs::Nothing
    }

    /// Starts a shell for the whole terminal; it comes through `ready`.
    pub fn hijack(&mut self, ask: HijackAsk, ready: tokio::sync::oneshot::Sender<Result<Shell>>) {
        let (control, clock) = (Arc::clone(&self.control), Arc::clone(&self.clock));
        self.spawn_loose(async move {
            let shell = limited(&*clock, READ_LIMIT, hijack(&*control, ask)).await;
            // Nobody waits any more when the console ends in between.
            let _ = ready.send(shell);
        });
    }

    fn fetch(&mut self, want: Want, generation: u64) {
        let (control, clock, tx) = self.parts();
        let asked = want.clone();
        let task = tokio::spawn(async move {
            let answer = limited(&*clock, READ_LIMIT, ask(&*control, &asked)).await;
            let _ = tx.send(Msg::Answered { want: asked, generation, answer }).await;
        });
        if let Some(older) = self.fetches.insert(want, task.abort_handle()) {
            older.abort();
        }
    }

    fn connect(&mut self) {
        let (control, clock, tx) = self.parts();
        let task = tokio::spawn(async move {
            let stream = limited(&*clock, READ_LIMIT, control.changes()).await;
            let mut stream = match stream {
                Ok(stream) => stream,
                Err(error) => {
                    let _ = tx.send(Msg::Disconnected(error)).await;
                    return;
                }
            };
            if tx.send(Msg::Connected).await.is_err() {
                return;
            }
            while let Some(change) = stream.next().await {
                if tx.send(Msg::Changed(change)).await.is_err() {
                    return;
                }
            }
            let error = Error::new(ErrorKind::Unavailable, "the stream of changes ended");
            let _ = tx.send(Msg::Disconnected(error)).await;
        });
        if let Some(older) = self.changes.replace(task.abort_handle()) {
            older.abort();
        }
    }

    fn follow(&mut self, build: BuildId, from: EventId, generation: u64) {
        let (control, clock, tx) = self.parts();
        let task = tokio::spawn(async move {
            let result = read_events(&*control, &*clock, &tx, build, from, generation).await;
            let _ = tx.send(Msg::EventsEnded { build, generation, result }).await;
        });
        if let Some(older) = self.streams.insert(build, task.abort_handle()) {
            older.abort();
        }
    }

    fn act(&mut self, act: Act) {
        let (control, clock, tx) = self.parts();
        self.spawn_loose(async move {
            let result = match control.acting() {
                None => Err(Error::new(ErrorKind::Denied, "this console may only look")),
                Some(acting) => limited(&*clock, ACT_LIMIT, perform(acting, &act)).await,
            };
            let _ = tx.send(Msg::Acted { act, result }).await;
        });
    }

    fn extra(&mut self, at: usize) {
        let Some(extra) = self.extra.get(at) else { return };
        let (title, work, tx) = (extra.title.clone(), (extra.run)(), self.tx.clone());
        self.spawn_loose(async move {
            let result = work.await;
            let _ = tx.send(Msg::ExtraDone { title, result }).await;
        });
    }

    fn open_shell(&mut self, shell: u64, ask: HijackAsk) {
        let (control, clock, tx) = self.parts();
        let (line, mut typed) = mpsc::channel::<ShellInput>(64);
        let task = tokio::spawn(async move {
            let opened = limited(&*clock, READ_LIMIT, hijack(&*control, ask)).await;
            let opened = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    let output = ShellOutput::Lost(error.message);
                    let _ = tx.send(Msg::ShellOutput { shell, output }).await;
                    return;
                }
            };
            let Shell { directory, input, mut output } = opened;
            let _ = tx.send(Msg::ShellOpened { shell, directory }).await;
            loop {
                // Receiving from a channel may be dropped and begun anew: nothing is lost.
                tokio::select! {
                    piece = output.recv() => {
                        let Some(output) = piece else { break };
                        if tx.send(Msg::ShellOutput { shell, output }).await.is_err() {
                            break;
                        }
                    }
                    piece = typed.recv() => {
                        let Some(piece) = piece else { break };
                        if input.send(piece).await.is_err() {
                            break;
                        }
                    }
                }
            }
        });
        self.shells.insert(shell, (line, task.abort_handle()));
    }

    fn parts(&self) -> (Arc<dyn Control>, Arc<dyn Clock>, mpsc::Sender<Msg>) {
        (Arc::clone(&self.control), Arc::clone(&self.clock), self.tx.clone())
    }

    fn spawn_loose(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.loose.retain(|task| !task.is_finished());
        self.loose.push(tokio::spawn(work).abort_handle());
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let streams = self.fetches.values().chain(self.streams.values()).chain(&self.changes);
        let shells = self.shells.values().map(|(_, task)| task);
        for task in streams.chain(shells).chain(&self.loose) {
            task.abort();
        }
    }
}

/// Waits for an answer, but not for ever.
async fn limited<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let end = clock.now() + limit;
    // Both are dropped when the other is first: an answer that nobody waits for is no loss.
    tokio::select! {
        answer = work => answer,
        () = clock.sleep_until(end) => {
            let text = format!("no answer for {}", crate::tui::format::duration(limit));
            Err(Error::new(ErrorKind::Unavailable, text))
        }
    }
}

async fn ask(control: &dyn Control, want: &Want) -> Result<Answer> {
    Ok(match want {
        Want::Pipelines => Answer::Pipelines(control.list_pipelines().await?),
        Want::Pipeline(pipeline) => Answer::Pipeline(Box::new(control.pipeline(pipeline).await?)),
        Want::JobBuilds { pipeline, job, limit } => {
            Answer::Builds(control.job_builds(pipeline, job, None, *limit).await?)
        }
        Want::Build(build) => Answer::Build(Box::new(control.build(*build).await?)),
        Want::Containers(build) => Answer::Containers(control.build_containers(*build).await?),
        Want::Running => Answer::Running(control.running_builds().await?),
    })
}

async fn perform(acting: &dyn Acting, act: &Act) -> Result<Done> {
    let why = |why: &Option<String>| why.clone();
    Ok(match act {
        Act::Trigger(pipeline, job) => {
            Done::Made(Box::new(acting.trigger_job(pipeline, job).await?))
        }
        Act::Rerun(build, _) => Done::Made(Box::new(acting.rerun_build(*build).await?)),
        Act::Abort(build, _) => {
            acting.abort_build(*build).await?;
            Done::Yes
        }
        Act::Pause(pipeline, Some(job), reason) => {
            acting.pause_job(pipeline, job, why(reason)).await?;
            Done::Yes
        }
        Act::Pause(pipeline, None, reason) => {
            acting.pause_pipeline(pipeline, why(reason)).await?;
            Done::Yes
        }
        Act::Unpause(pipeline, Some(job)) => {
            acting.unpause_job(pipeline, job).await?;
            Done::Yes
        }
        Act::Unpause(pipeline, None) => {
            acting.unpause_pipeline(pipeline).await?;
            Done::Yes
        }
        Act::Check(pipeline, resource) => {
            Done::Checked(acting.check_resource(pipeline, resource).await?)
        }
    })
}

async fn hijack(control: &dyn Control, ask: HijackAsk) -> Result<Shell> {
    match control.acting() {
        None => Err(Error::new(ErrorKind::Denied, "this console may only look")),
        Some(acting) => acting.hijack(ask).await,
    }
}

/// Reads a build's events from an id on. A channel that is full makes the stream wait, and with it
/// the core's own reading, so that a flood of lines costs no memory.
async fn read_events(
    control: &dyn Control,
    clock: &dyn Clock,
    tx: &mpsc::Sender<Msg>,
    build: BuildId,
    from: EventId,
    generation: u64,
) -> Result<()> {
    let mut stream = limited(clock, READ_LIMIT, control.build_events(build, from)).await?;
    while let Some(batch) = stream.next().await {
        let mut batch = batch?;
        while !batch.is_empty() {
            let rest = batch.split_off(batch.len().min(BATCH));
            let msg = Msg::Events { build, generation, batch };
            if tx.send(msg).await.is_err() {
                return Ok(());
            }
            batch = rest;
        }
    }
    Ok(())
}

/// The present moment of a clock, for those who have only the driver.
impl Driver {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
