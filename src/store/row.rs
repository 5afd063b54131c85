//! What goes into a statement and what comes out of a row, the same for both databases.
//!
//! Columns are taken in the order of the statement's list, so a type that reads itself from a
//! row has its list of columns beside it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::{Result, StoreError};
use crate::model::build::Status;
use crate::model::{
    BuildId, JobId, PipelineId, PlanId, ResourceId, ScopeId, TeamId, Timestamp, Version, VersionId,
};

/// An argument of a statement.
#[derive(Debug, Clone)]
pub(super) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
}

/// Arguments in their order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::row::Arg::from($value)),*] };
}
pub(super) use args;

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Arg::Int(Some(value))
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Arg::Bool(value)
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Arg::Text(Some(value.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Arg::Text(Some(value))
    }
}

impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Arg::Text(Some(value.clone()))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Arg::Int(value)
    }
}

impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Arg::Text(value.map(str::to_owned))
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Arg::Text(value)
    }
}

/// A column's value.
pub(super) trait Column: Sized {
    /// What the databases have in its place.
    type Raw: Raw;

    fn from_raw(raw: Self::Raw) -> std::result::Result<Self, String>;
}

/// What a column has in both databases.
pub(super) trait Raw: Sized {
    fn sqlite(row: &SqliteRow, i: usize) -> sqlx::Result<Option<Self>>;
    fn postgres(row: &PgRow, i: usize) -> sqlx::Result<Option<Self>>;
}

macro_rules! raw {
    ($($kind:ty),*) => {
        $(
            impl Raw for $kind {
                fn sqlite(row: &SqliteRow, i: usize) -> sqlx::Result<Option<Self>> {
                    row.try_get(i)
                }

                fn postgres(row: &PgRow, i: usize) -> sqlx::Result<Option<Self>> {
                    row.try_get(i)
                }
            }

            impl Column for $kind {
                type Raw = $kind;

                fn from_raw(raw: $kind) -> std::result::Result<Self, String> {
                    Ok(raw)
                }
            }
        )*
    };
}

raw!(i64, bool, String);

macro_rules! numbers {
    ($($kind:ident),*) => {
        $(
            impl Column for $kind {
                type Raw = i64;

                fn from_raw(raw: i64) -> std::result::Result<Self, String> {
                    Ok($kind(raw))
                }
            }

            impl From<$kind> for Arg {
                fn from(value: $kind) -> Self {
                    Arg::Int(Some(value.0))
                }
            }

            impl From<Option<$kind>> for Arg {
                fn from(value: Option<$kind>) -> Self {
                    Arg::Int(value.map(|value| value.0))
                }
            }
        )*
    };
}

numbers!(TeamId, PipelineId, JobId, ResourceId, ScopeId, VersionId, BuildId, Timestamp);

impl Column for Status {
    type Raw = String;

    fn from_raw(raw: String) -> std::result::Result<Self, String> {
        Status::named(&raw).ok_or_else(|| format!("unknown status `{raw}`"))
    }
}

impl From<Status> for Arg {
    fn from(value: Status) -> Self {
        value.as_str().into()
    }
}

impl Column for PlanId {
    type Raw = String;

    fn from_raw(raw: String) -> std::result::Result<Self, String> {
        Ok(PlanId(raw))
    }
}

impl From<&PlanId> for Arg {
    fn from(value: &PlanId) -> Self {
        value.0.as_str().into()
    }
}

impl Column for Version {
    type Raw = String;

    fn from_raw(raw: String) -> std::result::Result<Self, String> {
        serde_json::from_str(&raw).map_err(|error| error.to_string())
    }
}

/// A row; its columns are taken one after the other.
pub(super) struct Row {
    inner: Inner,
    next: usize,
}

enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn sqlite(row: SqliteRow) -> Self {
        Self { inner: Inner::Sqlite(row), next: 0 }
    }

    pub(super) fn postgres(row: PgRow) -> Self {
        Self { inner: Inner::Postgres(row), next: 0 }
    }

    /// The next column, which may be null.
    pub(super) fn take_opt<T: Column>(&mut self) -> Result<Option<T>> {
        let i = self.next;
        self.next += 1;
        let raw = match &self.inner {
            Inner::Sqlite(row) => T::Raw::sqlite(row, i),
            Inner::Postgres(row) => T::Raw::postgres(row, i),
        };
        let fault = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Decode {
            what: format!("column {i}"),
            source,
        };
        raw.map_err(|error| fault(error.into()))?
            .map(T::from_raw)
            .transpose()
            .map_err(|error| fault(error.into()))
    }

    /// The next column.
    pub(super) fn take<T: Column>(&mut self) -> Result<T> {
        let i = self.next;
        self.take_opt()?.ok_or_else(|| StoreError::Decode {
            what: format!("column {i}"),
            source: "it is null".into(),
        })
    }

    /// The next column, which is JSON.
    pub(super) fn take_json<T: DeserializeOwned>(&mut self, what: &str) -> Result<T> {
        let text: String = self.take()?;
        from_json(&text, what)
    }

    /// The next column, which is JSON or null.
    pub(super) fn take_json_opt<T: DeserializeOwned>(&mut self, what: &str) -> Result<Option<T>> {
        let text: Option<String> = self.take_opt()?;
        text.map(|text| from_json(&text, what)).transpose()
    }
}

/// Reads stored JSON.
pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Decode { what: what.to_owned(), source: error.into() })
}

/// Writes JSON to store.
pub(super) fn to_json<T: Serialize>(value: &T, what: &str) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Decode { what: what.to_owned(), source: error.into() })
}
