//! What tasks keep for their next run: one volume a cache, on the runtime that the task ran on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::runtime::{Runtime, RuntimeError, Volume, VolumeSource, VolumeSpec};

/// Lets one task at a time read or replace a cache.
#[derive(Default)]
pub struct Caches {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Caches {
    /// Holds caches until what is returned is dropped. Always takes them in the same order.
    pub async fn hold(&self, handles: &[String]) -> Vec<OwnedMutexGuard<()>> {
        let mut ordered: Vec<&String> = handles.iter().collect();
        ordered.sort();
        ordered.dedup();
        let mut held = Vec::new();
        for handle in ordered {
            let lock = {
                let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(locks.entry(handle.clone()).or_default())
            };
            held.push(lock.lock_owned().await);
        }
        held
    }

    /// Puts what `volume` holds in the place of a cache.
    ///
    /// # Errors
    /// When the runtime refuses. The cache may be gone then.
    pub async fn keep(
        &self,
        runtime: &dyn Runtime,
        handle: &str,
        volume: Arc<dyn Volume>,
    ) -> Result<(), RuntimeError> {
        let _held = self.hold(&[handle.to_owned()]).await;
        runtime.remove_volume(handle).await?;
        let source = VolumeSource::CopyOf(volume);
        runtime.create_volume(VolumeSpec { handle: handle.to_owned(), source }).await?;
        Ok(())
    }
}
