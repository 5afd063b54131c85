//! Resources: what can be asked and told of them.

use async_trait::async_trait;

use super::Result;
use crate::model::version::MetadataField;
use crate::model::{PipelineRef, ResourceId, Timestamp, Version, VersionId};

/// Reading resources.
#[async_trait]
pub trait ResourceReads: Send + Sync {
    /// Versions of a resource, newest first, at most `limit`.
    async fn resource_versions(
        &self,
        pipeline: &PipelineRef,
        resource: &str,
        limit: u32,
    ) -> Result<Vec<ResourceVersion>>;
}

/// Acting on resources.
#[async_trait]
pub trait ResourceActs: Send + Sync {
    /// Looks for new versions now; returns when the check is over.
    async fn check_resource(&self, pipeline: &PipelineRef, resource: &str) -> Result<CheckSummary>;
}

/// A resource as the graph shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceSummary {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub kind: String,
    /// The version it is pinned to.
    pub pinned: Option<Version>,
    /// Its newest version.
    pub latest: Option<ResourceVersion>,
    /// Its last check.
    pub check: Option<CheckSummary>,
}

/// A version of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceVersion {
    /// Its id.
    pub id: VersionId,
    /// The version.
    pub version: Version,
    /// What the resource tells of it.
    pub metadata: Vec<MetadataField>,
    /// Whether it may be used.
    pub is_enabled: bool,
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSummary {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over; nothing while it runs.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}
