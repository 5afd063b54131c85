//! Files of artifacts: read and written without leaving them.
//!
//! An artifact is made by others' programs: a link in it may point anywhere.

use std::path::{Component, Path, PathBuf};

use super::ResourceError;

/// How large a file with a name, a number or a message may be.
const LIMIT: u64 = 1 << 20;

/// The path of something in an artifact.
///
/// # Errors
/// When there is nothing, or it is outside of the artifact.
pub(super) fn find(directory: &Path, path: &str) -> Result<PathBuf, ResourceError> {
    let failed =
        |why: &str| ResourceError::Failed { message: format!("`{path}` {why}"), exit_status: 1 };
    let parts: Vec<Component<'_>> =
        Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
    if parts.iter().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(failed("is no path below the artifacts"));
    }
    // The artifact's own folder may be a link that the runtime made.
    let artifact = parts.first().map_or(directory.to_owned(), |name| directory.join(name));
    let missing = || failed("not found; it must begin with the name of an artifact");
    let root = artifact.canonicalize().map_err(|_| missing())?;
    let found = directory.join(path).canonicalize().map_err(|_| missing())?;
    if !found.starts_with(&root) {
        return Err(failed("leads out of its artifact"));
    }
    Ok(found)
}

/// The text of a file in an artifact, as it is.
pub(super) fn read(directory: &Path, path: &str) -> Result<String, ResourceError> {
    let found = find(directory, path)?;
    let shown = || path.to_owned();
    let size = std::fs::metadata(&found)
        .map_err(|source| ResourceError::Io { action: "read", path: shown(), source })?
        .len();
    if size > LIMIT {
        let message = format!("`{path}` is larger than {} KiB", LIMIT >> 10);
        return Err(ResourceError::Failed { message, exit_status: 1 });
    }
    std::fs::read_to_string(&found).map_err(|source| ResourceError::Io {
        action: "read",
        path: shown(),
        source,
    })
}

/// Writes a file, with the folders above it.
pub(super) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), ResourceError> {
    let shown = || path.display().to_string();
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, bytes));
    written.map_err(|source| ResourceError::Io { action: "write", path: shown(), source })
}

/// Writes a file at a path that someone else chose, which must stay below a directory.
pub(super) fn write_below(
    directory: &Path,
    path: &str,
    bytes: impl AsRef<[u8]>,
) -> Result<(), ResourceError> {
    let is_below = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below {
        let message = format!("`{path}` is no path below the directory");
        return Err(ResourceError::Failed { message, exit_status: 1 });
    }
    write(&directory.join(path), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_an_artifact_is_read() {
        let dir = tempfile::tempdir().expect("a place");
        let outside = tempfile::tempdir().expect("a place");
        write(&outside.path().join("secret"), "s").expect("written");
        write(&dir.path().join("a/number"), "1").expect("written");
        write(&dir.path().join("b/number"), "2").expect("written");
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, dir.path().join(name)).expect("linked");
        };
        link(outside.path(), "a/out");
        link(Path::new("../b/number"), "a/other");
        link(outside.path(), "volume");
        for (path, expected) in [
            ("a/number", Ok("1")),
            ("./a/number", Ok("1")),
            ("volume/secret", Ok("s")),
            ("a/out/secret", Err("`a/out/secret` leads out of its artifact")),
            ("a/other", Err("`a/other` leads out of its artifact")),
            ("a/../b/number", Err("`a/../b/number` is no path below the artifacts")),
            ("/etc/passwd", Err("`/etc/passwd` is no path below the artifacts")),
            ("c", Err("`c` not found; it must begin with the name of an artifact")),
        ] {
            let found = read(dir.path(), path).map_err(|e| e.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        }
    }
}
