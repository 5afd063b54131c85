//! What steps leave for one another: artifacts and local vars by name.
//!
//! One scope a build and one below it for each combination of an across step. A look goes
//! outward; what is put in stays in its scope.
//!
//! *Follows:* `atc/exec/run_state.go`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Value;
use crate::runtime::Volume;

/// Artifacts and local vars that a step sees.
#[derive(Default)]
pub struct Scope {
    outer: Option<Arc<Scope>>,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    artifacts: BTreeMap<String, Arc<dyn Volume>>,
    vars: BTreeMap<String, Value>,
}

impl Scope {
    /// A scope inside of `outer`.
    pub fn inside(outer: &Arc<Scope>) -> Arc<Self> {
        Arc::new(Self { outer: Some(Arc::clone(outer)), names: Mutex::default() })
    }

    /// The artifact of that name.
    pub fn artifact(&self, name: &str) -> Option<Arc<dyn Volume>> {
        let own = self.names().artifacts.get(name).cloned();
        own.or_else(|| self.outer.as_ref()?.artifact(name))
    }

    /// All artifacts, by name.
    pub fn artifacts(&self) -> BTreeMap<String, Arc<dyn Volume>> {
        let mut all = self.outer.as_ref().map(|outer| outer.artifacts()).unwrap_or_default();
        all.extend(self.names().artifacts.clone());
        all
    }

    /// Puts an artifact in the place of one of the same name.
    pub fn set_artifact(&self, name: &str, volume: Arc<dyn Volume>) {
        self.names().artifacts.insert(name.to_owned(), volume);
    }

    /// The local var of that name.
    pub fn var(&self, name: &str) -> Option<Value> {
        let own = self.names().vars.get(name).cloned();
        own.or_else(|| self.outer.as_ref()?.var(name))
    }

    /// Puts a local var in the place of one of the same name.
    pub fn set_var(&self, name: &str, value: Value) {
        self.names().vars.insert(name.to_owned(), value);
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_goes_outward_and_nothing_leaves() {
        let outer = Arc::new(Scope::default());
        outer.set_var("a", 1.into());
        outer.set_var("b", 1.into());
        let inner = Scope::inside(&outer);
        inner.set_var("b", 2.into());
        inner.set_var("c", 2.into());
        let see = |scope: &Scope| ["a", "b", "c"].map(|name| scope.var(name));
        assert_eq!(see(&inner), [Some(1.into()), Some(2.into()), Some(2.into())]);
        assert_eq!(see(&outer), [Some(1.into()), Some(1.into()), None]);
    }
}
