//! What a job points at: its latest build that is over, its next one, the one at which its
//! status changed, and its recent past.
//!
//! *Follows:* Concourse's job summary pointers. A rerun takes the place of its original: it is
//! the latest build only while its original would be.

use std::time::Duration;

use super::BuildRow;
use crate::model::build::Status;
use crate::model::{BuildId, JobId, Timestamp};
use crate::store::Result;
use crate::store::job::{PULSE_LENGTH, PulseRow};
use crate::store::pool::Tx;
use crate::store::row::{args, to_json};

/// The newest build of a job that is over and no rerun.
const LATEST_ORIGINAL: &str = "SELECT id FROM builds WHERE job_id = $1 AND rerun_of IS NULL \
    AND status NOT IN ('pending', 'started') ORDER BY id DESC LIMIT 1";

/// Points at the oldest build that is not over: no rerun, or one of the latest original.
pub(super) async fn update_next(tx: &mut Tx, job: JobId) -> Result<()> {
    let sql = format!(
        "UPDATE jobs SET next_build_id = (SELECT MIN(b.id) FROM builds b WHERE b.job_id = $1 \
         AND b.status IN ('pending', 'started') \
         AND (b.rerun_of IS NULL OR b.rerun_of = ({LATEST_ORIGINAL}))) WHERE id = $1"
    );
    tx.execute(sql, args![job]).await?;
    Ok(())
}

/// Moves all pointers after `build` of `job` ended with `status`.
pub(super) async fn update_finished(
    tx: &mut Tx,
    job: JobId,
    build: &BuildRow,
    status: Status,
    now: Timestamp,
) -> Result<()> {
    let before = Pointers::read(tx, job).await?;
    let latest = latest_finished(tx, job).await?;
    let mut after = before.clone();
    after.finished = latest;
    if latest == Some(build.id) && before.finished_status != Some(status) {
        if before.finished_status == Some(Status::Succeeded) {
            after.green = before.finished;
        }
        after.transition = Some(build.id);
    }
    if status == Status::Succeeded && after.transition == Some(build.id) {
        after.green = None;
    }
    let took: Option<Duration> = build.started_at.map(|started| now.since(started));
    let entry = PulseRow { id: build.id, name: build.name.clone(), status, took };
    after.pulse.push(entry);
    after.pulse.sort_by_key(|entry| entry.id);
    let n_extra = after.pulse.len().saturating_sub(PULSE_LENGTH);
    after.pulse.drain(..n_extra);
    after.write(tx, job).await?;
    update_next(tx, job).await
}

/// The newest build that is over: the latest original, or the newest of its reruns.
async fn latest_finished(tx: &mut Tx, job: JobId) -> Result<Option<BuildId>> {
    let original: BuildId = match tx.fetch_optional(LATEST_ORIGINAL, args![job]).await? {
        Some(mut row) => row.take()?,
        None => return Ok(None),
    };
    let sql = "SELECT MAX(id) FROM builds WHERE rerun_of = $1 \
               AND status NOT IN ('pending', 'started')";
    let rerun: Option<BuildId> = tx.fetch_one(sql, args![original]).await?.take_opt()?;
    Ok(rerun.or(Some(original)))
}

#[derive(Clone)]
struct Pointers {
    finished: Option<BuildId>,
    finished_status: Option<Status>,
    transition: Option<BuildId>,
    green: Option<BuildId>,
    pulse: Vec<PulseRow>,
}

impl Pointers {
    async fn read(tx: &mut Tx, job: JobId) -> Result<Self> {
        let sql = "SELECT j.finished_build_id, f.status, j.transition_build_id, \
                   j.green_build_id, j.pulse FROM jobs j \
                   LEFT JOIN builds f ON f.id = j.finished_build_id WHERE j.id = $1";
        let mut row = tx.fetch_one(sql, args![job]).await?;
        Ok(Self {
            finished: row.take_opt()?,
            finished_status: row.take_opt()?,
            transition: row.take_opt()?,
            green: row.take_opt()?,
            pulse: row.take_json("pulse")?,
        })
    }

    async fn write(&self, tx: &mut Tx, job: JobId) -> Result<()> {
        let sql = "UPDATE jobs SET finished_build_id = $2, transition_build_id = $3, \
                   green_build_id = $4, pulse = $5 WHERE id = $1";
        let pulse = to_json(&self.pulse, "pulse")?;
        let args = args![job, self.finished, self.transition, self.green, pulse];
        tx.execute(sql, args).await?;
        Ok(())
    }
}
