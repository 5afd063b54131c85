//! Pushes a repository that a build made.
//!
//! The artifact's own repository is only read: its hooks and settings were written by others'
//! programs and must not run here, so that all work is done in a copy of its commits.
//!
//! A put that is repeated looks first whether its commits are on the remote already.
//!
//! *Follows:* the `out` of concourse/git-resource.

use std::path::{Path, PathBuf};

use super::command::Git;
use super::facts::Facts;
use super::push::{Pushed, push};
use super::source::{SCHEMA, Source};
use crate::model::Version;
use crate::model::value::Map;
use crate::resource::schema::Fields;
use crate::resource::{Context, Found, Operation, ResourceError, files};

/// What the remote's branch is called in our copy.
const REMOTE_HEAD: &str = "refs/flightdeck/remote";

/// How a rejected push is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    Never,
    Rebase,
    Merge,
}

struct Put<'a> {
    git: &'a Git<'a>,
    source: &'a Source,
    params: &'a Fields<'a>,
    directory: &'a Path,
    /// The copy that work is done in.
    copy: PathBuf,
    /// The ref to push to; nothing when only tags are pushed.
    target: Option<String>,
    retry: Retry,
}

pub(super) async fn put(
    cx: &Context,
    source: &Map,
    params: &Map,
    directory: &Path,
    operation: &Operation,
) -> Result<Found, ResourceError> {
    let source = Source::read(source)?;
    let params = SCHEMA.read_put(params)?;
    let retry = match (params.flag("rebase"), params.flag("merge")) {
        (true, true) => return Err(params.fault("merge", "cannot stand beside `rebase`")),
        (true, false) => Retry::Rebase,
        (false, true) => Retry::Merge,
        (false, false) => Retry::Never,
    };
    let override_ = params.text("branch");
    let branch = override_.clone().or_else(|| source.branch.clone());
    let target = match &branch {
        _ if params.flag("only_tag") => None,
        Some(branch) => {
            let prefix = params.text("refs_prefix").unwrap_or_else(|| "refs/heads".to_owned());
            Some(format!("{}/{branch}", prefix.trim_end_matches('/')))
        }
        None => return Err(params.fault("branch", "is required, here or in the source")),
    };
    let git = Git::new(cx, &source.remote)?;
    let copy = git.scratch().join("copy");
    let put = Put { git: &git, source: &source, params: &params, directory, copy, target, retry };
    let head = put.copy_artifact().await?;
    let tag = put.set_tag(&head).await?;
    let commit = put.push_branch(&head, tag.as_deref(), operation).await?;
    put.push_notes(&commit).await?;

    let facts = Facts::read(&git, &put.copy.join(".git"), &commit).await?;
    let mut version = Version::of("ref", &commit);
    if let Some(branch) = override_ {
        version.0.insert("branch".to_owned(), branch);
    }
    Ok(Found { version, metadata: facts.metadata(&source.remote, branch.as_deref()) })
}

impl Put<'_> {
    /// Copies the artifact's commits and tags; gives its head.
    async fn copy_artifact(&self) -> Result<String, ResourceError> {
        let artifact = files::find(self.directory, &self.params.need("repository")?)?;
        let path = self.copy.to_string_lossy();
        self.git.call().run(&["init", "--quiet", "--", &path]).await?;
        let from = artifact.to_string_lossy();
        let args = ["fetch", "--quiet", "--update-shallow", "--no-tags", "--", &from];
        let mut args = args.map(str::to_owned).to_vec();
        args.extend(["+HEAD:refs/flightdeck/head", "+refs/tags/*:refs/tags/*"].map(str::to_owned));
        self.git.tree(&self.copy).run(&args).await?;
        self.git.tree(&self.copy).text(&["rev-parse", "refs/flightdeck/head"]).await
    }

    /// Sets the tag that the params ask for; gives its name.
    async fn set_tag(&self, head: &str) -> Result<Option<String>, ResourceError> {
        let Some(file) = self.params.text("tag") else { return Ok(None) };
        let prefix = self.params.text("tag_prefix").unwrap_or_default();
        let tag = format!("{prefix}{}", files::read(self.directory, &file)?.trim());
        let name = format!("refs/tags/{tag}");
        if self.git.call().ask(&["check-ref-format", &name]).await?.status != 0 {
            let message = format!("`{tag}` is no name for a tag");
            return Err(ResourceError::Failed { message, exit_status: 1 });
        }
        let call = self.git.tree(&self.copy);
        match self.params.text("annotate") {
            Some(file) => {
                let words = files::read(self.directory, &file)?;
                let args = ["tag", "--force", "--annotate", "--file=-", "--", &tag, head];
                call.stdin(words).run(&args).await?;
            }
            None => {
                call.run(&["tag", "--force", "--", &tag, head]).await?;
            }
        }
        Ok(Some(tag))
    }

    /// Pushes, again and again if the params say how; gives the commit that is the version.
    async fn push_branch(
        &self,
        head: &str,
        tag: Option<&str>,
        operation: &Operation,
    ) -> Result<String, ResourceError> {
        if operation.is_repeat
            && let Some(done) = self.find_done(head, tag).await?
        {
            self.git.cx.say("the commits are on the remote already");
            return Ok(done);
        }
        let mut commit = head.to_owned();
        loop {
            if self.push_once(&commit).await? == Pushed::Done {
                break;
            }
            let uri = &self.source.remote.uri;
            let (Some(target), true) = (&self.target, self.retry != Retry::Never) else {
                let message = format!(
                    "the push to `{uri}` was rejected: the remote has commits that this \
                     repository lacks; `rebase`, `merge` or `force` would push all the same"
                );
                return Err(ResourceError::Failed { message, exit_status: 1 });
            };
            self.git.cx.say("the remote has moved; bringing the commits up to date");
            self.fetch_target(target).await?;
            commit = self.bring_up_to_date(&commit).await?;
            // The tag goes with the commit that was tagged.
            if tag.is_some() {
                self.set_tag(&commit).await?;
            }
        }
        let wants_unmerged = self.params.text("returning").as_deref() == Some("unmerged");
        Ok(if wants_unmerged { head.to_owned() } else { commit })
    }

    async fn push_once(&self, commit: &str) -> Result<Pushed, ResourceError> {
        let is_forced = self.params.flag("force");
        let mut options: Vec<String> = self
            .params
            .texts("push_options")
            .iter()
            .map(|o| format!("--push-option={o}"))
            .collect();
        if is_forced {
            options.push("--force".to_owned());
        }
        let mut specs = vec!["refs/tags/*:refs/tags/*".to_owned()];
        specs.extend(self.target.iter().map(|target| format!("{commit}:{target}")));
        let tags = self.git.tree(&self.copy).text(&["tag", "--list"]).await?;
        if tags.is_empty() {
            specs.remove(0);
        }
        if specs.is_empty() {
            return Ok(Pushed::Done);
        }
        let call = self.git.tree(&self.copy).live();
        push(call, &options, &self.source.remote.uri, &specs).await
    }

    /// Fetches the branch to push to; says whether there is one.
    async fn fetch_target(&self, target: &str) -> Result<bool, ResourceError> {
        let uri = &self.source.remote.uri;
        let spec = format!("+{target}:{REMOTE_HEAD}");
        let args = ["fetch", "--quiet", "--no-tags", "--", uri, &spec];
        let ended = self.git.tree(&self.copy).ask(&args).await?;
        match ended.status {
            0 => Ok(true),
            _ if ended.stderr.contains("couldn't find remote ref") => Ok(false),
            _ => Err(super::command::failed("fetch", &ended)),
        }
    }

    async fn bring_up_to_date(&self, commit: &str) -> Result<String, ResourceError> {
        let tree = || self.git.tree(&self.copy);
        tree().run(&["checkout", "--quiet", "--force", "--detach", commit]).await?;
        let (verb, args) = match self.retry {
            Retry::Merge => {
                let message = "--message=merge what others pushed";
                ("merge", vec!["merge", "--quiet", "--no-edit", message, REMOTE_HEAD])
            }
            Retry::Rebase | Retry::Never => ("rebase", vec!["rebase", "--quiet", REMOTE_HEAD]),
        };
        let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        if self.retry == Retry::Rebase {
            let option = |name: &str, key: &str| {
                self.params.text(key).map(|value| format!("--{name}={value}"))
            };
            let options = [
                option("strategy", "rebase_strategy"),
                option("strategy-option", "rebase_strategy_option"),
            ];
            args.splice(1..1, options.into_iter().flatten());
        }
        let ended = tree().live().ask(&args).await?;
        if ended.status != 0 {
            let why = String::from_utf8_lossy(&ended.stdout);
            let conflict = why.lines().find(|line| line.contains("CONFLICT")).unwrap_or("");
            let message = format!("cannot {verb} onto what others pushed: {conflict}");
            let message = message.trim_end_matches(": ").to_owned();
            return Err(ResourceError::Failed { message, exit_status: ended.status });
        }
        tree().text(&["rev-parse", "HEAD"]).await
    }

    /// What an earlier run of this put left on the remote: the commit that is the version.
    async fn find_done(
        &self,
        head: &str,
        tag: Option<&str>,
    ) -> Result<Option<String>, ResourceError> {
        if !self.has_tag(tag, head).await? {
            return Ok(None);
        }
        let Some(target) = &self.target else { return Ok(tag.map(|_| head.to_owned())) };
        if !self.fetch_target(target).await? {
            return Ok(None);
        }
        let bare = || self.git.bare(&self.copy.join(".git"));
        let contains = ["merge-base", "--is-ancestor", head, REMOTE_HEAD];
        if self.git.tree(&self.copy).ask(&contains).await?.status == 0 {
            if self.retry != Retry::Merge {
                return Ok(Some(head.to_owned()));
            }
            let range = format!("{head}..{REMOTE_HEAD}");
            let args = ["rev-list", "--merges", "--ancestry-path", "--reverse", &range];
            let merges = bare().text(&args).await?;
            return Ok(Some(merges.lines().next().unwrap_or(head).to_owned()));
        }
        if self.retry != Retry::Rebase {
            return Ok(None);
        }
        // A rebase keeps who wrote a commit, when, and what about.
        let format = "--format=%an%x1f%ae%x1f%at%x1f%B%x1e";
        let ours = bare().text(&["log", "-1", format, head]).await?;
        let format = "--format=%H%x1d%an%x1f%ae%x1f%at%x1f%B%x1e";
        let range = format!("{head}..{REMOTE_HEAD}");
        let theirs = bare().text(&["log", format, &range]).await?;
        let twin = theirs
            .split('\u{1e}')
            .filter_map(|record| record.trim_start().split_once('\u{1d}'))
            .find(|(_, facts)| Some(*facts) == ours.strip_suffix('\u{1e}'))
            .map(|(commit, _)| commit.to_owned());
        Ok(twin)
    }

    /// Whether the remote has the tag; so it is when none is asked for.
    async fn has_tag(&self, tag: Option<&str>, head: &str) -> Result<bool, ResourceError> {
        let Some(tag) = tag else { return Ok(true) };
        let name = format!("refs/tags/{tag}");
        let peeled = format!("{name}^{{}}");
        let uri = &self.source.remote.uri;
        let args = ["ls-remote", "--tags", "--", uri, &name, &peeled];
        let answer = self.git.call().text(&args).await?;
        // A rebased commit is another one, whose tag is another too.
        let is_moved = self.retry != Retry::Never;
        Ok(answer.lines().any(|line| is_moved || line.starts_with(head)))
    }

    async fn push_notes(&self, commit: &str) -> Result<(), ResourceError> {
        let Some(file) = self.params.text("notes") else { return Ok(()) };
        let words = files::read(self.directory, &file)?;
        let uri = &self.source.remote.uri;
        let spec = "refs/notes/commits:refs/notes/commits".to_owned();
        loop {
            let fetched = ["fetch", "--quiet", "--no-tags", "--", uri, &format!("+{spec}")];
            let ended = self.git.tree(&self.copy).ask(&fetched).await?;
            if ended.status != 0 && !ended.stderr.contains("couldn't find remote ref") {
                return Err(super::command::failed("fetch", &ended));
            }
            let args = ["notes", "add", "--force", "--file=-", commit];
            self.git.tree(&self.copy).stdin(words.clone()).run(&args).await?;
            let call = self.git.tree(&self.copy);
            if push(call, &[], uri, std::slice::from_ref(&spec)).await? == Pushed::Done {
                return Ok(());
            }
        }
    }
}
