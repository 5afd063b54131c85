//! Options that every command shares, with what the environment says: read once, here.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options that every command shares.
#[derive(Debug, Clone, Args)]
pub struct Shared {
    /// Where the core keeps everything [default: by XDG, ~/.local/share/flightdeck]
    #[arg(long, global = true, value_name = "DIR", env = "FLIGHTDECK_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// What containers run on
    #[arg(long, global = true, value_enum, default_value_t = RuntimeChoice::Auto,
        env = "FLIGHTDECK_RUNTIME")]
    pub runtime: RuntimeChoice,

    /// A text for ((NAME)) in pipelines
    #[arg(short = 'v', long = "var", global = true, value_name = "NAME=STRING")]
    pub var: Vec<String>,

    /// A YAML value for ((NAME)) in pipelines
    #[arg(short = 'y', long = "yaml-var", global = true, value_name = "NAME=YAML")]
    pub yaml_var: Vec<String>,

    /// A YAML file of values for pipelines
    #[arg(short = 'l', long = "load-vars-from", global = true, value_name = "FILE")]
    pub load_vars_from: Vec<PathBuf>,
}

/// What containers run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuntimeChoice {
    /// The best that is there
    Auto,
    /// Processes of this machine, in directories of their own, not isolated
    Process,
    /// Docker
    Docker,
}

/// What the console should know of the terminal it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terminal {
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `NO_COLOR` is set and not empty.
    pub is_colourless: bool,
    /// `LC_ALL`, `LC_CTYPE` or `LANG` name UTF-8.
    pub is_utf8: bool,
}

impl Terminal {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .map(text)
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_lowercase();
        Self {
            term: text("TERM"),
            colorterm: text("COLORTERM"),
            is_colourless: !text("NO_COLOR").is_empty(),
            // Without any locale a terminal of today is taken to know UTF-8.
            is_utf8: locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8"),
        }
    }
}

/// The data directory for `application` when none is given.
pub fn default_data_dir(application: &str) -> PathBuf {
    let home = || PathBuf::from(text("HOME")).join(".local/share");
    let base = Some(PathBuf::from(text("XDG_DATA_HOME")))
        .filter(|path| path.is_absolute())
        .unwrap_or_else(home);
    base.join(application)
}

/// The name of whoever runs the program.
pub fn user_name() -> String {
    ["USER", "LOGNAME"]
        .into_iter()
        .map(text)
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "local".to_owned())
}

/// What the program notes in its own log: `FLIGHTDECK_LOG`, else warnings.
pub fn log_filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_new(text("FLIGHTDECK_LOG"))
        .ok()
        .filter(|_| !text("FLIGHTDECK_LOG").is_empty())
        .unwrap_or_else(|| tracing_subscriber::EnvFilter::new("flightdeck=warn"))
}

/// The whole environment, as far as it is text.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn text(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
