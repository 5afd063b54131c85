//! Where the parts of a core are joined: store, runtimes, secrets, clock.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::clock::SystemClock;
use super::settings::{RuntimeChoice, Shared, user_name};
use crate::control::Control;
use crate::model::Clock;
use crate::runtime::{self, Host, Runtime};
use crate::server::{NoSecrets, Rights, Server, ServerParts};
use crate::store::{Store, StoreUrl};

/// How long a core may take to go away.
const LIMIT: Duration = Duration::from_secs(5);

/// A core in this process.
pub struct Embedded {
    server: Server,
    control: Arc<dyn Control>,
    runtime: Arc<dyn Runtime>,
}

impl Embedded {
    /// Starts a core on a data directory.
    ///
    /// # Errors
    /// When the directory is in use or cannot be used, or the runtime is not there.
    pub async fn start(shared: &Shared, data_dir: &Path) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        std::fs::create_dir_all(data_dir)
            .with_context(|| format!("cannot make data directory `{}`", data_dir.display()))?;
        let data_dir = data_dir
            .canonicalize()
            .with_context(|| format!("cannot use data directory `{}`", data_dir.display()))?;
        let store = Store::open(StoreUrl::Sqlite, &data_dir, Arc::clone(&clock)).await?;
        let runtime = open_runtime(shared.runtime, &data_dir)?;
        let server = Server::start(ServerParts {
            store,
            runtimes: vec![Arc::clone(&runtime)],
            secrets: Arc::new(NoSecrets),
            clock,
            cache_dir: data_dir.join("cache"),
            name: "local".to_owned(),
            worker: worker_name(),
        });
        let control = Arc::new(server.local(&user_name(), Rights::Own));
        Ok(Self { server, control, runtime })
    }

    /// The handle for the person at this terminal.
    pub fn control(&self) -> Arc<dyn Control> {
        Arc::clone(&self.control)
    }

    /// Starts nothing more by itself; the handle still answers.
    pub async fn close_intake(&self) {
        self.server.close_intake(LIMIT).await;
    }

    /// Stops the core and ends all that still runs, because its data directory goes.
    pub async fn discard(self) {
        let runtime = Arc::clone(&self.runtime);
        self.shut_down().await;
        match runtime.list().await {
            Ok(containers) => {
                let removals = containers.iter().map(|container| runtime.remove(&container.handle));
                for removed in futures_util::future::join_all(removals).await {
                    if let Err(error) = removed {
                        tracing::warn!(%error, "something of a container stays");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot list containers"),
        }
    }

    /// Stops the core; what runs goes on by itself.
    pub async fn shut_down(self) {
        drop(self.control);
        if let Err(busy) = self.server.shut_down(LIMIT).await {
            tracing::warn!(%busy, "the core was left before it had ended");
        }
    }
}

fn open_runtime(choice: RuntimeChoice, data_dir: &Path) -> anyhow::Result<Arc<dyn Runtime>> {
    match choice {
        RuntimeChoice::Auto | RuntimeChoice::Process => {
            let host = Host {
                data_dir: data_dir.to_owned(),
                // Not the file's own name, under which another program may stand by then.
                supervisor: PathBuf::from("/proc/self/exe"),
                env: super::settings::environment(),
            };
            Ok(runtime::open("process", &host)?)
        }
        RuntimeChoice::Docker => bail!(
            "the docker runtime is not there yet; `--runtime process` runs tasks as processes of \
             this machine"
        ),
    }
}

fn worker_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "local".to_owned() } else { name }
}

/// Where a core of that name keeps everything, unless a person said where.
pub fn data_dir(shared: &Shared, application: &str) -> PathBuf {
    shared.data_dir.clone().unwrap_or_else(|| super::settings::default_data_dir(application))
}
