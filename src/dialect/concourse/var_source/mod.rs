//! Sources of vars: which kinds there are, and what each takes as its config.
//!
//! A value that holds a `((reference))` is known only when the source is asked, so its shape is
//! not checked here.
//!
//! *Follows:* `atc/creds/*/manager.go` for keys, types and messages; `kubernetes` and `file`,
//! which Concourse does not take in a pipeline, are ours.

use std::time::Duration;

use super::reader::{Fields, Reader};
use crate::dialect::suggest::nearest;
use crate::dialect::yaml::{Data, Entry, Mark, Node};
use crate::model::Map;
use crate::model::time::parse_duration;
use crate::model::var::references;

/// A kind of source.
struct Kind {
    name: &'static str,
    /// What stands at each key of its config.
    keys: &'static [(&'static str, Shape)],
    /// What it cannot work without.
    needed: &'static [&'static str],
    /// Checks between keys, and of values.
    check: fn(&mut Reader<'_>, &Source<'_, '_>),
    /// Whether Concourse refuses it in a pipeline.
    is_ours: bool,
    /// Whether Concourse refuses unknown keys.
    is_strict: bool,
}

/// What may stand at a key.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    TextMap,
    Map,
    Truth,
    Duration,
    /// A template of a path, with `{{.Team}}`, `{{.Pipeline}}`, `{{.Secret}}`.
    Template,
    Templates,
}

/// A source in the file.
struct Source<'s, 'n> {
    name: &'s str,
    kind: &'static Kind,
    config: &'n Node,
}

/// Keys of both services of AWS.
macro_rules! aws_keys {
    ($($more:expr),*) => {
        &[
            ("access_key", Shape::Text),
            ("secret_key", Shape::Text),
            ("session_token", Shape::Text),
            ("region", Shape::Text),
            ("pipeline_secret_template", Shape::Template),
            ("team_secret_template", Shape::Template),
            $($more),*
        ]
    };
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "vault",
        keys: &[
            ("url", Shape::Text),
            ("path_prefix", Shape::Text),
            ("lookup_templates", Shape::Templates),
            ("shared_path", Shape::Text),
            ("namespace", Shape::Text),
            ("login_timeout", Shape::Duration),
            ("query_timeout", Shape::Duration),
            ("ca_cert", Shape::Text),
            ("client_cert", Shape::Text),
            ("client_key", Shape::Text),
            ("server_name", Shape::Text),
            ("insecure_skip_verify", Shape::Truth),
            ("client_token", Shape::Text),
            ("auth_backend", Shape::Text),
            ("auth_params", Shape::TextMap),
            ("auth_max_ttl", Shape::Duration),
            ("auth_retry_max", Shape::Duration),
            ("auth_retry_initial", Shape::Duration),
        ],
        needed: &["url"],
        check: vault,
        is_ours: false,
        is_strict: true,
    },
    Kind {
        name: "dummy",
        keys: &[("vars", Shape::Map)],
        needed: &["vars"],
        check: nothing,
        is_ours: false,
        is_strict: false,
    },
    Kind {
        name: "ssm",
        keys: aws_keys![("shared_path", Shape::Text)],
        needed: &["region"],
        check: aws,
        is_ours: false,
        is_strict: true,
    },
    Kind {
        name: "secretsmanager",
        keys: aws_keys![("shared_secret_template", Shape::Template)],
        needed: &["region"],
        check: aws,
        is_ours: false,
        is_strict: true,
    },
    Kind {
        name: "idtoken",
        keys: &[
            ("audience", Shape::Texts),
            ("subject_scope", Shape::Text),
            ("expires_in", Shape::Duration),
            ("algorithm", Shape::Text),
        ],
        needed: &[],
        check: idtoken,
        is_ours: false,
        is_strict: true,
    },
    Kind {
        name: "kubernetes",
        keys: &[
            ("in_cluster", Shape::Truth),
            ("config_path", Shape::Text),
            ("namespace_prefix", Shape::Text),
            ("shared_namespace_suffix", Shape::Text),
        ],
        needed: &[],
        check: kubernetes,
        is_ours: true,
        is_strict: true,
    },
    Kind {
        name: "file",
        keys: &[("path", Shape::Text)],
        needed: &["path"],
        check: nothing,
        is_ours: true,
        is_strict: true,
    },
];

/// Kinds that Concourse knows for a whole cluster, and refuses in a pipeline.
const REFUSED: [&str; 2] = ["conjur", "credhub"];

/// How long a token of `idtoken` may last.
const LONGEST_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

impl<'n> Reader<'n> {
    /// The kind and config of the source `name`.
    pub(super) fn var_source(&mut self, fields: &mut Fields<'n>, name: &str) -> (String, Map) {
        let at = fields.take("type").map_or(fields.at, |node| node.at);
        let written = self.text_of(fields, "type").unwrap_or_default();
        let config = self.map_of(fields, "config");
        let node = fields.take("config");
        // The short name is the one that people say.
        let written = if written == "k8s" { "kubernetes".to_owned() } else { written };
        let path = std::mem::take(&mut self.path);
        match KINDS.iter().find(|kind| kind.name == written) {
            None => self.unusable_kind(&written, at),
            Some(kind) => {
                if kind.is_ours {
                    let text = format!("Concourse refuses var sources of type `{written}`");
                    self.warning("not-in-concourse", at, text);
                }
                match node {
                    Some(config) if config.as_map().is_some() => {
                        self.var_source_config(&Source { name, kind, config });
                    }
                    // What is no map was told of.
                    Some(_) => {}
                    None if kind.needed.is_empty() && kind.is_ours => {}
                    None => {
                        let text = format!("failed to create credential manager {name}: no config");
                        let hint = kind
                            .keys
                            .first()
                            .map(|(key, _)| format!("add `config: {{{key}: ...}}`"));
                        self.error("bad-var-source", at, text).hint = hint;
                    }
                }
            }
        }
        self.path = path;
        (written, config)
    }

    fn unusable_kind(&mut self, kind: &str, at: Mark) {
        let names = KINDS.map(|kind| kind.name);
        if REFUSED.contains(&kind) {
            let text = format!("credential manager type {kind} is not supported in pipeline yet");
            self.error("unsupported-var-source", at, text).hint =
                Some(format!("types are {}", names.join(", ")));
            return;
        }
        let text = format!("unknown credential manager type: {kind}");
        self.error("unknown-var-source", at, text).hint = Some(match nearest(kind, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("types are {}", names.join(", ")),
        });
    }

    fn var_source_config(&mut self, source: &Source<'_, 'n>) {
        for Entry { key, at, value } in source.config.as_map().unwrap_or_default() {
            match source.kind.keys.iter().find(|(known, _)| *known == &**key) {
                Some((_, shape)) => self.var_source_value(source, key, value, *shape),
                None => {
                    let hint = nearest(key, source.kind.keys.iter().map(|(known, _)| *known));
                    let hint = hint.map(|meant| format!("did you mean `{meant}`?"));
                    let text = format!("has invalid keys: {key}");
                    match source.kind.is_strict {
                        true => self.bad_source(source, *at, &text).hint = hint,
                        false => {
                            let text = format!("\"{key}\" is no key here and is ignored");
                            self.warning("ignored-field", *at, text).hint = hint;
                        }
                    }
                }
            }
        }
        for key in source.kind.needed {
            if source.given(key).is_none() {
                let at = source.config.at;
                match (source.kind.is_ours, *key) {
                    (true, _) | (_, "vars") => {
                        self.bad_source(source, at, &format!("`{key}` is missing"));
                    }
                    // Concourse finds out when it looks something up.
                    _ => {
                        let text = format!("credential manager {} has no `{key}`", source.name);
                        self.warning("missing-key", at, format!("{text} and will fail"));
                    }
                }
            }
        }
        (source.kind.check)(self, source);
    }

    fn var_source_value(&mut self, source: &Source<'_, 'n>, key: &str, node: &Node, shape: Shape) {
        let mut held = references(&node.to_value()).into_iter();
        if node.is_null() || held.next().is_some() {
            return;
        }
        let is_text = |node: &Node| node.as_text().is_some();
        let list = || node.as_list().unwrap_or_default();
        let wanted = match (shape, &node.data) {
            (Shape::Text | Shape::Template, Data::Text(_)) => None,
            (Shape::Texts | Shape::Templates, Data::List(items)) if items.iter().all(is_text) => {
                None
            }
            (Shape::TextMap, Data::Map(map)) if map.iter().all(|one| is_text(&one.value)) => None,
            (Shape::Map, Data::Map(_)) | (Shape::Truth, Data::Bool(_)) => None,
            (Shape::Duration, Data::Text(text)) if parse_duration(text).is_ok() => None,
            (Shape::Text | Shape::Template, _) => Some("text"),
            (Shape::Texts | Shape::Templates, _) => Some("a list of texts"),
            (Shape::TextMap, _) => Some("a map of texts"),
            (Shape::Map, _) => Some("a map"),
            (Shape::Truth, _) => Some("true or false"),
            (Shape::Duration, _) => Some("a duration such as `10m`"),
        };
        if let Some(wanted) = wanted {
            let text = format!("`{key}` must be {wanted}, found {}", node.kind());
            self.bad_source(source, node.at, &text);
            return;
        }
        let templates = match shape {
            Shape::Template => std::slice::from_ref(node),
            Shape::Templates => list(),
            _ => &[],
        };
        for template in templates {
            if let Some(fault) = template.as_text().and_then(|text| bad_template(text)) {
                self.bad_source(source, template.at, &format!("`{key}`: {fault}"));
            }
        }
    }

    /// A config that Concourse refuses.
    fn bad_source(
        &mut self,
        source: &Source<'_, '_>,
        at: Mark,
        text: &str,
    ) -> &mut crate::model::Diagnostic {
        let message = format!("failed to create credential manager {}: {text}", source.name);
        self.error("bad-var-source", at, message)
    }

    /// A config that Concourse can read and then refuses.
    fn invalid_source(&mut self, source: &Source<'_, '_>, at: Mark, text: &str) {
        let message = format!("credential manager {} is invalid: {text}", source.name);
        self.error("bad-var-source", at, message);
    }
}

impl<'n> Source<'_, 'n> {
    /// The value at a key, unless it is nothing or empty text.
    fn given(&self, key: &str) -> Option<&'n Node> {
        let node = self.config.get(key)?;
        let is_empty = node.as_text().is_some_and(|text| text.is_empty());
        (!node.is_null() && !is_empty).then_some(node)
    }

    /// The text at a key, if it is known already.
    fn text(&self, key: &str) -> Option<(&'n str, Mark)> {
        let node = self.given(key)?;
        let text = node.as_text()?;
        (!text.contains("((")).then_some((&**text, node.at))
    }
}

fn nothing(_: &mut Reader<'_>, _: &Source<'_, '_>) {}

fn vault(reader: &mut Reader<'_>, source: &Source<'_, '_>) {
    if let Some(prefix) =
        source.config.get("path_prefix").filter(|_| source.given("path_prefix").is_none())
    {
        reader.invalid_source(source, prefix.at, "path prefix must be a non-empty string");
    }
    if source.given("client_token").is_none() && source.given("auth_backend").is_none() {
        let text = "must configure client token or auth backend";
        reader.invalid_source(source, source.config.at, text);
    }
}

fn aws(reader: &mut Reader<'_>, source: &Source<'_, '_>) {
    let has = |key| source.given(key).is_some();
    if !(has("access_key") || has("secret_key") || has("session_token")) {
        return;
    }
    for (key, text) in [
        ("access_key", "must provide aws access key id"),
        ("secret_key", "must provide aws secret access key"),
    ] {
        if !has(key) {
            reader.invalid_source(source, source.config.at, text);
        }
    }
}

fn idtoken(reader: &mut Reader<'_>, source: &Source<'_, '_>) {
    let scopes = ["team", "pipeline", "instance", "job"];
    if let Some((scope, at)) =
        source.text("subject_scope").filter(|(scope, _)| !scopes.contains(scope))
    {
        reader.invalid_source(source, at, &format!("invalid subject_scope value: {scope}"));
    }
    let is_too_long = |text| parse_duration(text).is_ok_and(|span| span > LONGEST_TOKEN);
    if let Some((_, at)) = source.text("expires_in").filter(|(text, _)| is_too_long(text)) {
        reader.invalid_source(source, at, "expires_in must be <= 24h0m0s");
    }
    if let Some((name, at)) =
        source.text("algorithm").filter(|(name, _)| !["RS256", "ES256"].contains(name))
    {
        let text = format!("invalid algorithm value: {name}. Only RS256 and ES256 are supported");
        reader.invalid_source(source, at, &text);
    }
}

fn kubernetes(reader: &mut Reader<'_>, source: &Source<'_, '_>) {
    let is_inside = source.given("in_cluster").is_some_and(|node| node.data == Data::Bool(true));
    if let Some(path) = source.given("config_path").filter(|_| is_inside) {
        let text = "either `in_cluster` or `config_path` can be used, not both";
        reader.invalid_source(source, path.at, text);
    }
}

/// Why a template of a path is none.
fn bad_template(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let inner = &rest[open + 2..];
        let Some(end) = inner.find("}}") else {
            return Some("a `{{` is never closed".to_owned());
        };
        let name = inner[..end].trim();
        if ![".Team", ".Pipeline", ".Secret"].contains(&name) {
            return Some(format!(
                "`{{{{{name}}}}}` is none of `{{{{.Team}}}}`, `{{{{.Pipeline}}}}`, `{{{{.Secret}}}}`"
            ));
        }
        rest = &inner[end + 2..];
    }
    None
}

#[cfg(test)]
mod tests;
