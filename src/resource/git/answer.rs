//! Remembers what a check answered while the remote stands still, so that a check that finds
//! nothing new starts no program.
//!
//! What is remembered may be lost at any time; then the check is done in full.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::objects::hex;
use crate::model::Version;
use crate::model::value::{Map, Value};
use crate::resource::Context;

/// The last answer to one source.
#[derive(Serialize, Deserialize)]
struct Record {
    /// What the remote looked like.
    state: String,
    from: Option<Version>,
    versions: Vec<Version>,
}

/// Where the answers to one source are.
pub(in crate::resource) struct Answers {
    path: std::path::PathBuf,
}

impl Answers {
    /// The answers of a type to a source.
    pub fn of(cx: &Context, type_: &str, source: &Map) -> Self {
        let mut hash = Sha256::new();
        hash.update(type_);
        hash.update([0]);
        hash.update(Value::Map(source.clone()).to_json());
        Self { path: cx.cache_dir.join("answers").join(hex(&hash.finalize())) }
    }

    /// The answer, if the remote looks as it did and the question is the same.
    pub fn find(&self, state: &str, from: Option<&Version>) -> Option<Vec<Version>> {
        let bytes = std::fs::read(&self.path).ok()?;
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        (record.state == state && record.from.as_ref() == from).then_some(record.versions)
    }

    /// Remembers an answer.
    pub fn keep(&self, state: &str, from: Option<&Version>, versions: &[Version]) {
        let record =
            Record { state: state.to_owned(), from: from.cloned(), versions: versions.to_vec() };
        // A cache that cannot be written costs time and nothing else.
        let _ = self.write(&record);
    }

    fn write(&self, record: &Record) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(record)?;
        let Some(parent) = self.path.parent() else { return Ok(()) };
        std::fs::create_dir_all(parent)?;
        let file = tempfile::NamedTempFile::new_in(parent)?;
        std::fs::write(file.path(), bytes)?;
        file.persist(&self.path).map(|_| ()).map_err(|e| e.error)
    }
}
