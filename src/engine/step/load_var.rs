//! Reads a file of an artifact into a local var.
//!
//! A value that logs may not show is not journaled; after a restart it is read again.
//!
//! *Follows:* `atc/exec/load_var_step.go`.

use std::sync::Arc;

use thiserror::Error;

use super::{Cx, Ended, Ending, leaf};
use crate::dialect::yaml;
use crate::engine::artifact;
use crate::model::Value;
use crate::model::build::{Event, LogSource, Outcome, Plan};
use crate::model::step::{LoadVar, VarFormat};

/// A file that does not become a value.
#[derive(Debug, Error)]
enum ValueError {
    #[error("invalid format {0}")]
    Format(String),
    #[error("failed to parse {file} in format {format}: {why}")]
    Parse { file: String, format: &'static str, why: String },
}

/// Loads the var, or loads it again under the next core.
pub async fn run(cx: &Cx, plan: &Plan, load: &LoadVar) -> Outcome {
    let finished = cx.build.replay.node(&plan.id).and_then(|node| node.finished.as_ref());
    if !load.reveal && finished.is_some_and(|finished| finished.outcome.is_success()) {
        let ended = leaf::catch(cx, again(cx, load)).await;
        if ended.ending == Ending::Succeeded {
            return Outcome::Succeeded;
        }
        return leaf::finish(cx, &plan.id, ended).await;
    }
    leaf::run(cx, plan, first(cx, plan, load)).await
}

async fn first(cx: &Cx, plan: &Plan, load: &LoadVar) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    let LoadVar { name, reveal, .. } = load;
    report.emit(|origin, time| Event::Initialize { origin, time }).await?;
    report.emit(|origin, time| Event::Start { origin, time }).await?;
    let value = read(cx, load).await?;
    report.say(LogSource::Stdout, &format!("var {name} fetched.")).await?;
    let mut ended = Ended::from(Ending::Succeeded);
    if *reveal {
        ended.vars.push((name.clone(), value));
    } else {
        hide(cx, name, value);
    }
    report.say(LogSource::Stdout, &format!("added var {name} to build.")).await?;
    report.emit(|origin, time| Event::Finish { origin, time, succeeded: true }).await?;
    Ok(ended)
}

async fn again(cx: &Cx, load: &LoadVar) -> Result<Ended, Ending> {
    let value = read(cx, load).await?;
    hide(cx, &load.name, value);
    Ok(Ending::Succeeded.into())
}

fn hide(cx: &Cx, name: &str, value: Value) {
    cx.build.redactor.add(&value);
    cx.scope.set_var(name, value);
}

async fn read(cx: &Cx, load: &LoadVar) -> Result<Value, Ending> {
    let file = cx.fill_text(&load.file).await?;
    let format = match &load.format {
        Some(format) => {
            let format = cx.fill_text(format).await?;
            VarFormat::named(&format).ok_or(ValueError::Format(format))?
        }
        None => {
            let name = file.rsplit('/').next().unwrap_or(&file);
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            VarFormat::named(extension).unwrap_or(VarFormat::Trim)
        }
    };
    let text = artifact::read(cx, &file).await?;
    Ok(parse(&file, format, text)?)
}

fn parse(file: &str, format: VarFormat, text: String) -> Result<Value, ValueError> {
    let fault = |format, why| ValueError::Parse { file: file.to_owned(), format, why };
    match format {
        VarFormat::Raw => Ok(Value::String(text)),
        VarFormat::Trim => Ok(Value::from(text.trim())),
        VarFormat::Json => {
            serde_json::from_str(&text).map_err(|error| fault("json", error.to_string()))
        }
        VarFormat::Yaml => {
            let parsed = yaml::parse(&Arc::from(file), &text, None);
            match parsed.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
                Some(wrong) => Err(fault("yaml", wrong.message.clone())),
                None => Ok(parsed.root.map_or(Value::Null, |root| root.to_value())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_a_value_by_its_format() {
        for (format, text, expected) in [
            (VarFormat::Raw, " a\n", "\" a\\n\""),
            (VarFormat::Trim, " a\n", "\"a\""),
            (VarFormat::Json, "{\"n\": 1.10}\n", "{\"n\":1.10}"),
            (VarFormat::Yaml, "n: 1.10\nl: [a, yes]", "{\"l\":[\"a\",true],\"n\":1.10}"),
            (VarFormat::Yaml, "", "null"),
        ] {
            let value = parse("a/f", format, text.to_owned()).expect(text);
            assert_eq!(value.to_json(), expected, "{text:?}");
        }
        for (format, text) in [(VarFormat::Json, "1 2"), (VarFormat::Yaml, "a: [")] {
            let error = parse("a/f", format, text.to_owned()).expect_err(text).to_string();
            assert!(error.starts_with("failed to parse a/f in format "), "{error}");
        }
    }
}
