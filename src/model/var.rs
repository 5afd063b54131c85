//! `((References))` and how they are filled.
//!
//! *Follows:* `vars/` of Concourse. Filling walks the decoded value and never works on raw
//! text, so a value cannot break the structure around it.

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
}
