//! A version: what a resource was at one moment.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A flat map of text to text. Two versions are the same when all their fields are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub BTreeMap<String, String>);

impl Version {
    /// A version with one field.
    pub fn of(key: &str, value: &str) -> Self {
        Self(BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// The value of a field.
    pub fn field(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether each field of `pin` has the same value here, which is how pins match.
    pub fn satisfies(&self, pin: &Version) -> bool {
        pin.0.iter().all(|(key, value)| self.0.get(key) == Some(value))
    }
}

/// Prints as `key:value,key:value`, ordered by key, as Concourse's messages do.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{key}:{value}")?;
        }
        Ok(())
    }
}

/// A fact that a resource tells about a version, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataField {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl MetadataField {
    /// A fact.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// Which version of a resource an input asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionMode {
    /// The newest.
    #[default]
    Latest,
    /// Each one, in order.
    Every,
    /// The one that has these fields.
    Pinned(Version),
}
