//! The console on a core in this process: `flightdeck`, `flightdeck FILE`, `flightdeck demo`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::Exit;
use super::clock::SystemClock;
use super::demo::{self, Repositories};
use super::join::{Embedded, data_dir};
use super::pipeline_file::{PipelineFile, values};
use super::settings::{self, Shared, Terminal};
use super::validate::verdict;
use crate::control::{Control, SetAsk};
use crate::model::var::Values;
use crate::model::{PipelineRef, Value};
use crate::tui::glyph::GlyphSet;
use crate::tui::keymap::Keymap;
use crate::tui::look::{Look, Motion};
use crate::tui::term::{Key, KeyCode};
use crate::tui::theme::{Depth, Hints, Theme};
use crate::tui::{self, Level, Notice};

/// Options of the console.
#[derive(Debug, Clone, Args)]
pub struct UiOptions {
    /// The colours: a theme's name, or a theme file
    #[arg(long, value_name = "NAME|FILE", env = "FLIGHTDECK_THEME", default_value = "night")]
    theme: String,

    /// Only characters that every terminal has
    #[arg(long)]
    ascii: bool,

    /// Let the wheel scroll; the terminal's own selecting then needs shift
    #[arg(long)]
    mouse: bool,
}

/// Opens the console, on a pipeline file if one is given.
///
/// # Errors
/// When the file has errors, the data directory is in use, or the terminal cannot be used.
pub fn run(shared: &Shared, options: &UiOptions, file: Option<&Path>) -> anyhow::Result<Exit> {
    let vars = values(shared)?;
    let pipeline = file.map(|file| usable(file, &vars)).transpose()?;
    let directory = data_dir(shared, "flightdeck");
    log_to_file(&directory)?;
    super::runtime()?.block_on(async {
        let core = Embedded::start(shared, &directory).await?;
        let (notices, receiver) = notices();
        let open = pipeline.as_ref().map(PipelineFile::pipeline_ref);
        if let Some(file) = pipeline {
            let control = core.control();
            tokio::spawn(keep_set(control, file, vars, notices));
        }
        let console = Console { open, notices: receiver, extra: Vec::new() };
        console.run(core, options).await
    })
}

/// Opens the console on the demo.
///
/// # Errors
/// As [`run`], and when the demo's repositories cannot be made.
pub fn demo(shared: &Shared, options: &UiOptions) -> anyhow::Result<Exit> {
    let directory = data_dir(shared, "flightdeck-demo");
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make `{}`", directory.display()))?;
    log_to_file(&directory)?;
    let repositories = Repositories::prepare(&directory.join("repositories"))?;
    // The demo needs nothing but git, whatever is asked for.
    let shared = Shared { runtime: settings::RuntimeChoice::Process, ..shared.clone() };
    super::runtime()?.block_on(async {
        let core = Embedded::start(&shared, &directory).await?;
        let (notices, receiver) = notices();
        let folder = std::path::absolute(repositories.folder())?;
        tokio::spawn(set_demo(core.control(), folder, notices));
        let console = Console {
            open: None,
            notices: receiver,
            extra: vec![tui::ExtraAction {
                key: Key::plain(KeyCode::Char('c')),
                title: "commit".to_owned(),
                run: Arc::new(move || {
                    let repositories = repositories.clone();
                    Box::pin(async move {
                        tokio::task::spawn_blocking(move || repositories.commit_something())
                            .await
                            .map_err(|error| error.to_string())?
                            .map_err(|error| error.to_string())
                    })
                }),
            }],
        };
        console.run(core, options).await
    })
}

/// What the console is told while it runs. Holds 16; one that comes when it is full is dropped,
/// since a later one tells the newer state.
fn notices() -> (mpsc::Sender<Notice>, mpsc::Receiver<Notice>) {
    mpsc::channel(16)
}

struct Console {
    open: Option<PipelineRef>,
    notices: mpsc::Receiver<Notice>,
    extra: Vec<tui::ExtraAction>,
}

impl Console {
    async fn run(self, core: Embedded, options: &UiOptions) -> anyhow::Result<Exit> {
        let terminal = Terminal::from_environment();
        let depth = Depth::detect(&Hints {
            colorterm: Some(terminal.colorterm.clone()),
            term: Some(terminal.term.clone()),
            no_color: terminal.is_colourless.then(|| "1".to_owned()),
        });
        let options = tui::Options {
            look: Look {
                theme: theme(&options.theme, depth)?,
                glyphs: if options.ascii || !terminal.is_utf8 {
                    GlyphSet::Ascii
                } else {
                    GlyphSet::Unicode
                },
                motion: Motion::Frame(0),
            },
            keymap: Keymap::default(),
            clock: Arc::new(SystemClock),
            zone: jiff::tz::TimeZone::system(),
            open: self.open,
            extra: self.extra,
            notices: Some(self.notices),
            mouse: options.mouse,
            term: terminal.term,
        };
        let ended = tui::run(core.control(), options).await;
        core.shut_down().await;
        ended.context("the console ended")?;
        Ok(Exit::Success)
    }
}

/// Reads a file that has no errors.
fn usable(path: &Path, vars: &Values) -> anyhow::Result<PipelineFile> {
    let file = PipelineFile::read(path, vars)?;
    if file.read.pipeline.is_none() {
        bail!("{}{}", file.report(), verdict(&file.path, &file.read.diagnostics));
    }
    Ok(file)
}

/// Sets the demo's pipelines.
async fn set_demo(control: Arc<dyn Control>, folder: PathBuf, notices: mpsc::Sender<Notice>) {
    let mut vars = Values::new();
    let folder = Value::from(folder.display().to_string());
    if let Err(error) = vars.set("repositories", folder) {
        tell(&notices, Level::Error, error.to_string());
        return;
    }
    for pipeline in &demo::PIPELINES {
        let name = format!("{}.yml", pipeline.name);
        let read = crate::dialect::read(&name, pipeline.text, &vars);
        let place = PipelineRef::new("main", pipeline.name);
        let said = match read.pipeline {
            Some(config) => set(control.as_ref(), place, config).await.err(),
            None => Some(verdict(Path::new(&name), &read.diagnostics)),
        };
        if let Some(said) = said {
            tell(&notices, Level::Error, said);
        }
    }
}

/// Tells people, unless so much waits to be told that this is old news by then.
fn tell(notices: &mpsc::Sender<Notice>, level: Level, text: String) {
    let _ = notices.try_send(Notice::new(level, text));
}

async fn set(
    control: &dyn Control,
    pipeline: PipelineRef,
    config: crate::model::Pipeline,
) -> Result<bool, String> {
    let act = control.acting().ok_or("this core may only be read")?;
    let ask = SetAsk { pipeline, config, is_new_paused: false };
    let answer = act.set_pipeline(ask).await.map_err(|error| error.to_string())?;
    Ok(answer.is_changed)
}

/// Sets the pipeline of a file that was opened, and lets it run, whoever paused it before.
async fn begin(
    control: &dyn Control,
    place: &PipelineRef,
    config: crate::model::Pipeline,
) -> Result<(), String> {
    set(control, place.clone(), config).await?;
    let act = control.acting().ok_or("this core may only be read")?;
    act.unpause_pipeline(place).await.map_err(|error| error.to_string())
}

/// Sets the pipeline, and again whenever its file changes.
async fn keep_set(
    control: Arc<dyn Control>,
    mut file: PipelineFile,
    vars: Values,
    notices: mpsc::Sender<Notice>,
) {
    let place = file.pipeline_ref();
    if let Some(config) = file.read.pipeline.take()
        && let Err(error) = begin(control.as_ref(), &place, config).await
    {
        tell(&notices, Level::Error, error);
    }
    // Holds one: what the file says is read when it is looked at, however often it changed.
    let (touched, mut touches) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = touched.try_send(());
        }
    });
    let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // The folder, because editors put a new file in the place of the old one.
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    let _watcher = match watching {
        Ok(watcher) => watcher,
        Err(error) => {
            tell(&notices, Level::Warn, format!("cannot watch the pipeline file: {error}"));
            return;
        }
    };
    let mut text = file.text;
    while touches.recv().await.is_some() {
        // Editors write in several steps.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Ok(read) = PipelineFile::read(&file.path, &vars) else { continue };
        if read.text == text {
            continue;
        }
        text.clone_from(&read.text);
        let (level, said) = match read.read.pipeline {
            Some(config) => match set(control.as_ref(), place.clone(), config).await {
                Ok(true) => {
                    (Level::Good, format!("{} changed: pipeline set again", read.path.display()))
                }
                Ok(false) => continue,
                Err(error) => (Level::Error, error),
            },
            None => {
                let first = read.read.diagnostics.iter().find(|d| d.is_error());
                let first =
                    first.map_or_else(String::new, |d| format!("{}: {}", d.place, d.message));
                (Level::Error, format!("pipeline not set: {first}"))
            }
        };
        tell(&notices, level, said);
    }
}

fn theme(name: &str, depth: Depth) -> anyhow::Result<Theme> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read theme `{name}`"))?;
        return Ok(Theme::load(name, &text, depth, &|_| None)?);
    }
    Theme::shipped(name, depth).with_context(|| {
        let known: Vec<_> = Theme::names().collect();
        format!("there is no theme `{name}`: there are {}", known.join(", "))
    })
}

/// While the console has the terminal, the program's own log goes to a file.
fn log_to_file(directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make data directory `{}`", directory.display()))?;
    let path = directory.join("flightdeck.log");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write log `{}`", path.display()))?;
    tracing_subscriber::fmt()
        .with_env_filter(settings::log_filter())
        .with_ansi(false)
        .with_writer(Arc::new(file))
        .init();
    Ok(())
}
