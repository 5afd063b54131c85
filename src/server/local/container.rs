//! Containers of a core in this process, and shells in them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::Local;
use crate::control::{
    ContainerActs, ContainerReads, ContainerSummary, Error, ErrorKind, HijackAsk, Result, Shell,
    ShellInput, ShellOutput,
};
use crate::model::BuildId;
use crate::model::build::{LogSource, Status};
use crate::model::worker::ContainerKind;
use crate::runtime::{Container, Process, ProcessSpec, RuntimeError, WindowSize};

/// How long a shell may take to end when its person has left.
const GRACE: Duration = Duration::from_secs(1);

#[async_trait]
impl ContainerReads for Local {
    async fn build_containers(&self, build: BuildId) -> Result<Vec<ContainerSummary>> {
        let store = &self.core.store;
        let row = store.build(build).await?.ok_or_else(|| Error::not_found("build", build))?;
        let mut containers = Vec::new();
        for runtime in &self.core.runtimes {
            for info in runtime.list().await.map_err(runtime_error)? {
                if info.metadata.build != build {
                    continue;
                }
                let is_cause =
                    row.cause.as_ref().is_some_and(|cause| cause.plan == info.metadata.plan);
                let is_failed = is_cause || info.exit_status.is_some_and(|status| status != 0);
                containers.push(ContainerSummary {
                    is_failed,
                    expires_at: None,
                    until: Some(until(&row.name, row.status)),
                    info,
                });
            }
        }
        containers.sort_by_key(|container| {
            let is_task = container.info.metadata.kind == ContainerKind::Task;
            let newest_first = std::cmp::Reverse(container.info.created_at);
            (!container.is_failed, !container.info.is_running, !is_task, newest_first)
        });
        Ok(containers)
    }
}

#[async_trait]
impl ContainerActs for Local {
    async fn hijack(&self, ask: HijackAsk) -> Result<Shell> {
        let container = self.find_container(&ask.handle).await?;
        let directory = container.info().await.map_err(runtime_error)?.working_dir;
        let process = enter(container.as_ref(), &ask).await?;
        let (input, from_person) = mpsc::channel(64);
        let (to_person, output) = mpsc::channel(64);
        let entered = self.core.enter(&ask.handle);
        let cancel = self.core.cancel.clone();
        self.core.tasks.spawn(async move {
            pump(process, from_person, to_person, cancel).await;
            drop(entered);
        });
        Ok(Shell { directory, input, output })
    }
}

impl Local {
    async fn find_container(&self, handle: &str) -> Result<Arc<dyn Container>> {
        for runtime in &self.core.runtimes {
            if let Some(container) = runtime.find(handle).await.map_err(runtime_error)? {
                return Ok(container);
            }
        }
        Err(Error::not_found("container", handle)
            .with_hint("it may have gone: run the build again to get a new one"))
    }
}

/// When a container goes, in words.
fn until(build: &str, status: Status) -> String {
    match status {
        Status::Pending | Status::Started => format!("stays while #{build} runs"),
        Status::Succeeded => "goes soon: the build succeeded".to_owned(),
        Status::Failed | Status::Errored | Status::Aborted => {
            "goes when a later build of the job is over".to_owned()
        }
    }
}

async fn enter(container: &dyn Container, ask: &HijackAsk) -> Result<Arc<dyn Process>> {
    let spec = |path: &str, args: &[String]| ProcessSpec {
        path: path.to_owned(),
        args: args.to_vec(),
        env: vec![("TERM".to_owned(), ask.term.clone())],
        dir: String::new(),
        user: None,
        tty: Some(WindowSize { columns: ask.size.columns, rows: ask.size.rows }),
        stdin: Some(Vec::new()),
    };
    if let Some((path, args)) = ask.command.split_first() {
        return container.enter(spec(path, args)).await.map_err(runtime_error);
    }
    match container.enter(spec("bash", &[])).await {
        Err(RuntimeError::NoExecutable { .. }) => {
            container.enter(spec("sh", &[])).await.map_err(runtime_error)
        }
        entered => entered.map_err(runtime_error),
    }
}

/// Carries bytes both ways until the shell ends or its person leaves.
async fn pump(
    process: Arc<dyn Process>,
    mut from_person: mpsc::Receiver<ShellInput>,
    to_person: mpsc::Sender<ShellOutput>,
    cancel: crate::runtime::cancel::Cancel,
) {
    let keys = async {
        while let Some(input) = from_person.recv().await {
            let done = match input {
                ShellInput::Bytes(bytes) => process.write(&bytes).await,
                ShellInput::Resize(size) => {
                    process.resize(WindowSize { columns: size.columns, rows: size.rows }).await
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "shell takes no more input");
                // The output tells how it ended.
                std::future::pending::<()>().await;
            }
        }
    };
    let screen = async {
        let mut output = process.output(LogSource::Stdout, 0).await?;
        while let Some(chunk) = output.next().await? {
            if to_person.send(ShellOutput::Bytes(chunk.bytes)).await.is_err() {
                return Ok(None);
            }
        }
        process.wait().await.map(Some)
    };
    let end = tokio::select! {
        end = screen => end,
        () = keys => Ok(None),
        _ = cancel.cancelled() => Ok(None),
    };
    match end {
        Ok(Some(status)) => {
            // Nobody may be there any more to hear it.
            let _ = to_person.send(ShellOutput::Exit(status)).await;
        }
        Ok(None) => {
            if let Err(error) = process.stop(GRACE).await {
                tracing::debug!(%error, "shell was gone already");
            }
        }
        Err(error) => {
            let _ = to_person.send(ShellOutput::Lost(error.to_string())).await;
        }
    }
}

fn runtime_error(error: RuntimeError) -> Error {
    match &error {
        RuntimeError::NotFound { .. } | RuntimeError::Gone { .. } => {
            Error::new(ErrorKind::NotFound, error.to_string())
        }
        RuntimeError::NoExecutable { .. } | RuntimeError::Path { .. } => {
            Error::new(ErrorKind::Invalid, error.to_string())
        }
        RuntimeError::Unsupported { .. } => Error::new(ErrorKind::Unsupported, error.to_string()),
        RuntimeError::Io { .. } => Error::internal(&error),
    }
}
