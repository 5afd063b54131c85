//! The type `semver`: a version number that is kept somewhere and counted up.
//!
//! The number is kept in a file on a branch (`driver: git`), or in a file of this machine
//! (`driver: file`, which is ours alone). Both change it in one move that nobody can come
//! between, and remember which operation did it.
//!
//! *Follows:* concourse/semver-resource.

mod branch;
mod file;
mod number;

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use self::branch::BranchDriver;
use self::file::FileDriver;
use self::number::{Bump, Number, Part};
use super::schema::{Fields, Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType, files};
use crate::model::Version;
use crate::model::value::Map;
use crate::model::version::MetadataField;

static SCHEMA: Schema = Schema { source: &[SOURCE, STORES], get: &[BUMP], put: &[BUMP, PUT] };

const SOURCE: &[Key] = &[
    Key::optional("driver", Kind::Text, "where the number is: `git`, or `file`, which is ours"),
    Key::optional("initial_version", Kind::Text, "the number when there is none yet: `0.0.0`"),
    Key::optional("path", Kind::Text, "driver `file`: the file on this machine"),
    Key::optional("uri", Kind::Text, "driver `git`: the repository"),
    Key::optional("branch", Kind::Text, "driver `git`: the branch"),
    Key::optional("file", Kind::Text, "driver `git`: the file on the branch"),
    Key::optional("private_key", Kind::Text, "driver `git`: the key for ssh"),
    Key::optional("username", Kind::Text, "driver `git`: the user for https"),
    Key::optional("password", Kind::Text, "driver `git`: the password for https"),
    Key::optional("git_user", Kind::Text, "driver `git`: who commits: `Name <address>`"),
    Key::optional("depth", Kind::Number, "driver `git`: accepted; nothing is copied"),
    Key::optional("skip_ssl_verification", Kind::Bool, "accept any certificate"),
    Key::optional("commit_message", Kind::Text, "driver `git`: with `%version%` and `%file%`"),
];

/// Keys of the drivers that this build lacks, so that their absence is named and not the key.
const STORES: &[Key] = &[
    Key::optional("bucket", Kind::Text, "drivers `s3`, `gcs`: not in this build"),
    Key::optional("key", Kind::Text, "drivers `s3`, `gcs`: not in this build"),
    Key::optional("access_key_id", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("secret_access_key", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("session_token", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("assume_role_arn", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("region_name", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("endpoint", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("disable_ssl", Kind::Bool, "driver `s3`: not in this build"),
    Key::optional("server_side_encryption", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("use_v2_signing", Kind::Bool, "driver `s3`: not in this build"),
    Key::optional("skip_s3_checksums", Kind::Bool, "driver `s3`: not in this build"),
    Key::optional("checksum_algorithm", Kind::Text, "driver `s3`: not in this build"),
    Key::optional("openstack", Kind::AnyMap, "driver `swift`: not in this build"),
    Key::optional("json_key", Kind::Text, "driver `gcs`: not in this build"),
    Key::optional("token", Kind::Text, "driver `gcs`: not in this build"),
];

const BUMP: &[Key] = &[
    Key::optional("bump", Kind::OneOf(Part::NAMES), "what to count up"),
    Key::optional("pre", Kind::Text, "the word of a pre-release: `rc` gives `-rc.1`"),
    Key::optional("build", Kind::Text, "the word of a build: `b` gives `+b.1`"),
    Key::optional("pre_without_version", Kind::Bool, "no count after that word"),
    Key::optional("build_without_version", Kind::Bool, "no count after that word"),
];

const PUT: &[Key] = &[
    Key::optional("file", Kind::Text, "a file that holds the new number"),
    Key::optional("get_latest", Kind::Bool, "change nothing"),
];

/// What is done with the number.
enum Change {
    Set(Number),
    Bump(Bump),
}

impl Change {
    fn of(&self, old: &Number) -> Number {
        match self {
            Change::Set(number) => number.clone(),
            Change::Bump(bump) => old.bumped(bump),
        }
    }
}

/// Where the number is.
enum Driver {
    Branch(Box<BranchDriver>),
    File(FileDriver),
}

impl Driver {
    fn of(source: &Map) -> Result<Self, ResourceError> {
        let fields = SCHEMA.read_source(source)?;
        let initial = match fields.text("initial_version") {
            Some(text) => Number::parse(&text).ok_or_else(|| {
                fields.fault("initial_version", "must be a number such as `1.2.3`")
            })?,
            None => Number::ZERO,
        };
        let lacks = |name: &str| {
            let why = format!("is `{name}`, which is not in this build; `git` and `file` are");
            Err(fields.fault("driver", why))
        };
        match fields.text("driver").as_deref() {
            Some("git") => Ok(Self::Branch(Box::new(BranchDriver::of(&fields, initial)?))),
            Some("file") => Ok(Self::File(FileDriver::new(fields.need("path")?, initial))),
            Some(name @ ("s3" | "gcs" | "swift")) => lacks(name),
            Some(name) => {
                Err(fields.fault("driver", format!("is `{name}`; known are `git` and `file`")))
            }
            None => lacks("s3"),
        }
    }
}

/// The type `semver`.
#[derive(Debug)]
pub struct Semver;

#[async_trait]
impl ResourceType for Semver {
    fn name(&self) -> &'static str {
        "semver"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["concourse/semver-resource"]
    }

    fn watched_paths(&self, source: &Map) -> Vec<PathBuf> {
        match source.get("path").and_then(|path| path.as_str()) {
            Some(path) => vec![PathBuf::from(path)],
            None => super::git::watched_paths(source),
        }
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        match Driver::of(source)? {
            Driver::Branch(driver) => driver.check(cx, source, from).await,
            Driver::File(driver) => Ok(vec![version(&driver.read()?)]),
        }
    }

    async fn get(
        &self,
        _cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        // A driver that is not here must be told before its version is believed.
        Driver::of(source)?;
        let bump = bump(&SCHEMA.read_get(params)?);
        let number = version.field("number").and_then(Number::parse);
        let number = number
            .ok_or_else(|| ResourceError::VersionNotFound { version: version.to_string() })?;
        let text = number.bumped(&bump).to_string();
        files::write(&directory.join("number"), &text)?;
        files::write(&directory.join("version"), &text)?;
        Ok(found(&number))
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError> {
        let driver = Driver::of(source)?;
        let params = SCHEMA.read_put(params)?;
        let bump = bump(&params);
        let change = match params.text("file") {
            _ if params.flag("get_latest") => Change::Bump(Bump::default()),
            Some(file) => {
                let text = files::read(directory, &file)?;
                let number = Number::parse(text.trim()).ok_or_else(|| ResourceError::Failed {
                    message: format!(
                        "`{file}` holds `{}`, which is no version number",
                        text.trim()
                    ),
                    exit_status: 1,
                })?;
                Change::Set(number)
            }
            None if bump.is_nothing() => {
                let message = "no version bump specified".to_owned();
                return Err(ResourceError::Failed { message, exit_status: 1 });
            }
            None => Change::Bump(bump),
        };
        let number = match driver {
            Driver::Branch(driver) => driver.change(cx, &change, operation).await?,
            Driver::File(driver) => {
                let id = operation.id.clone();
                let changed = tokio::task::spawn_blocking(move || driver.change(&change, &id));
                changed.await.map_err(|e| ResourceError::Io {
                    action: "change",
                    path: "the number".to_owned(),
                    source: std::io::Error::other(e),
                })??
            }
        };
        Ok(found(&number))
    }
}

fn bump(params: &Fields<'_>) -> Bump {
    Bump {
        part: params.text("bump").as_deref().and_then(Part::named),
        pre: params.text("pre"),
        build: params.text("build"),
        pre_without_version: params.flag("pre_without_version"),
        build_without_version: params.flag("build_without_version"),
    }
}

fn version(number: &Number) -> Version {
    Version::of("number", &number.to_string())
}

fn found(number: &Number) -> Found {
    let metadata = vec![MetadataField::new("number", number.to_string())];
    Found { version: version(number), metadata }
}

/// Reads a number that somebody wrote into a file.
fn parse(text: &str, path: &str) -> Result<Number, ResourceError> {
    Number::parse(text.trim()).ok_or_else(|| ResourceError::Failed {
        message: format!("`{path}` holds `{}`, which is no version number", text.trim()),
        exit_status: 1,
    })
}
