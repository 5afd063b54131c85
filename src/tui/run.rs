//! The run loop: gather what happened, move the state on, draw once.
//!
//! Keys are heard first and drawn at once; what comes from the core is gathered and drawn at most
//! every 33 ms; when nothing happens, nothing wakes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::control::{Control, Error, Result as Answered, Shell};
use crate::model::Timestamp;
use crate::model::time::Clock;
use crate::tui::app::App;
use crate::tui::driver::{Driver, Needs};
use crate::tui::effect::Effect;
use crate::tui::handover;
use crate::tui::msg::{Level, Msg, Notice};
use crate::tui::options::{Exit, Options, RunError};
use crate::tui::term::{Event, Happened, Input, Options as TermOptions, Term};
use crate::tui::view;

/// Two frames that keys cause are so far apart at least.
const KEY_GAP: Duration = Duration::from_millis(8);

/// Two frames that data cause are so far apart at least.
const DATA_GAP: Duration = Duration::from_millis(33);

/// How many messages are taken at a time.
const DRAIN: usize = 512;

/// Messages that wait; when there are more, whoever sends waits.
const QUEUE: usize = 1024;

/// Runs the console until a person leaves it.
///
/// # Errors
/// When the terminal cannot be had.
pub async fn run(control: Arc<dyn Control>, mut options: Options) -> Result<Exit, RunError> {
    let term = Term::enter(TermOptions { mouse: options.mouse, plain: false })?;
    let clock = Arc::clone(&options.clock);
    let (tx, rx) = mpsc::channel(QUEUE);
    let app = App::new(&*control, &options, term.size(), clock.now());
    let driver = Driver::new(control, Arc::clone(&clock), std::mem::take(&mut options.extra), tx);
    let mut console = Console {
        term,
        app,
        driver,
        clock,
        rx,
        notices: options.notices.take(),
        awaited: None,
        last_frame: Timestamp(0),
        due: Some(Due::Key),
        exit: None,
    };
    console.draw_if_due()?;
    let first = console.app.begin();
    console.run_effects(first).await?;
    while console.exit.is_none() {
        console.turn().await?;
    }
    Ok(console.exit.unwrap_or(Exit::Ended))
}

/// Why a frame is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Data,
    Key,
}

/// A shell that was asked for and is to have the terminal.
struct Awaited {
    ready: oneshot::Receiver<Answered<Shell>>,
    greeting: String,
}

struct Console {
    term: Term,
    app: App,
    driver: Driver,
    clock: Arc<dyn Clock>,
    rx: mpsc::Receiver<Msg>,
    notices: Option<mpsc::Receiver<Notice>>,
    awaited: Option<Awaited>,
    last_frame: Timestamp,
    due: Option<Due>,
    exit: Option<Exit>,
}

/// What was waited for.
enum Woke {
    Terminal(Happened),
    Messages,
    Notice(Option<Notice>),
    Shell(Answered<Shell>),
    Time,
}

impl Console {
    /// Waits for what happens, takes it in, draws.
    async fn turn(&mut self) -> Result<(), RunError> {
        let mut messages = Vec::new();
        let woke = self.wait(&mut messages).await;
        match woke {
            Woke::Terminal(happened) => self.happened(happened).await?,
            Woke::Messages | Woke::Time => {}
            Woke::Notice(Some(notice)) => messages.push(Msg::Noticed(notice)),
            Woke::Notice(None) => self.notices = None,
            Woke::Shell(shell) => self.hand_over(shell).await?,
        }
        self.typed().await?;
        for msg in messages {
            self.take(msg, Due::Data).await?;
            // A message may hold thousands of lines: keys that wait go before the next one.
            self.typed().await?;
            self.draw_if_due()?;
        }
        let now = self.clock.now();
        if self.app.wakes_at().is_some_and(|at| at <= now) {
            self.take(Msg::Tick, Due::Data).await?;
        }
        self.app.relieve();
        self.draw_if_due()
    }

    /// Takes in the keys that wait.
    async fn typed(&mut self) -> Result<(), RunError> {
        while let Some(input) = self.term.try_next() {
            self.key(input).await?;
        }
        Ok(())
    }

    async fn wait(&mut self, messages: &mut Vec<Msg>) -> Woke {
        let frame = self.due.map(|due| self.last_frame + gap(due));
        let wake = [self.app.wakes_at(), frame].into_iter().flatten().min();
        let time = async {
            match wake {
                Some(at) => self.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let notice = async {
            match &mut self.notices {
                Some(notices) => notices.recv().await,
                None => std::future::pending().await,
            }
        };
        let shell = async {
            match &mut self.awaited {
                Some(awaited) => (&mut awaited.ready).await.unwrap_or_else(|_| {
                    let kind = crate::control::ErrorKind::Internal;
                    Err(Error::new(kind, "the shell was not started"))
                }),
                None => std::future::pending().await,
            }
        };
        // All of these may be dropped and asked again: channels and sleeps lose nothing, and the
        // terminal says so of itself.
        tokio::select! {
            biased;
            happened = self.term.next() => Woke::Terminal(happened),
            shell = shell => Woke::Shell(shell),
            notice = notice => Woke::Notice(notice),
            n = self.rx.recv_many(messages, DRAIN) => {
                debug_assert!(n > 0, "the driver holds a sender");
                Woke::Messages
            }
            () = time => Woke::Time,
        }
    }

    async fn happened(&mut self, happened: Happened) -> Result<(), RunError> {
        match happened {
            Happened::Input(input) => self.key(input).await,
            Happened::Resized(width, height) => {
                self.take(Msg::Resize(width, height), Due::Key).await
            }
            Happened::Suspend => self.suspend().await,
            Happened::Quit(_) | Happened::Gone => self.take(Msg::Terminated, Due::Key).await,
        }
    }

    async fn key(&mut self, input: Input) -> Result<(), RunError> {
        match input.event {
            Event::Focus(_) | Event::CursorAt(..) | Event::Other => Ok(()),
            event => self.take(Msg::Input(event), Due::Key).await,
        }
    }

    async fn take(&mut self, msg: Msg, due: Due) -> Result<(), RunError> {
        let effects = self.app.update(self.clock.now(), msg);
        if self.app.take_dirty() {
            self.due = self.due.max(Some(due));
        }
        self.run_effects(effects).await
    }

    async fn run_effects(&mut self, effects: Vec<Effect>) -> Result<(), RunError> {
        for effect in effects {
            let Needs::Terminal(effect) = self.driver.run(effect) else { continue };
            match effect {
                Effect::HandOver { ask, greeting } => {
                    let (tx, ready) = oneshot::channel();
                    self.driver.hijack(ask, tx);
                    self.awaited = Some(Awaited { ready, greeting });
                }
                Effect::Suspend => self.suspend().await?,
                Effect::Redraw => {
                    self.term.redraw()?;
                    self.due = Some(Due::Key);
                }
                Effect::Bell => self.term.send(b"\x07")?,
                Effect::Copy(text) => self.term.send(handover::clipboard(&text).as_bytes())?,
                Effect::Quit(exit) => self.exit = Some(exit),
                _ => {}
            }
        }
        Ok(())
    }

    async fn suspend(&mut self) -> Result<(), RunError> {
        if !self.term.suspend().await? {
            let notice = Notice::new(Level::Info, "no shell waits for this console: it stays");
            self.app.update(self.clock.now(), Msg::Noticed(notice));
            self.due = Some(Due::Key);
        } else {
            let (width, height) = self.term.size();
            self.due = Some(Due::Key);
            let effects = self.app.update(self.clock.now(), Msg::Resize(width, height));
            // Those of a resize need no terminal.
            for effect in effects {
                self.driver.run(effect);
            }
        }
        Ok(())
    }

    /// Gives the terminal to a shell until it ends.
    async fn hand_over(&mut self, shell: Answered<Shell>) -> Result<(), RunError> {
        let Some(awaited) = self.awaited.take() else { return Ok(()) };
        let began = self.clock.now();
        let result = match shell {
            Err(error) => Err(error),
            Ok(shell) => {
                let lent = self.term.lend()?;
                let ended = handover::pump(lent, shell, &awaited.greeting).await;
                match ended {
                    Ok(handover::End::Quit) => {
                        self.exit = Some(Exit::Ended);
                        return Ok(());
                    }
                    Ok(end) => Ok(end.told(self.clock.now().since(began))),
                    Err(error) => return Err(error.into()),
                }
            }
        };
        self.take(Msg::ShellLeft { result }, Due::Key).await?;
        let (width, height) = self.term.size();
        self.take(Msg::Resize(width, height), Due::Key).await
    }

    fn draw_if_due(&mut self) -> Result<(), RunError> {
        let Some(due) = self.due else { return Ok(()) };
        let now = self.clock.now();
        let is_first = self.last_frame == Timestamp(0);
        if !is_first && now < self.last_frame + gap(due) {
            return Ok(());
        }
        let app = &self.app;
        self.term.draw(|frame| view::draw(app, frame))?;
        self.last_frame = now;
        self.due = None;
        self.app.take_dirty();
        Ok(())
    }
}

fn gap(due: Due) -> Duration {
    match due {
        Due::Key => KEY_GAP,
        Due::Data => DATA_GAP,
    }
}
