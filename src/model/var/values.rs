//! Values given by hand, and layers of places to look.

use super::{FillError, Reference, Vars};
use crate::model::Value;
use crate::model::value::Map;

/// Values given by hand: flags, and files below them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    flags: Map,
    files: Vec<Map>,
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `path` (`name`, or `name.field."quoted.field"`) as a flag does: it hides the same
    /// name of all files; a map joins a map that is there, all else takes its place.
    ///
    /// # Errors
    /// When `path` is none, as [`Reference::parse`] says.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) -> Result<(), FillError> {
        let reference = Reference::parse(path)?;
        let tree = reference
            .fields
            .into_iter()
            .rev()
            .fold(value.into(), |inner, field| Value::Map(Map::from([(field, inner)])));
        join(self.flags.entry(reference.name).or_default(), tree);
        Ok(())
    }

    /// Adds the values of a file. It wins over files that were added before, a whole var at a
    /// time; flags win over it.
    pub fn add_file(&mut self, values: Map) {
        self.files.push(values);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.files.iter().all(Map::is_empty)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.flags.get(name).or_else(|| self.files.iter().rev().find_map(|file| file.get(name)))
    }
}

/// All values at the rank of flags.
impl From<Map> for Values {
    fn from(flags: Map) -> Self {
        Self { flags, files: Vec::new() }
    }
}

/// Knows unsourced references only.
impl Vars for Values {
    fn find(&self, reference: &Reference) -> Option<Value> {
        match reference.source {
            None => self.get(&reference.name).cloned(),
            Some(_) => None,
        }
    }
}

/// Several places to look, the first one first.
pub struct Layers<'a>(pub Vec<&'a dyn Vars>);

impl Vars for Layers<'_> {
    fn find(&self, reference: &Reference) -> Option<Value> {
        self.0.iter().find_map(|vars| vars.find(reference))
    }

    fn lacks_source(&self, source: &str) -> bool {
        self.0.iter().any(|vars| vars.lacks_source(source))
    }
}

fn join(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Map(into), Value::Map(map)) => {
            for (key, value) in map {
                join(into.entry(key).or_default(), value);
            }
        }
        (into, value) => *into = value,
    }
}
