//! A resource type that does as its source says.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use flightdeck::model::build::LogSource;
use flightdeck::model::value::Map;
use flightdeck::model::version::MetadataField;
use flightdeck::model::{Value, Version};
use flightdeck::resource::{Context, Found, Operation, ResourceError, ResourceType, Schema};

/// The type `thing`. `source.fail` makes all fail with that message, `source.hang` makes all wait
/// for the cancel, `source.panic` makes all panic, `source.say` is said,
/// `source.files` are what a get brings, with `<<` for two parentheses.
#[derive(Default)]
pub struct Thing {
    done: Mutex<Vec<String>>,
}

impl Thing {
    /// What puts did outside, by operation.
    pub fn done(&self) -> Vec<String> {
        self.done.lock().expect("free").clone()
    }
}

async fn obey(cx: &Context, source: &Map) -> Result<(), ResourceError> {
    if let Some(Value::String(words)) = source.get("say") {
        for word in words.split_inclusive(' ') {
            cx.log.write(LogSource::Stderr, word.as_bytes());
            tokio::task::yield_now().await;
        }
        cx.log.write(LogSource::Stderr, b"\n");
    }
    if let Some(Value::String(message)) = source.get("fail") {
        return Err(ResourceError::Failed { message: message.clone(), exit_status: 3 });
    }
    if source.contains_key("panic") {
        panic!("as the source says");
    }
    if source.contains_key("hang") {
        return Err(ResourceError::Stopped(cx.cancel.cancelled().await));
    }
    Ok(())
}

#[async_trait]
impl ResourceType for Thing {
    fn name(&self) -> &'static str {
        "thing"
    }

    fn schema(&self) -> &'static Schema {
        &Schema { source: &[], get: &[], put: &[] }
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["somebody/thing-resource"]
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        obey(cx, source).await?;
        Ok(from.cloned().into_iter().chain([Version::of("v", "newest")]).collect())
    }

    async fn get(
        &self,
        cx: &Context,
        source: &Map,
        _params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        assert!(directory.read_dir().expect("a directory").next().is_none(), "it is empty");
        std::fs::write(directory.join("version"), version.to_string()).expect("writes");
        if let Some(Value::Map(files)) = source.get("files") {
            for (path, content) in files {
                let content = content.to_param().replace("<<", "((").replace(">>", "))");
                std::fs::write(directory.join(path), content).expect("writes");
            }
        }
        obey(cx, source).await?;
        let metadata = vec![MetadataField::new("said", version.to_string())];
        Ok(Found { version: version.clone(), metadata })
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError> {
        obey(cx, source).await?;
        let mut inputs: Vec<String> = directory
            .read_dir()
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        inputs.sort();
        let mut done = self.done.lock().expect("free");
        if !done.contains(&operation.id) {
            done.push(operation.id.clone());
        }
        let version = params.get("version").map_or_else(|| inputs.join("+"), Value::to_param);
        let metadata = cx
            .env
            .iter()
            .filter(|(name, _)| name == "BUILD_STATUS" || name == "BUILD_CREATED_BY")
            .map(|(name, value)| MetadataField::new(name, value.as_str()))
            .collect();
        Ok(Found { version: Version::of("v", &version), metadata })
    }
}
