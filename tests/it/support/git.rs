//! Real git repositories in temporary places.

#![expect(clippy::expect_used, reason = "a test ends where it goes wrong")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A bare repository with a work tree beside it, from which commits are pushed.
pub struct Repository {
    place: tempfile::TempDir,
}

impl Repository {
    /// An empty repository whose branch is `main`.
    pub fn new() -> Self {
        let repository = Self { place: tempfile::tempdir().expect("a place") };
        let (bare, work) = (repository.path(), repository.work());
        let above = repository.place.path().to_owned();
        run(&above, &["init", "--quiet", "--bare", "-b", "main", &bare.to_string_lossy()]);
        run(&above, &["init", "--quiet", "-b", "main", &work.to_string_lossy()]);
        run(&work, &["remote", "add", "origin", &bare.to_string_lossy()]);
        repository
    }

    /// A repository with one commit for each list of files.
    pub fn with(commits: &[&[(&str, &str)]]) -> Self {
        let repository = Self::new();
        for files in commits {
            repository.commit("a commit", files);
        }
        repository
    }

    /// The bare repository.
    pub fn path(&self) -> PathBuf {
        self.place.path().join("bare.git")
    }

    /// The bare repository's address.
    pub fn uri(&self) -> String {
        self.path().to_string_lossy().into_owned()
    }

    /// The work tree.
    pub fn work(&self) -> PathBuf {
        self.place.path().join("work")
    }

    /// Commits files on the work tree's branch and pushes it; gives the commit.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        let work = self.work();
        for (path, text) in files {
            let path = work.join(path);
            std::fs::create_dir_all(path.parent().expect("below the tree")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["push", "--quiet", "--force", "origin", "HEAD"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// As [`Self::commit`], on top of whatever others pushed.
    pub fn commit_on_top(&self, message: &str, files: &[(&str, &str)]) -> String {
        self.git(&["fetch", "--quiet", "origin", "main"]);
        self.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        self.commit(message, files)
    }

    /// Runs git in the work tree and gives what it prints.
    pub fn git(&self, args: &[&str]) -> String {
        run(&self.work(), args)
    }

    /// Runs git in the bare repository and gives what it prints.
    pub fn bare(&self, args: &[&str]) -> String {
        run(&self.path(), args)
    }
}

/// Runs git with no settings of the machine's and gives what it prints.
pub fn run(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.org")])
        .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.org")])
        .output()
        .expect("git runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
