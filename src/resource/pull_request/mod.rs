//! The type `pull-request`: changes that somebody proposes.
//!
//! Two well-known types of that kind are served, told apart by the key that names the
//! repository: `repository` (teliaoss) or `repo` and `uri` (jtarchie). What they ask of GitHub
//! is not in this build. What is served is a repository on this machine that has each proposal
//! under `refs/pull/<n>/head`, as GitHub's repositories have:
//!
//! | ref | meaning |
//! |---|---|
//! | `refs/pull/<n>/head` | the proposed commit; without it there is no such pull request |
//! | `refs/pull/<n>/merge` | it merged into its base, if somebody did that already |
//! | `refs/pull/<n>/labels/<label>` | a label, whatever it points at |
//! | `refs/statuses/<commit>/<context>` | a status that a put recorded, as JSON |
//! | `refs/comments/<n>/<id>` | a comment that a put left |
//!
//! *Follows:* telia-oss/github-pr-resource and jtarchie/pullrequest-resource.

mod check;
mod get;
mod put;

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::git::local::LocalRepository;
use super::git::remote::Remote;
use super::schema::{Fields, Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType};
use crate::model::Version;
use crate::model::value::Map;

static SCHEMA: Schema = Schema { source: &[ADDRESS, FILTER, GITHUB], get: &[GET], put: &[PUT] };

const ADDRESS: &[Key] = &[
    Key::optional("repository", Kind::Text, "the repository: a path of this machine"),
    Key::optional("repo", Kind::Text, "the repository as GitHub names it"),
    Key::optional("uri", Kind::Text, "where the repository is: a path of this machine"),
];

const FILTER: &[Key] = &[
    Key::optional("base", Kind::Text, "the branch that proposals are for"),
    Key::optional("base_branch", Kind::Text, "the branch that proposals are for"),
    Key::optional("label", Kind::Text, "only proposals with this label"),
    Key::optional("labels", Kind::Texts, "only proposals with one of these labels"),
    Key::optional("paths", Kind::Texts, "only proposals that touch these"),
    Key::optional("ignore_paths", Kind::Texts, "not proposals that touch only these"),
    Key::optional("ci_skip", Kind::Bool, "not proposals that say `[ci skip]`"),
    Key::optional("disable_ci_skip", Kind::Bool, "proposals that say `[ci skip]` too"),
    Key::optional("every", Kind::Bool, "accepted; each proposal is a version in any case"),
    Key::optional("states", Kind::Texts, "a repository here has only those that are `OPEN`"),
];

/// What only GitHub can use or answer.
const GITHUB: &[Key] = &[
    Key::optional("access_token", Kind::Text, "for GitHub"),
    Key::optional("private_key", Kind::Text, "for GitHub"),
    Key::optional("username", Kind::Text, "for GitHub"),
    Key::optional("password", Kind::Text, "for GitHub"),
    Key::optional("api_endpoint", Kind::Text, "for GitHub"),
    Key::optional("base_url", Kind::Text, "for GitHub"),
    Key::optional("v3_endpoint", Kind::Text, "for GitHub"),
    Key::optional("v4_endpoint", Kind::Text, "for GitHub"),
    Key::optional("skip_ssl_verification", Kind::Bool, "for GitHub"),
    Key::optional("disable_forks", Kind::Bool, "accepted; there are no forks here"),
    Key::optional("ignore_drafts", Kind::Bool, "accepted; there are no drafts here"),
    Key::optional("disable_git_lfs", Kind::Bool, "accepted; large files stay pointers"),
    Key::optional("only_mergeable", Kind::Bool, "not in this build"),
    Key::optional("require_review_approval", Kind::Bool, "not in this build"),
    Key::optional("required_review_approvals", Kind::Number, "not in this build"),
    Key::optional("authorship_restriction", Kind::Bool, "not in this build"),
    Key::optional("git_crypt_key", Kind::Text, "not in this build"),
    Key::optional("git_config", Kind::Any, "accepted; nothing is fetched from elsewhere"),
];

const GET: &[Key] = &[
    Key::optional("fetch_merge", Kind::Bool, "bring it merged into its base"),
    Key::optional(
        "integration_tool",
        Kind::OneOf(&["merge", "rebase", "checkout"]),
        "how it is brought together with its base",
    ),
    Key::optional("skip_download", Kind::Bool, "bring only the facts"),
    Key::optional("list_changed_files", Kind::Bool, "write down which files it changes"),
    Key::optional("fetch_tags", Kind::Bool, "bring all tags"),
    Key::optional("submodules", Kind::Bool, "bring submodules"),
    Key::optional("git_depth", Kind::Number, "accepted; all commits come"),
    Key::optional("git.depth", Kind::Number, "accepted; all commits come"),
    Key::optional("git.submodules", Kind::TextOrTexts, "`all`, `none`, or a list of paths"),
    Key::optional("git.disable_lfs", Kind::Bool, "accepted; large files stay pointers"),
];

const PUT: &[Key] = &[
    Key::required("path", Kind::Text, "the folder of a get of the pull request"),
    Key::optional("status", Kind::Text, "`success`, `failure`, `error` or `pending`"),
    Key::optional("context", Kind::Text, "what the status is about"),
    Key::optional("base_context", Kind::Text, "what comes before that: `concourse-ci`"),
    Key::optional("description", Kind::Text, "words for the status"),
    Key::optional("description_file", Kind::Text, "a file with words for the status"),
    Key::optional("target_url", Kind::Text, "the page of the status; the build's by default"),
    Key::optional("comment", Kind::Text, "a comment (with `repo`: the file of one)"),
    Key::optional("comment_file", Kind::Text, "the file of a comment"),
    Key::optional("delete_previous_comments", Kind::Bool, "remove the comments of earlier puts"),
    Key::optional("label", Kind::Text, "a label to give it"),
    Key::optional("merge.method", Kind::Text, "not in this build"),
    Key::optional("merge.commit_msg", Kind::Text, "not in this build"),
];

/// Which of the two well-known types is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Teliaoss,
    Jtarchie,
}

/// What a source says.
struct Source {
    flavour: Flavour,
    remote: Remote,
    repository: LocalRepository,
    base: Option<String>,
    labels: Vec<String>,
    paths: Vec<String>,
    ignore_paths: Vec<String>,
    is_skip_honoured: bool,
}

impl Source {
    fn read(source: &Map) -> Result<Self, ResourceError> {
        let fields = SCHEMA.read_source(source)?;
        for key in
            ["only_mergeable", "require_review_approval", "authorship_restriction", "git_crypt_key"]
        {
            if fields.has(key) && fields.choice(key) != Some(false) {
                return Err(fields.fault(key, "cannot be answered by a repository of this machine"));
            }
        }
        if fields.number("required_review_approvals").is_some_and(|n| n > 0) {
            let why = "cannot be answered by a repository of this machine";
            return Err(fields.fault("required_review_approvals", why));
        }
        let states = fields.texts("states");
        if !states.is_empty() && !states.iter().any(|state| state.eq_ignore_ascii_case("open")) {
            return Err(fields.fault("states", "must hold `OPEN`: there are no others here"));
        }
        let flavour = if fields.has("repository") { Flavour::Teliaoss } else { Flavour::Jtarchie };
        let (remote, repository) = address(&fields)?;
        let mut labels = fields.texts("labels");
        labels.extend(fields.text("label"));
        Ok(Self {
            flavour,
            remote,
            repository,
            base: fields.text("base").or_else(|| fields.text("base_branch")),
            labels,
            paths: fields.texts("paths"),
            ignore_paths: fields.texts("ignore_paths"),
            is_skip_honoured: match flavour {
                Flavour::Teliaoss => !fields.flag("disable_ci_skip"),
                Flavour::Jtarchie => fields.flag("ci_skip"),
            },
        })
    }
}

/// The repository, which must be one of this machine.
fn address(fields: &Fields<'_>) -> Result<(Remote, LocalRepository), ResourceError> {
    let given = ["uri", "repository", "repo"]
        .into_iter()
        .filter_map(|key| Some((key, fields.text(key)?)))
        .collect::<Vec<_>>();
    for (_, text) in &given {
        let remote = Remote::at(text, None);
        if let Some(repository) = remote.local.clone() {
            return Ok((remote, repository));
        }
    }
    Err(match given.first() {
        Some((key, text)) if Remote::at(text, None).is_local() => {
            fields.fault(key, format!("is `{text}`, where there is no git repository"))
        }
        Some((key, text)) => fields.fault(
            key,
            format!(
                "is `{text}`: this build cannot ask GitHub for pull requests (its API is not \
                 spoken yet); a path of a repository with `refs/pull/<n>/head` is served"
            ),
        ),
        None => fields.fault("repository", "or `uri` is required"),
    })
}

/// The type `pull-request`.
#[derive(Debug)]
pub struct PullRequest;

#[async_trait]
impl ResourceType for PullRequest {
    fn name(&self) -> &'static str {
        "pull-request"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["jtarchie/pr", "teliaoss/github-pr-resource"]
    }

    fn watched_paths(&self, source: &Map) -> Vec<PathBuf> {
        let text = |key: &str| source.get(key).and_then(|value| value.as_str());
        let found = ["uri", "repository", "repo"]
            .into_iter()
            .filter_map(text)
            .find_map(|address| Remote::at(address, None).local);
        found.map(|repository| repository.watched_folder("pull")).unwrap_or_default()
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

/// The number and the commit that a version names.
fn named(version: &Version) -> Option<(&str, &str)> {
    let number = version.field("pr").filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    let commit = version.field("ref").filter(|c| super::git::is_object_id(c))?;
    (!number.is_empty()).then_some((number, commit))
}
