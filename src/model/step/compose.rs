//! Steps made of steps: `do`, `in_parallel`, `across`.

use serde::{Deserialize, Serialize};

use super::Step;
use crate::model::Value;

/// Steps one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DoStep {
    /// The steps.
    pub steps: Vec<Step>,
    /// Worker tags of all steps inside that have none.
    pub tags: Vec<String>,
}

/// Steps side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InParallel {
    /// The steps, in the order in which they start.
    pub steps: Vec<Step>,
    /// How many run at a time; all without.
    pub limit: Option<u32>,
    /// Whether the first that does not succeed ends the others.
    pub fail_fast: bool,
    /// Worker tags of all steps inside that have none.
    pub tags: Vec<String>,
}

/// One step for each combination of values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Across {
    /// The step, which may hold `((.:var))` anywhere.
    pub step: Box<Step>,
    /// The vars; the first changes slowest.
    pub vars: Vec<AcrossVar>,
    /// Whether the first combination that does not succeed ends the others.
    pub fail_fast: bool,
}

/// A var of [`Across`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcrossVar {
    /// Its name.
    pub name: String,
    /// A list, or a reference to one.
    pub values: Value,
    /// How many of its values run at a time.
    pub max_in_flight: InFlight,
}

/// How many at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    /// All.
    All,
    /// That many.
    Limit(u32),
}
