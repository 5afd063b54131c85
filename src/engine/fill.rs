//! Fills references when a step runs: local vars first, then what is secret.
//!
//! *Follows:* `atc/exec/build_vars.go`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::step::Cx;
use crate::model::Value;
use crate::model::value::Map;
use crate::model::var::{Fill, FillError, Reference, Vars, fill, references};

/// A value could not be filled.
#[derive(Debug, Error)]
pub enum CannotFill {
    /// A reference is wrong or unknown.
    #[error("{0}")]
    Reference(FillError),
    /// The place where secrets are does not answer.
    #[error("cannot find var `{var}`: {why}")]
    Secrets {
        /// The var.
        var: String,
        /// What it said.
        why: String,
    },
}

/// The source of local vars.
const LOCAL: &str = ".";

/// What a step's references may mean, looked up beforehand.
struct Found<'a> {
    cx: &'a Cx,
    secrets: BTreeMap<(Option<String>, String), Value>,
}

impl Vars for Found<'_> {
    fn find(&self, reference: &Reference) -> Option<Value> {
        if reference.source.as_deref() == Some(LOCAL)
            && let Some(value) = self.cx.scope.var(&reference.name)
        {
            return Some(value);
        }
        self.secrets.get(&(reference.source.clone(), reference.name.clone())).cloned()
    }
}

impl Cx {
    /// `value` with all references filled. What was found as a secret is kept out of logs.
    ///
    /// # Errors
    /// When a reference is wrong or unknown, or secrets cannot be asked.
    pub async fn fill(&self, value: &Value) -> Result<Value, CannotFill> {
        let found = self.find_all(value).await?;
        fill(value, &found, Fill::Strict).map_err(CannotFill::Reference)
    }

    /// [`Cx::fill`] for a map.
    ///
    /// # Errors
    /// As [`Cx::fill`].
    pub async fn fill_map(&self, map: &Map) -> Result<Map, CannotFill> {
        match self.fill(&Value::Map(map.clone())).await? {
            Value::Map(filled) => Ok(filled),
            _ => Ok(Map::new()),
        }
    }

    /// [`Cx::fill`] for a text that stays text.
    ///
    /// # Errors
    /// As [`Cx::fill`].
    pub async fn fill_text(&self, text: &str) -> Result<String, CannotFill> {
        Ok(self.fill(&Value::from(text)).await?.to_param())
    }

    async fn find_all(&self, value: &Value) -> Result<Found<'_>, CannotFill> {
        let mut secrets = BTreeMap::new();
        let pipeline = self.build.spec.pipeline.as_ref().map(|(_, pipeline)| pipeline);
        for reference in references(value) {
            let is_local = reference.source.as_deref() == Some(LOCAL);
            if is_local && self.scope.var(&reference.name).is_some() {
                continue;
            }
            let answer = self.build.parts.secrets.find(pipeline, &reference).await;
            let Some(value) =
                answer.map_err(|why| CannotFill::Secrets { var: reference.var(), why })?
            else {
                continue;
            };
            let field = reference
                .fields
                .iter()
                .try_fold(&value, |value, field| value.as_map().and_then(|map| map.get(field)));
            if let Some(field) = field {
                self.build.redactor.add(field);
            }
            secrets.insert((reference.source, reference.name), value);
        }
        Ok(Found { cx: self, secrets })
    }
}
