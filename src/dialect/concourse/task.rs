//! A task's config, in a pipeline or in a file of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reader::{Fields, Reader, Unknown};
use crate::dialect::yaml::{Data, Node};
use crate::model::TaskConfig;
use crate::model::task::{ImageResource, Limits, Run, TaskCache, TaskInput, TaskOutput};

impl<'n> Reader<'n> {
    /// The config of a task.
    pub(super) fn task_config(&mut self, node: &'n Node) -> Option<TaskConfig> {
        let mut fields = self.fields(node)?;
        let config = TaskConfig {
            platform: self.text_of(&mut fields, "platform").unwrap_or_default(),
            image_resource: self.image_resource(&mut fields),
            rootfs_uri: self.text_of(&mut fields, "rootfs_uri"),
            limits: self.limits_of(&mut fields),
            params: self.params_of(&mut fields),
            run: self.run(&mut fields),
            inputs: self.inputs(&mut fields),
            outputs: self.outputs(&mut fields),
            caches: self.caches(&mut fields),
        };
        let is_malformed =
            !fields.has("platform") || node.get("platform").is_some_and(Node::is_null);
        if config.platform.is_empty() && (is_malformed || !self.is_malformed) {
            self.error("missing-platform", node.at, "missing 'platform'").hint =
                Some("add `platform: linux`".to_owned());
        }
        self.finish(&fields, Unknown::RefusedInStep);
        Some(config)
    }

    fn image_resource(&mut self, fields: &mut Fields<'n>) -> Option<ImageResource> {
        let node = fields.take("image_resource")?;
        self.within(".image_resource", |reader| {
            let mut fields = reader.fields(node)?;
            let image = ImageResource {
                name: reader.text_of(&mut fields, "name"),
                kind: reader.text_of(&mut fields, "type").unwrap_or_default(),
                source: reader.map_of(&mut fields, "source"),
                version: fields
                    .take("version")
                    .map(|node| reader.within(".version", |reader| reader.version(node))),
                params: reader.map_of(&mut fields, "params"),
                tags: reader.tags_of(&mut fields),
            };
            if image.kind.is_empty() {
                reader.warning("missing-type", node.at, "has no type and will fail").hint =
                    Some("add `type: registry-image`".to_owned());
            }
            reader.finish(&fields, Unknown::Ignored);
            Some(image)
        })
    }

    /// What a container may use.
    pub(super) fn limits_of(&mut self, fields: &mut Fields<'n>) -> Limits {
        let Some(node) = fields.take("container_limits") else { return Limits::default() };
        self.within(".container_limits", |reader| {
            let Some(mut fields) = reader.fields(node) else { return Limits::default() };
            let cpu = fields.take("cpu");
            let memory = fields.take("memory");
            let limits = Limits {
                cpu_shares: cpu.and_then(|node| reader.within(".cpu", |r| r.cpu(node))),
                memory_bytes: memory.and_then(|node| reader.within(".memory", |r| r.memory(node))),
            };
            reader.finish(&fields, Unknown::Ignored);
            limits
        })
    }

    fn cpu(&mut self, node: &Node) -> Option<u64> {
        let shares = match &node.data {
            // A fraction of a share is none.
            Data::Number(number) => {
                let whole = number.as_str().split('.').next().unwrap_or_default();
                whole.parse().ok()
            }
            Data::Null | Data::Bool(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => None,
        };
        if shares.is_none() {
            self.mismatch(node, "a number of CPU shares");
        }
        shares
    }

    fn memory(&mut self, node: &Node) -> Option<u64> {
        let bytes = match &node.data {
            Data::Number(number) => parse_memory(number.as_str()),
            Data::Text(text) => parse_memory(text),
            Data::Null | Data::Bool(_) | Data::List(_) | Data::Map(_) => None,
        };
        if bytes.is_none() {
            self.mismatch(node, "an amount of memory such as `512M` or `1GB`");
        }
        bytes
    }

    fn params_of(&mut self, fields: &mut Fields<'n>) -> BTreeMap<String, String> {
        let params = self.map_of(fields, "params");
        params.into_iter().map(|(name, value)| (name, value.to_param())).collect()
    }

    fn run(&mut self, fields: &mut Fields<'n>) -> Run {
        let Some(node) = fields.take("run") else { return Run::default() };
        self.within(".run", |reader| {
            let Some(mut fields) = reader.fields(node) else { return Run::default() };
            let run = Run {
                path: reader.text_of(&mut fields, "path"),
                args: reader.texts_of(&mut fields, "args"),
                dir: reader.text_of(&mut fields, "dir"),
                user: reader.text_of(&mut fields, "user"),
            };
            reader.finish(&fields, Unknown::Ignored);
            run
        })
    }

    fn inputs(&mut self, fields: &mut Fields<'n>) -> Vec<TaskInput> {
        self.each(fields, "inputs", |reader, fields, position| {
            let input = TaskInput {
                name: reader.text_of(fields, "name").unwrap_or_default(),
                path: reader.text_of(fields, "path"),
                optional: reader.truth_of(fields, "optional"),
            };
            if input.name.is_empty() {
                let message = format!("input in position {position} is missing a name");
                reader.error("missing-name", fields.at, message);
            }
            input
        })
    }

    fn outputs(&mut self, fields: &mut Fields<'n>) -> Vec<TaskOutput> {
        self.each(fields, "outputs", |reader, fields, position| {
            let output = TaskOutput {
                name: reader.text_of(fields, "name").unwrap_or_default(),
                path: reader.text_of(fields, "path"),
            };
            if output.name.is_empty() {
                let message = format!("output in position {position} is missing a name");
                reader.error("missing-name", fields.at, message);
            }
            output
        })
    }

    fn caches(&mut self, fields: &mut Fields<'n>) -> Vec<TaskCache> {
        self.each(fields, "caches", |reader, fields, position| {
            let path = reader.text_of(fields, "path").unwrap_or_default();
            let ttl = fields.take("ttl").and_then(|node| {
                reader.within(format_args!(".caches[{position}].ttl"), |reader| {
                    let ttl = reader.duration(node)?;
                    if ttl < Duration::from_secs(1) {
                        reader.error("invalid-duration", node.at, "must be at least 1s");
                    }
                    Some(ttl)
                })
            });
            TaskCache { path, ttl }
        })
    }

    /// Reads each item of a list of maps; keys that are not taken are ignored with a warning.
    fn each<T>(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
        read: impl Fn(&mut Self, &mut Fields<'n>, usize) -> T,
    ) -> Vec<T> {
        let list = self.list_of(fields, key);
        let mut items = Vec::with_capacity(list.len());
        for (position, node) in list.iter().enumerate() {
            let piece = format!(".{key}[{position}]");
            let Some(mut fields) = self.within(&piece, |reader| reader.fields(node)) else {
                continue;
            };
            items.push(read(self, &mut fields, position));
            self.within(&piece, |reader| reader.finish(&fields, Unknown::Ignored));
        }
        items
    }
}

/// Reads bytes, or a number with `K`, `M` or `G`, then `i`, then `B`, in any case; all units are
/// powers of 1024.
fn parse_memory(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = text[digits..].to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let factor: u64 = match unit {
        "" => 1,
        "k" | "ki" => 1 << 10,
        "m" | "mi" => 1 << 20,
        "g" | "gi" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_in_powers_of_1024() {
        for (text, bytes) in [
            ("1024", Some(1024)),
            ("1K", Some(1024)),
            ("2kib", Some(2048)),
            ("5MB", Some(5 << 20)),
            ("1gi", Some(1 << 30)),
            ("0", Some(0)),
            ("", None),
            ("1T", None),
            ("1.5G", None),
            ("-1", None),
        ] {
            assert_eq!(parse_memory(text), bytes, "{text}");
        }
    }
}
