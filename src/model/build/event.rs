//! What happened in a build: the append-only record.
//!
//! *Follows:* Concourse's event types at their versions, because its client ends at an unknown
//! one. What flightdeck knows more rides in fields of the envelope that others ignore.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Status;
use crate::model::version::MetadataField;
use crate::model::{PlanId, Timestamp, Value, Version};

/// The place of an event in its build's log: 0, 1, 2, … without gaps.
pub type EventId = u64;

/// Which node of the plan an event comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The node.
    pub id: PlanId,
    /// The stream, for log events.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<LogSource>,
}

impl Origin {
    /// The node itself.
    pub fn node(id: &PlanId) -> Self {
        Self { id: id.clone(), source: None }
    }

    /// A stream of the node.
    pub fn stream(id: &PlanId, source: LogSource) -> Self {
        Self { id: id.clone(), source: Some(source) }
    }
}

/// A stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogSource {
    /// Standard output, and all that a terminal shows.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a task is about to run, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The platform.
    #[serde(default)]
    pub platform: String,
    /// The image's address, if the task names one.
    #[serde(default)]
    pub image: String,
    /// The command.
    #[serde(default)]
    pub run: TaskCommand,
    /// The inputs.
    #[serde(default)]
    pub inputs: Option<Vec<TaskSummaryInput>>,
}

/// A command in [`TaskSummary`], secrets taken out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskCommand {
    /// The executable.
    #[serde(default)]
    pub path: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Option<Vec<String>>,
    /// Its directory.
    #[serde(default)]
    pub dir: String,
}

/// An input in [`TaskSummary`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskSummaryInput {
    /// The artifact.
    pub name: String,
    /// Where it stands.
    pub path: String,
}

/// An event with what surrounds it in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its place in the log.
    pub id: EventId,
    /// When it was written.
    pub at: Timestamp,
    /// For log events of a process: the offset in the process's output that it ends at, in
    /// bytes. A core that restarts reads on from there.
    pub output_offset: Option<u64>,
    /// What happened.
    pub event: Event,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal $version:literal {
        $($(#[$field_doc:meta])* $field:ident : $kind:ty),* $(,)?
    })*) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $kind),* },)*
        }

        impl Event {
            /// The type's name and version, as the wire has them.
            pub fn kind(&self) -> (&'static str, &'static str) {
                match self {
                    $(Event::$name { .. } => ($word, $version),)*
                }
            }

            fn data(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self {
                    $(Event::$name { $($field),* } => {
                        #[derive(Serialize)]
                        struct Data<'a> { $($field: &'a $kind),* }
                        serde_json::to_value(Data { $($field),* })
                    })*
                }
            }

            fn from_data(word: &str, data: serde_json::Value) -> Result<Event, String> {
                match word {
                    $($word => {
                        #[derive(Deserialize)]
                        struct Data { $($field: $kind),* }
                        let data: Data =
                            serde_json::from_value(data).map_err(|error| error.to_string())?;
                        Ok(Event::$name { $($field: data.$field),* })
                    })*
                    _ => Err(format!("unknown event type: {word}")),
                }
            }
        }
    };
}

events! {
    /// The build's status changed.
    Status = "status" "1.0" {
        /// The new status.
        status: Status,
        /// Unix seconds.
        time: i64,
    }
    /// Output.
    Log = "log" "5.1" {
        /// Unix seconds.
        time: i64,
        /// The stream.
        origin: Origin,
        /// The text, secrets taken out.
        payload: String,
    }
    /// A node could not do its work.
    Error = "error" "4.1" {
        /// Why.
        message: String,
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A node waits for a worker.
    WaitingForWorker = "waiting-for-worker" "1.0" {
        /// Unix seconds.
        time: i64,
        /// The node.
        origin: Origin,
    }
    /// A node has a worker.
    SelectedWorker = "selected-worker" "1.0" {
        /// Unix seconds.
        time: i64,
        /// The node.
        origin: Origin,
        /// The worker's name.
        selected_worker: String,
    }
    /// A get begins.
    InitializeGet = "initialize-get" "2.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A get runs.
    StartGet = "start-get" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A get ended.
    FinishGet = "finish-get" "5.1" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
        /// 0 if it succeeded.
        exit_status: i32,
        /// The version, unless it failed.
        version: Option<Version>,
        /// What the resource tells of it.
        metadata: Option<Vec<MetadataField>>,
    }
    /// A put begins.
    InitializePut = "initialize-put" "2.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A put runs.
    StartPut = "start-put" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A put ended.
    FinishPut = "finish-put" "5.1" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
        /// 0 if it succeeded.
        exit_status: i32,
        /// The version that came of it, unless it failed.
        version: Option<Version>,
        /// What the resource tells of it.
        metadata: Option<Vec<MetadataField>>,
    }
    /// A task begins.
    InitializeTask = "initialize-task" "4.0" {
        /// Unix seconds.
        time: i64,
        /// The node.
        origin: Origin,
        /// Empty at this point.
        config: TaskSummary,
    }
    /// A task runs.
    StartTask = "start-task" "5.0" {
        /// Unix seconds.
        time: i64,
        /// The node.
        origin: Origin,
        /// What it runs.
        config: TaskSummary,
    }
    /// A task ended.
    FinishTask = "finish-task" "4.0" {
        /// Unix seconds.
        time: i64,
        /// The process's exit status.
        exit_status: i32,
        /// The node.
        origin: Origin,
    }
    /// A check begins.
    InitializeCheck = "initialize-check" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
        /// The resource.
        name: String,
    }
    /// A node of another kind begins.
    Initialize = "initialize" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A node of another kind runs.
    Start = "start" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
    }
    /// A node of another kind ended.
    Finish = "finish" "1.0" {
        /// The node.
        origin: Origin,
        /// Unix seconds.
        time: i64,
        /// Whether it succeeded.
        succeeded: bool,
    }
    /// A pipeline was set, or needed no change.
    SetPipelineChanged = "set-pipeline-changed" "1.0" {
        /// The node.
        origin: Origin,
        /// Whether anything changed.
        changed: bool,
    }
    /// An image is checked for.
    ImageCheck = "image-check" "1.1" {
        /// Unix seconds.
        time: i64,
        /// The node that needs the image.
        origin: Origin,
        /// The public form of the check's plan.
        plan: Value,
    }
    /// An image is fetched.
    ImageGet = "image-get" "1.1" {
        /// Unix seconds.
        time: i64,
        /// The node that needs the image.
        origin: Origin,
        /// The public form of the get's plan.
        plan: Value,
    }
    /// The combinations of an across node.
    AcrossSubsteps = "across-substeps" "1.0" {
        /// Unix seconds.
        time: i64,
        /// The node.
        origin: Origin,
        /// Each with its values and the public form of its plan.
        substeps: Value,
    }
}

impl Event {
    /// The node that it comes from; nothing for events of the build as a whole.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Event::Status { .. } => None,
            Event::Log { origin, .. }
            | Event::Error { origin, .. }
            | Event::WaitingForWorker { origin, .. }
            | Event::SelectedWorker { origin, .. }
            | Event::InitializeGet { origin, .. }
            | Event::StartGet { origin, .. }
            | Event::FinishGet { origin, .. }
            | Event::InitializePut { origin, .. }
            | Event::StartPut { origin, .. }
            | Event::FinishPut { origin, .. }
            | Event::InitializeTask { origin, .. }
            | Event::StartTask { origin, .. }
            | Event::FinishTask { origin, .. }
            | Event::InitializeCheck { origin, .. }
            | Event::Initialize { origin, .. }
            | Event::Start { origin, .. }
            | Event::Finish { origin, .. }
            | Event::SetPipelineChanged { origin, .. }
            | Event::ImageCheck { origin, .. }
            | Event::ImageGet { origin, .. }
            | Event::AcrossSubsteps { origin, .. } => Some(origin),
        }
    }
}

/// The form on disk and on the wire: Concourse's envelope and our own fields after it.
#[derive(Serialize, Deserialize)]
struct Wire {
    data: serde_json::Value,
    event: String,
    version: String,
    event_id: String,
    #[serde(default)]
    at_us: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_offset: Option<u64>,
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (word, version) = self.event.kind();
        Wire {
            data: self.event.data().map_err(serde::ser::Error::custom)?,
            event: word.to_owned(),
            version: version.to_owned(),
            event_id: self.id.to_string(),
            at_us: self.at.0,
            output_offset: self.output_offset,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Ok(Envelope {
            id: wire.event_id.parse().map_err(serde::de::Error::custom)?,
            at: Timestamp(wire.at_us),
            output_offset: wire.output_offset,
            event: Event::from_data(&wire.event, wire.data).map_err(serde::de::Error::custom)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_wire_in_concourses_form() {
        let envelope = Envelope {
            id: 7,
            at: Timestamp(1_700_000_000_000_123),
            output_offset: Some(3),
            event: Event::Log {
                time: 1_700_000_000,
                origin: Origin::stream(&PlanId::from("2a"), LogSource::Stdout),
                payload: "hi\n".to_owned(),
            },
        };
        let text = serde_json::to_string(&envelope).expect("prints");
        assert_eq!(
            text,
            concat!(
                r#"{"data":{"origin":{"id":"2a","source":"stdout"},"payload":"hi\n","#,
                r#""time":1700000000},"event":"log","version":"5.1","event_id":"7","#,
                r#""at_us":1700000000000123,"output_offset":3}"#
            )
        );
        let read: Envelope = serde_json::from_str(&text).expect("reads");
        assert_eq!(read, envelope);
    }
}
