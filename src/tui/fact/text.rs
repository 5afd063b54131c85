//! Short sentences about versions, changes and causes.

use crate::control::{BuildSummary, FirstCause, InputChange};
use crate::model::version::MetadataField;
use crate::model::{PipelineRef, Version};
use crate::tui::format;

/// Keys that name a version best, best first.
const TELLING: [&str; 10] =
    ["ref", "version", "number", "tag", "digest", "commit", "sha", "time", "path", "pr"];

/// The field of a version that tells it from others: the one that differs from `other`, else the
/// one whose key tells most.
pub fn version(version: &Version, other: Option<&Version>) -> String {
    let differs = |key: &str| other.is_none_or(|other| other.field(key) != version.field(key));
    let telling = TELLING
        .iter()
        .find_map(|key| version.field(key).filter(|_| differs(key)).map(|value| (*key, value)))
        .or_else(|| {
            version.0.iter().find(|(key, _)| differs(key)).map(|(k, v)| (k.as_str(), v.as_str()))
        })
        .or_else(|| version.0.first_key_value().map(|(k, v)| (k.as_str(), v.as_str())));
    match telling {
        None => "empty".to_owned(),
        Some((key, value)) if TELLING.contains(&key) => value_of(value),
        Some((_, value)) if version.0.len() == 1 => value_of(value),
        Some((key, value)) => format!("{key} {}", value_of(value)),
    }
}

fn value_of(value: &str) -> String {
    let value =
        value.strip_prefix("sha256:").map_or(value, |digest| &digest[..digest.len().min(12)]);
    // The moment of a time resource: its day and minute tell enough.
    if value.len() >= 20 && value.as_bytes().get(10) == Some(&b'T') && value.is_ascii() {
        return format!("{} {}", &value[5..10], &value[11..16]);
    }
    format::version(value).to_owned()
}

/// What it was, shortened; `none` for a new input.
pub fn version_before(change: &InputChange) -> String {
    change.from.as_ref().map_or_else(|| "none".to_owned(), |from| version(from, Some(&change.to)))
}

/// What it is, shortened.
pub fn version_after(change: &InputChange) -> String {
    version(&change.to, change.from.as_ref())
}

/// A fact that a resource tells, by the first of these names.
pub fn fact<'a>(metadata: &'a [MetadataField], names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        metadata
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.trim())
            .filter(|value| !value.is_empty())
    })
}

/// Who made a version.
pub fn author(metadata: &[MetadataField]) -> Option<&str> {
    fact(metadata, &["author", "committer", "user", "by"])
}

/// The first line of what its maker said of it.
pub fn message(metadata: &[MetadataField]) -> Option<&str> {
    fact(metadata, &["message", "title", "subject", "description"])
        .and_then(|text| text.lines().next())
}

/// `1 version`, `3 commits, nkim`.
pub fn amount(change: &InputChange) -> String {
    let noun = if change.to.field("ref").is_some() { "commit" } else { "version" };
    let mut text = match change.n_versions {
        Some(n) => format::counted(u64::from(n), noun),
        None => String::new(),
    };
    if let Some(author) = author(&change.metadata) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(author);
    }
    text
}

/// The name of a cause's step without its kind: `run-bats`.
pub fn step_name(cause: &FirstCause) -> &str {
    cause.step.split_once(' ').map_or(cause.step.as_str(), |(_, name)| name)
}

/// A cause in one fragment: its line, else how its process ended.
pub fn cause_line(cause: &FirstCause) -> String {
    match (&cause.line, cause.exit_status) {
        (Some(line), _) => line.trim().to_owned(),
        (None, Some(status)) => format!("exit {status}"),
        (None, None) => "did not succeed".to_owned(),
    }
}

/// `bats #112`, or `#112` for a build without job.
pub fn build_name(build: &BuildSummary) -> String {
    match &build.job {
        Some(job) => format!("{job} #{}", build.name),
        None => format!("#{}", build.name),
    }
}

/// `main/cpi`, with instance vars where there are any.
pub fn pipeline_name(pipeline: &PipelineRef) -> String {
    if pipeline.instance.is_empty() {
        pipeline.name.clone()
    } else {
        format!("{} {}", pipeline.name, pipeline.instance)
    }
}

/// A job's name in a remark about another: its first parts, about twelve columns.
pub fn nick(name: &str) -> &str {
    if name.chars().count() <= 16 {
        return name;
    }
    let mut end = 0;
    for (at, _) in name.match_indices('-') {
        if at > 16 && end > 0 {
            break;
        }
        end = at;
        if at >= 8 {
            break;
        }
    }
    if end < 4 { name } else { &name[..end] }
}

/// A text of strangers on one line: control characters become blanks, escape sequences go.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.peek() == Some(&'[') {
                    chars.next();
                    while let Some(&c) = chars.peek() {
                        chars.next();
                        if ('\u{40}'..='\u{7e}').contains(&c) {
                            break;
                        }
                    }
                }
            }
            '\r' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_show_what_differs() {
        let of = |fields: &[(&str, &str)]| {
            Version(fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        for (version_, other, expected) in [
            (of(&[("ref", "9e61b6ed22aa58d0f1e2d3c4b5a697887766554433")]), None, "9e61b6e"),
            (of(&[("number", "0.0.12")]), None, "0.0.12"),
            (
                of(&[("branch", "main"), ("ref", "cafe")]),
                Some(of(&[("ref", "cafe")])),
                "branch main",
            ),
            (of(&[("time", "2026-11-21T13:01:50.5Z")]), None, "11-21 13:01"),
            (of(&[]), None, "empty"),
        ] {
            assert_eq!(version(&version_, other.as_ref()), expected);
        }
    }

    #[test]
    fn nicks_are_short_and_whole_words() {
        for (name, nick_) in [
            ("unit", "unit"),
            ("build-java-base-image", "build-java"),
            ("build-powershell-base-image", "build-powershell"),
            ("averyverylongnamewithoutparts", "averyverylongnamewithoutparts"),
        ] {
            assert_eq!(nick(name), nick_);
        }
    }

    #[test]
    fn strangers_text_is_tamed() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\tx\u{7}\r\n"), "red x");
    }
}
