//! What a task runs: its config, from the pipeline or a file, with all references filled.
//!
//! *Follows:* `atc/exec/task_config_source.go`.

use thiserror::Error;

use super::artifact::{self, FileError};
use super::fill::CannotFill;
use super::step::{Cx, Ending};
use crate::dialect;
use crate::model::diagnostic::Severity;
use crate::model::step::TaskStep;
use crate::model::value::Map;
use crate::model::var::Values;
use crate::model::{TaskConfig, Value};

/// A config that cannot be used.
#[derive(Debug, Error)]
enum ConfigError {
    #[error("failed to interpolate task config: {0}")]
    Fill(CannotFill),
    #[error("failed to interpolate task config: {0}")]
    Shape(serde_json::Error),
    #[error("config path '{0}' does not specify where the file lives")]
    NoArtifact(String),
    #[error("task config '{0}' not found")]
    NotFound(String),
    #[error("failed to create task config from bytes {file}: {why}")]
    Read { file: String, why: String },
    #[error("task has neither `config` nor `file`")]
    Nothing,
}

/// The config of a task step.
///
/// # Errors
/// When it cannot be found, read or filled.
pub async fn load(cx: &Cx, step: &TaskStep) -> Result<TaskConfig, Ending> {
    let mut config = match (&step.config, &step.file) {
        (Some(config), _) => config.clone(),
        (None, Some(file)) => from_file(cx, file, &step.vars).await?,
        (None, None) => return Err(ConfigError::Nothing.into()),
    };
    let (own, over) = (&mut config.limits, step.limits);
    own.cpu_shares = over.cpu_shares.or(own.cpu_shares);
    own.memory_bytes = over.memory_bytes.or(own.memory_bytes);
    let params = step.params.iter().map(|(name, value)| (name.clone(), value.to_param()));
    config.params.extend(params);
    Ok(fill(cx, &config).await?)
}

async fn from_file(cx: &Cx, file: &str, vars: &Map) -> Result<TaskConfig, Ending> {
    let text = artifact::read(cx, file).await.map_err(|error| match error {
        FileError::NoArtifact { file } => ConfigError::NoArtifact(file).into(),
        FileError::NotFound { .. } => ConfigError::NotFound(file.to_owned()).into(),
        other => Ending::from(other),
    })?;
    let (config, diagnostics) = dialect::read_task(file, &text, &Values::from(vars.clone()));
    let faults: Vec<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|fault| format!("line {}: {}", fault.place.line, fault.message))
        .collect();
    let why = faults.join("; ");
    config.ok_or_else(|| ConfigError::Read { file: file.to_owned(), why }.into())
}

/// The config with its references filled. Environment stays text, whatever a reference holds.
async fn fill(cx: &Cx, config: &TaskConfig) -> Result<TaskConfig, ConfigError> {
    let text = serde_json::to_string(config).map_err(ConfigError::Shape)?;
    let value: Value = serde_json::from_str(&text).map_err(ConfigError::Shape)?;
    let mut filled = cx.fill(&value).await.map_err(ConfigError::Fill)?;
    if let Value::Map(map) = &mut filled
        && let Some(Value::Map(params)) = map.get_mut("params")
    {
        for param in params.values_mut() {
            *param = Value::String(param.to_param());
        }
    }
    serde_json::from_str(&filled.to_json()).map_err(ConfigError::Shape)
}
