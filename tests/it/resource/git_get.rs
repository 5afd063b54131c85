//! What a get of a commit leaves.

use super::{Bed, ref_};
use crate::support::git::{Repository, run};

fn bed(repository: &Repository, more: &str) -> Bed {
    Bed::new("git", &format!(r#"{{"uri": "{}"{more}}}"#, repository.uri()))
}

#[tokio::test]
async fn a_tree_with_its_facts() {
    let repository = Repository::with(&[&[("a", "1"), ("dir/b", "2")]]);
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "v1"]);
    repository.git(&["push", "--quiet", "--tags", "origin"]);
    repository.commit("two\n\nand more", &[("a", "2")]);
    let bed = bed(&repository, "");
    let (found, tree) = bed.get("{}", &ref_(&first)).await.expect("gets");
    assert_eq!(tree.read("a"), "1");
    assert_eq!(tree.read("dir/b"), "2");
    let short = &first[..7];
    for (name, expected) in [
        ("ref", first.as_str()),
        ("commit", first.as_str()),
        ("short_ref", short),
        ("branch", "main"),
        ("tags", "v1"),
        ("author", "Ada"),
        ("committer", "ada@example.org"),
        ("committer_name", "Ada"),
        ("commit_message", "a commit"),
        ("describe_ref", "v1"),
    ] {
        let text = tree.read(&format!(".git/{name}"));
        if name == "describe_ref" {
            // Without `--tags` a tag without words does not describe.
            assert!(text.starts_with(short), "{text}");
        } else {
            assert_eq!(text.trim(), expected, "{name}");
        }
    }
    let named: Vec<(&str, &str)> =
        found.metadata.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
    assert_eq!(named[0], ("commit", first.as_str()));
    assert_eq!(named[1], ("author", "Ada"));
    assert_eq!(named[3..], [("branch", "main"), ("tags", "v1"), ("message", "a commit")]);
    assert_eq!(run(tree.path(), &["status", "--porcelain"]), "");
    assert_eq!(run(tree.path(), &["remote", "get-url", "origin"]), repository.uri());
    assert_eq!(run(tree.path(), &["rev-list", "--count", "HEAD"]), "1");
}

#[tokio::test]
async fn params_shape_what_is_brought() {
    let repository = Repository::with(&[&[("a", "1")], &[("a", "2")], &[("b", "3")]]);
    let head = repository.git(&["rev-parse", "HEAD"]);
    let second = repository.git(&["rev-parse", "HEAD~1"]);
    repository.git(&["push", "--quiet", "origin", "HEAD~2:refs/heads/old"]);
    // A path is no shallow source; an address of one is.
    let uri = format!("file://{}", repository.uri());
    let shallow = Bed::new("git", &format!(r#"{{"uri": "{uri}"}}"#));
    let params =
        r#"{"depth": 1, "short_ref_format": "dev-%s", "describe_ref_options": "--always"}"#;
    let (_, tree) = shallow.get(params, &ref_(&head)).await.expect("gets");
    assert_eq!(tree.read(".git/short_ref").trim(), format!("dev-{}", &head[..7]));
    let (_, tree) = shallow.get(params, &ref_(&second)).await.expect("is deepened");
    assert_eq!(tree.read("a"), "2");
    let (_, tree) =
        bed(&repository, "").get(r#"{"fetch": ["old"]}"#, &ref_(&head)).await.expect("gets");
    assert_eq!(run(tree.path(), &["show", "old:a"]), "1");
    let (_, tree) =
        bed(&repository, r#", "sparse_paths": ["b"]"#).get("{}", &ref_(&head)).await.expect("gets");
    assert!(tree.has("b") && !tree.has("a"));
}

#[tokio::test]
async fn submodules_come_unless_they_are_not_wanted() {
    let inner = Repository::with(&[&[("x", "inner")]]);
    let outer = Repository::with(&[&[("a", "1")]]);
    outer.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &inner.uri(),
        "sub",
    ]);
    let head = outer.commit("with a submodule", &[]);
    let bed = bed(&outer, "");
    let (_, tree) = bed.get("{}", &ref_(&head)).await.expect("gets");
    assert_eq!(tree.read("sub/x"), "inner");
    let (_, tree) = bed.get(r#"{"submodules": "none"}"#, &ref_(&head)).await.expect("gets");
    assert!(!tree.has("sub/x"));
    let (_, tree) = bed.get(r#"{"submodules": ["sub"]}"#, &ref_(&head)).await.expect("gets");
    assert!(tree.has("sub/x"));
}

#[tokio::test]
async fn a_commit_that_left_its_branch_is_found_by_its_id() {
    let repository = Repository::with(&[&[("a", "1")], &[("a", "2")]]);
    let gone = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repository.commit("3", &[("a", "3")]);
    let (_, tree) = bed(&repository, "").get("{}", &ref_(&gone)).await.expect("gets");
    assert_eq!(tree.read("a"), "2");
}
