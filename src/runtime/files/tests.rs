//! Trees on a real disk: copies, archives, paths that must not lead out.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;

fn volume(root: &Path, nested: &[&str]) -> LocalVolume {
    LocalVolume {
        handle: "v".to_owned(),
        runtime: "test",
        root: root.to_path_buf(),
        nested: nested.iter().map(|&path| path.to_owned()).collect(),
    }
}

fn sample(root: &Path) {
    fs::create_dir_all(root.join("dir/empty")).expect("makes");
    fs::write(root.join("dir/run.sh"), "#!/bin/sh\n").expect("writes");
    fs::set_permissions(root.join("dir/run.sh"), PermissionsExt::from_mode(0o755)).expect("sets");
    fs::write(root.join("top"), "top").expect("writes");
    symlink("dir/run.sh", root.join("link")).expect("links");
    symlink("/nowhere/at/all", root.join("dangling")).expect("links");
}

/// Paths with kinds, modes and contents.
fn picture(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut queue = vec![root.to_path_buf()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(dir).expect("reads") {
            let path = entry.expect("entry").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            let metadata = fs::symlink_metadata(&path).expect("stats");
            let mode = metadata.permissions().mode() & 0o777;
            if metadata.is_symlink() {
                lines.push(format!("{name} -> {}", fs::read_link(&path).expect("link").display()));
            } else if metadata.is_dir() {
                lines.push(format!("{name}/ {mode:o}"));
                queue.push(path);
            } else {
                lines.push(format!("{name} {mode:o} {}", fs::read_to_string(&path).expect("text")));
            }
        }
    }
    lines.sort();
    lines
}

#[test]
fn a_copy_has_modes_times_and_links() {
    let place = tempfile::tempdir().expect("place");
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir_all(&from).expect("makes");
    fs::create_dir_all(&to).expect("makes");
    sample(&from);
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::options()
        .write(true)
        .open(from.join("top"))
        .expect("opens")
        .set_modified(old)
        .expect("sets");
    tree::copy(&from, &to).expect("copies");
    assert_eq!(picture(&from), picture(&to));
    assert_eq!(fs::metadata(to.join("top")).expect("stats").modified().expect("time"), old);
}

#[test]
fn removal_ends_at_links_and_passes_missing_permissions() {
    let place = tempfile::tempdir().expect("place");
    let (tree_, kept) = (place.path().join("tree"), place.path().join("kept"));
    fs::create_dir_all(tree_.join("closed/in")).expect("makes");
    fs::create_dir_all(&kept).expect("makes");
    fs::write(kept.join("file"), "").expect("writes");
    symlink(&kept, tree_.join("closed/link")).expect("links");
    fs::set_permissions(tree_.join("closed"), PermissionsExt::from_mode(0o000)).expect("sets");
    tree::remove(&tree_).expect("removes");
    tree::remove(&tree_).expect("is no error twice");
    assert!(!tree_.exists() && kept.join("file").exists());
}

#[test]
fn an_empty_place_is_not_made_through_a_link() {
    let place = tempfile::tempdir().expect("place");
    let (root, outside) = (place.path().join("root"), place.path().join("outside"));
    fs::create_dir_all(root.join("a")).expect("makes");
    fs::create_dir_all(&outside).expect("makes");
    symlink(&outside, root.join("a/b")).expect("links");
    assert!(tree::make_empty(&root, "a/b/c").is_err());
    assert!(!outside.join("c").exists());
    tree::make_empty(&root, "a/b").expect("takes the link's place");
    assert!(root.join("a/b").is_dir() && outside.exists());
}

#[tokio::test]
async fn an_archive_goes_round() {
    let place = tempfile::tempdir().expect("place");
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir_all(&from).expect("makes");
    fs::create_dir_all(&to).expect("makes");
    sample(&from);
    let mut archive = Vec::new();
    volume(&from, &[]).stream_out("", &mut archive).await.expect("packs");
    volume(&to, &[]).stream_in("", &mut archive.as_slice()).await.expect("unpacks");
    assert_eq!(picture(&from), picture(&to));

    let mut archive = Vec::new();
    volume(&from, &["dir/empty"]).stream_out("dir", &mut archive).await.expect("packs");
    fs::write(from.join("dir/empty/hidden"), "").expect("writes");
    let mut other = Vec::new();
    volume(&from, &["dir/empty"]).stream_out("dir", &mut other).await.expect("packs");
    assert_eq!(archive.len(), other.len(), "what is nested is no part of it");

    let mut archive = Vec::new();
    volume(&from, &[]).stream_out("link", &mut archive).await.expect("packs");
    volume(&to, &[]).stream_in("sub", &mut archive.as_slice()).await.expect("unpacks");
    assert_eq!(fs::read_to_string(to.join("sub/link")).expect("reads"), "#!/bin/sh\n");
}

#[tokio::test]
async fn damaged_and_leaving_archives_are_refused() {
    let place = tempfile::tempdir().expect("place");
    let root = place.path().join("root");
    fs::create_dir_all(&root).expect("makes");
    let archive = |fill: &dyn Fn(&mut tar::Builder<Vec<u8>>)| {
        let mut tar = tar::Builder::new(Vec::new());
        fill(&mut tar);
        tar.into_inner().expect("packs")
    };
    let file = |tar: &mut tar::Builder<Vec<u8>>, name: &str| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(1);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, &b"x"[..]).expect("appends");
    };
    let link = |tar: &mut tar::Builder<Vec<u8>>, kind, target: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, "link", target).expect("appends");
    };
    let cut = {
        let mut bytes = archive(&|tar| file(tar, "file"));
        bytes.truncate(512);
        bytes
    };
    for (what, bytes) in [
        ("parent", archive(&|tar| file(tar, "../out"))),
        ("absolute", archive(&|tar| file(tar, "/tmp/out-of-volume"))),
        (
            "through a link",
            archive(&|tar| {
                link(tar, tar::EntryType::Symlink, "..");
                file(tar, "link/out");
            }),
        ),
        ("hard link", archive(&|tar| link(tar, tar::EntryType::Link, "../../etc/passwd"))),
        ("garbage", vec![b'x'; 2000]),
        ("cut", cut),
    ] {
        let result = volume(&root, &[]).stream_in("", &mut bytes.as_slice()).await;
        assert!(result.is_err(), "{what}");
    }
    assert!(!place.path().join("out").exists());
}

#[tokio::test]
async fn reading_a_file_stays_in_the_volume() {
    let place = tempfile::tempdir().expect("place");
    let root = place.path().join("root");
    fs::create_dir_all(&root).expect("makes");
    sample(&root);
    fs::write(place.path().join("secret"), "secret").expect("writes");
    symlink("../secret", root.join("out")).expect("links");
    symlink("/etc/passwd", root.join("absolute")).expect("links");
    let volume = volume(&root, &[]);
    assert_eq!(volume.read_file("link", 100).await.expect("reads"), b"#!/bin/sh\n");
    assert_eq!(volume.read_file("./dir//run.sh", 10).await.expect("reads"), b"#!/bin/sh\n");
    for (path, limit, not_found) in [
        ("out", 100, false),
        ("absolute", 100, false),
        ("top", 2, false),
        ("dir", 100, false),
        ("/etc/passwd", 100, false),
        ("missing", 100, true),
    ] {
        let error = volume.read_file(path, limit).await.expect_err(path);
        let is_not_found = matches!(error, RuntimeError::NotFound { .. });
        assert_eq!(is_not_found, not_found, "{path}: {error}");
        assert!(is_not_found || matches!(error, RuntimeError::Path { .. }), "{path}: {error}");
    }
}
