//! Brings a commit into a directory.
//!
//! What is brought stands on its own: nothing in it points into a cache, so that it can be
//! moved to another machine.
//!
//! *Follows:* the `in` of concourse/git-resource.

use std::path::Path;

use super::command::Git;
use super::facts::{Facts, Format, Shown};
use super::local::is_object_id;
use super::objects::{Tip, mirror_with, objects, tip};
use super::source::{SCHEMA, Source};
use crate::model::Version;
use crate::model::value::Map;
use crate::resource::schema::Fields;
use crate::resource::{Context, Found, ResourceError};

/// What to bring.
struct Want<'a> {
    source: &'a Source,
    params: &'a Fields<'a>,
    /// The version's name: a commit or a tag.
    ref_: String,
    /// The commit, when the version says it.
    commit: Option<String>,
    branch: Option<String>,
}

pub(super) async fn get(
    cx: &Context,
    source: &Map,
    params: &Map,
    version: &Version,
    directory: &Path,
) -> Result<Found, ResourceError> {
    let source = Source::read(source)?;
    let params = SCHEMA.read_get(params)?;
    let git = Git::new(cx, &source.remote)?;
    let not_found = || ResourceError::VersionNotFound { version: version.to_string() };
    let ref_ = version.field("ref").ok_or_else(not_found)?.to_owned();
    let commit = match version.field("commit") {
        Some(commit) => Some(commit.to_owned()),
        None => is_object_id(&ref_).then(|| ref_.clone()),
    };
    let mut want = Want {
        source: &source,
        params: &params,
        ref_,
        commit,
        branch: version.field("branch").map(str::to_owned).or_else(|| source.branch.clone()),
    };
    let commit = want.fetch(&git, directory).await?.ok_or_else(not_found)?;
    want.check_out(&git, directory, &commit).await?;
    want.bring_submodules(&git, directory).await?;
    want.bring_more(&git, directory).await?;

    let facts = Facts::read(&git, &directory.join(".git"), &commit).await?;
    let metadata = facts.metadata(&source.remote, want.branch.as_deref());
    let format = Format {
        short_ref: params.text("short_ref_format").unwrap_or_else(|| "%s".to_owned()),
        timestamp: params.text("timestamp_format").unwrap_or_else(|| "iso8601".to_owned()),
        describe: match params.text("describe_ref_options") {
            Some(options) => options.split_whitespace().map(str::to_owned).collect(),
            None => ["--always", "--dirty", "--broken"].map(str::to_owned).into(),
        },
    };
    let shown = Shown {
        ref_: &want.ref_,
        branch: want.branch.as_deref(),
        url: source.remote.commit_page(&commit),
        metadata: &metadata,
    };
    facts.write(&git, directory, &format, &shown).await?;
    Ok(Found { version: version.clone(), metadata })
}

impl Want<'_> {
    /// Fetches into a new repository; gives the commit, or nothing when the remote has none.
    async fn fetch(
        &mut self,
        git: &Git<'_>,
        directory: &Path,
    ) -> Result<Option<String>, ResourceError> {
        let remote = &self.source.remote;
        let depth = self.params.number("depth").filter(|depth| *depth > 0);
        if self.branch.is_none() {
            self.branch = tip(git, remote, None).await?.and_then(|tip| tip.branch);
        }
        let path = directory.to_string_lossy();
        git.call().run(&["init", "--quiet", "--", &path]).await?;
        git.tree(directory).run(&["remote", "add", "origin", &remote.uri]).await?;
        let from = match (depth, &self.commit) {
            (None, Some(commit)) if !remote.is_local() => {
                self.mirror(git, commit).await?.unwrap_or_else(|| remote.uri.clone())
            }
            _ => remote.uri.clone(),
        };
        let tags = match self.params.choice("fetch_tags").or(self.source.fetch_tags) {
            Some(true) => Some("--tags"),
            Some(false) => Some("--no-tags"),
            None => None,
        };
        let mut options: Vec<String> = tags.map(str::to_owned).into_iter().collect();
        // A branch that is gone is no fault yet: the commit may still be found.
        if let Some(branch) = &self.branch {
            let spec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
            let mut options = options.clone();
            options.extend(depth.map(|depth| format!("--depth={depth}")));
            self.try_fetch(git, directory, &from, &options, &spec).await?;
        }
        if self.source.is_tagged() || self.commit.is_none() {
            let spec = format!("+refs/tags/{0}:refs/tags/{0}", self.ref_);
            options.extend(depth.map(|depth| format!("--depth={depth}")));
            self.try_fetch(git, directory, &from, &options, &spec).await?;
        }
        if let Some(commit) = self.resolve(git, directory).await? {
            return Ok(Some(commit));
        }
        self.search(git, directory, depth.is_some()).await
    }

    /// The address of a mirror that has the commit.
    async fn mirror(&self, git: &Git<'_>, commit: &str) -> Result<Option<String>, ResourceError> {
        let remote = &self.source.remote;
        let mirror = match mirror_with(git, remote, commit).await? {
            Some(mirror) => mirror,
            None => {
                let tip = Tip { branch: self.branch.clone(), commit: commit.to_owned() };
                objects(git, remote, &tip).await?
            }
        };
        let is_there = super::objects::has_commit(git, &mirror, commit).await?;
        Ok(is_there.then(|| mirror.to_string_lossy().into_owned()))
    }

    async fn try_fetch(
        &self,
        git: &Git<'_>,
        directory: &Path,
        from: &str,
        options: &[String],
        spec: &str,
    ) -> Result<bool, ResourceError> {
        let mut args = vec!["fetch".to_owned(), "--quiet".to_owned()];
        args.extend_from_slice(options);
        args.extend(["--".to_owned(), from.to_owned(), spec.to_owned()]);
        let ended = git.tree(directory).ask(&args).await?;
        if ended.status == 0 {
            return Ok(true);
        }
        if ended.stderr.contains("couldn't find remote ref")
            || ended.stderr.contains("not our ref")
            || ended.stderr.contains("Server does not allow request for unadvertised")
        {
            return Ok(false);
        }
        Err(super::command::failed("fetch", &ended))
    }

    async fn resolve(
        &self,
        git: &Git<'_>,
        directory: &Path,
    ) -> Result<Option<String>, ResourceError> {
        let name = match &self.commit {
            Some(commit) => format!("{commit}^{{commit}}"),
            None => format!("refs/tags/{}^{{commit}}", self.ref_),
        };
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
        let ended = git.tree(directory).ask(&args).await?;
        let text = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        Ok((ended.status == 0).then_some(text))
    }

    /// Looks for a commit that the branch did not bring: deeper, by its id, in all refs.
    async fn search(
        &self,
        git: &Git<'_>,
        directory: &Path,
        is_shallow: bool,
    ) -> Result<Option<String>, ResourceError> {
        let Some(commit) = &self.commit else { return Ok(None) };
        let uri = &self.source.remote.uri;
        if is_shallow {
            if let Some(branch) = &self.branch {
                let spec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
                for depth in [128, 1024, 8192, i32::MAX] {
                    let options = [format!("--depth={depth}")];
                    let is_there = self.try_fetch(git, directory, uri, &options, &spec).await?;
                    if !is_there {
                        break;
                    }
                    if let Some(commit) = self.resolve(git, directory).await? {
                        return Ok(Some(commit));
                    }
                }
            }
        } else if is_object_id(commit) {
            self.try_fetch(git, directory, uri, &[], commit).await?;
            if let Some(commit) = self.resolve(git, directory).await? {
                return Ok(Some(commit));
            }
        }
        if self.source.searches_all_refs {
            let spec = "+refs/*:refs/remotes/origin-all/*";
            self.try_fetch(git, directory, uri, &[], spec).await?;
            return self.resolve(git, directory).await;
        }
        Ok(None)
    }

    async fn check_out(
        &self,
        git: &Git<'_>,
        directory: &Path,
        commit: &str,
    ) -> Result<(), ResourceError> {
        if !self.source.sparse_paths.is_empty() {
            let mut args =
                ["sparse-checkout", "set", "--no-cone", "--"].map(str::to_owned).to_vec();
            args.extend(self.source.sparse_paths.iter().cloned());
            git.tree(directory).run(&args).await?;
        }
        git.tree(directory).run(&["checkout", "--quiet", "--detach", commit]).await?;
        let attributes = std::fs::read_to_string(directory.join(".gitattributes"));
        let has_lfs = attributes.is_ok_and(|text| text.contains("filter=lfs"));
        if has_lfs && !self.params.flag("disable_git_lfs") {
            for args in [["lfs", "install", "--local"].as_slice(), &["lfs", "pull", "origin"]] {
                git.tree(directory).live().run(args).await?;
            }
        }
        Ok(())
    }

    async fn bring_submodules(&self, git: &Git<'_>, directory: &Path) -> Result<(), ResourceError> {
        let chosen = self.params.texts("submodules");
        let is_none = chosen.first().is_some_and(|word| word == "none");
        if is_none || !directory.join(".gitmodules").exists() {
            return Ok(());
        }
        let mut args =
            ["submodule", "update", "--quiet", "--init", "--force"].map(str::to_owned).to_vec();
        if self.params.choice("submodule_recursive").unwrap_or(true) {
            args.push("--recursive".to_owned());
        }
        if self.params.flag("submodule_remote") {
            args.push("--remote".to_owned());
        }
        args.push("--".to_owned());
        args.extend(chosen.into_iter().filter(|path| path != "all"));
        // Git's submodule program goes by the directory and not by these options.
        git.folder(directory).live().run(&args).await.map(|_| ())
    }

    async fn bring_more(&self, git: &Git<'_>, directory: &Path) -> Result<(), ResourceError> {
        let uri = &self.source.remote.uri;
        for branch in self.params.texts("fetch") {
            let spec = format!("+refs/heads/{branch}:refs/heads/{branch}");
            git.tree(directory).run(&["fetch", "--quiet", "--", uri, &spec]).await?;
        }
        if self.params.flag("all_branches") {
            let spec = "+refs/heads/*:refs/remotes/origin/*";
            git.tree(directory).run(&["fetch", "--quiet", "--", uri, spec]).await?;
        }
        if self.params.flag("clean_tags") {
            let tags = git.tree(directory).text(&["tag"]).await?;
            let mut args = vec!["tag".to_owned(), "--delete".to_owned(), "--".to_owned()];
            args.extend(tags.lines().map(str::to_owned));
            if args.len() > 3 {
                git.tree(directory).run(&args).await?;
            }
        }
        Ok(())
    }
}
