//! Checks: when a scope was last checked, how that went, which resources may be due.

use super::ResourceRow;
use super::pin::find_pinned;
use crate::model::{BuildId, ResourceId, ScopeId, Timestamp};
use crate::store::job::{Which, request};
use crate::store::notify::Change;
use crate::store::pool::transact;
use crate::store::row::{Row, args};
use crate::store::{Result, Store};

/// How the last check of a scope went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckState {
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended; before `started_at` or nothing while it runs.
    pub ended_at: Option<Timestamp>,
    /// Whether it went well.
    pub is_ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// When the next is due.
    pub next_at: Option<Timestamp>,
    /// The build that shows it, if one does.
    pub build: Option<BuildId>,
}

impl CheckState {
    /// Whether one runs.
    pub fn is_running(&self) -> bool {
        self.started_at.is_some() && self.ended_at < self.started_at
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckEnd<'a> {
    /// Why it failed; nothing if it went well.
    pub error: Option<&'a str>,
    /// When the next is due.
    pub next_at: Timestamp,
}

/// A resource with all that says whether it is due for a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCandidate {
    /// The resource.
    pub row: ResourceRow,
    /// Its scope's last check.
    pub check: Option<CheckState>,
    /// Whether some job takes it as a trigger without `passed`.
    pub is_trigger: bool,
    /// Whether some job takes it without trigger and without `passed`.
    pub is_plain_input: bool,
    /// Whether its scope has any version that a check reported.
    pub has_versions: bool,
    /// Whether a stored version matches its pin; true without a pin.
    pub is_pin_known: bool,
    /// Whether a build that shows a check of it is not over.
    pub has_check_build: bool,
}

impl CheckState {
    /// The columns of a scope `s`, in the order of [`CheckState::read`].
    pub(in crate::store) const COLUMNS: &str = "s.id, s.check_started_at, s.check_ended_at, s.check_ok, \
        s.check_error, s.check_next_at, s.check_build_id";

    /// Takes the columns of a scope. A scope that was never checked has no state.
    pub(super) fn read(row: &mut Row) -> Result<Option<Self>> {
        let scope: Option<ScopeId> = row.take_opt()?;
        let state = Self {
            started_at: row.take_opt()?,
            ended_at: row.take_opt()?,
            is_ok: row.take_opt()?.unwrap_or_default(),
            error: row.take_opt()?,
            next_at: row.take_opt()?,
            build: row.take_opt()?,
        };
        let is_known = scope.is_some() && (state.started_at.is_some() || state.next_at.is_some());
        Ok(is_known.then_some(state))
    }

    /// Takes the columns of a scope, then those of a check that failed before there was one.
    pub(in crate::store) fn read_either(row: &mut Row) -> Result<Option<Self>> {
        let state = Self::read(row)?;
        let ended_at: Option<Timestamp> = row.take_opt()?;
        let error: Option<String> = row.take_opt()?;
        let next_at = row.take_opt()?;
        Ok(state.or(ended_at.map(|ended_at| Self {
            started_at: Some(ended_at),
            ended_at: Some(ended_at),
            is_ok: error.is_none(),
            error,
            next_at,
            build: None,
        })))
    }
}

impl Store {
    /// Active resources of pipelines that are not paused, with what says whether they are due.
    pub async fn check_candidates(&self) -> Result<Vec<CheckCandidate>> {
        let sql = format!(
            "SELECT {}, {}, c.ended_at, c.error, c.next_at, \
             EXISTS (SELECT 1 FROM job_inputs i JOIN jobs j ON j.id = i.job_id \
               WHERE i.resource_id = r.id AND j.is_active AND i.is_trigger AND NOT i.has_passed), \
             EXISTS (SELECT 1 FROM job_inputs i JOIN jobs j ON j.id = i.job_id \
               WHERE i.resource_id = r.id AND j.is_active AND NOT i.is_trigger \
               AND NOT i.has_passed), \
             EXISTS (SELECT 1 FROM versions v WHERE v.scope_id = r.scope_id \
               AND v.check_order > 0), \
             EXISTS (SELECT 1 FROM builds b WHERE b.resource_id = r.id AND b.status = 'started') \
             FROM resources r JOIN pipelines p ON p.id = r.pipeline_id \
             LEFT JOIN scopes s ON s.id = r.scope_id \
             LEFT JOIN scopeless_checks c ON c.resource_id = r.id AND r.scope_id IS NULL \
             WHERE r.is_active AND p.paused_at IS NULL AND p.archived_at IS NULL \
             ORDER BY r.id",
            ResourceRow::COLUMNS,
            CheckState::COLUMNS,
        );
        let mut tx = self.db().begin_read().await?;
        let mut candidates = Vec::new();
        for mut row in tx.fetch_all(sql, args![]).await? {
            let resource = ResourceRow::read(&mut row)?;
            let mut candidate = CheckCandidate {
                check: CheckState::read_either(&mut row)?,
                is_trigger: row.take()?,
                is_plain_input: row.take()?,
                has_versions: row.take()?,
                has_check_build: row.take()?,
                is_pin_known: true,
                row: resource,
            };
            if let Some(pin) = &candidate.row.pin {
                candidate.is_pin_known = match candidate.row.scope {
                    Some(scope) => find_pinned(&mut tx, scope, &pin.version).await?.is_some(),
                    None => false,
                };
            }
            candidates.push(candidate);
        }
        tx.rollback().await;
        Ok(candidates)
    }

    /// How the last check of a scope went.
    pub async fn check_state(&self, scope: ScopeId) -> Result<Option<CheckState>> {
        let sql = format!("SELECT {} FROM scopes s WHERE s.id = $1", CheckState::COLUMNS);
        match self.db().fetch_optional(sql, args![scope]).await? {
            Some(mut row) => CheckState::read(&mut row),
            None => Ok(None),
        }
    }

    /// How the last check of a resource went, also of one that got no scope.
    pub async fn resource_check(&self, resource: ResourceId) -> Result<Option<CheckState>> {
        let sql = format!(
            "SELECT {}, c.ended_at, c.error, c.next_at FROM resources r \
             LEFT JOIN scopes s ON s.id = r.scope_id \
             LEFT JOIN scopeless_checks c ON c.resource_id = r.id AND r.scope_id IS NULL \
             WHERE r.id = $1",
            CheckState::COLUMNS
        );
        match self.db().fetch_optional(sql, args![resource]).await? {
            Some(mut row) => CheckState::read_either(&mut row),
            None => Ok(None),
        }
    }

    /// Notes that a check of the scope begins; `build` shows it.
    pub async fn begin_check(&self, scope: ScopeId, build: Option<BuildId>) -> Result<()> {
        let sql = "UPDATE scopes SET check_started_at = $2, check_build_id = $3 WHERE id = $1";
        transact!(self, Process, |tx| {
            tx.execute(sql, args![scope, self.now(), build]).await?;
            tx.tell(Change::Scope(scope));
            Ok(())
        })
    }

    /// Notes how a check of the scope ended.
    pub async fn end_check(&self, scope: ScopeId, end: CheckEnd<'_>) -> Result<()> {
        let sql = "UPDATE scopes SET check_ended_at = $2, check_ok = $3, check_error = $4, \
                   check_next_at = $5 WHERE id = $1";
        let is_ok = end.error.is_none();
        transact!(self, Process, |tx| {
            tx.execute(sql, args![scope, self.now(), is_ok, end.error, end.next_at]).await?;
            tx.tell(Change::Scope(scope));
            request(tx, self.now(), Which::PendingUsersOf(scope)).await
        })
    }

    /// Forgets that checks run, when the core that ran them is gone.
    pub(in crate::store) async fn forget_running_checks(&self) -> Result<()> {
        let sql = "UPDATE scopes SET check_started_at = check_ended_at \
                   WHERE check_started_at > COALESCE(check_ended_at, 0)";
        transact!(self, Process, |tx| tx.execute(sql, args![]).await.map(|_| ()))
    }

    /// Notes that a resource without a scope cannot be checked: its source cannot be filled.
    pub async fn note_check_error(
        &self,
        resource: ResourceId,
        error: Option<&str>,
        next_at: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO scopeless_checks (resource_id, ended_at, error, next_at) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (resource_id) DO UPDATE SET \
                   ended_at = excluded.ended_at, error = excluded.error, \
                   next_at = excluded.next_at";
        transact!(self, Process, |tx| {
            let pipeline = super::find(tx, resource).await?.pipeline;
            tx.execute(sql, args![resource, self.now(), error, next_at]).await?;
            tx.tell(Change::Resource { resource, pipeline });
            request(tx, self.now(), Which::UsersOf(resource)).await
        })
    }
}
