//! What a git source says, read and checked.

use std::sync::LazyLock;

use regex::Regex;

use super::remote::{ACCESS, Login, Remote};
use crate::model::value::Map;
use crate::resource::ResourceError;
use crate::resource::schema::{Fields, Key, Kind, Schema};

/// The keys of the type.
pub(super) static SCHEMA: Schema = Schema { source: &[ACCESS, SOURCE], get: &[GET], put: &[PUT] };

const SOURCE: &[Key] = &[
    Key::optional("branch", Kind::Text, "the branch; the remote's own choice by default"),
    Key::optional("paths", Kind::Texts, "only commits that touch these"),
    Key::optional("ignore_paths", Kind::Texts, "not commits that touch only these"),
    Key::optional("sparse_paths", Kind::Texts, "check out only these"),
    Key::optional("tag_filter", Kind::Text, "only tags that match this glob are versions"),
    Key::optional("tag_regex", Kind::Text, "only tags that match this regex in full"),
    Key::optional(
        "tag_behaviour",
        Kind::OneOf(&["match_tagged", "match_tag_ancestors"]),
        "versions are the tags, or the commits up to the newest of them",
    ),
    Key::optional("fetch_tags", Kind::Bool, "bring all tags, or none"),
    Key::optional("disable_ci_skip", Kind::Bool, "take commits that say `[ci skip]` too"),
    Key::optional("commit_filter", Kind::Map(COMMIT_FILTER), "which messages count"),
    Key::optional("version_depth", Kind::Number, "how many versions the first check finds"),
    Key::optional("search_remote_refs", Kind::Bool, "look for the commit in all refs on get"),
    Key::optional("submodule_credentials", Kind::Maps(SUBMODULE), "who we are for submodules"),
    Key::optional("commit_verification_keys", Kind::Texts, "not in this build"),
    Key::optional("commit_verification_key_ids", Kind::Texts, "not in this build"),
    Key::optional("gpg_keyserver", Kind::Text, "not in this build"),
    Key::optional("git_crypt_key", Kind::Text, "not in this build"),
];

const COMMIT_FILTER: &[Key] = &[
    Key::optional("include", Kind::Texts, "regexes, one of which must match the message"),
    Key::optional("include_all_match", Kind::Bool, "all of `include` must match"),
    Key::optional("exclude", Kind::Texts, "regexes, none of which may match"),
    Key::optional("exclude_all_match", Kind::Bool, "leave out only what all of them match"),
];

const SUBMODULE: &[Key] = &[
    Key::optional("host", Kind::Text, "the host"),
    Key::optional("username", Kind::Text, "the user for it"),
    Key::optional("password", Kind::Text, "the password for it"),
    Key::optional("url", Kind::Text, "not in this build"),
    Key::optional("private_key", Kind::Text, "not in this build"),
    Key::optional("private_key_passphrase", Kind::Text, "not in this build"),
];

const GET: &[Key] = &[
    Key::optional("depth", Kind::Number, "how many commits to bring"),
    Key::optional("fetch", Kind::Texts, "further branches to bring"),
    Key::optional("fetch_tags", Kind::Bool, "bring all tags, or none"),
    Key::optional("submodules", Kind::TextOrTexts, "`all`, `none`, or a list of paths"),
    Key::optional("submodule_recursive", Kind::Bool, "submodules of submodules too"),
    Key::optional("submodule_remote", Kind::Bool, "the newest of a submodule's branch"),
    Key::optional("disable_git_lfs", Kind::Bool, "leave large files as pointers"),
    Key::optional("clean_tags", Kind::Bool, "remove all tags after the checkout"),
    Key::optional("short_ref_format", Kind::Text, "what `.git/short_ref` looks like: `%s`"),
    Key::optional("timestamp_format", Kind::Text, "a date format of git: `iso8601`"),
    Key::optional("describe_ref_options", Kind::Text, "options of `git describe`"),
    Key::optional("all_branches", Kind::Bool, "bring all branches"),
    Key::optional("debug", Kind::Bool, "accepted; there is no script to trace"),
];

const PUT: &[Key] = &[
    Key::required("repository", Kind::Text, "the folder of the repository to push"),
    Key::optional("rebase", Kind::Bool, "rebase onto what others pushed, and try again"),
    Key::optional("merge", Kind::Bool, "merge what others pushed, and try again"),
    Key::optional("returning", Kind::OneOf(&["merged", "unmerged"]), "the version of a merge"),
    Key::optional("rebase_strategy", Kind::Text, "the strategy of the rebase"),
    Key::optional("rebase_strategy_option", Kind::Text, "an option of that strategy"),
    Key::optional("tag", Kind::Text, "a file with the name of a tag to set"),
    Key::optional("tag_prefix", Kind::Text, "what comes before that name"),
    Key::optional("annotate", Kind::Text, "a file with the words of the tag"),
    Key::optional("only_tag", Kind::Bool, "push tags alone"),
    Key::optional("notes", Kind::Text, "a file with a note for the commit"),
    Key::optional("force", Kind::Bool, "push whatever others did"),
    Key::optional("branch", Kind::Text, "another branch than the source's"),
    Key::optional("refs_prefix", Kind::Text, "where the branch is: `refs/heads`"),
    Key::optional("push_options", Kind::Texts, "words for the far side"),
    Key::optional("debug", Kind::Bool, "accepted; there is no script to trace"),
];

/// What a source says.
pub(super) struct Source {
    pub remote: Remote,
    pub branch: Option<String>,
    pub filter: Filter,
    pub sparse_paths: Vec<String>,
    pub tag_filter: Option<String>,
    pub tag_regex: Option<Regex>,
    /// Commits up to the newest tag are versions, instead of tags.
    pub wants_ancestors: bool,
    pub fetch_tags: Option<bool>,
    pub searches_all_refs: bool,
}

/// Which commits count.
pub(in crate::resource) struct Filter {
    pub paths: Vec<String>,
    pub ignore_paths: Vec<String>,
    pub is_skip_honoured: bool,
    pub include: Messages,
    pub exclude: Messages,
    /// How many are answered when none is known.
    pub depth: usize,
}

/// Regexes for messages.
#[derive(Default)]
pub(in crate::resource) struct Messages {
    regexes: Vec<Regex>,
    needs_all: bool,
}

impl Source {
    pub fn read(map: &Map) -> Result<Self, ResourceError> {
        let fields = SCHEMA.read_source(map)?;
        for key in ["commit_verification_keys", "commit_verification_key_ids", "git_crypt_key"] {
            if fields.has(key) {
                let why = "is not in this build: commits are neither verified nor decrypted";
                return Err(fields.fault(key, why));
            }
        }
        if fields.has("tag_filter") && fields.has("tag_regex") {
            return Err(fields.fault("tag_regex", "cannot stand beside `tag_filter`"));
        }
        let depth = match fields.number("version_depth") {
            Some(0) => return Err(fields.fault("version_depth", "must be more than zero")),
            Some(n) => usize::try_from(n).unwrap_or(usize::MAX),
            None => 1,
        };
        let mut remote = Remote::of(&fields)?;
        remote.logins.extend(submodule_logins(&fields)?);
        let tag_regex = match fields.text("tag_regex") {
            Some(text) => Some(regex(&fields, "tag_regex", &format!("^(?:{text})$"))?),
            None => None,
        };
        Ok(Self {
            remote,
            branch: fields.text("branch"),
            filter: Filter::read(&fields, depth)?,
            sparse_paths: fields.texts("sparse_paths"),
            tag_filter: fields.text("tag_filter"),
            tag_regex,
            wants_ancestors: fields.text("tag_behaviour").as_deref() == Some("match_tag_ancestors"),
            fetch_tags: fields.choice("fetch_tags"),
            searches_all_refs: fields.flag("search_remote_refs"),
        })
    }

    /// Whether versions come from tags.
    pub fn is_tagged(&self) -> bool {
        self.tag_filter.is_some() || self.tag_regex.is_some()
    }
}

impl Filter {
    /// All commits that touch some paths.
    pub fn touching(paths: Vec<String>) -> Self {
        Self {
            paths,
            ignore_paths: Vec::new(),
            is_skip_honoured: false,
            include: Messages::default(),
            exclude: Messages::default(),
            depth: 1,
        }
    }

    fn read(fields: &Fields<'_>, depth: usize) -> Result<Self, ResourceError> {
        let messages = |list: &str, all: &str| -> Result<Messages, ResourceError> {
            let Some(filter) = fields.map("commit_filter") else { return Ok(Messages::default()) };
            let key = format!("commit_filter.{list}");
            let regexes: Result<_, _> =
                filter.texts(list).iter().map(|text| regex(fields, &key, text)).collect();
            Ok(Messages { regexes: regexes?, needs_all: filter.flag(all) })
        };
        Ok(Self {
            paths: fields.texts("paths"),
            ignore_paths: fields.texts("ignore_paths"),
            is_skip_honoured: !fields.flag("disable_ci_skip"),
            include: messages("include", "include_all_match")?,
            exclude: messages("exclude", "exclude_all_match")?,
            depth,
        })
    }

    /// Whether messages must be known.
    pub fn reads_messages(&self) -> bool {
        self.is_skip_honoured
            || !self.include.regexes.is_empty()
            || !self.exclude.regexes.is_empty()
    }

    /// Whether a commit with that message counts.
    pub fn takes(&self, message: &str) -> bool {
        let is_skipped = self.is_skip_honoured && says_skip(message);
        let is_included = self.include.regexes.is_empty() || self.include.matches(message);
        let is_excluded = !self.exclude.regexes.is_empty() && self.exclude.matches(message);
        !is_skipped && is_included && !is_excluded
    }
}

impl Messages {
    fn matches(&self, message: &str) -> bool {
        let mut each = self.regexes.iter().map(|regex| regex.is_match(message));
        if self.needs_all { each.all(|m| m) } else { each.any(|m| m) }
    }
}

/// Whether a message asks that nothing be built for it.
pub(in crate::resource) fn says_skip(message: &str) -> bool {
    #[expect(clippy::expect_used, reason = "a constant, tried by the tests")]
    static SKIP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\[ci\s*skip\]|\[skip\s*ci\]").expect("the pattern is a regex")
    });
    SKIP.is_match(message)
}

fn regex(fields: &Fields<'_>, key: &str, text: &str) -> Result<Regex, ResourceError> {
    // The lines of a message are looked at one by one, as git does it.
    regex::RegexBuilder::new(text)
        .multi_line(true)
        .build()
        .map_err(|_| fields.fault(key, format!("has `{text}`, which is no regular expression")))
}

fn submodule_logins(fields: &Fields<'_>) -> Result<Vec<Login>, ResourceError> {
    let mut logins = Vec::new();
    for entry in fields.maps("submodule_credentials") {
        if entry.has("url") || entry.has("private_key") {
            let why =
                "with a private key is not in this build; give `host`, `username`, `password`";
            return Err(fields.fault("submodule_credentials", why));
        }
        logins.push(Login {
            scheme: "https".to_owned(),
            host: entry.need("host")?,
            username: entry.need("username")?,
            password: entry.need("password")?,
        });
    }
    Ok(logins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_decides_whether_a_commit_counts() {
        let map = serde_json::from_str(
            r#"{"uri": "/r", "commit_filter": {"include": ["^feat", "^fix"], "exclude": ["wip"]}}"#,
        )
        .expect("a map");
        let source = Source::read(&map).expect("fits");
        for (message, is_taken) in [
            ("feat: a", true),
            ("chore: b", false),
            ("chore: b\n\nfix: c", true),
            ("feat: wip", false),
            ("feat: a [ci skip]", false),
            ("feat: a\n\n[skip  ci]", false),
        ] {
            assert_eq!(source.filter.takes(message), is_taken, "{message}");
        }
    }

    #[test]
    fn faults_of_a_source() {
        for (json, expected) in [
            (r#"{}"#, "source key `uri` is required"),
            (
                r#"{"uri": "/r", "branche": "x"}"#,
                "source key `branche` is unknown; did you mean `branch`?",
            ),
            (
                r#"{"uri": "/r", "tag_regex": "("}"#,
                "source key `tag_regex` has `^(?:()$`, which is no regular expression",
            ),
            (
                r#"{"uri": "/r", "tag_filter": "v*", "tag_regex": "v"}"#,
                "source key `tag_regex` cannot stand beside `tag_filter`",
            ),
            (
                r#"{"uri": "/r", "version_depth": 0}"#,
                "source key `version_depth` must be more than zero",
            ),
        ] {
            let map = serde_json::from_str(json).expect("a map");
            let error = Source::read(&map).err().expect("refused");
            assert_eq!(error.to_string(), expected);
        }
    }
}
