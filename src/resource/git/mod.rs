//! The type `git`: commits or tags of a repository.
//!
//! It works with the host's `git` program, and with no settings but its own. Repositories on
//! this machine are looked at directly: a check that finds nothing new starts no program.
//!
//! *Follows:* concourse/git-resource.

mod answer;
mod check;
pub(super) mod command;
mod facts;
mod get;
pub(super) mod ledger;
pub(super) mod local;
mod objects;
mod push;
mod put;
pub(super) mod remote;
mod source;

pub(super) use answer::Answers;
pub(super) use check::commits;
pub(super) use facts::Facts;
pub(super) use local::is_object_id;
pub(super) use objects::{has_commit, hex, objects, tip};
pub(super) use source::{Filter, says_skip};

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::schema::Schema;
use super::{Context, Found, Operation, ResourceError, ResourceType};
use crate::model::Version;
use crate::model::value::Map;

/// The type `git`.
#[derive(Debug)]
pub struct Git;

#[async_trait]
impl ResourceType for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    fn schema(&self) -> &'static Schema {
        &source::SCHEMA
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["concourse/git-resource"]
    }

    fn watched_paths(&self, source: &Map) -> Vec<PathBuf> {
        watched_paths(source)
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        check::check(cx, source, from).await
    }

    async fn get(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        get::get(cx, source, params, version, directory).await
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError> {
        put::put(cx, source, params, directory, operation).await
    }
}

/// The files to watch for any type whose source names a repository by `uri` and `branch`.
pub(super) fn watched_paths(source: &Map) -> Vec<PathBuf> {
    let text = |key: &str| source.get(key).and_then(|value| value.as_str());
    let Some(local) = text("uri").and_then(|uri| remote::Remote::at(uri, None).local) else {
        return Vec::new();
    };
    let has_tags = source.contains_key("tag_filter") || source.contains_key("tag_regex");
    let branch = match (text("branch"), local.head()) {
        _ if has_tags => None,
        (Some(branch), _) => Some(branch.to_owned()),
        (None, local::Look::Found(local::Head::Branch(branch))) => Some(branch),
        (None, _) => None,
    };
    local.watched_paths(branch.as_deref())
}
