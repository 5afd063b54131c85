//! Why an input has no version.
//!
//! *Follows:* the texts that Concourse shows for inputs that do not resolve.

use crate::model::Version;

/// Why an input has no version. Prints as Concourse says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No enabled version is known.
    #[error("latest version of resource not found")]
    NoVersion,
    /// No enabled version is known, of an input that takes every one.
    #[error("version of resource not found")]
    NoNextVersion,
    /// No known version has the fields of the pin.
    #[error("pinned version {0} not found")]
    PinNotFound(Version),
    /// No builds of the passed jobs fit together, for any of the inputs that they tie.
    #[error("no satisfiable builds from passed jobs found for set of inputs")]
    NoSatisfiableBuilds,
    /// The version was chosen, but is gone now that the build would start.
    #[error("chosen version of input {input} not available")]
    Gone {
        /// The input's name.
        input: String,
    },
}

impl Reason {
    /// What a person can do about it, as a sentence without its stop.
    pub fn advice(&self) -> &'static str {
        match self {
            Reason::NoVersion | Reason::NoNextVersion => {
                "check the resource, or enable one of its versions"
            }
            Reason::PinNotFound(_) => {
                "check the resource from the pinned version on, or change the pin"
            }
            Reason::NoSatisfiableBuilds => {
                "wait for the passed jobs to succeed with the same versions, or run them"
            }
            Reason::Gone { .. } => "check the resource, then start the job again",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn reasons_print_as_concourse_says_them() {
        let pin = Version(BTreeMap::from([
            ("ref".to_owned(), "b".to_owned()),
            ("branch".to_owned(), "a".to_owned()),
        ]));
        for (reason, text) in [
            (Reason::NoVersion, "latest version of resource not found"),
            (Reason::NoNextVersion, "version of resource not found"),
            (Reason::PinNotFound(pin), "pinned version branch:a,ref:b not found"),
            (
                Reason::NoSatisfiableBuilds,
                "no satisfiable builds from passed jobs found for set of inputs",
            ),
            (
                Reason::Gone { input: "repo".to_owned() },
                "chosen version of input repo not available",
            ),
        ] {
            assert_eq!(reason.to_string(), text);
        }
    }
}
