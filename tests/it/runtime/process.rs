//! What only the process runtime promises: real processes, and what happens when they or their
//! surroundings misbehave.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::model::build::LogSource;
use flightdeck::runtime::{
    Container, Host, Mount, MountKind, Process, ProcessSpec, Runtime, RuntimeError, VolumeSource,
    VolumeSpec,
};

use super::subject::{
    WINDOW, container, eventually, open_process, read, soon, stdout, until, with_mounts,
};

fn shell(text: &str) -> ProcessSpec {
    ProcessSpec {
        path: "sh".to_owned(),
        args: vec!["-c".to_owned(), text.to_owned()],
        env: Vec::new(),
        dir: String::new(),
        user: None,
        tty: None,
        stdin: None,
    }
}

fn with_terminal(text: &str) -> ProcessSpec {
    ProcessSpec { tty: Some(WINDOW), ..shell(text) }
}

async fn made(data_dir: &Path) -> Arc<dyn Container> {
    open_process(data_dir).create(container("c")).await.expect("creates")
}

async fn run(data_dir: &Path, spec: ProcessSpec) -> Arc<dyn Process> {
    made(data_dir).await.run(spec).await.expect("runs")
}

/// Processes that have a text in their environment or command line.
fn alive(mark: &str) -> Vec<i32> {
    let has_mark = |path: PathBuf| {
        fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(mark))
    };
    fs::read_dir("/proc")
        .expect("proc")
        .flatten()
        .filter(|entry| {
            has_mark(entry.path().join("environ")) || has_mark(entry.path().join("cmdline"))
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// The supervisor of the container in a directory.
fn supervisor(data_dir: &Path) -> i32 {
    let mark = format!("__supervise\0{}", data_dir.join("containers/c").display());
    *alive(&mark).first().expect("is alive")
}

fn kill(pid: i32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kills");
    assert!(status.success());
}

#[tokio::test]
async fn statuses_of_signals_are_above_128() {
    for (command, status) in
        [("kill -9 $$", 137), ("kill -TERM $$", 143), ("exit 300", 44), ("true", 0)]
    {
        let place = tempfile::tempdir().expect("place");
        let process = run(place.path(), shell(command)).await;
        assert_eq!(soon(process.wait()).await.expect("ends"), status, "{command}");
    }
}

#[tokio::test]
async fn stop_reaches_what_left_its_group_and_passes_over_sigterm() {
    for tty in [None, Some(WINDOW)] {
        let place = tempfile::tempdir().expect("place");
        let deaf = "trap '' TERM HUP; setsid sh -c \"trap '' TERM HUP; sleep 1000 & sleep 1000\" & \
                    echo up; while :; do sleep 1000; done";
        let process = run(place.path(), ProcessSpec { tty, ..shell(deaf) }).await;
        until(process.as_ref(), "up").await;
        let mark = place.path().display().to_string();
        eventually("all are up", || alive(&mark).len() >= 5).await;
        soon(process.stop(Duration::from_millis(50))).await.expect("stops");
        assert_eq!(soon(process.wait()).await.expect("ends"), 137);
        eventually("nothing is left", || alive(&mark).is_empty()).await;
    }
}

#[tokio::test]
async fn children_have_the_grace_too() {
    let place = tempfile::tempdir().expect("place");
    let child = "trap 'sleep 0.2; echo saved; exit' TERM; echo up; while :; do sleep 0.05; done";
    let process = run(place.path(), shell(&format!("sh -c \"{child}\" & sleep 1000"))).await;
    until(process.as_ref(), "up").await;
    soon(process.stop(Duration::from_secs(20))).await.expect("stops");
    assert_eq!(soon(process.wait()).await.expect("ends"), 143);
    assert_eq!(stdout(process.as_ref()).await, "up\nsaved\n");
}

#[tokio::test]
async fn what_stays_in_the_background_ends_with_the_main_process() {
    for tty in [None, Some(WINDOW)] {
        let place = tempfile::tempdir().expect("place");
        let text = "(trap '' HUP TERM; setsid sleep 1000) & sleep 1000 & echo done";
        let process = run(place.path(), ProcessSpec { tty, ..shell(text) }).await;
        assert_eq!(soon(process.wait()).await.expect("ends"), 0);
        eventually("nothing is left", || alive(&place.path().display().to_string()).is_empty())
            .await;
        assert!(stdout(process.as_ref()).await.starts_with("done"));
    }
}

#[tokio::test]
async fn a_killed_supervisor_means_gone_and_leaves_nothing() {
    let place = tempfile::tempdir().expect("place");
    let own = made(place.path()).await;
    let process =
        own.run(shell("trap '' HUP; setsid sleep 1000 & echo up; sleep 1000")).await.expect("runs");
    until(process.as_ref(), "up").await;
    let waiting = tokio::spawn({
        let process = Arc::clone(&process);
        async move { process.wait().await }
    });
    kill(supervisor(place.path()));
    let error = soon(waiting).await.expect("joins").expect_err("is gone");
    assert!(matches!(error, RuntimeError::Gone { .. }), "{error}");
    assert!(error.to_string().contains("supervisor"), "{error}");
    assert_eq!(stdout(process.as_ref()).await, "up\n", "what was written stays");
    let attached = made(place.path()).await.attach().await.expect("attaches").expect("started");
    assert_eq!(stdout(attached.as_ref()).await, "up\n", "what was written stays");
    let gone = attached.wait().await;
    assert!(matches!(gone, Err(RuntimeError::Gone { .. })), "{gone:?}");
    let rerun = own.run(shell("echo twice")).await.expect("attaches").wait().await;
    assert!(matches!(rerun, Err(RuntimeError::Gone { .. })), "nothing is done twice: {rerun:?}");
    eventually("nothing is left", || alive(&place.path().display().to_string()).is_empty()).await;
    soon(open_process(place.path()).remove("c")).await.expect("removes");
}

/// Not a test by itself: the core that [`a_core_killed_in_the_middle_loses_no_byte`] kills.
#[tokio::test]
async fn core_to_be_killed() {
    let Ok(data_dir) = std::env::var("FLIGHTDECK_TEST_CORE") else { return };
    let text = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; \
                while [ ! -e go ]; do sleep 0.01; done; echo end; exit 6";
    let process = run(Path::new(&data_dir), with_terminal(text)).await;
    until(process.as_ref(), "line 1000").await;
    fs::write(Path::new(&data_dir).join("seen"), "").expect("writes");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_core_killed_in_the_middle_loses_no_byte() {
    let place = tempfile::tempdir().expect("place");
    let mut core = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", "runtime::process::core_to_be_killed"])
        .env("FLIGHTDECK_TEST_CORE", place.path())
        .spawn()
        .expect("starts");
    let seen = place.path().join("seen");
    eventually("the core sees output", || seen.exists()).await;
    core.kill().expect("kills");
    core.wait().expect("collects");

    let own = made(place.path()).await;
    assert!(own.info().await.expect("info").is_running);
    let process = own.attach().await.expect("attaches").expect("was started");
    let first = until(process.as_ref(), "line 2999\r\n").await;
    fs::write(place.path().join("containers/c/work/go"), "").expect("writes");
    assert_eq!(soon(process.wait()).await.expect("ends"), 6);
    let rest = read(process.as_ref(), LogSource::Stdout, first.len() as u64).await;
    let lines: String = (0..3000).map(|i| format!("line {i}\r\n")).collect();
    assert_eq!(first + &rest, lines + "end\r\n");
}

#[tokio::test]
async fn long_directories_have_sockets_too() {
    let place = tempfile::tempdir().expect("place");
    let long = place.path().join("d".repeat(120)).join("e".repeat(120));
    let process = run(&long, shell("echo here; cat")).await;
    assert_eq!(stdout(process.as_ref()).await, "here\n");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
}

#[tokio::test]
async fn the_environment_is_clean_and_home_exists() {
    let place = tempfile::tempdir().expect("place");
    let text = "env | cut -d= -f1 | sort | tr '\\n' ' '; \
                cd \"$HOME\" && cd \"$TMPDIR\" && cd - >/dev/null && umask";
    let process = run(place.path(), with_terminal(text)).await;
    let output = stdout(process.as_ref()).await;
    let (names, umask) = output.trim_end().rsplit_once(' ').expect("both");
    let names: HashSet<&str> = names.split(' ').collect();
    // Shells add `_` and the like of their own accord.
    let expected =
        ["FROM_CONTAINER", "HOME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "TMPDIR", "_"];
    assert!(names.is_subset(&HashSet::from(expected)), "{names:?}");
    assert_eq!(umask, "0022");
}

#[tokio::test]
async fn output_and_records_are_for_the_owner_alone() {
    let place = tempfile::tempdir().expect("place");
    let spec = ProcessSpec { stdin: Some(b"secret".to_vec()), ..shell("cat") };
    let process = run(place.path(), spec).await;
    process.close_input().await.expect("closes");
    assert_eq!(stdout(process.as_ref()).await, "secret");
    soon(process.wait()).await.expect("ends");
    let dir = place.path().join("containers/c");
    let mode = |path: &Path| fs::metadata(path).expect("stats").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in ["output", "stderr", "process.json", "spec.json", "status"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
    assert!(!dir.join("input").exists());
}

#[tokio::test]
async fn commands_that_cannot_start_say_why() {
    let place = tempfile::tempdir().expect("place");
    let own = made(place.path()).await;
    let work = place.path().join("containers/c/work");
    fs::create_dir(work.join("dir")).expect("makes");
    fs::write(work.join("plain"), "echo").expect("writes");
    fs::write(work.join("script"), "#!/no/such/interpreter\n").expect("writes");
    fs::set_permissions(work.join("script"), PermissionsExt::from_mode(0o755)).expect("sets");
    for (path, why) in [
        ("no-such-program", "not found in `PATH`"),
        ("./missing", "no such file"),
        ("./plain", "it may not be executed"),
        ("./dir", "it is a directory"),
        ("./script", "its interpreter is missing"),
    ] {
        let spec = ProcessSpec { path: path.to_owned(), args: Vec::new(), ..shell("") };
        let error = own.run(spec).await.err().expect("refuses");
        assert_eq!(error.to_string(), format!("cannot run `{path}`: {why}"));
    }
    let spec = ProcessSpec { user: Some("nobody-else".to_owned()), ..shell("true") };
    assert!(matches!(own.run(spec).await, Err(RuntimeError::Unsupported { .. })));
}

#[tokio::test]
async fn links_in_inputs_lead_nowhere() {
    let place = tempfile::tempdir().expect("place");
    let outside = place.path().join("outside");
    fs::create_dir(&outside).expect("makes");
    fs::write(outside.join("secret"), "secret").expect("writes");
    let runtime = open_process(&place.path().join("data"));
    let spec = VolumeSpec { handle: "v".to_owned(), source: VolumeSource::Empty };
    let input = runtime.create_volume(spec).await.expect("makes");
    let root = input.local_path().expect("is local");
    symlink(&outside, root.join("link")).expect("links");
    let mount = |path: &str, kind| Mount { path: path.to_owned(), kind };
    let mounts =
        [mount("in", MountKind::Input(input.clone())), mount("in/link/out", MountKind::Output)];
    assert!(runtime.create(with_mounts("a", mounts)).await.is_err());
    assert!(!outside.join("out").exists());
    let mounts = [mount("in", MountKind::Input(input)), mount("in/link", MountKind::Output)];
    let own = runtime.create(with_mounts("b", mounts)).await.expect("takes its place");
    assert!(own.volume("in").await.expect("volume").read_file("link/secret", 10).await.is_err());
    let process = own.run(shell("ln -s ../../../../outside own; ls in/link")).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "");
    soon(runtime.remove("b")).await.expect("removes");
    assert!(outside.join("secret").exists());
}

#[tokio::test]
async fn half_made_containers_are_made_anew() {
    let place = tempfile::tempdir().expect("place");
    let dir = place.path().join("containers/c");
    fs::create_dir_all(dir.join("work/left")).expect("makes");
    fs::write(dir.join("spec.json"), "{\"version\":1,\"met").expect("writes");
    let runtime = open_process(place.path());
    assert!(runtime.find("c").await.expect("finds").is_none());
    assert!(runtime.list().await.expect("lists").is_empty());
    let own = runtime.create(container("c")).await.expect("creates");
    let process = own.run(shell("ls")).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "");
}

#[tokio::test]
async fn a_damaged_status_means_gone_and_can_be_removed() {
    let place = tempfile::tempdir().expect("place");
    let process = run(place.path(), shell("echo out")).await;
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    fs::write(place.path().join("containers/c/status"), "").expect("writes");
    let runtime = open_process(place.path());
    let own = runtime.find("c").await.expect("finds").expect("is there");
    let gone = own.attach().await.expect("attaches").expect("started").wait().await;
    assert!(matches!(gone, Err(RuntimeError::Gone { .. })), "{gone:?}");
    runtime.remove("c").await.expect("removes");
    let late = own.enter(shell("true")).await.map(|_| ());
    assert!(matches!(late, Err(RuntimeError::NotFound { .. })), "{late:?}");
    assert!(!place.path().join("containers/c").exists());
}

#[tokio::test]
async fn the_table_opens_it_with_the_machines_path() {
    let place = tempfile::tempdir().expect("place");
    let host = Host {
        data_dir: place.path().to_path_buf(),
        supervisor: env!("CARGO_BIN_EXE_flightdeck").into(),
        env: vec![
            ("PATH".to_owned(), "/opt/own:/usr/bin:/bin".to_owned()),
            ("TOKEN".to_owned(), "secret".to_owned()),
        ],
    };
    let runtime = flightdeck::runtime::open("process", &host).expect("opens");
    let own = runtime.create(container("c")).await.expect("creates");
    let process = own.run(shell("echo $PATH $TOKEN")).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "/opt/own:/usr/bin:/bin\n");
    let unknown = flightdeck::runtime::open("cloud", &host).err().expect("is unknown");
    assert_eq!(unknown.to_string(), "runtime `cloud` not found");
}

#[tokio::test]
async fn repositories_stay_valid_in_a_copy() {
    let place = tempfile::tempdir().expect("place");
    let own = made(place.path()).await;
    let git = "git init -q repo && cd repo && git config user.email a@b && git config user.name a \
               && echo 1 > f && mkdir d && echo 2 > d/g && git add . && git commit -qm one";
    let process = own.run(shell(git)).await.expect("runs");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    let runtime = open_process(place.path());
    let repo = place.path().join("containers/c/work/repo");
    let spec = VolumeSpec { handle: "v".to_owned(), source: VolumeSource::Empty };
    let volume = runtime.create_volume(spec).await.expect("makes");
    let mut archive = Vec::new();
    let work = own.volume("").await.expect("volume");
    work.stream_out("repo", &mut archive).await.expect("streams out");
    volume.stream_in("", &mut archive.as_slice()).await.expect("streams in");
    let mount = Mount { path: "in".to_owned(), kind: MountKind::Input(volume) };
    let second = runtime.create(with_mounts("d", [mount])).await.expect("creates");
    let check = "cd in && git fsck --strict && git status --porcelain && git log --format=%s";
    let process = second.run(shell(check)).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "one\n");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    assert!(repo.join(".git").is_dir());
}

#[tokio::test]
async fn a_watcher_that_does_not_read_holds_up_nothing() {
    let place = tempfile::tempdir().expect("place");
    let process = run(place.path(), with_terminal("seq 1 200000; echo end")).await;
    let mut lazy = Vec::new();
    for _ in 0..20 {
        lazy.push(process.output(LogSource::Stdout, 0).await.expect("output"));
    }
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    for output in &mut lazy {
        assert!(soon(output.next()).await.expect("reads").is_some());
    }
    assert!(stdout(process.as_ref()).await.ends_with("200000\r\nend\r\n"));
}

#[tokio::test]
async fn an_interactive_shell_behaves() {
    let place = tempfile::tempdir().expect("place");
    let own = made(place.path()).await;
    let main = own.run(shell("cd ..; echo made > work/file; exit 1")).await.expect("runs");
    assert_eq!(soon(main.wait()).await.expect("ends"), 1);
    let spec = ProcessSpec {
        path: "bash".to_owned(),
        args: vec!["--norc".to_owned()],
        env: vec![("PS1".to_owned(), "ready> ".to_owned())],
        stdin: Some(Vec::new()),
        ..with_terminal("")
    };
    let bash = own.enter(spec).await.expect("enters");
    until(bash.as_ref(), "ready> ").await;
    bash.write(b"cat file -\r").await.expect("writes");
    until(bash.as_ref(), "made").await;
    // Ctrl-c ends `cat`, not the shell: it leads a foreground group of its own.
    bash.write(b"\x03").await.expect("writes");
    // What is typed before the prompt is back may be lost with it.
    let mut output = bash.output(LogSource::Stdout, 0).await.expect("output");
    let mut seen = String::new();
    while seen.matches("ready> ").count() < 2 {
        let chunk = soon(output.next()).await.expect("reads").expect("goes on");
        seen.push_str(&String::from_utf8_lossy(&chunk.bytes));
    }
    bash.write(b"echo $((40 + 2)); tty; exit 9\r").await.expect("writes");
    until(bash.as_ref(), "42").await;
    assert_eq!(soon(bash.wait()).await.expect("ends"), 9);
    assert!(stdout(bash.as_ref()).await.contains("/dev/pts/"));
}
