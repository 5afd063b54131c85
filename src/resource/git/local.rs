//! A repository on this machine, read without starting a program: what a branch points at, and
//! which files change when it moves.
//!
//! It reads only what it understands for certain and says "ask git" for all else.
//!
//! *Follows:* gitrepository-layout(5).

use std::path::{Path, PathBuf};

/// A repository on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) struct LocalRepository {
    /// Where `HEAD` is.
    git_dir: PathBuf,
    /// Where branches and objects are; differs from the former in a linked work tree.
    common_dir: PathBuf,
}

/// What a look at a repository's files tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) enum Look<T> {
    Found(T),
    Missing,
    /// Git must be asked.
    Unclear,
}

/// What `HEAD` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resource) enum Head {
    Branch(String),
    Detached(String),
}

impl LocalRepository {
    /// The repository at a path: bare, with a work tree, or a linked work tree.
    pub fn find(path: &Path) -> Option<Self> {
        let dot_git = path.join(".git");
        let git_dir = if dot_git.is_dir() {
            dot_git
        } else if dot_git.is_file() {
            let text = std::fs::read_to_string(&dot_git).ok()?;
            path.join(text.strip_prefix("gitdir:")?.trim())
        } else {
            path.to_owned()
        };
        let common_dir = match std::fs::read_to_string(git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim()),
            Err(_) => git_dir.clone(),
        };
        let is_repository = git_dir.join("HEAD").exists() && common_dir.join("objects").is_dir();
        is_repository.then_some(Self { git_dir, common_dir })
    }

    /// The directory that `git --git-dir` takes for branches, tags and objects.
    pub fn dir(&self) -> &Path {
        &self.common_dir
    }

    /// What `HEAD` says.
    pub fn head(&self) -> Look<Head> {
        let Ok(text) = std::fs::read_to_string(self.git_dir.join("HEAD")) else {
            return Look::Unclear;
        };
        let text = text.trim();
        match text.strip_prefix("ref:").map(str::trim) {
            Some(name) => match name.strip_prefix("refs/heads/") {
                // What a repository without readable refs says of itself.
                Some(".invalid") | None => Look::Unclear,
                Some(branch) => Look::Found(Head::Branch(branch.to_owned())),
            },
            None if is_object_id(text) => Look::Found(Head::Detached(text.to_owned())),
            None => Look::Unclear,
        }
    }

    /// The commit that a branch points at.
    pub fn branch(&self, branch: &str) -> Look<String> {
        let name = format!("refs/heads/{branch}");
        if self.common_dir.join("reftable").exists() || !is_plain(&name) {
            return Look::Unclear;
        }
        match std::fs::read_to_string(self.common_dir.join(&name)) {
            Ok(text) if is_object_id(text.trim()) => Look::Found(text.trim().to_owned()),
            Ok(_) => Look::Unclear,
            Err(_) => self.packed(&name),
        }
    }

    fn packed(&self, name: &str) -> Look<String> {
        let text = match std::fs::read_to_string(self.common_dir.join("packed-refs")) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Look::Missing,
            Err(_) => return Look::Unclear,
        };
        let found = text.lines().find_map(|line| {
            let (id, packed) = line.split_once(' ')?;
            (packed == name && is_object_id(id)).then(|| id.to_owned())
        });
        found.map_or(Look::Missing, Look::Found)
    }

    /// Files and folders that change when a ref below `refs/<folder>` does.
    pub fn watched_folder(&self, folder: &str) -> Vec<PathBuf> {
        let refs = self.common_dir.join("refs");
        let below = refs.join(folder);
        // A folder that is not there cannot be watched; the one that it will come into can.
        let mut paths = if below.is_dir() { folders_under(&below) } else { vec![refs] };
        paths.push(self.common_dir.join("packed-refs"));
        paths
    }

    /// Files and folders that change when a branch moves; with no branch, when any ref does.
    ///
    /// Git replaces these files by renaming, and some may not be there yet.
    pub fn watched_paths(&self, branch: Option<&str>) -> Vec<PathBuf> {
        let refs = self.common_dir.join("refs");
        let mut paths = vec![self.git_dir.join("HEAD"), self.common_dir.join("packed-refs")];
        match branch {
            Some(branch) if is_plain(branch) => {
                let mut file = refs.join("heads").join(branch);
                let mut above = vec![file.clone()];
                while file.pop() && file != refs {
                    above.push(file.clone());
                }
                paths.extend(above.into_iter().rev());
            }
            _ => paths.extend(folders_under(&refs)),
        }
        paths
    }
}

fn folders_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    let mut next = 0;
    while let Some(dir) = found.get(next).cloned() {
        let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
        found.extend(entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
        next += 1;
    }
    found
}

/// Whether a name is one that git allows, as far as paths are concerned.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('/')
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Whether a text is the full id of an object.
pub(in crate::resource) fn is_object_id(text: &str) -> bool {
    (text.len() == 40 || text.len() == 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1111111111111111111111111111111111111111";
    const NEW: &str = "2222222222222222222222222222222222222222";

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn loose_refs_come_before_packed_ones() {
        let dir = tempfile::tempdir().expect("a place");
        std::fs::create_dir_all(dir.path().join("objects")).expect("made");
        write(dir.path(), "HEAD", "ref: refs/heads/main\n");
        let packed =
            format!("# pack-refs with: peeled\n{OLD} refs/heads/main\n{OLD} refs/heads/a/b\n");
        write(dir.path(), "packed-refs", &packed);
        write(dir.path(), "refs/heads/main", &format!("{NEW}\n"));
        write(dir.path(), "refs/heads/alias", "ref: refs/heads/main\n");
        let repository = LocalRepository::find(dir.path()).expect("a repository");
        assert_eq!(repository.head(), Look::Found(Head::Branch("main".to_owned())));
        for (branch, expected) in [
            ("main", Look::Found(NEW.to_owned())),
            ("a/b", Look::Found(OLD.to_owned())),
            ("b", Look::Missing),
            ("alias", Look::Unclear),
            ("../HEAD", Look::Unclear),
        ] {
            assert_eq!(repository.branch(branch), expected, "{branch}");
        }
        write(dir.path(), "HEAD", OLD);
        assert_eq!(repository.head(), Look::Found(Head::Detached(OLD.to_owned())));
    }

    #[test]
    fn the_paths_of_a_nested_branch_are_watched_from_the_top() {
        let dir = tempfile::tempdir().expect("a place");
        std::fs::create_dir_all(dir.path().join(".git/objects")).expect("made");
        write(dir.path(), ".git/HEAD", "ref: refs/heads/main\n");
        let repository = LocalRepository::find(dir.path()).expect("a repository");
        let git = dir.path().join(".git");
        let expected: Vec<PathBuf> =
            ["HEAD", "packed-refs", "refs/heads", "refs/heads/a", "refs/heads/a/b"]
                .map(|path| git.join(path))
                .into();
        assert_eq!(repository.watched_paths(Some("a/b")), expected);
    }

    #[test]
    fn a_folder_that_is_no_repository_is_none() {
        let dir = tempfile::tempdir().expect("a place");
        assert_eq!(LocalRepository::find(dir.path()), None);
    }
}
