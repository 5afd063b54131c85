//! The demo's git repositories, and the commits that a person asks for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// A file of a repository: repository, path, content.
type Seed = (&'static str, &'static str, &'static str);

macro_rules! seeds {
    ($($repository:literal $folder:literal [$($path:literal),* $(,)?]),* $(,)?) => {
        &[$($(($repository, $path, include_str!(concat!("files/", $folder, "/", $path)))),*),*]
    };
}

const SEEDS: &[Seed] = seeds! {
    "bosh-alicloud-cpi-release" "cpi" [
        "CHANGELOG.md",
        "ci/tasks/build-candidate.sh",
        "ci/tasks/build-candidate.yml",
        "ci/tasks/deploy-director.sh",
        "ci/tasks/deploy-director.yml",
        "ci/tasks/run-bats.sh",
        "ci/tasks/run-bats.yml",
        "ci/tasks/run-e2e.sh",
        "ci/tasks/run-e2e.yml",
        "ci/tasks/run-integration.sh",
        "ci/tasks/run-integration.yml",
        "ci/tasks/teardown.sh",
        "ci/tasks/teardown.yml",
        "ci/tasks/unit-tests.sh",
        "ci/tasks/unit-tests.yml",
        "src/bosh-alicloud-cpi/disks.go",
    ],
    "dispatch" "dispatch" [
        "README.md",
        "ci/e2e/binaries.yml",
        "ci/e2e/cleanup.yml",
        "ci/e2e/deploy-dispatch.yml",
        "ci/e2e/prepare-images.yml",
        "ci/e2e/run-tests.yml",
    ],
    "checkout" "checkout" [
        "ci/browser.sh",
        "ci/browser.yml",
        "ci/deploy.sh",
        "ci/deploy.yml",
        "ci/integration.sh",
        "ci/integration.yml",
        "ci/lint.sh",
        "ci/lint.yml",
        "ci/load.sh",
        "ci/load.yml",
        "ci/unit.sh",
        "ci/unit.yml",
        "config/gateway.conf",
        "services/bank.stub",
        "services/basket",
    ],
};

/// Repositories that begin with nothing but these files.
const STATE: &[Seed] = &[
    ("bosh-cpi-dev-artifacts", "README.md", "Releases that the pipeline built.\n"),
    ("versions", "README.md", "Versions that the pipeline bumps.\n"),
    ("clusters", "k8s-cluster/unclaimed/cluster-1", "{\"k8sURL\": \"https://10.0.0.10\"}\n"),
    ("clusters", "k8s-cluster/claimed/.gitkeep", ""),
];

/// What the demo's people write, in turn: repository, author, subject.
const CHANGES: [(&str, &str, &str); 6] = [
    ("bosh-alicloud-cpi-release", "xwang", "cpi: size data disks by category"),
    ("checkout", "anna", "gateway: wait 500 ms for the bank"),
    ("dispatch", "nkim", "functions read their secrets once"),
    ("bosh-alicloud-cpi-release", "lee", "cpi: retry a throttled call"),
    ("checkout", "zhang", "basket: keep items for a day"),
    ("dispatch", "tom", "api: name the function in an error"),
];

/// The demo cannot prepare or change its repositories.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The answer.
        #[source]
        source: std::io::Error,
    },
    /// `git` is not there.
    #[error("cannot run `git`: the demo makes real repositories and needs it")]
    NoGit(#[source] std::io::Error),
    /// `git` said no.
    #[error("`git {command}` failed: {stderr}")]
    Git {
        /// Its arguments.
        command: String,
        /// What it said.
        stderr: String,
    },
}

/// The demo's repositories in a folder.
#[derive(Debug, Clone)]
pub struct Repositories {
    folder: PathBuf,
}

impl Repositories {
    /// Makes the repositories, unless the folder has them already.
    ///
    /// # Errors
    /// When a file cannot be written or `git` fails.
    pub fn prepare(folder: &Path) -> Result<Self, DemoError> {
        let repositories = Self { folder: folder.to_owned() };
        let marker = folder.join("ready");
        if marker.exists() {
            return Ok(repositories);
        }
        // A folder without the marker is what an interrupted start left.
        if folder.exists() {
            fs::remove_dir_all(folder)
                .map_err(|source| DemoError::Write { path: folder.to_owned(), source })?;
        }
        let mut names: Vec<&str> = SEEDS.iter().chain(STATE).map(|seed| seed.0).collect();
        names.dedup();
        for name in names {
            repositories.make(name)?;
        }
        repositories.open_pull_request("dispatch", "nkim", "functions get a time limit")?;
        write(&marker, "")?;
        Ok(repositories)
    }

    /// The folder, which the pipelines' `((repositories))` stands for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Commits the next change to one of the repositories and says what it did.
    ///
    /// # Errors
    /// When a file cannot be written or `git` fails.
    pub fn commit_something(&self) -> Result<String, DemoError> {
        let counter = self.folder.join("changes");
        let n: usize =
            fs::read_to_string(&counter).ok().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        let (name, author, subject) = CHANGES[n % CHANGES.len()];
        let said = if name == "dispatch" {
            self.open_pull_request(name, author, subject)?
        } else {
            self.commit(name, author, subject, n)?
        };
        write(&counter, &(n + 1).to_string())?;
        Ok(said)
    }

    fn make(&self, name: &str) -> Result<(), DemoError> {
        let work = self.work(name);
        for (_, path, content) in SEEDS.iter().chain(STATE).filter(|seed| seed.0 == name) {
            write(&work.join(path), content)?;
        }
        let branch = branch_of(name);
        let bare = self.folder.join(format!("{name}.git"));
        git(&work, &["init", "-q", "-b", branch])?;
        git(&work, &["add", "-A"])?;
        commit(&work, "demo", "begin")?;
        git(&self.folder, &["init", "-q", "--bare", "-b", branch, &bare.display().to_string()])?;
        git(&work, &["remote", "add", "origin", &bare.display().to_string()])?;
        git(&work, &["push", "-q", "origin", branch])?;
        Ok(())
    }

    fn commit(
        &self,
        name: &str,
        author: &str,
        subject: &str,
        n: usize,
    ) -> Result<String, DemoError> {
        let work = self.work(name);
        if name == "checkout" && subject.starts_with("gateway") {
            let path = work.join("config/gateway.conf");
            write(
                &path,
                "# How long the gateway waits for a service behind it.\nupstream_timeout_ms=500\n",
            )?;
        }
        let notes = work.join(if name == "checkout" {
            "services/basket"
        } else {
            "src/bosh-alicloud-cpi/disks.go"
        });
        let mut text = fs::read_to_string(&notes).unwrap_or_default();
        text.push_str(&format!("// {n}: {subject}\n"));
        write(&notes, &text)?;
        git(&work, &["add", "-A"])?;
        commit(&work, author, subject)?;
        git(&work, &["push", "-q", "origin", branch_of(name)])?;
        let hash = git(&work, &["rev-parse", "--short=7", "HEAD"])?;
        Ok(format!("{author} pushed {hash} to {name}: \"{subject}\""))
    }

    fn open_pull_request(
        &self,
        name: &str,
        author: &str,
        subject: &str,
    ) -> Result<String, DemoError> {
        let work = self.work(name);
        let known = git(&work, &["ls-remote", "origin", "refs/pull/*/head"])?;
        let number = known.lines().count() + 1;
        git(&work, &["checkout", "-q", "-B", "topic", branch_of(name)])?;
        write(&work.join(format!("docs/{number}.md")), &format!("{subject}\n"))?;
        git(&work, &["add", "-A"])?;
        commit(&work, author, subject)?;
        git(&work, &["push", "-q", "origin", &format!("HEAD:refs/pull/{number}/head")])?;
        git(&work, &["checkout", "-q", branch_of(name)])?;
        Ok(format!("{author} opened pull request {number} of {name}: \"{subject}\""))
    }

    fn work(&self, name: &str) -> PathBuf {
        self.folder.join("work").join(name)
    }
}

fn branch_of(name: &str) -> &'static str {
    if name == "checkout" { "main" } else { "master" }
}

fn write(path: &Path, content: &str) -> Result<(), DemoError> {
    let failed = |source| DemoError::Write { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}

fn commit(work: &Path, author: &str, subject: &str) -> Result<(), DemoError> {
    let identity = [
        "-c",
        &format!("user.name={author}"),
        "-c",
        &format!("user.email={author}@example.invalid"),
        "commit",
        "-q",
        "-m",
        subject,
    ]
    .map(str::to_owned);
    git(work, &identity.iter().map(String::as_str).collect::<Vec<_>>()).map(|_| ())
}

/// Runs git apart from what the machine's owner configured, such as hooks and signing.
fn git(directory: &Path, arguments: &[&str]) -> Result<String, DemoError> {
    let output = Command::new("git")
        .current_dir(directory)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .map_err(DemoError::NoGit)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(DemoError::Git {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_reaches_a_repository() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("repositories");
        let repositories = Repositories::prepare(&folder).expect("prepares");
        for (name, author, subject) in CHANGES {
            let said = repositories.commit_something().expect("commits");
            assert!(said.contains(author) && said.contains(subject), "{said}");
            assert!(said.contains(name), "{said}");
        }
        let log = git(&folder.join("checkout.git"), &["log", "--format=%s", "main"]);
        assert!(log.expect("a log").contains("basket: keep items for a day"));
        let pulls = git(&folder.join("dispatch.git"), &["for-each-ref", "refs/pull"]);
        assert_eq!(pulls.expect("refs").lines().count(), 3);
        Repositories::prepare(&folder).expect("finds what is there");
    }
}
