//! The type `time`: moments, as often as a source asks for them.
//!
//! *Follows:* concourse/time-resource.

mod window;

use std::path::Path;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use self::window::{Rule, Window};
use super::schema::{Fields, Key, Kind, Schema};
use super::{Context, Found, Operation, ResourceError, ResourceType, files};
use crate::model::value::{Map, Value};
use crate::model::{Timestamp, Version};

static SCHEMA: Schema = Schema { source: &[SOURCE], get: &[], put: &[] };

const SOURCE: &[Key] = &[
    Key::optional("interval", Kind::Duration, "how much time lies between two versions"),
    Key::optional("start", Kind::Text, "versions are made from this time of day on: `8:00 AM`"),
    Key::optional("stop", Kind::Text, "and no longer from this time of day on"),
    Key::optional("days", Kind::Texts, "only on these days: `Monday`"),
    Key::optional("location", Kind::Text, "where the time of day is meant: `Europe/Vienna`"),
    Key::optional("initial_version", Kind::Bool, "make a version at once on the first check"),
    Key::optional("start_after", Kind::Text, "no version before this moment: `2026-01-31T08:00`"),
];

/// The type `time`.
#[derive(Debug)]
pub struct Time;

#[async_trait]
impl ResourceType for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn has_unique_history(&self) -> bool {
        true
    }

    fn well_known_images(&self) -> &'static [&'static str] {
        &["concourse/time-resource"]
    }

    async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        let rule = read(source)?;
        let before = from.and_then(moment);
        let now = cx.now();
        let mut versions: Vec<Version> =
            from.filter(|_| before.is_some()).cloned().into_iter().collect();
        if rule.is_due(now, before) {
            versions.push(version(now));
        }
        Ok(versions)
    }

    async fn get(
        &self,
        _cx: &Context,
        source: &Map,
        params: &Map,
        version: &Version,
        directory: &Path,
    ) -> Result<Found, ResourceError> {
        read(source)?;
        SCHEMA.read_get(params)?;
        let moment = moment(version)
            .ok_or_else(|| ResourceError::VersionNotFound { version: version.to_string() })?;
        let fields = version.0.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())));
        let request = Map::from([
            ("source".to_owned(), Value::Map(source.clone())),
            ("version".to_owned(), Value::Map(fields.collect())),
        ]);
        files::write(&directory.join("input"), Value::Map(request).to_json())?;
        let text = version.field("time").unwrap_or_default();
        files::write(&directory.join("timestamp"), text)?;
        files::write(&directory.join("epoch"), moment.secs().to_string())?;
        Ok(Found { version: version.clone(), metadata: Vec::new() })
    }

    async fn put(
        &self,
        cx: &Context,
        source: &Map,
        params: &Map,
        _directory: &Path,
        operation: &Operation,
    ) -> Result<Found, ResourceError> {
        read(source)?;
        SCHEMA.read_put(params)?;
        // Nothing outside changes; the moment is kept so that a repeat answers the same.
        let kept = cx
            .cache_dir
            .join("time")
            .join(super::git::hex(&Sha256::digest(operation.id.as_bytes())));
        let earlier = operation.is_repeat.then(|| std::fs::read_to_string(&kept).ok()).flatten();
        let version = match earlier.map(|text| Version::of("time", &text)) {
            Some(version) if moment(&version).is_some() => version,
            _ => version(cx.now()),
        };
        files::write(&kept, version.field("time").unwrap_or_default())?;
        Ok(Found { version, metadata: Vec::new() })
    }
}

fn version(moment: Timestamp) -> Version {
    let text = jiff::Timestamp::from_microsecond(moment.0).unwrap_or_default().to_string();
    Version::of("time", &text)
}

fn moment(version: &Version) -> Option<Timestamp> {
    let moment: jiff::Timestamp = version.field("time")?.parse().ok()?;
    Some(Timestamp(moment.as_microsecond()))
}

fn read(source: &Map) -> Result<Rule, ResourceError> {
    let fields = SCHEMA.read_source(source)?;
    let zone = match fields.text("location") {
        Some(name) => TimeZone::get(&name).map_err(|_| {
            fields.fault("location", format!("names `{name}`, which is no time zone"))
        })?,
        None => TimeZone::UTC,
    };
    let window = match (fields.text("start"), fields.text("stop")) {
        (Some(start), Some(stop)) => Some(Window {
            start: time_of_day(&fields, "start", &start)?,
            stop: time_of_day(&fields, "stop", &stop)?,
        }),
        (None, None) => None,
        (Some(_), None) => return Err(fields.fault("stop", "is required beside `start`")),
        (None, Some(_)) => return Err(fields.fault("start", "is required beside `stop`")),
    };
    let mut days = Vec::new();
    for name in fields.texts("days") {
        let why =
            || fields.fault("days", format!("has `{name}`, which is no day such as `Monday`"));
        days.push(window::weekday(&name).ok_or_else(why)?);
    }
    let start_after = match fields.text("start_after") {
        Some(text) => Some(window::moment(&text, &zone).ok_or_else(|| {
            fields.fault("start_after", "must be a moment such as `2026-01-31T08:00:00`")
        })?),
        None => None,
    };
    Ok(Rule {
        zone,
        window,
        days,
        start_after,
        interval: fields.duration("interval"),
        is_first_at_once: fields.flag("initial_version"),
    })
}

fn time_of_day(
    fields: &Fields<'_>,
    key: &str,
    text: &str,
) -> Result<window::TimeOfDay, ResourceError> {
    window::time_of_day(text).ok_or_else(|| {
        fields.fault(key, "must be a time of day such as `8:00 AM`, `8AM`, `08:00` or `0800 +0100`")
    })
}
