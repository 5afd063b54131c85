//! One holder at a time: leases that end by themselves, with an epoch that tells a late holder
//! from the present one.

use std::time::Duration;

use super::{Result, Store};

/// A lease that this core holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased: `build/7`.
    pub name: String,
    /// Counts the holders.
    pub epoch: i64,
}

impl Store {
    /// Takes a lease, if nobody holds it.
    pub async fn take_lease(&self, _name: &str, _span: Duration) -> Result<Option<Lease>> {
        todo!()
    }

    /// Holds on to a lease for that long from now.
    ///
    /// # Errors
    /// [`super::StoreError::LeaseLost`] when another holds it.
    pub async fn renew_lease(&self, _lease: &Lease, _span: Duration) -> Result<()> {
        todo!()
    }

    /// Gives a lease back.
    pub async fn release_lease(&self, _lease: &Lease) -> Result<()> {
        todo!()
    }
}
