//! The type `pool`: locks in a git repository, each a file that is moved between `claimed` and
//! `unclaimed`.
//!
//! *Follows:* concourse/pool-resource.

mod request;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use self::request::{Request, Waiting};
use super::git::command::Git;
use super::git::ledger::{Change, Ledger, read_at};
use super::git::remote::{ACCESS, Remote};
use super::git::{Answers, Filter, commits, has_commit, objects, tip};
use super::schema::{Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType, files};
use crate::model::Version;
use crate::model::value::Map;
use crate::model::version::MetadataField;

static SCHEMA: Schema = Schema { source: &[ACCESS, SOURCE], get: &[GET], put: &[PUT] };

const SOURCE: &[Key] = &[
    Key::required("branch", Kind::Text, "the branch"),
    Key::required("pool", Kind::Text, "the folder with `claimed` and `unclaimed`"),
    Key::optional("retry_delay", Kind::Duration, "how long to wait between two looks: `10s`"),
];

const GET: &[Key] = &[Key::optional("depth", Kind::Number, "accepted; nothing is copied")];

const PUT: &[Key] = &[
    Key::optional("acquire", Kind::Bool, "claim any free lock, waiting for one"),
    Key::optional("claim", Kind::Text, "claim this lock, waiting for it"),
    Key::optional("release", Kind::Text, "the folder of a lock to give back"),
    Key::optional("add", Kind::Text, "the folder of a new lock"),
    Key::optional("add_claimed", Kind::Text, "the folder of a new lock that is claimed at once"),
    Key::optional("remove", Kind::Text, "the folder of a claimed lock to remove"),
    Key::optional("update", Kind::Text, "the folder of a lock to replace once it is free"),
    Key::optional("check", Kind::Text, "the folder of a lock to wait for until it is free"),
    Key::optional(
        "check_unclaimed",
        Kind::Text,
        "the folder of a lock to wait for until it is claimed",
    ),
];

/// How many errors of git in a row end a put that waits.
const ERRORS_BORNE: u32 = 5;

/// The type `pool`.
#[derive(Debug)]
pub struct Pool;

/// What a source says.
struct Source {
    remote: Remote,
    branch: String,
    pool: String,
    retry_delay: Duration,
}

impl Source {
    fn read(source: &Map) -> Result<Self, ResourceError> {
        let fields = SCHEMA.read_source(source)?;
        Ok(Self {
            remote: Remote::of(&fields)?,
            branch: fields.need("branch")?,
            pool: fields.need("pool")?.trim_matches('/').to_owned(),
            retry_delay: fields.duration("retry_delay").unwrap_or(Duration::from_secs(10)),
        })
    }

    fn metadata(&self, lock: &str) -> Vec<MetadataField> {
        vec![MetadataField::new("lock_name", lock), MetadataField::new("pool_name", &self.pool)]
    }
}

#[async_trait]
impl ResourceType for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["concourse/pool-resource"]
    }

    fn watched_paths(&self, source: &Map) -> Vec<PathBuf> {
        super::git::watched_paths(source)
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        let pool = Source::read(source)?;
        let git = Git::new(cx, &pool.remote)?;
        let Some(tip) = tip(&git, &pool.remote, Some(&pool.branch)).await? else {
            let message = format!("branch `{}` not found in `{}`", pool.branch, pool.remote.uri);
            return Err(ResourceError::Failed { message, exit_status: 1 });
        };
        let answers = Answers::of(cx, "pool", source);
        if let Some(versions) = answers.find(&tip.commit, from) {
            return Ok(versions);
        }
        let repository = objects(&git, &pool.remote, &tip).await?;
        let filter = Filter::touching(vec![pool.pool.clone()]);
        let known = from.and_then(|version| version.field("ref"));
        let found = commits(&git, &repository, &filter, &tip.commit, known).await?;
        let versions: Vec<Version> = found.iter().map(|c| Version::of("ref", c)).collect();
        answers.keep(&tip.commit, from, &versions);
        Ok(versions)
    }

    async fn get(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        let pool = Source::read(source)?;
        SCHEMA.read_get(params)?;
        let git = Git::new(cx, &pool.remote)?;
        let ledger = Ledger::open(&git, &pool.remote, &pool.branch).await?;
        let not_found = || ResourceError::VersionNotFound { version: version.to_string() };
        let commit = version.field("ref").ok_or_else(not_found)?;
        if !has_commit(&git, ledger.repository(), commit).await? {
            return Err(not_found());
        }
        let Some(path) = changed_lock(&git, &ledger, commit, &pool.pool).await? else {
            return Ok(Found { version: version.clone(), metadata: Vec::new() });
        };
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let places = ["claimed", "unclaimed"].map(|state| format!("{}/{state}/{name}", pool.pool));
        let mut is_there = false;
        for place in &places {
            is_there |= ledger.read(place).await?.is_some();
        }
        if is_there {
            let head = ledger.head().unwrap_or_default();
            let args = ["rev-list", "-1", head, "--", &places[0], &places[1]];
            if git.bare(ledger.repository()).text(&args).await? != commit {
                let message = format!("lock instance is no longer acquired: `{name}`");
                return Err(ResourceError::Failed { message, exit_status: 1 });
            }
            let content = read_at(&git, ledger.repository(), commit, &path).await?;
            files::write(&directory.join("name"), &name)?;
            files::write(&directory.join("metadata"), content.unwrap_or_default())?;
        }
        Ok(Found { version: version.clone(), metadata: pool.metadata(&name) })
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError> {
        let pool = Source::read(source)?;
        let request = Request::read(&SCHEMA.read_put(params)?, directory)?;
        let git = Git::new(cx, &pool.remote)?;
        let put = Put { cx, git: &git, pool: &pool, request: &request, operation };
        let mut errors = 0;
        let mut is_said = false;
        let mut may_be_done = operation.is_repeat;
        loop {
            let tried = put.attempt(may_be_done).await;
            match tried {
                Ok(Tried::Done(found)) => return Ok(found),
                Ok(Tried::Raced) => {
                    errors = 0;
                    may_be_done = true;
                    continue;
                }
                Ok(Tried::Wait(why)) => {
                    errors = 0;
                    if !is_said {
                        cx.say(&format!("{}; waiting", why.words(&pool.pool)));
                        is_said = true;
                    }
                }
                // Git's own troubles end with 128; anything else is an answer.
                Err(ResourceError::Failed { message, exit_status: 128 })
                    if errors < ERRORS_BORNE =>
                {
                    errors += 1;
                    may_be_done = true;
                    cx.say(&format!("{message}; trying again"));
                }
                Err(error) => return Err(error),
            }
            let next = cx.now() + pool.retry_delay;
            tokio::select! {
                () = cx.clock.sleep_until(next) => {}
                cause = cx.cancel.cancelled() => return Err(ResourceError::Stopped(cause)),
            }
        }
    }
}

/// The path of the lock that a commit put or left somewhere; nothing if it only removed one.
async fn changed_lock(
    git: &Git<'_>,
    ledger: &Ledger<'_>,
    commit: &str,
    pool: &str,
) -> Result<Option<String>, ResourceError> {
    let args = [
        "diff-tree",
        "--root",
        "-r",
        "-m",
        "--first-parent",
        "--no-commit-id",
        "--name-only",
        "-z",
        "--no-renames",
        "--diff-filter=d",
        commit,
        "--",
        pool,
    ];
    let text = git.bare(ledger.repository()).text(&args).await?;
    let is_lock = |path: &&str| {
        let rest = path.strip_prefix(pool).and_then(|rest| rest.strip_prefix('/'));
        let parts = rest.and_then(|rest| rest.split_once('/'));
        parts.is_some_and(|(state, name)| {
            matches!(state, "claimed" | "unclaimed") && !name.is_empty() && !name.starts_with('.')
        })
    };
    Ok(text.split('\0').find(is_lock).map(str::to_owned))
}

/// How one attempt ended.
enum Tried {
    Done(Found),
    /// Somebody else changed the branch first.
    Raced,
    Wait(Waiting),
}

struct Put<'a> {
    cx: &'a Context,
    git: &'a Git<'a>,
    pool: &'a Source,
    request: &'a Request,
    operation: &'a Operation,
}

impl Put<'_> {
    async fn attempt(&self, may_be_done: bool) -> Result<Tried, ResourceError> {
        let pool = self.pool;
        let mut ledger = Ledger::open(self.git, &pool.remote, &pool.branch).await?;
        let Some(head) = ledger.head().map(str::to_owned) else {
            let message = format!("branch `{}` not found in `{}`", pool.branch, pool.remote.uri);
            return Err(ResourceError::Failed { message, exit_status: 1 });
        };
        if may_be_done && let Some(commit) = ledger.find(self.operation).await? {
            self.cx.say("this was done by an earlier run of this put");
            let path = changed_lock(self.git, &ledger, &commit, &pool.pool).await?;
            let name = path.as_deref().and_then(|path| path.rsplit('/').next());
            let name = name.or(self.request.lock()).unwrap_or_default();
            return Ok(self.done(&commit, name));
        }
        let claimed = ledger.list(&format!("{}/claimed", pool.pool)).await?;
        let unclaimed = ledger.list(&format!("{}/unclaimed", pool.pool)).await?;
        let move_ = match self.request.decide(&claimed, &unclaimed)? {
            Ok(move_) => move_,
            Err(waiting) => return Ok(Tried::Wait(waiting)),
        };
        let name = move_.lock.clone();
        let mut changes = Vec::new();
        let path = |state: &str| format!("{}/{state}/{name}", pool.pool);
        let mut content = move_.content;
        if let Some(from) = move_.from {
            let old = ledger.read(&path(from)).await?.unwrap_or_default();
            content = content.or(Some(old));
            changes.push(Change::Remove { path: path(from) });
        }
        if let Some(to) = move_.to {
            let content = content.unwrap_or_default();
            // A lock that is replaced by itself stays as it is.
            if ledger.read(&path(to)).await?.as_ref() != Some(&content) {
                changes.push(Change::Write { path: path(to), content });
            }
        }
        if changes.is_empty() {
            // Waiting was all that was asked for.
            let args = ["rev-list", "-1", &head, "--", &path("claimed"), &path("unclaimed")];
            let commit = self.git.bare(ledger.repository()).text(&args).await?;
            return Ok(self.done(&commit, &name));
        }
        let message = self.message(move_.verb, &name);
        match ledger.change(&message, self.operation, &changes).await? {
            Some(commit) => Ok(self.done(&commit, &name)),
            None => Ok(Tried::Raced),
        }
    }

    fn done(&self, commit: &str, lock: &str) -> Tried {
        let version = Version::of("ref", commit);
        Tried::Done(Found { version, metadata: self.pool.metadata(lock) })
    }

    /// Who does what, for people who read the repository's history.
    fn message(&self, verb: &str, lock: &str) -> String {
        let env = |name: &str| {
            let found = self.cx.env.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let who = match (env("BUILD_PIPELINE_NAME"), env("BUILD_JOB_NAME"), env("BUILD_NAME")) {
            (Some(pipeline), Some(job), Some(build)) => format!("{pipeline}/{job} build {build} "),
            _ => String::new(),
        };
        let url = env("BUILD_URL").map(|url| format!("\n\n{url}")).unwrap_or_default();
        format!("{who}{verb}: {lock}{url}")
    }
}
