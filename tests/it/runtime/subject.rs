//! What the contract is run on: each runtime, and the same small scripts for all of them.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use flightdeck::model::build::LogSource;
use flightdeck::model::task::Limits;
use flightdeck::model::time::Clock;
use flightdeck::model::worker::{ContainerKind, ContainerMetadata};
use flightdeck::model::{BuildId, PlanId, Timestamp};
use flightdeck::runtime::fake::{Act, FakeRuntime, Script};
use flightdeck::runtime::process::ProcessRuntime;
use flightdeck::runtime::{
    ContainerSpec, Image, Mount, Process, ProcessSpec, Runtime, Volume, VolumeSource, VolumeSpec,
    WindowSize,
};

/// No wait in a test is longer.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A runtime under test.
pub struct Subject {
    kind: Kind,
    scripts: AtomicUsize,
}

enum Kind {
    Fake(FakeRuntime),
    Process(tempfile::TempDir),
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Timestamp(i64::try_from(since.as_micros()).expect("before the year 294247"))
    }

    fn sleep_until(&self, moment: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(moment.since(self.now())))
    }
}

impl Subject {
    pub fn fake() -> Self {
        let runtime = FakeRuntime::new(Arc::new(WallClock)).expect("opens");
        Self { kind: Kind::Fake(runtime), scripts: AtomicUsize::new(0) }
    }

    pub fn process() -> Self {
        let place = tempfile::tempdir().expect("place");
        Self { kind: Kind::Process(place), scripts: AtomicUsize::new(0) }
    }

    /// The runtime as a core that starts just now sees it.
    pub fn open(&self) -> Arc<dyn Runtime> {
        match &self.kind {
            Kind::Fake(runtime) => Arc::new(runtime.clone()),
            Kind::Process(place) => Arc::new(open_process(place.path())),
        }
    }

    /// A process that does what the script says.
    pub fn spec(&self, script: Script) -> ProcessSpec {
        let mut spec = ProcessSpec {
            path: "/bin/sh".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            dir: String::new(),
            user: None,
            tty: None,
            stdin: None,
        };
        match &self.kind {
            Kind::Fake(runtime) => {
                let number = self.scripts.fetch_add(1, Ordering::Relaxed);
                spec.args = vec![format!("script-{number}")];
                runtime.on_command(&format!("/bin/sh script-{number}"), [script]);
            }
            Kind::Process(_) if script.acts.first() == Some(&Act::Missing) => {
                spec.path = "no-such-program".to_owned();
            }
            Kind::Process(_) => spec.args = vec!["-c".to_owned(), shell(&script)],
        }
        spec
    }

    /// A volume of its own with files.
    pub async fn volume(&self, handle: &str, files: &[(&str, &str)]) -> Arc<dyn Volume> {
        let spec = VolumeSpec { handle: handle.to_owned(), source: VolumeSource::Empty };
        let volume = self.open().create_volume(spec).await.expect("makes a volume");
        put(volume.as_ref(), files).await;
        volume
    }
}

/// The process runtime in a directory, on the program under test.
pub fn open_process(data_dir: &Path) -> ProcessRuntime {
    let supervisor = PathBuf::from(env!("CARGO_BIN_EXE_flightdeck"));
    ProcessRuntime::new(data_dir, supervisor).expect("opens")
}

/// Puts files into a volume.
pub async fn put(volume: &dyn Volume, files: &[(&str, &str)]) {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_bytes()).expect("appends");
    }
    let archive = tar.into_inner().expect("packs");
    volume.stream_in("", &mut archive.as_slice()).await.expect("streams in");
}

/// The same script for a shell.
fn shell(script: &Script) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let lines: Vec<String> = script
        .acts
        .iter()
        .map(|act| match act {
            Act::Print(text) => format!("printf %s {}", quote(text)),
            Act::PrintError(text) => format!("printf %s {} >&2", quote(text)),
            Act::Leave { path, content } => format!(
                "mkdir -p \"$(dirname {path})\" && printf %s {} > {path}",
                quote(content),
                path = quote(path)
            ),
            Act::Show(path) => format!("cat {} || exit 1", quote(path)),
            Act::ShowVar(name) => format!("echo \"${name}\""),
            Act::ShowDir => "pwd | sed 's:.*/work/\\{0,1\\}::'".to_owned(),
            Act::ShowWindow => "stty size < /dev/tty".to_owned(),
            Act::Echo => "cat".to_owned(),
            Act::Wait(span) => format!("sleep {}", span.as_secs_f64()),
            Act::Hang => "sleep 1000".to_owned(),
            Act::Exit(status) => format!("exit {status}"),
            Act::Missing => "exit 127".to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// A container without anything in it.
pub fn container(handle: &str) -> ContainerSpec {
    ContainerSpec {
        handle: handle.to_owned(),
        metadata: ContainerMetadata {
            kind: ContainerKind::Task,
            build: BuildId(7),
            plan: PlanId::from("2"),
            step: "unit".to_owned(),
            attempt: String::new(),
            build_name: "3".to_owned(),
            of: "main/app/test".to_owned(),
        },
        image: Image::Host,
        working_dir: "/tmp/build/1234abcd".to_owned(),
        mounts: Vec::new(),
        env: vec![("FROM_CONTAINER".to_owned(), "container".to_owned())],
        limits: Limits::default(),
        privileged: false,
        hermetic: false,
    }
}

/// A container with mounts.
pub fn with_mounts(handle: &str, mounts: impl IntoIterator<Item = Mount>) -> ContainerSpec {
    ContainerSpec { mounts: mounts.into_iter().collect(), ..container(handle) }
}

/// The terminal that tasks have.
pub const WINDOW: WindowSize = WindowSize { columns: 500, rows: 500 };

/// Fails a test that waits too long.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("in time")
}

/// All output from an offset to the end.
pub async fn read(process: &dyn Process, stream: LogSource, from: u64) -> String {
    let mut output = process.output(stream, from).await.expect("output");
    let (mut bytes, mut end) = (Vec::new(), from);
    while let Some(chunk) = soon(output.next()).await.expect("reads") {
        end += chunk.bytes.len() as u64;
        assert!(chunk.bytes.len() <= 64 * 1024 && chunk.end == end);
        bytes.extend(chunk.bytes);
    }
    String::from_utf8(bytes).expect("text")
}

/// Standard output to the end.
pub async fn stdout(process: &dyn Process) -> String {
    read(process, LogSource::Stdout, 0).await
}

/// Standard output until a text is in it.
pub async fn until(process: &dyn Process, text: &str) -> String {
    let mut output = process.output(LogSource::Stdout, 0).await.expect("output");
    let mut seen = String::new();
    while !seen.contains(text) {
        let chunk = soon(output.next()).await.expect("reads");
        let chunk = chunk.unwrap_or_else(|| panic!("ended after {seen:?} without {text:?}"));
        seen.push_str(&String::from_utf8_lossy(&chunk.bytes));
    }
    seen
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let checking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, checking).await.is_ok(), "{what}");
}
