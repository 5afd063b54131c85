//! What happened last in a pipeline: its newest builds, begun or over.

use crate::control::{BuildSummary, PipelineSummary};
use crate::model::Timestamp;
use crate::model::build::Status;
use crate::tui::fact::{job, text};
use crate::tui::format;
use crate::tui::glyph::Sign;

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// When.
    pub at: Timestamp,
    /// How it stands.
    pub sign: Sign,
    /// The build.
    pub build: &'a BuildSummary,
    /// What is told of it.
    pub text: String,
}

/// The newest, newest first, at most `most`.
pub fn feed(pipeline: &PipelineSummary, now: Timestamp, most: usize) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    for job in &pipeline.jobs {
        if let Some(build) = &job.next {
            let at = build.started_at.unwrap_or(build.created_at);
            let text = match build.status {
                Status::Started if build.is_aborting => "is being stopped".to_owned(),
                Status::Started => {
                    let left = job
                        .estimate
                        .map(|expected| job::Left { elapsed: now.since(at), expected })
                        .map(|left| match left.is_late() {
                            true => format!(", {} over its usual time", left.text()),
                            false => format!(", {} left", left.text()),
                        })
                        .unwrap_or_default();
                    format!("runs for {}{left}", format::duration(now.since(at)))
                }
                _ => job
                    .waiting
                    .as_ref()
                    .map_or_else(|| "waits to start".to_owned(), |w| w.why.clone()),
            };
            items.push(Item { at, sign: Sign::from(build.status), build, text });
        }
        if let Some(build) = &job.finished {
            let took = job::took(build).map(format::duration);
            let text = match (build.status, &build.cause, &build.aborted_by) {
                (Status::Aborted, _, Some(who)) => format!("stopped by {who}"),
                (_, Some(cause), _) => {
                    format!("{}: {}", cause.step, text::plain(&text::cause_line(cause)))
                }
                _ => took.map(|took| format!("took {took}")).unwrap_or_default(),
            };
            let at = build.ended_at.unwrap_or(build.created_at);
            items.push(Item { at, sign: Sign::from(build.status), build, text });
        }
    }
    items.sort_by_key(|item| std::cmp::Reverse((item.at, item.build.id)));
    items.truncate(most);
    items
}
