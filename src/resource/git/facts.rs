//! What is told of a commit: as metadata, and as files beside it.

use std::path::Path;

use super::command::Git;
use super::remote::Remote;
use crate::model::version::MetadataField;
use crate::resource::{ResourceError, files};

/// How much of a message is shown.
const MESSAGE_LIMIT: usize = 10 << 10;

/// Facts of a commit.
pub(in crate::resource) struct Facts {
    pub commit: String,
    pub author: String,
    pub author_email: String,
    pub author_date: String,
    pub committer: String,
    pub committer_email: String,
    pub committer_date: String,
    pub message: String,
    pub tags: Vec<String>,
}

/// How get writes its files.
pub(super) struct Format {
    pub short_ref: String,
    pub timestamp: String,
    pub describe: Vec<String>,
}

impl Facts {
    /// Reads them in a repository.
    pub async fn read(
        git: &Git<'_>,
        repository: &Path,
        commit: &str,
    ) -> Result<Self, ResourceError> {
        let format = "--format=%H%x1f%an%x1f%ae%x1f%ai%x1f%cn%x1f%ce%x1f%ci%x1f%B";
        let args = ["log", "-1", "--no-show-signature", "--no-color", format, commit, "--"];
        let text = git.bare(repository).text(&args).await?;
        let mut parts = text.split('\u{1f}').map(|part| part.trim().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        let mut facts = Self {
            commit: next(),
            author: next(),
            author_email: next(),
            author_date: next(),
            committer: next(),
            committer_email: next(),
            committer_date: next(),
            message: next(),
            tags: Vec::new(),
        };
        let tags = git.bare(repository).text(&["tag", "--points-at", commit]).await?;
        facts.tags = tags.lines().map(str::to_owned).collect();
        Ok(facts)
    }

    /// The facts for people.
    pub fn metadata(&self, remote: &Remote, branch: Option<&str>) -> Vec<MetadataField> {
        let mut fields = vec![
            MetadataField::new("commit", &self.commit),
            MetadataField::new("author", &self.author),
            MetadataField::new("author_date", &self.author_date),
        ];
        if (&self.committer, &self.committer_date) != (&self.author, &self.author_date) {
            fields.push(MetadataField::new("committer", &self.committer));
            fields.push(MetadataField::new("committer_date", &self.committer_date));
        }
        fields.extend(branch.map(|branch| MetadataField::new("branch", branch)));
        if !self.tags.is_empty() {
            fields.push(MetadataField::new("tags", self.tags.join(",")));
        }
        fields.push(MetadataField::new("message", shortened(&self.message)));
        fields.extend(remote.commit_page(&self.commit).map(|page| MetadataField::new("url", page)));
        fields
    }

    /// Writes the files that a get leaves under `.git`.
    pub(super) async fn write(
        &self,
        git: &Git<'_>,
        tree: &Path,
        format: &Format,
        shown: &Shown<'_>,
    ) -> Result<(), ResourceError> {
        let short = git.tree(tree).text(&["rev-parse", "--short", &self.commit]).await?;
        let date = format!("--date={}", format.timestamp);
        let stamp = git
            .tree(tree)
            .text(&["log", "-1", "--no-color", &date, "--format=%cd", &self.commit])
            .await?;
        let mut describe = vec!["describe".to_owned()];
        describe.extend_from_slice(&format.describe);
        let described = git.tree(tree).text(&describe).await?;
        let metadata = serde_json::to_string(shown.metadata).unwrap_or_default();
        let tags = self.tags.join(",");
        for (name, value) in [
            ("ref", shown.ref_),
            ("commit", &self.commit),
            ("short_ref", &format.short_ref.replace("%s", &short)),
            ("branch", shown.branch.unwrap_or_default()),
            ("tags", &tags),
            ("author", &self.author),
            ("author_email", &self.author_email),
            ("author_date", &self.author_date),
            ("committer", &self.committer_email),
            ("committer_name", &self.committer),
            ("committer_date", &self.committer_date),
            ("commit_message", &self.message),
            ("commit_timestamp", &stamp),
            ("describe_ref", &described),
            ("url", shown.url.as_deref().unwrap_or_default()),
            ("metadata.json", &metadata),
        ] {
            files::write(&tree.join(".git").join(name), format!("{value}\n"))?;
        }
        Ok(())
    }
}

/// What the files say beside the facts of the commit.
pub(super) struct Shown<'a> {
    /// The version's own name of the commit.
    pub ref_: &'a str,
    pub branch: Option<&'a str>,
    pub url: Option<String>,
    pub metadata: &'a [MetadataField],
}

/// A message that is not longer than people read.
fn shortened(message: &str) -> String {
    if message.len() <= MESSAGE_LIMIT {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MESSAGE_LIMIT);
    format!("{}…", &message[..end])
}
