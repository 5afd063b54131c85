//! What a supervisor that was killed may have left running.
//!
//! Usually nothing: the main process dies with its supervisor. Its children are told apart by
//! their temporary directory, which no two containers share.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::runtime::RuntimeError;
use crate::runtime::files::blocking;

/// A process has no environment for a moment while it becomes another program, so that only
/// looks some time apart tell that nothing is left.
const APART: Duration = Duration::from_millis(5);
/// How many looks in a row must find nothing, and how many there are at most.
const LOOKS: (u32, u32) = (2, 20);

/// Kills all processes that were started with that `TMPDIR`. What changed its own environment
/// before it started something is not found.
///
/// # Errors
/// None but those of the async runtime.
pub async fn kill(tmp: &Path) -> Result<(), RuntimeError> {
    let mut mark = b"TMPDIR=".to_vec();
    mark.extend_from_slice(tmp.as_os_str().as_bytes());
    let (enough, most) = LOOKS;
    let mut in_vain = 0;
    for _ in 0..most {
        let mark = mark.clone();
        let found = blocking(move || Ok(find(&mark))).await?;
        in_vain = if found.is_empty() { in_vain + 1 } else { 0 };
        if in_vain == enough {
            break;
        }
        for pid in found {
            // It may end by itself meanwhile.
            rustix::process::kill_process(pid, Signal::KILL).ok();
        }
        tokio::time::sleep(APART).await;
    }
    Ok(())
}

fn find(mark: &[u8]) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            // One of somebody else cannot be read; one that has ended has none.
            let env = std::fs::read(entry.path().join("environ")).ok()?;
            env.split(|byte| *byte == 0).any(|var| var == mark).then_some(pid)
        })
        .collect()
}
