//! Containers, volumes and task caches, so that they can be entered, collected and found again
//! after a restart.

use super::pool::transact;
use super::row::{Row, args, to_json};
use super::{Result, Store};
use crate::model::worker::ContainerInfo;
use crate::model::{BuildId, JobId, PlanId, Timestamp};

/// A container as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRow {
    /// What it is.
    pub info: ContainerInfo,
    /// When it goes, once that is decided.
    pub expires_at: Option<Timestamp>,
}

/// A volume as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRow {
    /// Its handle, unique in its runtime.
    pub handle: String,
    /// The runtime that has it.
    pub runtime: String,
    /// The build that made it.
    pub build: BuildId,
    /// The node of the build's plan.
    pub plan: PlanId,
    /// The artifact's name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A directory that a task keeps for its next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCacheRow {
    /// The job.
    pub job: JobId,
    /// The task's name.
    pub step: String,
    /// Where it stands.
    pub path: String,
    /// The runtime that has it.
    pub runtime: String,
    /// Its volume.
    pub volume: String,
    /// When it was last used.
    pub used_at: Timestamp,
}

const CONTAINER: &str = "SELECT handle, runtime, metadata, working_dir, created_at, is_running, \
    exit_status, expires_at FROM containers";
const VOLUME: &str = "SELECT handle, runtime, build_id, plan_id, name, created_at FROM volumes";

impl ContainerRow {
    fn read(row: &mut Row) -> Result<Self> {
        let info = ContainerInfo {
            handle: row.take()?,
            runtime: row.take()?,
            metadata: row.take_json("container")?,
            working_dir: row.take()?,
            created_at: row.take()?,
            is_running: row.take()?,
            exit_status: row.take_opt::<i64>()?.and_then(|status| i32::try_from(status).ok()),
        };
        Ok(Self { info, expires_at: row.take_opt()? })
    }
}

impl VolumeRow {
    fn read(row: &mut Row) -> Result<Self> {
        Ok(Self {
            handle: row.take()?,
            runtime: row.take()?,
            build: row.take()?,
            plan: row.take()?,
            name: row.take()?,
            created_at: row.take()?,
        })
    }
}

impl Store {
    /// Notes a container, before it is made; again when something of it changes.
    pub async fn save_container(&self, container: &ContainerInfo) -> Result<()> {
        let sql = "INSERT INTO containers (handle, runtime, build_id, metadata, working_dir, \
                   created_at, is_running, exit_status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                   ON CONFLICT (handle) DO UPDATE SET metadata = excluded.metadata, \
                   working_dir = excluded.working_dir, is_running = excluded.is_running, \
                   exit_status = excluded.exit_status";
        let metadata = to_json(&container.metadata, "container")?;
        transact!(self, Process, |tx| {
            let args = args![
                &container.handle,
                &container.runtime,
                container.metadata.build,
                &metadata,
                &container.working_dir,
                container.created_at,
                container.is_running,
                container.exit_status.map(i64::from),
            ];
            tx.execute(sql, args).await.map(|_| ())
        })
    }

    /// The containers of a build, oldest first.
    pub async fn build_containers(&self, build: BuildId) -> Result<Vec<ContainerRow>> {
        let sql = format!("{CONTAINER} WHERE build_id = $1 ORDER BY created_at, handle");
        let rows = self.db().fetch_all(sql, args![build]).await?;
        rows.into_iter().map(|mut row| ContainerRow::read(&mut row)).collect()
    }

    /// One container.
    pub async fn container(&self, handle: &str) -> Result<Option<ContainerRow>> {
        let sql = format!("{CONTAINER} WHERE handle = $1");
        let row = self.db().fetch_optional(sql, args![handle]).await?;
        row.map(|mut row| ContainerRow::read(&mut row)).transpose()
    }

    /// All containers, oldest first.
    pub async fn containers(&self) -> Result<Vec<ContainerRow>> {
        let sql = format!("{CONTAINER} ORDER BY created_at, handle");
        let rows = self.db().fetch_all(sql, args![]).await?;
        rows.into_iter().map(|mut row| ContainerRow::read(&mut row)).collect()
    }

    /// Sets when a container goes.
    pub async fn set_container_expiry(&self, handle: &str, at: Option<Timestamp>) -> Result<()> {
        let sql = "UPDATE containers SET expires_at = $2 WHERE handle = $1";
        transact!(self, Process, |tx| tx.execute(sql, args![handle, at]).await.map(|_| ()))
    }

    /// Forgets a container. Doing it again changes nothing.
    pub async fn delete_container(&self, handle: &str) -> Result<()> {
        let sql = "DELETE FROM containers WHERE handle = $1";
        transact!(self, Process, |tx| tx.execute(sql, args![handle]).await.map(|_| ()))
    }

    /// Notes a volume, before it is made. Doing it again changes nothing.
    pub async fn save_volume(&self, volume: &VolumeRow) -> Result<()> {
        let sql = "INSERT INTO volumes (handle, runtime, build_id, plan_id, name, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (handle) DO NOTHING";
        transact!(self, Process, |tx| {
            let args = args![
                &volume.handle,
                &volume.runtime,
                volume.build,
                &volume.plan,
                &volume.name,
                volume.created_at,
            ];
            tx.execute(sql, args).await.map(|_| ())
        })
    }

    /// All volumes, oldest first.
    pub async fn volumes(&self) -> Result<Vec<VolumeRow>> {
        let sql = format!("{VOLUME} ORDER BY created_at, handle");
        let rows = self.db().fetch_all(sql, args![]).await?;
        rows.into_iter().map(|mut row| VolumeRow::read(&mut row)).collect()
    }

    /// Forgets a volume. Doing it again changes nothing.
    pub async fn delete_volume(&self, handle: &str) -> Result<()> {
        let sql = "DELETE FROM volumes WHERE handle = $1";
        transact!(self, Process, |tx| tx.execute(sql, args![handle]).await.map(|_| ()))
    }

    /// Notes that a task used a cache, in place of what was noted of it.
    pub async fn save_task_cache(&self, cache: &TaskCacheRow) -> Result<()> {
        let sql = "INSERT INTO task_caches (job_id, step, path, runtime, volume, used_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (job_id, step, path, runtime) DO UPDATE SET \
                   volume = excluded.volume, used_at = excluded.used_at";
        transact!(self, Process, |tx| {
            let args = args![
                cache.job,
                &cache.step,
                &cache.path,
                &cache.runtime,
                &cache.volume,
                cache.used_at,
            ];
            tx.execute(sql, args).await.map(|_| ())
        })
    }

    /// The caches of a job's tasks.
    pub async fn task_caches(&self, job: JobId) -> Result<Vec<TaskCacheRow>> {
        let sql = "SELECT job_id, step, path, runtime, volume, used_at FROM task_caches \
                   WHERE job_id = $1 ORDER BY step, path, runtime";
        let rows = self.db().fetch_all(sql, args![job]).await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(TaskCacheRow {
                    job: row.take()?,
                    step: row.take()?,
                    path: row.take()?,
                    runtime: row.take()?,
                    volume: row.take()?,
                    used_at: row.take()?,
                })
            })
            .collect()
    }

    /// Forgets the caches of a job's task. Doing it again changes nothing.
    pub async fn delete_task_caches(&self, job: JobId, step: &str) -> Result<()> {
        let sql = "DELETE FROM task_caches WHERE job_id = $1 AND step = $2";
        transact!(self, Process, |tx| tx.execute(sql, args![job, step]).await.map(|_| ()))
    }
}
