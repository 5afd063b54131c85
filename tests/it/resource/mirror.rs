//! Repositories of other machines: git's own server on a port of this one.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use flightdeck::model::build::Cause;
use flightdeck::resource::ResourceError;

use super::{Bed, ref_, until};
use crate::support::git::{Repository, run};

/// Git's server for one repository.
struct Server {
    child: Child,
    uri: String,
}

impl Server {
    /// Nothing where git came without its server.
    async fn start(repository: &Repository) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let path = repository.path();
        let above = path.parent().expect("has one").to_string_lossy().into_owned();
        let mut child = Command::new("git")
            .args(["daemon", "--listen=127.0.0.1", &format!("--port={port}"), "--export-all"])
            .args(["--reuseaddr", "--enable=receive-pack", &format!("--base-path={above}"), &above])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        let mut is_gone = false;
        until("the server", || {
            is_gone = child.try_wait().expect("is a child").is_some();
            is_gone || TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .await;
        if is_gone {
            println!("skipped: this git has no `daemon`");
            return None;
        }
        Some(Self { child, uri: format!("git://127.0.0.1:{port}/bare.git") })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The program `git` starts the server as a child of its own.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_mirror_follows_the_remote() {
    let repository = Repository::with(&[&[("a", "1")], &[("a", "2")]]);
    let Some(server) = Server::start(&repository).await else { return };
    let bed = Bed::new("git", &format!(r#"{{"uri": "{}", "branch": "main"}}"#, server.uri));
    let head = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(bed.refs("ref", None).await, std::slice::from_ref(&head));
    let next = repository.commit("3", &[("a", "3")]);
    assert_eq!(bed.refs("ref", Some(&head)).await, [head.clone(), next.clone()]);
    let (_, tree) = bed.get(r#"{"depth": 1}"#, &ref_(&next)).await.expect("gets");
    assert_eq!(run(tree.path(), &["rev-list", "--count", "HEAD"]), "1");

    repository.git(&["reset", "--quiet", "--hard", &head]);
    let other = repository.commit("4", &[("a", "4")]);
    assert_eq!(
        bed.refs("ref", Some(&next)).await,
        std::slice::from_ref(&other),
        "history was rewritten"
    );
    let (_, tree) = bed.get("{}", &ref_(&next)).await.expect("the mirror has it still");
    assert_eq!(tree.read("a"), "3");
    assert_eq!(run(tree.path(), &["remote", "get-url", "origin"]), server.uri);
    assert!(!tree.has(".git/objects/info/alternates"), "it stands on its own");

    // What is in the mirror is got without the remote.
    drop(server);
    let (_, tree) = bed.get("{}", &ref_(&other)).await.expect("gets");
    assert_eq!(tree.read("a"), "4");
    let checked = bed.type_.check(&bed.cx, &bed.source, None).await;
    assert!(matches!(checked, Err(ResourceError::Failed { exit_status: 128, .. })));
}

#[tokio::test]
async fn tags_and_pushes_and_locks_work_across() {
    let repository = Repository::with(&[&[("pool/unclaimed/one", "x"), ("version", "1.0.0")]]);
    let Some(server) = Server::start(&repository).await else { return };
    let uri = &server.uri;
    repository.git(&["tag", "v1"]);
    repository.git(&["push", "--quiet", "--tags", "origin"]);
    let tagged = Bed::new("git", &format!(r#"{{"uri": "{uri}", "tag_filter": "v*"}}"#));
    let version = tagged.check(None).await.remove(0);
    assert_eq!(version.field("ref"), Some("v1"));
    assert_eq!(tagged.get("{}", &version).await.expect("gets").1.read("version"), "1.0.0");

    let pool = format!(r#"{{"uri": "{uri}", "branch": "main", "pool": "pool"}}"#);
    let pool = Bed::new("pool", &pool);
    let put = pool.put(r#"{"acquire": true}"#, "a").await.expect("acquires");
    assert_eq!(pool.get("{}", &put.version).await.expect("gets").1.read("name"), "one");
    assert_eq!(pool.put_again(r#"{"acquire": true}"#, "a").await.expect("is found"), put);

    let semver =
        format!(r#"{{"driver": "git", "uri": "{uri}", "branch": "main", "file": "version"}}"#);
    let semver = Bed::new("semver", &semver);
    semver.put(r#"{"bump": "patch"}"#, "a").await.expect("bumps");
    assert_eq!(semver.refs("number", Some("1.0.0")).await, ["1.0.0", "1.0.1"]);
}

#[tokio::test]
async fn what_runs_is_ended_with_all_that_it_started() {
    let repository = Repository::with(&[&[("a", "1")]]);
    let mark = repository.path().join("mark");
    let hook = repository.path().join("hooks/pre-receive");
    // The hook outlives its own end of the pipe unless the whole group is ended.
    let script = format!("#!/bin/sh\nsleep 600 &\necho $! > '{}'\nwait\n", mark.display());
    std::fs::create_dir_all(hook.parent().expect("has one")).expect("made");
    std::fs::write(&hook, script).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, mode).expect("set");
    let bed = Bed::new("git", &format!(r#"{{"uri": "{}", "branch": "main"}}"#, repository.uri()));
    run(&bed.artifacts(), &["clone", "--quiet", &repository.uri(), "made"]);
    run(&bed.artifacts().join("made"), &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    let bed = std::sync::Arc::new(bed);
    let putting = tokio::spawn({
        let bed = std::sync::Arc::clone(&bed);
        async move { bed.put(r#"{"repository": "made"}"#, "a").await }
    });
    let child = || std::fs::read_to_string(&mark).ok()?.trim().parse::<u32>().ok();
    until("the hook", || child().is_some()).await;
    bed.cx.cancel.cancel(Cause::Deadline);
    let ended = putting.await.expect("ends");
    assert!(matches!(ended, Err(ResourceError::Stopped(Cause::Deadline))));
    let stat = format!("/proc/{}/stat", child().expect("was started"));
    // Gone, or dead and not yet taken note of by its parent.
    until("the end of the hook's child", || {
        std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "))
    })
    .await;
}
