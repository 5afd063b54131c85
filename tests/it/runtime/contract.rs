//! What every runtime promises.

use std::time::Duration;

use flightdeck::model::build::LogSource;
use flightdeck::runtime::fake::{Act, Script};
use flightdeck::runtime::{
    Mount, MountKind, ProcessSpec, RuntimeError, VolumeSource, VolumeSpec, WindowSize,
};

use super::subject::{Subject, WINDOW, container, put, read, soon, stdout, until, with_mounts};

macro_rules! contract {
    ($($name:ident)*) => {
        mod fake {
            use super::Subject;
            $(#[tokio::test]
            async fn $name() {
                super::$name(&Subject::fake()).await;
            })*
        }
        mod process {
            use super::Subject;
            $(#[tokio::test]
            async fn $name() {
                super::$name(&Subject::process()).await;
            })*
        }
    };
}

contract! {
    a_process_prints_and_ends
    output_is_read_from_any_offset_while_it_grows
    streams_are_apart_without_a_terminal_and_one_with_it
    a_terminal_has_its_size_and_gets_a_new_one
    input_reaches_the_process_and_ends
    environments_lie_above_one_another
    the_directory_is_below_the_working_directory
    stop_ends_what_would_go_on
    a_missing_program_is_told_apart_and_may_be_tried_again
    a_restarted_core_finds_everything
    what_runs_is_started_once
    a_container_is_entered_while_it_runs_and_after
    what_was_entered_ends_with_its_last_handle
    inputs_are_copies
    one_path_for_input_and_output_is_one_volume
    nested_volumes_are_apart
    caches_come_back
    absolute_paths_are_refused
    volumes_go_round_as_archives
    volumes_are_copied_and_removed
    removing_ends_and_forgets
    unknown_things_are_not_found
}

fn print(text: &str) -> Act {
    Act::Print(text.to_owned())
}

fn leave(path: &str, content: &str) -> Act {
    Act::Leave { path: path.to_owned(), content: content.to_owned() }
}

fn mount(path: &str, kind: MountKind) -> Mount {
    Mount { path: path.to_owned(), kind }
}

async fn a_process_prints_and_ends(subject: &Subject) {
    let runtime = subject.open();
    let container = runtime.create(container("c")).await.expect("creates");
    assert_eq!(container.handle(), "c");
    let spec = subject.spec(Script::prints("hello\nthere\n", 3));
    let process = container.run(spec).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "hello\nthere\n");
    assert_eq!(soon(process.wait()).await.expect("ends"), 3);
    assert_eq!(stdout(process.as_ref()).await, "hello\nthere\n", "once more");
    let info = container.info().await.expect("info");
    assert_eq!((info.is_running, info.exit_status), (false, Some(3)));
    assert_eq!((info.runtime.as_str(), info.metadata.step.as_str()), (runtime.name(), "unit"));
    assert!(info.created_at.secs() > 1_600_000_000);
    assert_eq!(runtime.list().await.expect("lists"), [info]);
}

async fn output_is_read_from_any_offset_while_it_grows(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([print("one\n"), Act::Echo, print("two\n")]);
    let spec = ProcessSpec { stdin: Some(Vec::new()), ..subject.spec(script) };
    let process = container.run(spec).await.expect("runs");
    let mut output = process.output(LogSource::Stdout, 2).await.expect("output");
    let chunk = soon(output.next()).await.expect("reads").expect("some");
    assert_eq!((chunk.bytes.as_slice(), chunk.end), (&b"e\n"[..], 4));
    // A wait that is dropped loses nothing.
    for _ in 0..5 {
        assert!(tokio::time::timeout(Duration::from_millis(2), output.next()).await.is_err());
    }
    process.write(b"more\n").await.expect("writes");
    let chunk = soon(output.next()).await.expect("reads").expect("some");
    assert_eq!((chunk.bytes.as_slice(), chunk.end), (&b"more\n"[..], 9));
    process.close_input().await.expect("closes");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    assert_eq!(read(process.as_ref(), LogSource::Stdout, 6).await, "re\ntwo\n");
    assert_eq!(read(process.as_ref(), LogSource::Stdout, 13).await, "");
}

async fn streams_are_apart_without_a_terminal_and_one_with_it(subject: &Subject) {
    let runtime = subject.open();
    let script = Script::new([print("out\n"), Act::PrintError("err\n".to_owned())]);
    for (handle, tty, out, err) in
        [("a", None, "out\n", "err\n"), ("b", Some(WINDOW), "out\r\nerr\r\n", "")]
    {
        let container = runtime.create(container(handle)).await.expect("creates");
        let spec = ProcessSpec { tty, ..subject.spec(script.clone()) };
        let process = container.run(spec).await.expect("runs");
        assert_eq!(stdout(process.as_ref()).await, out, "{handle}");
        assert_eq!(read(process.as_ref(), LogSource::Stderr, 0).await, err, "{handle}");
    }
}

async fn a_terminal_has_its_size_and_gets_a_new_one(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([Act::ShowWindow, print("ready\n"), Act::Echo, Act::ShowWindow]);
    let spec = ProcessSpec { tty: Some(WINDOW), stdin: Some(Vec::new()), ..subject.spec(script) };
    let process = container.run(spec).await.expect("runs");
    assert_eq!(until(process.as_ref(), "ready").await, "500 500\r\nready\r\n");
    process.resize(WindowSize { columns: 90, rows: 30 }).await.expect("resizes");
    process.close_input().await.expect("closes");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    let output = stdout(process.as_ref()).await;
    assert!(output.ends_with("30 90\r\n"), "{output:?}");
    let ended = process.resize(WINDOW).await;
    assert!(matches!(ended, Err(RuntimeError::Unsupported { .. })), "{ended:?}");
}

async fn input_reaches_the_process_and_ends(subject: &Subject) {
    let runtime = subject.open();
    let big = "0123456789abcde\n".repeat(40_000);
    let own = runtime.create(container("a")).await.expect("creates");
    let script = Script::new([Act::Echo, print("end\n")]);
    let stdin = Some(b"first\n".to_vec());
    let process =
        own.run(ProcessSpec { stdin, ..subject.spec(script.clone()) }).await.expect("runs");
    process.write(big.as_bytes()).await.expect("writes");
    process.close_input().await.expect("closes");
    assert_eq!(stdout(process.as_ref()).await, format!("first\n{big}end\n"));
    assert!(process.write(b"late").await.is_err());

    let none = runtime.create(container("b")).await.expect("creates");
    for tty in [None, Some(WINDOW)] {
        let spec = ProcessSpec { tty, ..subject.spec(script.clone()) };
        let process = none.enter(spec).await.expect("enters");
        assert_eq!(soon(process.wait()).await.expect("meets the end"), 0);
    }
}

async fn environments_lie_above_one_another(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let vars = ["FROM_CONTAINER", "FROM_PROCESS", "FROM_SHELL", "CARGO_PKG_NAME"];
    let show = || Script::new(vars.map(|name| Act::ShowVar(name.to_owned())));
    let env = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let spec = ProcessSpec { env: env("FROM_PROCESS", "process"), ..subject.spec(show()) };
    let process = container.run(spec).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "container\nprocess\n\n\n");
    let spec = ProcessSpec { env: env("FROM_SHELL", "shell"), ..subject.spec(show()) };
    let process = container.enter(spec).await.expect("enters");
    assert_eq!(stdout(process.as_ref()).await, "container\nprocess\nshell\n\n");
}

async fn the_directory_is_below_the_working_directory(subject: &Subject) {
    let runtime = subject.open();
    let input = subject.volume("v", &[("sub/file", "text")]).await;
    let spec = with_mounts("c", [mount("in", MountKind::Input(input))]);
    let container = runtime.create(spec).await.expect("creates");
    let missing = ProcessSpec { dir: "none".to_owned(), ..subject.spec(Script::default()) };
    assert!(matches!(container.run(missing).await, Err(RuntimeError::Path { .. })));
    let script = || Script::new([Act::ShowDir, Act::Show("file".to_owned())]);
    let spec = ProcessSpec { dir: "../in/./sub".to_owned(), ..subject.spec(script()) };
    let process = container.run(spec).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "in/sub\ntext");
    let process = container.enter(subject.spec(script())).await.expect("enters");
    assert_eq!(stdout(process.as_ref()).await, "in/sub\ntext");
}

async fn stop_ends_what_would_go_on(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([print("up\n"), Act::Hang, print("never\n")]);
    let process = container.run(subject.spec(script)).await.expect("runs");
    until(process.as_ref(), "up").await;
    assert!(container.info().await.expect("info").is_running);
    soon(process.stop(Duration::from_secs(20))).await.expect("stops");
    assert_eq!(soon(process.wait()).await.expect("ends"), 143);
    soon(process.stop(Duration::ZERO)).await.expect("is no error twice");
    assert_eq!(stdout(process.as_ref()).await, "up\n");
}

async fn a_missing_program_is_told_apart_and_may_be_tried_again(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let missing = || subject.spec(Script::new([Act::Missing]));
    for _ in 0..2 {
        let result = container.enter(missing()).await.map(|_| ());
        assert!(matches!(result, Err(RuntimeError::NoExecutable { .. })), "{result:?}");
        let result = container.run(missing()).await.map(|_| ());
        assert!(matches!(result, Err(RuntimeError::NoExecutable { .. })), "{result:?}");
    }
    assert!(container.attach().await.expect("attaches").is_none());
    let process = container.run(subject.spec(Script::prints("ok", 0))).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "ok");
}

async fn a_restarted_core_finds_everything(subject: &Subject) {
    let runtime = subject.open();
    let first = runtime.create(container("c")).await.expect("creates");
    let script = Script::new([print("one\n"), Act::Echo, print("two\n"), Act::Exit(5)]);
    let spec = ProcessSpec { stdin: Some(Vec::new()), ..subject.spec(script) };
    let process = first.run(spec).await.expect("runs");
    let seen = until(process.as_ref(), "one").await;
    drop((process, first, runtime));

    let runtime = subject.open();
    let again = runtime.create(container("c")).await.expect("gives it back");
    let process = again.attach().await.expect("attaches").expect("was started");
    process.write(b"typed\n").await.expect("writes");
    process.close_input().await.expect("closes");
    let rest = read(process.as_ref(), LogSource::Stdout, seen.len() as u64).await;
    assert_eq!(seen + &rest, "one\ntyped\ntwo\n");
    assert_eq!(soon(process.wait()).await.expect("ends"), 5);
    drop((process, again, runtime));

    let found = subject.open().find("c").await.expect("finds").expect("is there");
    let process = found.attach().await.expect("attaches").expect("was started");
    assert_eq!(soon(process.wait()).await.expect("ended"), 5);
    assert_eq!(stdout(process.as_ref()).await, "one\ntyped\ntwo\n");
}

async fn what_runs_is_started_once(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([print("once\n")]);
    let spec = subject.spec(script);
    let (one, two) = tokio::join!(container.run(spec.clone()), container.run(spec.clone()));
    let three = container.run(spec).await;
    for process in [one, two, three] {
        assert_eq!(stdout(process.expect("runs").as_ref()).await, "once\n");
    }
}

async fn a_container_is_entered_while_it_runs_and_after(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([leave("file", "left"), print("up\n"), Act::Hang]);
    let main = container.run(subject.spec(script)).await.expect("runs");
    until(main.as_ref(), "up").await;
    let show = Script::new([Act::ShowWindow, Act::Show("file".to_owned()), Act::Exit(4)]);
    let tty = Some(WindowSize { columns: 80, rows: 24 });
    for _ in 0..2 {
        let spec = ProcessSpec { tty, ..subject.spec(show.clone()) };
        let shell = container.enter(spec).await.expect("enters");
        assert_eq!(stdout(shell.as_ref()).await, "24 80\r\nleft");
        assert_eq!(soon(shell.wait()).await.expect("ends"), 4);
        soon(main.stop(Duration::from_secs(20))).await.expect("stops");
    }
    assert_eq!(container.info().await.expect("info").exit_status, Some(143), "of the main one");
}

async fn what_was_entered_ends_with_its_last_handle(subject: &Subject) {
    let container = subject.open().create(container("c")).await.expect("creates");
    let script = Script::new([print("up\n"), Act::Hang]);
    let shell = container.enter(subject.spec(script)).await.expect("enters");
    until(shell.as_ref(), "up").await;
    let mut output = shell.output(LogSource::Stdout, 3).await.expect("output");
    drop(shell);
    assert_eq!(soon(output.next()).await.expect("reads"), None);
}

async fn inputs_are_copies(subject: &Subject) {
    let runtime = subject.open();
    let input = subject.volume("v", &[("a", "old"), ("dir/b", "old")]).await;
    let mounts = || [mount("in", MountKind::Input(input.clone()))];
    let one = runtime.create(with_mounts("one", mounts())).await.expect("creates");
    let script = Script::new([leave("in/a", "new"), leave("in/dir/b", "new"), leave("in/c", "c")]);
    let process = one.run(subject.spec(script)).await.expect("runs");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    assert_eq!(input.read_file("a", 10).await.expect("reads"), b"old");
    assert_eq!(input.read_file("dir/b", 10).await.expect("reads"), b"old");
    let two = runtime.create(with_mounts("two", mounts())).await.expect("creates");
    let volume = two.volume("in").await.expect("volume");
    assert_eq!(volume.read_file("a", 10).await.expect("reads"), b"old");
    assert!(volume.read_file("c", 10).await.is_err());
}

async fn one_path_for_input_and_output_is_one_volume(subject: &Subject) {
    let runtime = subject.open();
    let input = subject.volume("v", &[("a", "old")]).await;
    let mounts =
        [mount("./both/", MountKind::Output), mount("both", MountKind::Input(input.clone()))];
    let container = runtime.create(with_mounts("c", mounts)).await.expect("creates");
    let process =
        container.run(subject.spec(Script::new([leave("both/b", "new")]))).await.expect("runs");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    let output = container.volume("both").await.expect("volume");
    assert_eq!(output.read_file("a", 10).await.expect("reads"), b"old");
    assert_eq!(output.read_file("b", 10).await.expect("reads"), b"new");
}

async fn nested_volumes_are_apart(subject: &Subject) {
    let runtime = subject.open();
    let outer = subject.volume("outer", &[("a", "outer"), ("in/hidden", "outer")]).await;
    let inner = subject.volume("inner", &[("b", "inner")]).await;
    let mounts = [
        mount("out/in/deep", MountKind::Output),
        mount("out/in", MountKind::Input(inner)),
        mount("out", MountKind::Input(outer)),
    ];
    let one = runtime.create(with_mounts("c", mounts)).await.expect("creates");
    let show = ["out/a", "out/in/b"].map(|path| Act::Show(path.to_owned()));
    let mut acts = vec![leave("out/in/deep/c", "deep"), leave("out/d", "mine")];
    acts.extend(show);
    acts.push(Act::Show("out/in/hidden".to_owned()));
    let process = one.run(subject.spec(Script::new(acts))).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "outerinner");
    assert_eq!(soon(process.wait()).await.expect("ends"), 1, "what stood there is covered");

    let volume = one.volume("out").await.expect("volume");
    let copy = VolumeSpec { handle: "w".to_owned(), source: VolumeSource::CopyOf(volume) };
    let copy = runtime.create_volume(copy).await.expect("copies");
    assert_eq!(copy.read_file("d", 10).await.expect("reads"), b"mine");
    assert!(copy.read_file("in/b", 10).await.is_err(), "is another volume's");
    let deep = one.volume("out/in/deep").await.expect("volume");
    assert_eq!(deep.read_file("c", 10).await.expect("reads"), b"deep");
    let work = one.volume("").await.expect("volume");
    assert_eq!(work.read_file("out/in/b", 10).await.expect("reads"), b"inner");
}

async fn caches_come_back(subject: &Subject) {
    let runtime = subject.open();
    let first = with_mounts("one", [mount(".cache", MountKind::Cache(None))]);
    let first = runtime.create(first).await.expect("creates");
    let process =
        first.run(subject.spec(Script::new([leave(".cache/a", "kept")]))).await.expect("runs");
    assert_eq!(soon(process.wait()).await.expect("ends"), 0);
    let source = VolumeSource::CopyOf(first.volume(".cache").await.expect("volume"));
    let spec = VolumeSpec { handle: "cache".to_owned(), source };
    let cache = runtime.create_volume(spec).await.expect("copies");
    runtime.remove("one").await.expect("removes");
    let second = with_mounts("two", [mount(".cache", MountKind::Cache(Some(cache)))]);
    let second = runtime.create(second).await.expect("creates");
    let show = Script::new([Act::Show(".cache/a".to_owned())]);
    let process = second.run(subject.spec(show)).await.expect("runs");
    assert_eq!(stdout(process.as_ref()).await, "kept");
}

async fn absolute_paths_are_refused(subject: &Subject) {
    let runtime = subject.open();
    let refused = |result: Result<(), RuntimeError>| {
        let error = result.expect_err("refuses").to_string();
        assert!(error.starts_with("path `/"), "{error}");
    };
    let spec = with_mounts("c", [mount("/out", MountKind::Output)]);
    refused(runtime.create(spec).await.map(|_| ()));
    assert!(runtime.find("c").await.expect("finds").is_none());
    let container = runtime.create(container("c")).await.expect("creates");
    let spec = ProcessSpec { dir: "/tmp".to_owned(), ..subject.spec(Script::default()) };
    refused(container.run(spec.clone()).await.map(|_| ()));
    refused(container.enter(spec).await.map(|_| ()));
    refused(container.volume("/").await.map(|_| ()));
    for handle in ["", "..", "a/b", "/a", ".gone-a"] {
        let spec = super::subject::container(handle);
        assert!(runtime.create(spec).await.is_err(), "{handle}");
        assert!(runtime.remove(handle).await.is_err(), "{handle}");
    }
}

async fn volumes_go_round_as_archives(subject: &Subject) {
    let runtime = subject.open();
    let from = subject.volume("from", &[("a", "1"), ("dir/b", "2")]).await;
    let container =
        runtime.create(with_mounts("c", [mount("out", MountKind::Output)])).await.expect("creates");
    let to = container.volume("out").await.expect("volume");
    let mut archive = Vec::new();
    from.stream_out("", &mut archive).await.expect("streams out");
    to.stream_in("sub", &mut archive.as_slice()).await.expect("streams in");
    assert_eq!(to.read_file("sub/dir/b", 10).await.expect("reads"), b"2");
    let mut part = Vec::new();
    to.stream_out("sub/dir", &mut part).await.expect("streams out");
    to.stream_in("", &mut part.as_slice()).await.expect("streams in");
    assert_eq!(to.read_file("b", 10).await.expect("reads"), b"2");
    let too_large = to.read_file("b", 0).await;
    assert!(matches!(too_large, Err(RuntimeError::Path { .. })), "{too_large:?}");
    let missing = to.stream_out("none", &mut Vec::new()).await;
    assert!(matches!(missing, Err(RuntimeError::NotFound { .. })), "{missing:?}");
}

async fn volumes_are_copied_and_removed(subject: &Subject) {
    let runtime = subject.open();
    let one = subject.volume("one", &[("a", "1")]).await;
    let copy =
        || VolumeSpec { handle: "two".to_owned(), source: VolumeSource::CopyOf(one.clone()) };
    let two = runtime.create_volume(copy()).await.expect("copies");
    put(two.as_ref(), &[("a", "2")]).await;
    let again = runtime.create_volume(copy()).await.expect("gives it back");
    assert_eq!(again.read_file("a", 10).await.expect("reads"), b"2");
    assert_eq!(one.read_file("a", 10).await.expect("reads"), b"1");
    runtime.remove_volume("two").await.expect("removes");
    runtime.remove_volume("two").await.expect("is no error twice");
    assert!(runtime.find_volume("two").await.expect("finds").is_none());
    assert!(runtime.find_volume("one").await.expect("finds").is_some());

    let spec = with_mounts("c", [mount("out", MountKind::Output)]);
    let container = runtime.create(spec).await.expect("creates");
    for path in ["out", ""] {
        let volume = container.volume(path).await.expect("volume");
        put(volume.as_ref(), &[("mark", path)]).await;
        let found = subject.open().find_volume(volume.handle()).await.expect("finds");
        let found = found.expect("is there");
        assert_eq!((found.handle(), found.runtime()), (volume.handle(), runtime.name()));
        assert_eq!(found.read_file("mark", 10).await.expect("reads"), path.as_bytes());
    }
}

async fn removing_ends_and_forgets(subject: &Subject) {
    let runtime = subject.open();
    let own = runtime.create(container("c")).await.expect("creates");
    let hang = Script::new([leave("file", ""), print("up\n"), Act::Hang]);
    let main = own.run(subject.spec(hang.clone())).await.expect("runs");
    let shell = own.enter(subject.spec(hang)).await.expect("enters");
    until(main.as_ref(), "up").await;
    until(shell.as_ref(), "up").await;
    let mut output = main.output(LogSource::Stdout, 3).await.expect("output");
    soon(runtime.remove("c")).await.expect("removes");
    assert_eq!(soon(output.next()).await.expect("reads"), None);
    soon(runtime.remove("c")).await.expect("is no error twice");
    assert!(runtime.find("c").await.expect("finds").is_none());
    assert!(runtime.list().await.expect("lists").is_empty());
    assert!(own.info().await.is_err());
    let anew = runtime.create(container("c")).await.expect("creates");
    assert!(anew.attach().await.expect("attaches").is_none());
    let work = anew.volume("").await.expect("volume");
    assert!(work.read_file("file", 10).await.is_err());
}

async fn unknown_things_are_not_found(subject: &Subject) {
    let runtime = subject.open();
    assert!(runtime.find("none").await.expect("finds").is_none());
    for handle in ["none", "none.work", "none.m0", "c.m7"] {
        assert!(runtime.find_volume(handle).await.expect("finds").is_none(), "{handle}");
    }
    let container = runtime.create(container("c")).await.expect("creates");
    let volume = container.volume("out").await.map(|_| ());
    assert!(matches!(volume, Err(RuntimeError::NotFound { .. })), "{volume:?}");
    assert!(container.attach().await.expect("attaches").is_none());
}
