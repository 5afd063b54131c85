//! Records what a build says of a proposal: a status, a comment, a label.
//!
//! Each is a ref of its own that points at its text, so that recording it again changes
//! nothing, and nobody comes between.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::get::Proposal;
use super::{Flavour, SCHEMA, Source, named};
use crate::model::Version;
use crate::model::value::{Map, Value};
use crate::resource::git::command::Git;
use crate::resource::git::{has_commit, hex};
use crate::resource::schema::Fields;
use crate::resource::{Context, Found, Operation, ResourceError, files};

pub(super) async fn put(
    cx: &Context,
    source: &Map,
    params: &Map,
    directory: &Path,
    operation: &Operation,
) -> Result<Found, ResourceError> {
    let source = Source::read(source)?;
    let params = SCHEMA.read_put(params)?;
    for key in ["merge.method", "merge.commit_msg"] {
        if params.has(key) {
            return Err(params.fault(key, "is not in this build: it cannot merge pull requests"));
        }
    }
    let version = version_of(&params, directory)?;
    let git = Git::new(cx, &source.remote)?;
    let not_found = || ResourceError::VersionNotFound { version: version.to_string() };
    let (number, commit) = named(&version).ok_or_else(not_found)?;
    if !has_commit(&git, source.repository.dir(), commit).await? {
        return Err(not_found());
    }
    let record = Record { cx, git: &git, source: &source, params: &params, directory };
    if let Some(status) = record.status()? {
        let ref_ = format!("refs/statuses/{commit}/{}", ref_name(&record.context()));
        record.write(&ref_, &record.status_text(number, status)?).await?;
        cx.say(&format!("pull request {number}: {} is {status}", record.context()));
    }
    if let Some(comment) = record.comment()? {
        if params.flag("delete_previous_comments") {
            record.remove_comments(number).await?;
        }
        let id = hex(&Sha256::digest(operation.id.as_bytes()));
        record.write(&format!("refs/comments/{number}/{id}"), &comment).await?;
    }
    if let Some(label) = params.text("label") {
        let ref_ = format!("refs/pull/{number}/labels/{label}");
        if git.call().ask(&["check-ref-format", &ref_]).await?.status != 0 {
            return Err(params.fault("label", format!("is `{label}`, which is no label")));
        }
        record.write(&ref_, &label).await?;
    }
    let proposal = Proposal::read(&git, &source, number, commit).await?;
    let metadata = proposal.metadata();
    Ok(Found { version: version.clone(), metadata })
}

/// The version that the get of the artifact was of.
fn version_of(params: &Fields<'_>, directory: &Path) -> Result<Version, ResourceError> {
    let path = params.need("path")?;
    let file = format!("{}/.git/resource/version.json", path.trim_end_matches('/'));
    let text = files::read(directory, &file)?;
    serde_json::from_str(&text).map_err(|_| ResourceError::Failed {
        message: format!("`{file}` holds no version: `{path}` must be a get of a pull request"),
        exit_status: 1,
    })
}

struct Record<'a> {
    cx: &'a Context,
    git: &'a Git<'a>,
    source: &'a Source,
    params: &'a Fields<'a>,
    directory: &'a Path,
}

impl Record<'_> {
    fn status(&self) -> Result<Option<&'static str>, ResourceError> {
        let Some(text) = self.params.text("status") else {
            return match self.source.flavour {
                Flavour::Teliaoss => Ok(None),
                Flavour::Jtarchie if self.params.has("comment") || self.params.has("label") => {
                    Ok(None)
                }
                Flavour::Jtarchie => Err(self.params.fault("status", "is required")),
            };
        };
        let lower = text.to_lowercase();
        let states = ["success", "failure", "error", "pending"];
        let found = states.into_iter().find(|state| *state == lower);
        let why = "must be one of `success`, `failure`, `error`, `pending`";
        found.map(Some).ok_or_else(|| self.params.fault("status", why))
    }

    fn context(&self) -> String {
        let base = self.params.text("base_context").unwrap_or_else(|| "concourse-ci".to_owned());
        let context = self.params.text("context").unwrap_or_else(|| "status".to_owned());
        format!("{base}/{context}")
    }

    fn status_text(&self, number: &str, status: &str) -> Result<String, ResourceError> {
        let description = match self.params.text("description_file") {
            Some(file) => files::read(self.directory, &file)?.trim().to_owned(),
            None => self.params.text("description").unwrap_or_default(),
        };
        let url = self.params.text("target_url").unwrap_or_else(|| "$BUILD_URL".to_owned());
        let fields = [
            ("pr", number),
            ("state", status),
            ("context", &self.context()),
            ("description", &description),
            ("target_url", &expand(&url, &self.cx.env)),
        ];
        let map: Map =
            fields.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        Ok(Value::Map(map).to_json())
    }

    fn comment(&self) -> Result<Option<String>, ResourceError> {
        let file = match self.source.flavour {
            Flavour::Teliaoss => self.params.text("comment_file"),
            Flavour::Jtarchie => {
                self.params.text("comment").or_else(|| self.params.text("comment_file"))
            }
        };
        let text = match (file, self.params.text("comment")) {
            (Some(file), _) => Some(files::read(self.directory, &file)?),
            (None, comment) => comment,
        };
        Ok(text.map(|text| expand(&text, &self.cx.env)))
    }

    /// Makes a ref point at a text.
    async fn write(&self, ref_: &str, text: &str) -> Result<(), ResourceError> {
        let bare = || self.git.bare(self.source.repository.dir());
        let id = bare().stdin(text).text(&["hash-object", "-w", "--stdin"]).await?;
        bare().run(&["update-ref", "--", ref_, &id]).await.map(|_| ())
    }

    async fn remove_comments(&self, number: &str) -> Result<(), ResourceError> {
        let bare = || self.git.bare(self.source.repository.dir());
        let folder = format!("refs/comments/{number}");
        let names = bare().text(&["for-each-ref", "--format=delete %(refname)", &folder]).await?;
        if names.is_empty() {
            return Ok(());
        }
        bare().stdin(format!("{names}\n")).run(&["update-ref", "--stdin"]).await.map(|_| ())
    }
}

/// A text as one part of the name of a ref.
fn ref_name(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.bytes()
        .map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Fills in `$NAME` and `${NAME}` of the build's environment; all else stays.
fn expand(text: &str, env: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (body, is_braced) = match after.strip_prefix('{') {
            Some(body) => (body, true),
            None => (after, false),
        };
        let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
        let is_closed = !is_braced || body[end..].starts_with('}');
        let value = env.iter().find(|(name, _)| *name == body[..end]).map(|(_, value)| value);
        match value.filter(|_| is_closed) {
            Some(value) => {
                out.push_str(value);
                rest = &body[end + usize::from(is_braced)..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_is_named_in_texts() {
        let env = [("BUILD_ID".to_owned(), "7".to_owned()), ("BUILD".to_owned(), "x".to_owned())];
        for (text, expected) in [
            ("no $BUILD_ID, ${BUILD_ID}!", "no 7, 7!"),
            ("$BUILD_IDS $ $5 ${BUILD_ID ${}", "$BUILD_IDS $ $5 ${BUILD_ID ${}"),
            ("$BUILD", "x"),
            ("", ""),
        ] {
            assert_eq!(expand(text, &env), expected);
        }
    }

    #[test]
    fn any_context_is_the_name_of_a_ref() {
        assert_eq!(ref_name("concourse-ci/a b..c.lock"), "concourse-ci%2Fa%20b%2E%2Ec%2Elock");
    }
}
