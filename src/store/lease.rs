//! One holder at a time: leases that end by themselves, with an epoch that tells a late holder
//! from the present one.
//!
//! Time is the database's clock where several cores share one (PostgreSQL), and this core's
//! where it is alone.

use std::time::Duration;

use super::pool::{Tx, transact};
use super::row::args;
use super::{Result, Store, StoreError};
use crate::model::{BuildId, Timestamp};

/// A lease that this core holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased: `build/7`.
    pub name: String,
    /// Counts the holders.
    pub epoch: i64,
}

impl Lease {
    /// The name of a build's lease.
    pub fn of_build(build: BuildId) -> String {
        format!("build/{build}")
    }
}

impl Store {
    /// Takes a lease, if nobody holds it. Taking it again while holding it renews it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_lease(&self, name: &str, span: Duration) -> Result<Option<Lease>> {
        let me = self.holder();
        let sql = "INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3) \
                   ON CONFLICT (name) DO UPDATE SET \
                   epoch = CASE WHEN leases.holder = $2 AND leases.expires_at > $4 \
                     THEN leases.epoch ELSE leases.epoch + 1 END, \
                   holder = $2, expires_at = $3 \
                   WHERE leases.holder = $2 OR leases.expires_at <= $4 RETURNING epoch";
        transact!(self, Process, |tx| {
            let now = self.lease_now(tx).await?;
            let row = tx.fetch_optional(sql, args![name, me, now + span, now]).await?;
            match row {
                Some(mut row) => Ok(Some(Lease { name: name.to_owned(), epoch: row.take()? })),
                None => Ok(None),
            }
        })
    }

    /// Holds on to a lease for that long from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another has held it since.
    pub async fn renew_lease(&self, lease: &Lease, span: Duration) -> Result<()> {
        let sql = "UPDATE leases SET expires_at = $4 \
                   WHERE name = $1 AND epoch = $2 AND holder = $3";
        transact!(self, Process, |tx| {
            let until = self.lease_now(tx).await? + span;
            let args = args![&lease.name, lease.epoch, self.holder(), until];
            match tx.execute(sql, args).await? {
                0 => Err(StoreError::LeaseLost { name: lease.name.clone() }),
                _ => Ok(()),
            }
        })
    }

    /// Gives a lease back. One that is lost stays so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let sql = "UPDATE leases SET expires_at = 0 \
                   WHERE name = $1 AND epoch = $2 AND holder = $3";
        transact!(self, Process, |tx| {
            let args = args![&lease.name, lease.epoch, self.holder()];
            tx.execute(sql, args).await.map(|_| ())
        })
    }

    /// Refuses what a build writes while another core holds it, also one that took it over from
    /// this one. A build that nobody leased may be written to.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub(super) async fn check_lease(&self, tx: &mut Tx, build: BuildId) -> Result<()> {
        let name = Lease::of_build(build);
        let sql = "SELECT holder FROM leases WHERE name = $1";
        let holder = match tx.fetch_optional(sql, args![&name]).await? {
            Some(mut row) => row.take_opt::<String>()?,
            None => None,
        };
        if holder.is_none_or(|holder| holder == self.holder()) {
            return Ok(());
        }
        Err(StoreError::LeaseLost { name })
    }

    /// What names this opening of the store: a core that was opened again is another holder.
    fn holder(&self) -> &str {
        self.inner.notifier.origin()
    }

    async fn lease_now(&self, tx: &mut Tx) -> Result<Timestamp> {
        if !tx.is_postgres() {
            return Ok(self.now());
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
        tx.fetch_one(sql, args![]).await?.take()
    }
}
