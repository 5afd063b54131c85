//! The nouns: plain values that every other room speaks in, in reading order.
//!
//! This room never does IO, never reads the clock, never waits, and knows no library's types
//! but serde's.

pub mod build;
pub mod diagnostic;
pub mod id;
pub mod job;
pub mod pipeline;
pub mod resource;
pub mod step;
pub mod task;
pub mod time;
pub mod value;
pub mod var;
pub mod version;
pub mod worker;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use id::{BuildId, JobId, PipelineId, PlanId, ResourceId, ScopeId, TeamId, VersionId};
pub use job::Job;
pub use pipeline::{Pipeline, PipelineRef};
pub use resource::{Resource, ResourceType};
pub use step::Step;
pub use task::TaskConfig;
pub use time::{Clock, Timestamp};
pub use value::{Map, Number, Value};
pub use version::Version;
