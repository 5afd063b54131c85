//! What a supervisor that was killed may have left running.
//!
//! Usually nothing: the main process dies with its supervisor. Its children are told apart by
//! their temporary directory, which no two containers share.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, Signal};

/// Kills all processes that were started with that `TMPDIR`. What changed its own environment
/// before it started something is not found.
pub fn kill(tmp: &Path) {
    let mut mark = b"TMPDIR=".to_vec();
    mark.extend_from_slice(tmp.as_os_str().as_bytes());
    // Each round finds what was started during the one before.
    for _ in 0..10 {
        let found = find(&mark);
        if found.is_empty() {
            return;
        }
        for pid in found {
            rustix::process::kill_process(pid, Signal::KILL).ok();
        }
    }
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
