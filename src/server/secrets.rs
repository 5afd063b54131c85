//! Where values of `((references))` come from that no file and no flag set.

use async_trait::async_trait;

use crate::engine::Secrets;
use crate::model::var::Reference;
use crate::model::{PipelineRef, Value};

/// A core without a credential manager: it knows no value.
pub struct NoSecrets;

#[async_trait]
impl Secrets for NoSecrets {
    async fn find(
        &self,
        _pipeline: Option<&PipelineRef>,
        _reference: &Reference,
    ) -> Result<Option<Value>, String> {
        Ok(None)
    }
}
