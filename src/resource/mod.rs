//! Things with versions in the outside world.
//!
//! A type knows nothing of pipelines or of other resources. What it needs of the core comes in
//! with [`Context`].

mod error;
mod files;
mod git;
mod keyval;
mod mock;
mod pool;
mod program;
mod pull_request;

pub mod schema;
mod semver;
mod time;

pub use error::ResourceError;
pub use schema::Schema;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::model::build::LogSource;
use crate::model::value::Map;
use crate::model::version::MetadataField;
use crate::model::{Clock, Timestamp, Version};
use crate::runtime::cancel::Cancel;

/// The types that this program has natively: to add one, write its file and name it here.
pub static BUILTIN: &[&dyn ResourceType] = &[
    &git::Git,
    &time::Time,
    &semver::Semver,
    &pool::Pool,
    &keyval::Keyval,
    &pull_request::PullRequest,
    &mock::Mock,
];

/// The native type of a name.
pub fn find(name: &str) -> Option<&'static dyn ResourceType> {
    BUILTIN.iter().copied().find(|type_| type_.name() == name)
}

/// The native type that does what a well-known image does: `docker.io/jtarchie/pr:latest`.
pub fn find_by_image(image: &str) -> Option<&'static dyn ResourceType> {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let slash = image.rfind('/').unwrap_or(0);
    // A colon before the last slash belongs to a registry's port.
    let image = image[slash..].find(':').map_or(image, |colon| &image[..slash + colon]);
    let first = image.split('/').next().unwrap_or_default();
    let has_registry = first.contains(['.', ':']) || first == "localhost";
    let name =
        if has_registry { image.strip_prefix(first)?.trim_start_matches('/') } else { image };
    BUILTIN.iter().copied().find(|type_| type_.well_known_images().contains(&name))
}

/// A type of resource that this program has natively.
#[async_trait]
pub trait ResourceType: Send + Sync {
    /// The name that pipelines use.
    fn name(&self) -> &'static str;

    /// The keys of source and params that it accepts.
    fn schema(&self) -> &'static Schema;

    /// Whether two resources with the same source still have histories of their own.
    fn has_unique_history(&self) -> bool {
        false
    }

    /// The images by which pipelines that bring this type themselves usually name it, without
    /// a registry's address: `teliaoss/github-pr-resource`.
    fn well_known_images(&self) -> &'static [&'static str] {
        &[]
    }

    /// Files and folders of this machine that change when a check would find something new.
    /// Some may not be there yet, and files may be replaced by renaming, so that their folders
    /// are to be watched. Looking is cheap: no network, no process.
    fn watched_paths(&self, _source: &Map) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The versions from `from` on, oldest first, `from` itself included if it still exists;
    /// without it the newest alone.
    ///
    /// # Errors
    /// When the source is wrong or the outside does not answer.
    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError>;

    /// Brings `version` into the directory, which is empty.
    ///
    /// # Errors
    /// When source or params are wrong, the version is gone, or the outside does not answer.
    async fn get(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError>;

    /// Sends out what stands under the directory, one folder an artifact. Doing it again with
    /// the same `operation` does nothing a second time and answers the same.
    ///
    /// # Errors
    /// As for get; [`ResourceError::MayHaveHappened`] when a type cannot tell.
    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError>;
}

/// A version with what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The version.
    pub version: Version,
    /// Facts for people, in order.
    pub metadata: Vec<MetadataField>,
}

/// Names one put for ever: the build and the node of its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `build-<id>-<plan id>` with the core's own id before it.
    pub id: String,
    /// Whether it was begun before, by a core that then went away.
    pub is_repeat: bool,
}

/// What a resource type may use of the core.
pub struct Context {
    /// Where its words go.
    pub log: Arc<dyn LogSink>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Looked at while waiting; processes are ended when it is cancelled.
    pub cancel: Cancel,
    /// A directory for files that later calls may find again, or may not.
    pub cache_dir: PathBuf,
    /// `BUILD_*` and the like.
    pub env: Vec<(String, String)>,
}

impl Context {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says a line to the people who watch.
    pub fn say(&self, line: &str) {
        self.log.write(LogSource::Stderr, format!("{line}\n").as_bytes());
    }
}

/// Takes output of a step. Writing never waits: what is behind it is bounded by its owner.
pub trait LogSink: Send + Sync {
    /// Takes bytes of a stream.
    fn write(&self, stream: LogSource, bytes: &[u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_with_or_without_registry_and_tag() {
        for (image, name) in [
            ("jtarchie/pr", Some("pull-request")),
            ("jtarchie/pr:latest", Some("pull-request")),
            ("docker.io/teliaoss/github-pr-resource:v0.21", Some("pull-request")),
            ("registry:5000/swce/keyval-resource@sha256:00", Some("keyval")),
            ("localhost/gstack/keyval-resource", Some("keyval")),
            ("concourse/git-resource", Some("git")),
            ("someone/else", None),
            ("", None),
        ] {
            assert_eq!(find_by_image(image).map(|type_| type_.name()), name, "{image}");
        }
    }

    #[test]
    fn names_and_images_are_unique() {
        let mut names: Vec<&str> = BUILTIN
            .iter()
            .flat_map(|t| t.well_known_images().iter().copied().chain([t.name()]))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(find("git").map(|type_| type_.name()), Some("git"));
        assert!(find("none").is_none());
    }
}
