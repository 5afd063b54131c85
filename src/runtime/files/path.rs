//! Handles and paths that come from outside: what they may be.
//!
//! *Follows:* Concourse's cleaning of task paths: every `..` is deleted from the text.

use crate::runtime::RuntimeError;

/// A path as it counts: relative, without `.`, `..` and empty parts; `""` is the place itself.
///
/// # Errors
/// For an absolute path: here is no private mount namespace that could show one.
pub fn clean(path: &str) -> Result<String, RuntimeError> {
    if path.starts_with('/') {
        return Err(refused(
            path,
            "is absolute: this runtime has no private mount namespace, so paths must be relative \
             to the working directory",
        ));
    }
    if path.contains('\0') {
        return Err(refused(path, "contains a NUL"));
    }
    let text = path.replace("..", "");
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok(parts.join("/"))
}

/// Checks a handle: it becomes the name of a directory.
///
/// # Errors
/// When it is empty, too long, begins with a dot or has other than letters, digits, `-`, `.`.
pub fn check_handle(handle: &str) -> Result<(), RuntimeError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    if handle.is_empty() || handle.len() > 200 || handle.starts_with('.') {
        return Err(refused(handle, "cannot be a handle: 1 to 200 characters, no dot in front"));
    }
    if !handle.chars().all(is_plain) {
        return Err(refused(handle, "cannot be a handle: letters, digits, `-` and `.` only"));
    }
    Ok(())
}

/// The part of `path` below `above`, if it is strictly below; both clean.
pub fn below<'a>(path: &'a str, above: &str) -> Option<&'a str> {
    if above.is_empty() {
        return (!path.is_empty()).then_some(path);
    }
    path.strip_prefix(above)?.strip_prefix('/')
}

/// The error for a path that may not be used.
pub fn refused(path: &str, why: impl Into<String>) -> RuntimeError {
    RuntimeError::Path { path: path.to_owned(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_concourse_cleans_them() {
        for (path, clean_path) in [
            ("", Some("")),
            (".", Some("")),
            ("./a//b/", Some("a/b")),
            ("../a", Some("a")),
            ("a/../b", Some("a/b")),
            ("a..b", Some("ab")),
            ("a.../b", Some("a./b")),
            ("....//x", Some("x")),
            ("/etc", None),
            ("a\0b", None),
        ] {
            assert_eq!(clean(path).ok().as_deref(), clean_path, "{path:?}");
        }
    }

    #[test]
    fn handles_are_plain_names() {
        for (handle, ok) in [
            ("7.task-1", true),
            ("a_b", true),
            ("", false),
            (".", false),
            ("..", false),
            (".hidden", false),
            ("a/b", false),
            ("ä", false),
        ] {
            assert_eq!(check_handle(handle).is_ok(), ok, "{handle:?}");
        }
    }

    #[test]
    fn below_is_strict_and_by_whole_parts() {
        for (path, above, rest) in [
            ("a/b", "a", Some("b")),
            ("a", "a", None),
            ("ab", "a", None),
            ("a/b/c", "a/b", Some("c")),
            ("a", "", Some("a")),
            ("", "", None),
        ] {
            assert_eq!(below(path, above), rest, "{path:?} {above:?}");
        }
    }
}
