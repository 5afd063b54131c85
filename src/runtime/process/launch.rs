//! Starting a process: its whole environment, its files, its supervisor.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdin, Command};

use super::dir::{Place, ProcessRecord, RECORD_VERSION, Slot, private_file};
use super::supervisor::WORD;
use super::wire::Answer;
use crate::runtime::files::path::{clean, refused};
use crate::runtime::files::tree::failed;
use crate::runtime::{ProcessSpec, RuntimeError};

/// What of the machine's environment a process sees, besides what its container says. All else,
/// such as the core's own secrets, stays away.
const PASSED_ON: [&str; 6] = ["PATH", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME"];
/// The path where the machine says nothing.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The kind of terminal that a process is told it has.
const TERMINAL: &str = "xterm-256color";
/// A supervisor answers within milliseconds; a machine that swaps may need longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The environment that all processes of a container begin with.
pub fn environment(
    host: &[(String, String)],
    place: &Place,
    container: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = BTreeMap::from([
        ("PATH".to_owned(), USUAL_PATH.to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    let passed = host.iter().filter(|(name, _)| PASSED_ON.contains(&name.as_str()));
    env.extend(passed.cloned());
    env.insert("HOME".to_owned(), place.home().display().to_string());
    env.insert("TMPDIR".to_owned(), place.tmp().display().to_string());
    env.extend(container.clone());
    env
}

/// What is to be run, once the environment and directory it begins with are known.
///
/// # Errors
/// For a directory that leads out, or another user.
pub fn record(
    spec: &ProcessSpec,
    mut env: BTreeMap<String, String>,
    place: &Place,
    inherited_dir: Option<&Path>,
) -> Result<ProcessRecord, RuntimeError> {
    check_user(spec, &env)?;
    let dir = match (clean(&spec.dir)?, inherited_dir) {
        (dir, Some(inherited)) if dir.is_empty() => inherited.to_path_buf(),
        (dir, _) if dir.is_empty() => place.work(),
        (dir, _) => place.work().join(dir),
    };
    if spec.tty.is_some() {
        env.entry("TERM".to_owned()).or_insert_with(|| TERMINAL.to_owned());
    }
    env.insert("PWD".to_owned(), dir.display().to_string());
    env.extend(spec.env.iter().cloned());
    Ok(ProcessRecord {
        version: RECORD_VERSION,
        path: spec.path.clone(),
        args: spec.args.clone(),
        env,
        dir,
        tty: spec.tty.map(|size| (size.columns, size.rows)),
        takes_input: spec.stdin.is_some(),
        is_tied: false,
    })
}

fn check_user(spec: &ProcessSpec, env: &BTreeMap<String, String>) -> Result<(), RuntimeError> {
    let Some(user) = spec.user.as_deref() else { return Ok(()) };
    let uid = rustix::process::getuid();
    let is_own = user == uid.as_raw().to_string()
        || env.get("USER").is_some_and(|own| own == user)
        || (user == "root" && uid.is_root());
    if is_own {
        return Ok(());
    }
    Err(RuntimeError::Unsupported {
        runtime: super::NAME,
        what: format!("cannot run a process as another user than its own: `{user}`"),
    })
}

/// What came of a start.
pub enum Launched {
    /// It runs; for a tied process with what keeps it running.
    Started(Option<ChildStdin>),
    /// Another supervisor has it, or had it to its end.
    Before,
}

/// Starts a process under a supervisor of its own.
///
/// # Errors
/// Why it cannot be started.
pub async fn launch(
    supervisor: &Path,
    slot: &Slot,
    record: &ProcessRecord,
    input: &[u8],
) -> Result<Launched, RuntimeError> {
    slot.prepare(record, input)?;
    let log = slot.root.join("supervisor.log");
    let log = private_file(&log, true).map_err(|error| failed("write", log, error))?;
    let fail = |error| failed("start the supervisor", supervisor, error);
    let mut child = Command::new(supervisor)
        .arg(WORD)
        .arg(&slot.root)
        .env_clear()
        .stdin(if record.is_tied { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(fail)?;
    let keeper = child.stdin.take();
    let mut answer = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let read = tokio::time::timeout(ANSWER_WITHIN, stdout.read_to_end(&mut answer)).await;
        read.map_err(|_| fail(std::io::ErrorKind::TimedOut.into()))?.map_err(fail)?;
    }
    // From here on it stands alone; tokio collects it whenever it ends.
    drop(child);
    let Ok(answer) = serde_json::from_slice(&answer) else {
        let said = std::fs::read_to_string(slot.root.join("supervisor.log")).unwrap_or_default();
        let why = format!("it ended without an answer: {}", said.trim());
        return Err(fail(std::io::Error::other(why)));
    };
    match answer {
        Answer::Started => Ok(Launched::Started(keeper)),
        Answer::Busy => Ok(Launched::Before),
        Answer::NoExecutable { why } => {
            Err(RuntimeError::NoExecutable { path: record.path.clone(), why })
        }
        Answer::NoDirectory => {
            Err(refused(&record.dir.display().to_string(), "is no directory to run in"))
        }
        Answer::Failed { why } => Err(fail(std::io::Error::other(why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_names_are_passed_on() {
        let host: Vec<(String, String)> = [("PATH", "/opt/bin"), ("AWS_SECRET_ACCESS_KEY", "s")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let place = Place { root: "/data/containers/c".into() };
        let container = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
        let env = environment(&host, &place, &container);
        let lines: Vec<String> =
            env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            lines,
            [
                "A=b",
                "HOME=/data/containers/c/home",
                "LANG=C.UTF-8",
                "PATH=/opt/bin",
                "TMPDIR=/data/containers/c/tmp",
            ]
        );
    }
}
