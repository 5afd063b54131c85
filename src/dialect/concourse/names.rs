//! The names that a pipeline gives, known before anything that refers to them is read; and
//! what makes a good name.

use std::collections::{HashMap, HashSet};

use super::reader::Reader;
use crate::dialect::suggest::nearest;
use crate::dialect::yaml::{Data, Mark, Node};

/// The names of a pipeline.
#[derive(Default)]
pub(super) struct Names<'n> {
    /// Whether any name may be there, because only a part of the pipeline is read.
    is_part: bool,
    /// Jobs, in order.
    pub jobs: Vec<&'n str>,
    job_set: HashSet<&'n str>,
    resources: HashSet<&'n str>,
    prototypes: HashSet<&'n str>,
}

impl<'n> Names<'n> {
    /// The names that stand in the pipeline whose top level is `root`.
    pub(super) fn of(root: &'n Node) -> Self {
        let jobs = listed(root, "jobs");
        Self {
            is_part: false,
            job_set: jobs.iter().copied().collect(),
            jobs,
            resources: listed(root, "resources").into_iter().collect(),
            prototypes: listed(root, "prototypes").into_iter().collect(),
        }
    }

    /// Names for a part of a pipeline: any name may be there.
    pub(super) fn any() -> Self {
        Self { is_part: true, ..Self::default() }
    }

    pub(super) fn is_job(&self, name: &str) -> bool {
        self.is_part || self.job_set.contains(name)
    }

    pub(super) fn is_resource(&self, name: &str) -> bool {
        self.is_part || self.resources.contains(name)
    }

    pub(super) fn is_prototype(&self, name: &str) -> bool {
        self.is_part || self.prototypes.contains(name)
    }

    /// A hint at the resource that may be meant.
    pub(super) fn resource_like(&self, name: &str) -> Option<String> {
        meant(name, self.resources.iter().copied())
    }

    /// A hint at the job that may be meant.
    pub(super) fn job_like(&self, name: &str) -> Option<String> {
        meant(name, self.jobs.iter().copied())
    }
}

fn meant<'c>(name: &str, names: impl Iterator<Item = &'c str>) -> Option<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    nearest(name, names).map(|meant| format!("did you mean `{meant}`?"))
}

fn listed<'n>(root: &'n Node, key: &str) -> Vec<&'n str> {
    let list = root.get(key).and_then(Node::as_list).unwrap_or_default();
    list.iter()
        .filter_map(|item| match &item.get("name")?.data {
            Data::Text(text) => Some(&**text),
            Data::Number(number) => Some(number.as_str()),
            Data::Bool(true) => Some("true"),
            Data::Bool(false) => Some("false"),
            Data::Null | Data::List(_) | Data::Map(_) => None,
        })
        .collect()
}

/// The names of one kind of thing so far, to find those that are given twice.
#[derive(Default)]
pub(super) struct Given(HashMap<String, (String, Mark)>);

impl Reader<'_> {
    /// Checks the name of the entry `section[index]`; returns how messages call the entry.
    pub(super) fn entry_name(
        &mut self,
        section: &str,
        index: usize,
        (name, at): (&str, Mark),
        given: &mut Given,
    ) -> String {
        let place = format!("{section}[{index}]");
        if name.is_empty() {
            self.error("missing-name", at, format!("{place} has no name"));
            return place;
        }
        if let Some((first, first_at)) = given.0.get(name) {
            let message = format!("{first} and {place} have the same name ('{name}')");
            let hint = format!("the first one stands in line {}", first_at.line);
            self.error("duplicate-name", at, message).hint = Some(hint);
        } else {
            given.0.insert(name.to_owned(), (place, at));
        }
        let called = format!("{section}.{name}");
        self.within(&called, |reader| reader.identifier(name, at));
        called
    }

    /// Warns if `name` is none that Concourse likes.
    pub(super) fn identifier(&mut self, name: &str, at: Mark) {
        if name.is_empty() {
            // Something else than text was told of already.
            let is_told = self.found.last().is_some_and(|last| last.place == at.within(&self.file));
            if !is_told {
                self.error("missing-name", at, "identifier cannot be an empty string");
            }
        } else if let Some(reason) = irregular(name) {
            let message = format!("'{name}' is not a valid identifier: {reason}");
            self.warning("invalid-identifier", at, message);
        }
    }
}

/// Why a name is none that Concourse likes.
pub(super) fn irregular(name: &str) -> Option<String> {
    // Lower case, title case, modifiers, and letters without case.
    let is_letter = |c: char| c.is_alphabetic() && !c.is_uppercase();
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_digit()) {
        return Some("cannot be just numbers".to_owned());
    }
    let mut chars = name.chars();
    if !chars.next().is_some_and(|c| is_letter(c) || c.is_ascii_digit()) {
        return Some("must start with a lowercase letter or a number".to_owned());
    }
    chars
        .find(|c| !(is_letter(*c) || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')))
        .map(|c| format!("illegal character '{c}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irregular_names_have_a_reason() {
        for (name, reason) in [
            ("unit", None),
            ("2h", None),
            ("a_b-c.d", None),
            ("名前", None),
            ("24", Some("cannot be just numbers")),
            ("Unit", Some("must start with a lowercase letter or a number")),
            ("-a", Some("must start with a lowercase letter or a number")),
            ("run tests", Some("illegal character ' '")),
            ("aB", Some("illegal character 'B'")),
        ] {
            assert_eq!(irregular(name).as_deref(), reason, "{name}");
        }
    }
}
