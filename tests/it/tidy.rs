//! What the tree itself must keep: the order of the rooms, a header in each file.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, each importing only from rooms before it.
const ROOMS: [&str; 13] = [
    "model",
    "dialect",
    "scheduler",
    "runtime",
    "resource",
    "engine",
    "store",
    "control",
    "server",
    "api",
    "client",
    "tui",
    "cli",
];

/// Pairs that the order alone would let pass.
const NEVER: [(&str, &[&str]); 9] = [
    ("scheduler", &["dialect"]),
    ("runtime", &["dialect", "scheduler"]),
    ("resource", &["dialect", "scheduler"]),
    ("engine", &["scheduler"]),
    ("store", &["dialect", "runtime", "resource"]),
    ("control", &["dialect", "scheduler", "runtime", "resource", "engine", "store"]),
    ("api", &["server", "store", "engine", "runtime", "resource", "scheduler", "dialect"]),
    ("client", &["api", "server", "store", "engine", "runtime", "resource", "scheduler"]),
    ("tui", &["client", "api", "server", "store", "engine", "runtime", "resource", "scheduler"]),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            (path.strip_prefix(root.join("src")).expect("below").to_owned(), text)
        })
        .collect()
}

fn room_of(path: &Path) -> Option<usize> {
    let first = path.components().next()?.as_os_str().to_str()?;
    ROOMS.iter().position(|room| *room == first)
}

/// The rooms that a text names as `crate::room`.
fn imports(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.match_indices("crate::").filter_map(|(at, word)| {
        let rest = &text[at + word.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let room = ROOMS.iter().position(|room| *room == &rest[..end])?;
        Some((room, text[..at].lines().count()))
    })
}

#[test]
fn rooms_import_only_to_their_left() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(room) = room_of(&path) else { continue };
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        for (other, line) in imports(code) {
            let is_barred =
                NEVER.iter().any(|(from, to)| *from == ROOMS[room] && to.contains(&ROOMS[other]));
            if other > room || is_barred {
                faults.push(format!("{}:{line} imports {}", path.display(), ROOMS[other]));
            }
        }
    }
    assert!(faults.is_empty(), "against the order of the rooms:\n{}", faults.join("\n"));
}

#[test]
fn each_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a header:\n{}", silent.join("\n"));
}

#[test]
fn only_named_files_hold_unsafe_code() {
    let audited = [Path::new("runtime/process/sys.rs"), Path::new("dialect/yaml/events.rs")];
    let others: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            !audited.contains(&path.as_path())
                && text.lines().any(|line| {
                    let code = line.split("//").next().unwrap_or("");
                    code.contains("unsafe {") || code.contains("unsafe fn")
                })
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(others.is_empty(), "unsafe code outside of the audited files: {others:?}");
}
