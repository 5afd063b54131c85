//! Containers of builds, so that they can be entered and collected after a restart.

use super::{Result, Store};
use crate::model::worker::ContainerInfo;
use crate::model::{BuildId, Timestamp};

/// A container as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRow {
    /// What it is.
    pub info: ContainerInfo,
    /// When it goes, once that is decided.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Notes a container, before it is made; again when something of it changes.
    pub async fn save_container(&self, _container: &ContainerInfo) -> Result<()> {
        todo!()
    }

    /// The containers of a build, oldest first.
    pub async fn build_containers(&self, _build: BuildId) -> Result<Vec<ContainerRow>> {
        todo!()
    }

    /// One container.
    pub async fn container(&self, _handle: &str) -> Result<Option<ContainerRow>> {
        todo!()
    }

    /// All containers, oldest first.
    pub async fn containers(&self) -> Result<Vec<ContainerRow>> {
        todo!()
    }

    /// Sets when a container goes.
    pub async fn set_container_expiry(&self, _handle: &str, _at: Option<Timestamp>) -> Result<()> {
        todo!()
    }

    /// Forgets a container. Doing it again changes nothing.
    pub async fn delete_container(&self, _handle: &str) -> Result<()> {
        todo!()
    }
}
