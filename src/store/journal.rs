//! Answers [`crate::engine::journal::Journal`].

use std::sync::Arc;

use async_trait::async_trait;

use super::build::find;
use super::notify::BuildChange;
use super::pipeline::{SetBy, SetPipeline};
use super::pool::{Tx, transact};
use super::resource::{digest, save_versions, scope_of_put, text};
use super::row::{args, to_json};
use super::{Result, Store, StoreError};
use crate::engine::journal::{Journal, JournalError, NewEvent, Record, SavedVersion, Visit};
use crate::model::build::EventId;
use crate::model::{BuildId, Pipeline, PipelineRef, PlanId, ResourceId, Version};

impl Store {
    /// The journal that builds write to.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.clone())
    }

    async fn save_record(&self, build: BuildId, node: &PlanId, record: &Record) -> Result<()> {
        let text = to_json(record, "journal record")?;
        let kind = match record {
            Record::Begun => "begun",
            Record::Container { .. } => "container",
            Record::Stopping { .. } => "stopping",
            Record::Finished { .. } => "finished",
        };
        let sql = "INSERT INTO journal (build_id, node, kind, record) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (build_id, node, kind) DO UPDATE SET record = excluded.record";
        // Power: what is begun may act outside, and that stays.
        transact!(self, Power, |tx| {
            self.check_lease(tx, build).await?;
            tx.execute(sql, args![build, node, kind, &text]).await.map(|_| ())
        })
    }

    async fn load_records(&self, build: BuildId) -> Result<Vec<(PlanId, Record)>> {
        let sql = "SELECT node, record FROM journal WHERE build_id = $1 ORDER BY id";
        let rows = self.db().fetch_all(sql, args![build]).await?;
        rows.into_iter()
            .map(|mut row| Ok((row.take()?, row.take_json("journal record")?)))
            .collect()
    }

    /// Saves what a put made; see [`Journal::save_output`].
    async fn save_put(&self, build: BuildId, output: &SavedVersion) -> Result<()> {
        let content = text(&output.version)?;
        let digest = digest(&content);
        let metadata = to_json(&output.metadata, "metadata")?;
        let sql = "INSERT INTO build_outputs (build_id, name, resource_id, digest, version, \
                   metadata) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (build_id, name, digest) DO UPDATE SET \
                   metadata = excluded.metadata";
        transact!(self, Power, |tx| {
            self.check_lease(tx, build).await?;
            let found = find(tx, build).await?;
            let resource = resource_of(tx, build, &output.resource).await?;
            let scope = scope_of_put(self, tx, resource).await?;
            let saved = [(&output.version, output.metadata.as_slice())];
            save_versions(tx, scope, &saved, self.now()).await?;
            let args = args![build, &output.name, resource, &digest, &content, &metadata];
            tx.execute(sql, args).await?;
            tx.tell(found.change(BuildChange::Changed));
            Ok(())
        })
    }

    /// Saves what a get learned; see [`Journal::save_metadata`].
    async fn save_get(&self, build: BuildId, input: &SavedVersion) -> Result<()> {
        if input.metadata.is_empty() {
            return Ok(());
        }
        let digest = digest(&text(&input.version)?);
        let metadata = to_json(&input.metadata, "metadata")?;
        let of_version = "UPDATE versions SET metadata = $3 WHERE digest = $2 AND scope_id = \
                          (SELECT scope_id FROM resources WHERE id = $1)";
        let of_input = "UPDATE build_inputs SET metadata = $4 \
                        WHERE build_id = $1 AND resource_id = $2 AND digest = $3";
        transact!(self, Process, |tx| {
            let found = find(tx, build).await?;
            let resource = resource_of(tx, build, &input.resource).await?;
            tx.execute(of_version, args![resource, &digest, &metadata]).await?;
            tx.execute(of_input, args![build, resource, &digest, &metadata]).await?;
            tx.tell(found.change(BuildChange::Changed));
            Ok(())
        })
    }

    /// Saves what a check found; see [`Journal::save_check`].
    async fn save_found(
        &self,
        build: BuildId,
        resource: &str,
        versions: &[Version],
    ) -> Result<Option<Version>> {
        let latest = "SELECT version FROM versions WHERE id = $1";
        transact!(self, Process, |tx| {
            let resource = resource_of(tx, build, resource).await?;
            let scope = scope_of_put(self, tx, resource).await?;
            let found = versions.iter().map(|version| (version, &[][..])).collect::<Vec<_>>();
            let saved = save_versions(tx, scope, &found, self.now()).await?;
            match saved.latest {
                Some(id) => tx.fetch_one(latest, args![id]).await?.take_opt(),
                None => Ok(None),
            }
        })
    }
}

/// The resource of that name in a build's pipeline.
async fn resource_of(tx: &mut Tx, build: BuildId, name: &str) -> Result<ResourceId> {
    let sql = "SELECT r.id FROM builds b JOIN resources r ON r.pipeline_id = b.pipeline_id \
               WHERE b.id = $1 AND r.name = $2";
    match tx.fetch_optional(sql, args![build, name]).await? {
        Some(mut row) => row.take(),
        None => Err(StoreError::not_found("resource", name)),
    }
}

/// Says what was tried.
fn tried(action: impl Into<String>) -> impl FnOnce(StoreError) -> JournalError {
    move |error| JournalError { action: action.into(), source: Box::new(error) }
}

#[async_trait]
impl Journal for Store {
    async fn append(
        &self,
        build: BuildId,
        events: Vec<NewEvent>,
    ) -> std::result::Result<EventId, JournalError> {
        self.append_owned(build, events)
            .await
            .map_err(tried(format!("append to the log of build `{build}`")))
    }

    async fn read_log(
        &self,
        build: BuildId,
        visit: &mut Visit<'_>,
    ) -> std::result::Result<(), JournalError> {
        let read = async {
            let mut reader = self.read_events(build, 0).await?.ending();
            while let Some(events) = reader.next().await? {
                for event in &events {
                    visit(event);
                }
            }
            Ok(())
        };
        read.await.map_err(tried(format!("read the log of build `{build}`")))
    }

    async fn record(
        &self,
        build: BuildId,
        node: &PlanId,
        record: Record,
    ) -> std::result::Result<(), JournalError> {
        self.save_record(build, node, &record)
            .await
            .map_err(tried(format!("journal node `{node}` of build `{build}`")))
    }

    async fn records(
        &self,
        build: BuildId,
    ) -> std::result::Result<Vec<(PlanId, Record)>, JournalError> {
        self.load_records(build)
            .await
            .map_err(tried(format!("read the journal of build `{build}`")))
    }

    async fn save_output(
        &self,
        build: BuildId,
        output: SavedVersion,
    ) -> std::result::Result<(), JournalError> {
        self.save_put(build, &output)
            .await
            .map_err(tried(format!("save output `{}` of build `{build}`", output.name)))
    }

    async fn save_metadata(
        &self,
        build: BuildId,
        input: SavedVersion,
    ) -> std::result::Result<(), JournalError> {
        self.save_get(build, &input)
            .await
            .map_err(tried(format!("save metadata of `{}` of build `{build}`", input.name)))
    }

    async fn save_check(
        &self,
        build: BuildId,
        resource: &str,
        versions: Vec<Version>,
    ) -> std::result::Result<Option<Version>, JournalError> {
        self.save_found(build, resource, &versions)
            .await
            .map_err(tried(format!("save versions of resource `{resource}`")))
    }

    async fn pipeline_config(
        &self,
        pipeline: &PipelineRef,
    ) -> std::result::Result<Option<Pipeline>, JournalError> {
        let read = async {
            match self.pipeline(pipeline).await? {
                Some(found) => Store::pipeline_config(self, found.id).await,
                None => Ok(None),
            }
        };
        read.await.map_err(tried(format!("read pipeline `{pipeline}`")))
    }

    async fn set_pipeline(
        &self,
        build: BuildId,
        pipeline: &PipelineRef,
        config: Pipeline,
    ) -> std::result::Result<bool, JournalError> {
        let ask =
            SetPipeline { pipeline, config: &config, by: SetBy::Build(build), from_version: None };
        match Store::set_pipeline(self, ask).await {
            Ok(set) => Ok(!set.is_superseded),
            Err(error) => Err(tried(format!("set pipeline `{pipeline}`"))(error)),
        }
    }
}
