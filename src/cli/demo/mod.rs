//! The offline demo: real git repositories on this machine and real pipelines over them.
//!
//! Nothing here knows the scheduler or the console: it makes repositories, gives the texts of
//! the pipelines, and commits something new when a person asks.

mod repositories;

pub use repositories::{DemoError, Repositories};

/// A pipeline of the demo.
pub struct DemoPipeline {
    /// Its name.
    pub name: &'static str,
    /// Its text; `((repositories))` stands for the folder of the repositories.
    pub text: &'static str,
}

/// The pipelines, in the order in which they are shown.
pub const PIPELINES: [DemoPipeline; 3] = [
    DemoPipeline {
        name: "bosh-alicloud-cpi",
        text: include_str!("files/pipelines/bosh-alicloud-cpi.yml"),
    },
    DemoPipeline { name: "dispatch-e2e", text: include_str!("files/pipelines/dispatch-e2e.yml") },
    DemoPipeline { name: "checkout", text: include_str!("files/pipelines/checkout.yml") },
];
