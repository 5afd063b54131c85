//! Typed ids, so that mixing two numbers does not compile.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Default,
            Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A team.
    TeamId
);
number_id!(
    /// A pipeline: one (team, name, instance vars).
    PipelineId
);
number_id!(
    /// A job of a pipeline; survives renames.
    JobId
);
number_id!(
    /// A resource of a pipeline; survives renames.
    ResourceId
);
number_id!(
    /// A version history that a resource is attached to at present.
    ScopeId
);
number_id!(
    /// A version in a scope. Says nothing of order: that is the version's check order.
    VersionId
);
number_id!(
    /// A build. All builds, checks too, share one sequence in order of creation.
    BuildId
);

/// The id of a plan node, unique in its build and stable over a restart of the core.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(pub String);

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PlanId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}
