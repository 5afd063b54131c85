//! Files on a branch that many change at once: every change is a commit that says which
//! operation made it, and is done against what the branch held at that moment or not at all.
//!
//! No work tree is made and no history copied: new objects stand in a scratch repository that
//! borrows the rest.

use std::path::{Path, PathBuf};

use super::command::Git;
use super::objects::{Tip, objects, tip};
use super::push::{Pushed, push};
use super::remote::Remote;
use crate::resource::{Operation, ResourceError};

/// Begins the line of a message that names the operation.
const OPERATION: &str = "Flightdeck-Operation: ";

/// A branch and what it held when it was last looked at.
pub(in crate::resource) struct Ledger<'a> {
    git: &'a Git<'a>,
    remote: &'a Remote,
    branch: String,
    /// New objects stand here.
    scratch: PathBuf,
    head: Option<String>,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) enum Change {
    Write { path: String, content: Vec<u8> },
    Remove { path: String },
}

impl<'a> Ledger<'a> {
    /// Looks at a branch, which need not be there yet.
    pub async fn open(
        git: &'a Git<'a>,
        remote: &'a Remote,
        branch: &str,
    ) -> Result<Self, ResourceError> {
        let scratch = git.scratch().join("ledger");
        let path = scratch.to_string_lossy();
        git.call().run(&["init", "--quiet", "--bare", "--", &path]).await?;
        let branch = branch.to_owned();
        let mut ledger = Self { git, remote, branch, scratch, head: None };
        ledger.look_again().await?;
        Ok(ledger)
    }

    /// Looks at the branch again; forgets nothing that was written.
    pub async fn look_again(&mut self) -> Result<(), ResourceError> {
        let Some(tip) = tip(self.git, self.remote, Some(&self.branch)).await? else {
            self.head = None;
            return Ok(());
        };
        if self.head.as_ref() == Some(&tip.commit) {
            return Ok(());
        }
        self.borrow(&tip).await?;
        self.head = Some(tip.commit);
        Ok(())
    }

    async fn borrow(&self, tip: &Tip) -> Result<(), ResourceError> {
        let repository = objects(self.git, self.remote, tip).await?;
        let lender = std::path::absolute(repository.join("objects")).unwrap_or(repository);
        let file = self.scratch.join("objects/info/alternates");
        crate::resource::files::write(&file, format!("{}\n", lender.display()))
    }

    /// The branch's commit, if there is a branch.
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// Where the branch's commits can be looked up.
    pub fn repository(&self) -> &Path {
        &self.scratch
    }

    /// The commit by which an operation was done.
    pub async fn find(&self, operation: &Operation) -> Result<Option<String>, ResourceError> {
        let Some(head) = &self.head else { return Ok(None) };
        let line = format!("{OPERATION}{}", operation.id);
        let grep = format!("--grep={line}");
        let args = ["log", "--fixed-strings", &grep, "--format=%H%x1f%B%x1e", head, "--"];
        let text = self.git.bare(&self.scratch).text(&args).await?;
        let found = text
            .split('\u{1e}')
            .filter_map(|record| record.trim_start().split_once('\u{1f}'))
            .find(|(_, message)| message.lines().any(|l| l == line))
            .map(|(commit, _)| commit.to_owned());
        Ok(found)
    }

    /// The content of a file at the head.
    pub async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ResourceError> {
        match &self.head {
            Some(head) => read_at(self.git, &self.scratch, head, path).await,
            None => Ok(None),
        }
    }

    /// The names of the files in a folder at the head, but for hidden ones.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, ResourceError> {
        let Some(head) = &self.head else { return Ok(Vec::new()) };
        let folder = format!("{}/", folder.trim_end_matches('/'));
        let args = ["ls-tree", "-z", "--name-only", "--full-tree", head, "--", &folder];
        let text = self.git.bare(&self.scratch).text(&args).await?;
        let names = text.split('\0').filter_map(|path| path.strip_prefix(&folder));
        Ok(names
            .filter(|name| !name.is_empty() && !name.starts_with('.'))
            .map(str::to_owned)
            .collect())
    }

    /// Changes files in one commit and pushes it; nothing when somebody else was first.
    pub async fn change(
        &mut self,
        message: &str,
        operation: &Operation,
        changes: &[Change],
    ) -> Result<Option<String>, ResourceError> {
        let index = self.scratch.join("index");
        let call = || self.git.bare(&self.scratch).env("GIT_INDEX_FILE", &index);
        match &self.head {
            Some(head) => call().run(&["read-tree", head]).await?,
            None => call().run(&["read-tree", "--empty"]).await?,
        };
        let mut lines = String::new();
        for change in changes {
            match change {
                Change::Write { path, content } => {
                    // A call with nothing to read has no input at all, which is as empty.
                    let args = ["hash-object", "-w", "--stdin"];
                    let id = call().stdin(content.clone()).text(&args).await?;
                    lines.push_str(&format!("100644 {id}\t{path}\0"));
                }
                Change::Remove { path } => {
                    lines.push_str(&format!("0 {:040}\t{path}\0", 0));
                }
            }
        }
        call().stdin(lines).run(&["update-index", "-z", "--index-info"]).await?;
        let tree = call().text(&["write-tree"]).await?;
        let mut args = vec!["commit-tree", &tree];
        if let Some(head) = &self.head {
            args.extend(["-p", head]);
        }
        let message = format!("{message}\n\n{OPERATION}{}\n", operation.id);
        let commit = call().stdin(message).text(&args).await?;
        let specs = [format!("{commit}:refs/heads/{}", self.branch)];
        let call = self.git.bare(&self.scratch);
        match push(call, &[], &self.remote.uri, &specs).await? {
            Pushed::Done => {
                self.head = Some(commit.clone());
                Ok(Some(commit))
            }
            Pushed::Raced => Ok(None),
        }
    }
}

/// The content of a file at a commit.
pub(in crate::resource) async fn read_at(
    git: &Git<'_>,
    repository: &Path,
    commit: &str,
    path: &str,
) -> Result<Option<Vec<u8>>, ResourceError> {
    let name = format!("{commit}:{path}");
    let found = git.bare(repository).ask(&["cat-file", "blob", &name]).await?;
    Ok((found.status == 0).then_some(found.stdout))
}
