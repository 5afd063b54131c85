//! A repository on this machine that has a remote's commits: the remote itself if it stands
//! here, else a mirror in the cache that is brought up to date only when the remote moved.
//!
//! A mirror may vanish between two calls; the next one makes it again.

use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::command::Git;
use super::local::{Head, Look, is_object_id};
use super::remote::Remote;
use crate::resource::{Context, ResourceError};

/// What a branch of a remote is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) struct Tip {
    /// The branch; nothing when the remote's `HEAD` is on none.
    pub branch: Option<String>,
    pub commit: String,
}

/// The tip of a branch, or of the branch that the remote's `HEAD` is on; nothing when there is
/// no such branch. A remote on this machine is read without starting a program.
pub(in crate::resource) async fn tip(
    git: &Git<'_>,
    remote: &Remote,
    branch: Option<&str>,
) -> Result<Option<Tip>, ResourceError> {
    match look(remote, branch) {
        Look::Found(tip) => Ok(Some(tip)),
        Look::Missing => Ok(None),
        Look::Unclear => ask(git, remote, branch).await,
    }
}

fn look(remote: &Remote, branch: Option<&str>) -> Look<Tip> {
    let Some(local) = &remote.local else { return Look::Unclear };
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => match local.head() {
            Look::Found(Head::Branch(branch)) => branch,
            Look::Found(Head::Detached(commit)) => {
                return Look::Found(Tip { branch: None, commit });
            }
            Look::Missing | Look::Unclear => return Look::Unclear,
        },
    };
    match local.branch(&branch) {
        Look::Found(commit) => Look::Found(Tip { branch: Some(branch), commit }),
        Look::Missing => Look::Missing,
        Look::Unclear => Look::Unclear,
    }
}

async fn ask(
    git: &Git<'_>,
    remote: &Remote,
    branch: Option<&str>,
) -> Result<Option<Tip>, ResourceError> {
    let name = branch.map_or("HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
    let answer = git.call().text(&["ls-remote", "--symref", "--", &remote.uri, &name]).await?;
    let mut branch = branch.map(str::to_owned);
    let mut commit = None;
    for (value, found) in answer.lines().filter_map(|line| line.split_once('\t')) {
        if found != name {
            continue;
        }
        match value.strip_prefix("ref: refs/heads/") {
            Some(head) => branch = Some(head.to_owned()),
            None => commit = Some(value.to_owned()),
        }
    }
    Ok(commit.map(|commit| Tip { branch, commit }))
}

/// A repository on this machine in which a commit and what led to it can be looked up.
///
/// # Errors
/// When the remote does not answer or has not got the commit any more.
pub(in crate::resource) async fn objects(
    git: &Git<'_>,
    remote: &Remote,
    tip: &Tip,
) -> Result<PathBuf, ResourceError> {
    if let Some(local) = &remote.local {
        return Ok(local.dir().to_owned());
    }
    let mirror = mirror_of(git.cx, remote);
    let _held = lock(&mirror).await?;
    ensure(git, &mirror).await?;
    if !has_commit(git, &mirror, &tip.commit).await? {
        let spec = match &tip.branch {
            Some(branch) => format!("+refs/heads/{branch}:refs/heads/{branch}"),
            None => format!("+{}:refs/detached/{0}", tip.commit),
        };
        fetch(git, remote, &mirror, &[spec]).await?;
    }
    Ok(mirror)
}

/// As [`objects`], with every tag of the remote too.
pub(in crate::resource) async fn objects_with_tags(
    git: &Git<'_>,
    remote: &Remote,
) -> Result<PathBuf, ResourceError> {
    if let Some(local) = &remote.local {
        return Ok(local.dir().to_owned());
    }
    let mirror = mirror_of(git.cx, remote);
    let _held = lock(&mirror).await?;
    ensure(git, &mirror).await?;
    let specs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"].map(str::to_owned);
    fetch(git, remote, &mirror, &specs).await?;
    Ok(mirror)
}

/// The mirror of a remote, if it is there and has a commit: then nobody need ask the remote.
pub(super) async fn mirror_with(
    git: &Git<'_>,
    remote: &Remote,
    commit: &str,
) -> Result<Option<PathBuf>, ResourceError> {
    let mirror = mirror_of(git.cx, remote);
    let is_there = mirror.join("HEAD").exists() && has_commit(git, &mirror, commit).await?;
    Ok(is_there.then_some(mirror))
}

/// Whether a repository has a commit.
pub(in crate::resource) async fn has_commit(
    git: &Git<'_>,
    repository: &Path,
    commit: &str,
) -> Result<bool, ResourceError> {
    if !is_object_id(commit) {
        return Ok(false);
    }
    let name = format!("{commit}^{{commit}}");
    Ok(git.bare(repository).ask(&["cat-file", "-e", &name]).await?.status == 0)
}

async fn ensure(git: &Git<'_>, mirror: &Path) -> Result<(), ResourceError> {
    if mirror.join("HEAD").exists() {
        return Ok(());
    }
    let path = mirror.to_string_lossy();
    git.call().run(&["init", "--quiet", "--bare", "--", &path]).await.map(|_| ())
}

async fn fetch(
    git: &Git<'_>,
    remote: &Remote,
    mirror: &Path,
    specs: &[String],
) -> Result<(), ResourceError> {
    let mut args =
        ["fetch", "--quiet", "--prune", "--no-tags", "--", &remote.uri].map(str::to_owned).to_vec();
    args.extend_from_slice(specs);
    git.bare(mirror).run(&args).await.map(|_| ())
}

fn mirror_of(cx: &Context, remote: &Remote) -> PathBuf {
    // Who may read a repository is part of its name: a mirror made with one person's key is
    // not shown to another.
    let mut hash = Sha256::new();
    hash.update(&remote.uri);
    for login in &remote.logins {
        hash.update([0]);
        hash.update(&login.username);
        hash.update([0]);
        hash.update(&login.password);
    }
    hash.update([1]);
    hash.update(remote.ssh.private_key.as_deref().unwrap_or_default());
    cx.cache_dir.join("git").join(hex(&hash.finalize()))
}

/// The first half of a hash, which is enough of it for a name.
pub(in crate::resource) fn hex(hash: &[u8]) -> String {
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Holds a mirror for one user at a time, in this process or any other.
async fn lock(mirror: &Path) -> Result<std::fs::File, ResourceError> {
    let path = mirror.with_extension("lock");
    let taken = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let file = std::fs::File::create(&path)?;
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        }
    });
    let taken = taken.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
    taken.map_err(|source| ResourceError::Io {
        action: "lock",
        path: path.display().to_string(),
        source,
    })
}
