//! Resources of a core in this process.

use async_trait::async_trait;

use super::Local;
use crate::control::{
    CheckSummary, Error, ErrorKind, ResourceActs, ResourceReads, ResourceSummary, ResourceVersion,
    Result,
};
use crate::model::{PipelineRef, Version};
use crate::store::resource::{CheckState, ResourceOverview, VersionRow};

#[async_trait]
impl ResourceReads for Local {
    async fn resource_versions(
        &self,
        pipeline: &PipelineRef,
        resource: &str,
        limit: u32,
    ) -> Result<Vec<ResourceVersion>> {
        let row = self.find_resource(pipeline, resource).await?;
        let none = Version::default();
        let versions = self.core.store.versions(row.id, None, &none, limit).await?;
        Ok(versions.into_iter().map(version).collect())
    }
}

#[async_trait]
impl ResourceActs for Local {
    async fn check_resource(&self, pipeline: &PipelineRef, resource: &str) -> Result<CheckSummary> {
        let row = self.find_resource(pipeline, resource).await?;
        let state = crate::server::checking::check_now(&self.core, row).await?;
        state.and_then(check).ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, format!("check of `{resource}` did not run"))
        })
    }
}

pub(super) fn summary(resource: ResourceOverview) -> ResourceSummary {
    ResourceSummary {
        id: resource.row.id,
        name: resource.row.name,
        kind: resource.row.kind,
        pinned: resource.row.pin.map(|pin| pin.version),
        latest: resource.latest.map(version),
        check: resource.check.and_then(check),
    }
}

fn version(row: VersionRow) -> ResourceVersion {
    ResourceVersion {
        id: row.id,
        version: row.version,
        metadata: row.metadata,
        is_enabled: row.is_enabled,
    }
}

fn check(state: CheckState) -> Option<CheckSummary> {
    let ended_at = if state.is_running() { None } else { state.ended_at };
    let started_at = state.started_at.or(state.ended_at)?;
    Some(CheckSummary { started_at, ended_at, error: state.error })
}
