//! Files that steps name as `artifact/path`.

use thiserror::Error;

use super::step::Cx;
use crate::runtime::RuntimeError;

/// The largest file that is read whole: configs and values.
const MAX_FILE: u64 = 32 << 20;

/// A file that cannot be read.
#[derive(Debug, Error)]
pub enum FileError {
    /// It names no artifact.
    #[error("file '{file}' does not specify where the file lives")]
    NoArtifact {
        /// The file as written.
        file: String,
    },
    /// There is no such artifact.
    #[error("unknown artifact source: '{artifact}' in file path '{file}'")]
    UnknownArtifact {
        /// The artifact.
        artifact: String,
        /// The file as written.
        file: String,
    },
    /// The artifact has no such file.
    #[error("file '{path}' not found within artifact '{artifact}'")]
    NotFound {
        /// The artifact.
        artifact: String,
        /// The path in it.
        path: String,
    },
    /// The runtime cannot give it.
    #[error("cannot read `{file}`")]
    Runtime {
        /// The file as written.
        file: String,
        /// Why.
        #[source]
        source: RuntimeError,
    },
    /// It is no text.
    #[error("`{file}` is not UTF-8 text")]
    NoText {
        /// The file as written.
        file: String,
    },
}

/// The text of a file.
///
/// # Errors
/// When there is none.
pub async fn read(cx: &Cx, file: &str) -> Result<String, FileError> {
    let Some((artifact, path)) = file.split_once('/') else {
        return Err(FileError::NoArtifact { file: file.to_owned() });
    };
    let volume = cx.scope.artifact(artifact).ok_or_else(|| FileError::UnknownArtifact {
        artifact: artifact.to_owned(),
        file: file.to_owned(),
    })?;
    let bytes = volume.read_file(path, MAX_FILE).await.map_err(|error| match error {
        RuntimeError::NotFound { .. } => {
            FileError::NotFound { artifact: artifact.to_owned(), path: path.to_owned() }
        }
        source => FileError::Runtime { file: file.to_owned(), source },
    })?;
    String::from_utf8(bytes).map_err(|_| FileError::NoText { file: file.to_owned() })
}
