//! Brings a database to this program's shape.
//!
//! Each step is a folder with one file a database. Steps are never edited once they are out: they
//! expand, and a later one contracts. A database that a newer program shaped is refused.

use super::pool::{Db, Durability, Tx};
use super::row::args;
use super::{Result, StoreError};
use crate::model::Timestamp;

struct Step {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[Step {
    number: 1,
    name: "first",
    sqlite: include_str!("migrations/0001_first/sqlite.sql"),
    postgres: include_str!("migrations/0001_first/postgres.sql"),
}];

/// The key under which PostgreSQL lets one core at a time migrate.
const LOCK_KEY: i64 = 0x666c_6967_6874;

/// Runs the steps that the database has not seen, each in a transaction of its own.
pub(super) async fn migrate(db: &Db, now: Timestamp) -> Result<()> {
    run(db, STEPS, now).await
}

async fn run(db: &Db, steps: &[Step], now: Timestamp) -> Result<()> {
    let known = steps.iter().map(|step| step.number).max().unwrap_or(0);
    for step in steps {
        let mut tx = db.begin(Durability::Power).await?;
        let at = position(&mut tx).await?;
        if at > known {
            return Err(StoreError::Newer { found: at, known });
        }
        if at >= step.number {
            tx.rollback().await;
            continue;
        }
        let sql = if tx.is_postgres() { step.postgres } else { step.sqlite };
        tx.execute_script(sql).await?;
        tx.execute(
            "INSERT INTO schema_steps (step, name, applied_at) VALUES ($1, $2, $3)",
            args![step.number, step.name, now],
        )
        .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The last step that the database has seen.
async fn position(tx: &mut Tx) -> Result<i64> {
    if tx.is_postgres() {
        // Held to the end of the transaction: the second core then sees what the first did. The
        // snapshot must be younger than the lock, so nothing else comes before it.
        tx.execute_script("SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        tx.fetch_all("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)", args![LOCK_KEY]).await?;
    }
    tx.execute_script(
        "CREATE TABLE IF NOT EXISTS schema_steps (\
         step BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    )
    .await?;
    tx.fetch_one("SELECT COALESCE(MAX(step), 0) FROM schema_steps", args![]).await?.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fresh(dir: &tempfile::TempDir) -> Db {
        Db::open_sqlite(&dir.path().join("test.db")).await.expect("opens")
    }

    #[tokio::test]
    async fn a_second_run_changes_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let db = fresh(&dir).await;
        migrate(&db, Timestamp(1)).await.expect("migrates");
        migrate(&db, Timestamp(2)).await.expect("migrates again");
        let mut tx = db.begin_read().await.expect("begins");
        let mut row = tx
            .fetch_one("SELECT COUNT(*), MAX(applied_at) FROM schema_steps", args![])
            .await
            .expect("counts");
        assert_eq!(row.take::<i64>().expect("a number"), i64::try_from(STEPS.len()).expect("few"));
        assert_eq!(row.take::<i64>().expect("a number"), 1);
    }

    #[tokio::test]
    async fn a_newer_database_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let db = fresh(&dir).await;
        migrate(&db, Timestamp(1)).await.expect("migrates");
        let mut tx = db.begin(Durability::Process).await.expect("begins");
        tx.execute("INSERT INTO schema_steps VALUES (9999, 'later', 1)", args![])
            .await
            .expect("inserts");
        tx.commit().await.expect("commits");
        let error = migrate(&db, Timestamp(2)).await.expect_err("refuses");
        assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
    }
}
