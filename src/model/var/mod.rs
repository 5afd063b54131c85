//! `((References))` and how they are filled.
//!
//! Filling walks the decoded value and never works on raw text, so a value cannot break the
//! structure around it. It looks at nothing but the given [`Vars`]: where values come from
//! (flags, files, secrets, steps) is their business.
//!
//! *Follows:* `vars/` of Concourse. One difference: a number from a file keeps its text as all
//! numbers do here, so it may stand inside a longer text, where Concourse refuses it.

mod fill;
mod values;

pub use fill::{Fill, FillError, fill, fill_text, is_reference, references};
pub use values::{Layers, Values};

use std::fmt;

use super::Value;

/// A reference: `((source:name.field))`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The source's name; `.` for local vars; nothing for the unsourced chain.
    pub source: Option<String>,
    /// The var's name.
    pub name: String,
    /// The fields to walk, outermost first.
    pub fields: Vec<String>,
}

/// Where values of references come from.
pub trait Vars {
    /// The value of the var that `reference` names, before its fields are walked; nothing if
    /// there is no such var.
    fn find(&self, reference: &Reference) -> Option<Value>;

    /// Whether a reference to `source` is a fault, because the pipeline names its sources and
    /// this is none of them. Asked before [`Vars::find`].
    fn lacks_source(&self, source: &str) -> bool {
        let _ = source;
        false
    }
}

impl Reference {
    /// Reads what stands between the parentheses.
    ///
    /// # Errors
    /// [`FillError::EmptyField`] and [`FillError::QuotedSource`].
    pub fn parse(text: &str) -> Result<Self, FillError> {
        let mut source = None;
        let mut path = text;
        if let Some(colon) = unquoted(text, ':').next() {
            let (before, after) = (&text[..colon], &text[colon + 1..]);
            if before.contains('"') {
                return Err(FillError::QuotedSource { reference: text.to_owned() });
            }
            source = Some(before.trim().to_owned()).filter(|name| !name.is_empty());
            path = after;
        }
        let mut segments = Vec::new();
        let mut start = 0;
        for end in unquoted(path, '.').chain([path.len()]) {
            let segment = path[start..end].replace('"', "").trim().to_owned();
            if segment.is_empty() {
                return Err(FillError::EmptyField { reference: text.to_owned() });
            }
            segments.push(segment);
            start = end + 1;
        }
        let name = segments.remove(0);
        Ok(Self { source, name, fields: segments })
    }

    /// The name with its source and without fields, as "undefined vars" lists it.
    pub fn var(&self) -> String {
        match &self.source {
            Some(source) => format!("{source}:{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}:")?;
        }
        for (i, segment) in std::iter::once(&self.name).chain(&self.fields).enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            if segment.contains([',', '.', ':', '/', ' ']) {
                write!(f, "\"{segment}\"")?;
            } else {
                f.write_str(segment)?;
            }
        }
        Ok(())
    }
}

/// The places of `wanted` in `text` that are not in quotes.
fn unquoted(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.char_indices().filter_map(move |(i, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(i)
    })
}

#[cfg(test)]
mod tests;
