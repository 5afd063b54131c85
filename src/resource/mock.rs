//! The type `mock`: does what its source says, for tests of pipelines and of this program.
//!
//! A native type has no container, so that it is never privileged, and the image that
//! `mirror_self` makes has an empty root file system: the machine's own is not copied.
//!
//! *Follows:* concourse/mock-resource.

use std::path::Path;

use async_trait::async_trait;

use super::schema::{Fields, Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType, files};
use crate::model::Version;
use crate::model::value::{Map, Value};
use crate::model::version::MetadataField;

static SCHEMA: Schema = Schema { source: &[SOURCE], get: &[GET], put: &[PUT] };

const SOURCE: &[Key] = &[
    Key::optional("mirror_self", Kind::Bool, "get makes an image too"),
    Key::optional("initial_version", Kind::Text, "what the first check finds: `mock`"),
    Key::optional("no_initial_version", Kind::Bool, "the first check finds nothing"),
    Key::optional("force_version", Kind::Text, "what every check finds"),
    Key::optional("create_files", Kind::AnyMap, "files that get makes"),
    Key::optional("check_delay", Kind::Duration, "how long a check waits first"),
    Key::optional("check_failure", Kind::Text, "with what words a check fails"),
    Key::optional("metadata", Kind::Maps(METADATA), "what get and put tell"),
    Key::optional("log", Kind::Text, "what check, get and put say"),
];

const METADATA: &[Key] = &[
    Key::required("name", Kind::Text, "what it is"),
    Key::required("value", Kind::Text, "its value"),
];

const GET: &[Key] = &[
    Key::optional("mirror_self_via_params", Kind::Bool, "get makes an image too"),
    Key::optional("create_files_via_params", Kind::AnyMap, "further files that get makes"),
];

const PUT: &[Key] = &[
    Key::optional("version", Kind::Text, "the version"),
    Key::optional("file", Kind::Text, "a file that holds the version"),
    Key::optional("print_env", Kind::Bool, "say all that the environment holds"),
];

/// The type `mock`.
#[derive(Debug)]
pub struct Mock;

#[async_trait]
impl ResourceType for Mock {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["concourse/mock-resource"]
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        let source = SCHEMA.read_source(source)?;
        log(cx, &source);
        if let Some(delay) = source.duration("check_delay") {
            let end = cx.now() + delay;
            tokio::select! {
                () = cx.clock.sleep_until(end) => {}
                cause = cx.cancel.cancelled() => return Err(ResourceError::Stopped(cause)),
            }
        }
        if let Some(words) = source.text("check_failure") {
            let message = format!("intentionally failing to check: {words}");
            return Err(ResourceError::Failed { message, exit_status: 1 });
        }
        if let Some(text) = source.text("force_version") {
            return Ok(vec![Version::of("version", &text)]);
        }
        if let Some(text) = from.and_then(|version| version.field("version")) {
            return Ok(vec![Version::of("version", text)]);
        }
        if source.flag("no_initial_version") {
            return Ok(Vec::new());
        }
        let text = source.text("initial_version").unwrap_or_else(|| "mock".to_owned());
        Ok(vec![Version::of("version", &text)])
    }

    async fn get(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        let source = SCHEMA.read_source(source)?;
        let params = SCHEMA.read_get(params)?;
        log(cx, &source);
        let text = version.field("version").unwrap_or_default();
        files::write(&directory.join("privileged"), "false\n")?;
        info(cx, &format!("fetching version: {text}"));
        files::write(&directory.join("version"), format!("{text}\n"))?;
        if source.flag("mirror_self") || params.flag("mirror_self_via_params") {
            info(cx, "mirroring self image");
            let env = Value::List(vec![format!("MIRRORED_VERSION={text}").into()]);
            let image =
                Map::from([("env".to_owned(), env), ("user".to_owned(), Value::from("root"))]);
            files::write(&directory.join("metadata.json"), Value::Map(image).to_json())?;
            for folder in ["tmp", "dev", "proc", "sys"] {
                let path = directory.join("rootfs").join(folder);
                std::fs::create_dir_all(&path).map_err(|source| ResourceError::Io {
                    action: "create",
                    path: path.display().to_string(),
                    source,
                })?;
            }
        }
        let mut created = source.any_map("create_files").cloned().unwrap_or_default();
        created.extend(params.any_map("create_files_via_params").cloned().unwrap_or_default());
        for (path, content) in &created {
            let text = match content {
                Value::String(text) => text.clone(),
                other => other.to_json(),
            };
            let text = text.replace("START_VAR", "((").replace("END_VAR", "))");
            files::write_below(directory, path, text)?;
        }
        Ok(Found { version: version.clone(), metadata: metadata(&source) })
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        _operation: &Operation,
    ) -> Result<Found, ResourceError> {
        let source = SCHEMA.read_source(source)?;
        let params = SCHEMA.read_put(params)?;
        log(cx, &source);
        let text = match (params.text("version"), params.text("file")) {
            (Some(text), _) => text,
            (None, Some(file)) => files::read(directory, &file)?,
            (None, None) => {
                let message = "no version specified".to_owned();
                return Err(ResourceError::Failed { message, exit_status: 1 });
            }
        };
        info(cx, &format!("pushing version: {text}"));
        if params.flag("print_env") {
            for (name, value) in &cx.env {
                info(cx, &format!("env: {name}={value}"));
            }
        }
        Ok(Found { version: Version::of("version", &text), metadata: metadata(&source) })
    }
}

fn metadata(source: &Fields<'_>) -> Vec<MetadataField> {
    let field = |pair: &Fields<'_>| {
        MetadataField::new(
            &pair.text("name").unwrap_or_default(),
            pair.text("value").unwrap_or_default(),
        )
    };
    source.maps("metadata").iter().map(field).collect()
}

fn log(cx: &Context, source: &Fields<'_>) {
    if let Some(text) = source.text("log") {
        info(cx, &text);
    }
}

fn info(cx: &Context, text: &str) {
    cx.say(&format!("\u{1b}[36mINFO\u{1b}[0m[0000] {text}"));
}
