//! SQLite and PostgreSQL behind one small type.
//!
//! Two typed pools, not sqlx's `Any`: that knows no booleans on SQLite and no LISTEN. Statements
//! are of one portable subset with `$1`; numbers are i64, moments microseconds, all else that has
//! a shape JSON in TEXT. SQLite has one connection that writes and some that read; the file is in
//! WAL mode, so that readers never wait. A transaction there survives the death of the process at
//! once, and the loss of power if it is [`Durability::Power`]; PostgreSQL's always do both.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgQueryResult};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::notify::Change;
use super::row::{Arg, Row};
use super::{Result, StoreError};

/// How many connections read a SQLite file at the same time.
const SQLITE_READERS: u32 = 4;
/// How many connections a core has to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 12;
/// How long a statement waits for another process that writes the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a transaction is tried when others get in its way.
const MAX_TRIES: u32 = 40;
/// The same where only a key was in the way.
const MAX_KEY_TRIES: u32 = 3;

/// SQL text: almost always static; else built of static text and placeholders only.
pub(super) type Sql = Cow<'static, str>;

/// A database.
#[derive(Clone)]
pub(super) enum Db {
    Sqlite { reader: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

/// What a transaction survives once it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The death of the process.
    Process,
    /// The loss of power.
    Power,
}

/// A transaction, and what to tell when it is committed.
pub(super) struct Tx {
    inner: Inner,
    changes: Vec<Change>,
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    /// Opens or makes a SQLite file.
    pub(super) async fn open_sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("temp_store", "memory")
            .statement_cache_capacity(200);
        let pool = |max: u32| {
            SqlitePoolOptions::new()
                .max_connections(max)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .acquire_timeout(ACQUIRE_TIMEOUT)
        };
        let fault = |source| StoreError::Open { database: file.display().to_string(), source };
        // The writer comes first: it makes the file and switches it to WAL.
        let writer = pool(1).connect_with(options.clone()).await.map_err(fault)?;
        let reader = pool(SQLITE_READERS).connect_with(options).await.map_err(fault)?;
        Ok(Self::Sqlite { reader, writer })
    }

    /// Connects to PostgreSQL.
    pub(super) async fn open_postgres(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|source| StoreError::Open { database: hide_password(url), source })?
            .application_name("flightdeck");
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(|source| StoreError::Open { database: hide_password(url), source })?;
        Ok(Self::Postgres(pool))
    }

    /// Runs a reading statement and gives all rows.
    pub(super) async fn fetch_all(&self, sql: impl Into<Sql>, args: Vec<Arg>) -> Result<Vec<Row>> {
        let sql = sql.into();
        match self {
            Self::Sqlite { reader, .. } => sqlite_query(sql.clone(), args)
                .fetch_all(reader)
                .await
                .map(|rows| rows.into_iter().map(Row::sqlite).collect()),
            Self::Postgres(pool) => postgres_query(sql.clone(), args)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::postgres).collect()),
        }
        .map_err(|source| statement_error(&sql, source))
    }

    /// Runs a reading statement and gives the first row, if there is one.
    pub(super) async fn fetch_optional(
        &self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
    ) -> Result<Option<Row>> {
        let sql = sql.into();
        match self {
            Self::Sqlite { reader, .. } => sqlite_query(sql.clone(), args)
                .fetch_optional(reader)
                .await
                .map(|row| row.map(Row::sqlite)),
            Self::Postgres(pool) => postgres_query(sql.clone(), args)
                .fetch_optional(pool)
                .await
                .map(|row| row.map(Row::postgres)),
        }
        .map_err(|source| statement_error(&sql, source))
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self, durability: Durability) -> Result<Tx> {
        let inner = match self {
            Self::Sqlite { writer, .. } => {
                let begin = match durability {
                    Durability::Process => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
                    Durability::Power => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
                };
                writer.begin_with(begin).await.map(Inner::Sqlite)
            }
            Self::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.map(Inner::Postgres)
            }
        };
        let inner = inner.map_err(|source| statement_error("BEGIN", source))?;
        Ok(Tx { inner, changes: Vec::new() })
    }

    /// Begins a transaction that reads one moment.
    pub(super) async fn begin_read(&self) -> Result<Tx> {
        let inner = match self {
            Self::Sqlite { reader, .. } => reader.begin().await.map(Inner::Sqlite),
            Self::Postgres(pool) => pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await
                .map(Inner::Postgres),
        };
        let inner = inner.map_err(|source| statement_error("BEGIN", source))?;
        Ok(Tx { inner, changes: Vec::new() })
    }

    /// Closes all connections, once they are given back.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Whether the database is PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }

    /// Notes what to tell when the transaction is committed.
    pub(super) fn tell(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// What to tell so far.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Runs a statement and gives how many rows it touched.
    pub(super) async fn execute(&mut self, sql: impl Into<Sql>, args: Vec<Arg>) -> Result<u64> {
        let sql = sql.into();
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlite_query(sql.clone(), args)
                .execute(&mut **tx)
                .await
                .map(|done: SqliteQueryResult| done.rows_affected()),
            Inner::Postgres(tx) => postgres_query(sql.clone(), args)
                .execute(&mut **tx)
                .await
                .map(|done: PgQueryResult| done.rows_affected()),
        }
        .map_err(|source| statement_error(&sql, source))
    }

    /// Runs several statements without arguments.
    pub(super) async fn execute_script(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
            Inner::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
        }
        .map_err(|source| statement_error(sql, source))
    }

    /// Runs a statement and gives all rows.
    pub(super) async fn fetch_all(
        &mut self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>> {
        let sql = sql.into();
        match &mut self.inner {
            Inner::Sqlite(tx) => sqlite_query(sql.clone(), args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::sqlite).collect()),
            Inner::Postgres(tx) => postgres_query(sql.clone(), args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::postgres).collect()),
        }
        .map_err(|source| statement_error(&sql, source))
    }

    /// Runs a statement and gives the first row, if there is one.
    pub(super) async fn fetch_optional(
        &mut self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
    ) -> Result<Option<Row>> {
        // All rows are read: a statement that writes and returns must run to its end.
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// Runs a statement that always gives a row.
    pub(super) async fn fetch_one(&mut self, sql: impl Into<Sql>, args: Vec<Arg>) -> Result<Row> {
        let sql = sql.into();
        match self.fetch_optional(sql.clone(), args).await? {
            Some(row) => Ok(row),
            None => Err(statement_error(&sql, sqlx::Error::RowNotFound)),
        }
    }

    /// Makes what was done durable.
    pub(super) async fn commit(self) -> Result<Vec<Change>> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|source| statement_error("COMMIT", source))?;
        Ok(self.changes)
    }

    /// Takes back what was done.
    pub(super) async fn rollback(self) {
        // A connection that cannot roll back is broken, and the database does it then.
        let _ = match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await,
            Inner::Postgres(tx) => tx.rollback().await,
        };
    }
}

/// Counts the tries of one transaction.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether to try again after `error`; waits a little where others are in the way.
    pub(super) async fn again(&mut self, error: &StoreError) -> bool {
        let most = match contention(error) {
            Contention::None => 0,
            Contention::Key => MAX_KEY_TRIES,
            Contention::Order => MAX_TRIES,
        };
        if self.0 >= most {
            return false;
        }
        self.0 += 1;
        // Real time on purpose: the one who is in the way works in real time.
        let spread = u64::from(self.0.min(10)) * (1 + u64::from(std::process::id()) % 3);
        tokio::time::sleep(Duration::from_millis(spread)).await;
        true
    }
}

enum Contention {
    None,
    /// A key is there already: another may have made it since this transaction began, and the
    /// next try finds it.
    Key,
    /// Others came first.
    Order,
}

fn contention(error: &StoreError) -> Contention {
    let StoreError::Statement { source: sqlx::Error::Database(source), .. } = error else {
        return Contention::None;
    };
    // PostgreSQL: serialization failure, deadlock, unique violation. SQLite: busy, plain and in
    // its extended forms; its one writer never meets a key of another.
    match source.code().as_deref() {
        Some("40001" | "40P01" | "5" | "261" | "517") => Contention::Order,
        Some("23505") => Contention::Key,
        _ => Contention::None,
    }
}

fn sqlite_query(
    sql: Sql,
    args: Vec<Arg>,
) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for arg in args {
        query = match arg {
            Arg::Int(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
            Arg::Bool(value) => query.bind(value),
        };
    }
    query
}

fn postgres_query(
    sql: Sql,
    args: Vec<Arg>,
) -> sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for arg in args {
        query = match arg {
            Arg::Int(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
            Arg::Bool(value) => query.bind(value),
        };
    }
    query
}

fn statement_error(sql: &str, source: sqlx::Error) -> StoreError {
    let words: Vec<&str> = sql.split_whitespace().take(6).collect();
    StoreError::Statement { statement: words.join(" "), source }
}

/// A database address without what may be a password.
pub(super) fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "an address".to_owned() };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split_once('?').map_or(host, |(host, _)| host);
    format!("{scheme}://{host}")
}

/// Placeholders `$first, …` for `n` arguments.
pub(super) fn placeholders(first: usize, n: usize) -> String {
    let mut text = String::with_capacity(n * 5);
    for i in first..first + n {
        if i > first {
            text.push_str(", ");
        }
        text.push('$');
        text.push_str(&i.to_string());
    }
    text
}

/// Runs a transaction until it is committed or refused: `transact!(store, durability, |tx| work)`.
/// The work may run more than once, so it must change nothing but the database.
macro_rules! transact {
    ($store:expr, $durability:ident, |$tx:ident| $work:expr) => {
        transact!($store, { $crate::store::pool::Durability::$durability }, |$tx| $work)
    };
    ($store:expr, $durability:block, |$tx:ident| $work:expr) => {{
        let mut tries = $crate::store::pool::Tries::default();
        loop {
            let mut tx = $store.db().begin($durability).await?;
            let done: $crate::store::Result<_> = {
                let $tx = &mut tx;
                async { $work }.await
            };
            let failed = match done {
                Ok(answer) => match $store.commit(tx).await {
                    Ok(()) => break Ok(answer),
                    Err(error) => error,
                },
                Err(error) => {
                    tx.rollback().await;
                    error
                }
            };
            if !tries.again(&failed).await {
                break Err(failed);
            }
        }
    }};
}
pub(super) use transact;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("postgres://me:secret@db:5432/ci?sslmode=x", "postgres://db:5432/ci"),
            ("postgres://db/ci", "postgres://db/ci"),
            ("secret", "an address"),
        ] {
            assert_eq!(hide_password(url), shown);
        }
    }

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(3, 2), "$3, $4");
        assert_eq!(placeholders(1, 0), "");
    }
}
