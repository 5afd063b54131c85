//! A build's log as `flightdeck run` prints it.

use std::collections::BTreeMap;
use std::io::Write;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::control::{Control, PublicPlan};
use crate::model::BuildId;
use crate::model::build::{Event, Status};

/// Prints texts in the order in which they come, each whole. Holds 256, then builds' logs wait.
pub fn print_to(
    mut out: Box<dyn Write + Send>,
) -> (mpsc::Sender<String>, tokio::task::JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel::<String>(256);
    let task = tokio::task::spawn_blocking(move || {
        while let Some(text) = receiver.blocking_recv() {
            if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                // Nobody reads any more; builds go on to their end.
                return;
            }
        }
    });
    (sender, task)
}

/// Prints a build's log from its first line to its last; gives its final status.
pub async fn follow(
    control: &dyn Control,
    build: BuildId,
    name: &str,
    prefix: &str,
    lines: &mpsc::Sender<String>,
) -> anyhow::Result<Status> {
    let mut events = control.build_events(build, 0).await?;
    let detail = control.build(build).await?;
    let steps = detail.plan.as_ref().map(step_names).unwrap_or_default();
    let _ = lines.send(format!("── {name} started\n")).await;
    let mut log = LogLines { prefix: prefix.to_owned(), open: BTreeMap::new() };
    let mut last = Status::Errored;
    while let Some(envelopes) = events.next().await {
        for envelope in envelopes? {
            let text = match &envelope.event {
                Event::Log { origin, payload, .. } => log.take(&origin.id.0, payload),
                Event::Error { origin, message, .. } => {
                    let step = steps.get(&origin.id.0).map_or("", String::as_str);
                    log.line(&format!("{step}: {message}"))
                }
                Event::StartTask { origin, config, .. } => {
                    let step = steps.get(&origin.id.0).map_or("task", String::as_str);
                    let args = config.run.args.clone().unwrap_or_default();
                    // A script that stands in the pipeline is known to its reader.
                    let command = std::iter::once(config.run.path.as_str())
                        .chain(args.iter().map(|arg| arg.lines().next().unwrap_or_default()))
                        .collect::<Vec<_>>()
                        .join(" ");
                    log.line(&format!("── {step}: {command}"))
                }
                Event::StartGet { origin, .. } | Event::StartPut { origin, .. } => {
                    let step = steps.get(&origin.id.0).map_or("", String::as_str);
                    log.line(&format!("── {step}"))
                }
                Event::FinishTask { origin, exit_status, .. } if *exit_status != 0 => {
                    log.flush(&origin.id.0) + &log.line(&format!("exit status {exit_status}"))
                }
                Event::FinishTask { origin, .. } => log.flush(&origin.id.0),
                Event::Status { status, .. } => {
                    last = *status;
                    String::new()
                }
                _ => String::new(),
            };
            if !text.is_empty() {
                let _ = lines.send(text).await;
            }
        }
    }
    let _ = lines.send(format!("── {name} {last}\n")).await;
    Ok(last)
}

/// Puts a prefix before each line, also of lines that come in pieces.
struct LogLines {
    prefix: String,
    open: BTreeMap<String, String>,
}

impl LogLines {
    fn line(&self, text: &str) -> String {
        format!("{}{text}\n", self.prefix)
    }

    fn take(&mut self, origin: &str, payload: &str) -> String {
        let mut out = String::new();
        let open = self.open.entry(origin.to_owned()).or_default();
        for piece in payload.split_inclusive('\n') {
            open.push_str(piece);
            // A line without an end is printed in parts, so that memory stays bounded.
            if piece.ends_with('\n') || open.len() > 64 * 1024 {
                let text = open.trim_end_matches(['\n', '\r']);
                out.push_str(&format!("{}{text}\n", self.prefix));
                open.clear();
            }
        }
        out
    }

    fn flush(&mut self, origin: &str) -> String {
        match self.open.remove(origin) {
            Some(open) if !open.is_empty() => self.line(&open),
            Some(_) | None => String::new(),
        }
    }
}

fn step_names(plan: &PublicPlan) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    plan.walk(&mut |node| {
        if let Some(name) = node.step_name() {
            names.insert(node.id.0.clone(), name);
        }
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_in_pieces_stay_whole() {
        let mut log = LogLines { prefix: "a │ ".to_owned(), open: BTreeMap::new() };
        assert_eq!(log.take("1", "one\ntw"), "a │ one\n");
        assert_eq!(log.take("2", "other\r\n"), "a │ other\n");
        assert_eq!(log.take("1", "o\n"), "a │ two\n");
        assert_eq!(log.take("1", "rest"), "");
        assert_eq!(log.flush("1"), "a │ rest\n");
    }
}
