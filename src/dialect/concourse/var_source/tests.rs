//! Configs of var sources, good and bad.

use crate::dialect::read;
use crate::model::var::Values;

/// Reads a pipeline with one source; gives what is said about it, without places.
fn told(source: &str) -> Vec<String> {
    let text = format!("var_sources: [{{name: v, {source}}}]\njobs: [{{name: a}}]\n");
    let read = read("f.yml", &text, &Values::new());
    read.diagnostics.into_iter().map(|one| one.message).collect()
}

#[test]
fn configs_that_are_good() {
    for source in [
        "type: vault, config: {url: 'https://v', client_token: x}",
        "type: vault, config: {url: 'https://v', auth_backend: approle, auth_params: {a: b}, \
         auth_max_ttl: 1h, lookup_templates: ['/{{.Team}}/{{ .Secret }}']}",
        "type: dummy, config: {vars: {a: [1]}}",
        "type: ssm, config: {region: eu-west-1}",
        "type: ssm, config: {region: ((region)), access_key: ((k)), secret_key: ((s))}",
        "type: secretsmanager, config: {region: x, shared_secret_template: '/c/{{.Secret}}'}",
        "type: idtoken, config: {audience: [a], subject_scope: job, expires_in: 24h}",
        "type: idtoken, config: {}",
    ] {
        assert_eq!(told(source), [""; 0], "{source}");
    }
}

#[test]
fn configs_that_are_not() {
    let created = "failed to create credential manager v: ";
    let invalid = "credential manager v is invalid: ";
    for (source, expected) in [
        ("type: vault", vec![format!("{created}no config")]),
        (
            "type: vault, config: {url: 5, tokn: x}",
            vec![
                format!("{invalid}must configure client token or auth backend"),
                format!("{created}`url` must be text, found a number"),
                format!("{created}has invalid keys: tokn"),
            ],
        ),
        (
            "type: vault, config: {client_token: x}",
            vec!["credential manager v has no `url` and will fail".to_owned()],
        ),
        (
            "type: vault, config: {url: u, client_token: x, path_prefix: '', login_timeout: 5}",
            vec![
                format!("{invalid}path prefix must be a non-empty string"),
                format!(
                    "{created}`login_timeout` must be a duration such as `10m`, found a number"
                ),
            ],
        ),
        (
            "type: dummy, config: {vars: 1}",
            vec![format!("{created}`vars` must be a map, found a number")],
        ),
        ("type: dummy, config: {}", vec![format!("{created}`vars` is missing")]),
        (
            "type: dummy, config: {vars: {}, more: 1}",
            vec!["\"more\" is no key here and is ignored".to_owned()],
        ),
        (
            "type: ssm, config: {region: x, secret_key: k}",
            vec![format!("{invalid}must provide aws access key id")],
        ),
        (
            "type: ssm, config: {region: x, team_secret_template: '/{{.Teem}}'}",
            vec![format!(
                "{created}`team_secret_template`: `{{{{.Teem}}}}` is none of `{{{{.Team}}}}`, \
                 `{{{{.Pipeline}}}}`, `{{{{.Secret}}}}`"
            )],
        ),
        (
            "type: idtoken, config: {audience: a, subject_scope: all, expires_in: 25h, algorithm: HS256}",
            vec![
                format!("{created}`audience` must be a list of texts, found text"),
                format!("{invalid}invalid subject_scope value: all"),
                format!("{invalid}expires_in must be <= 24h0m0s"),
                format!(
                    "{invalid}invalid algorithm value: HS256. Only RS256 and ES256 are supported"
                ),
            ],
        ),
        (
            "type: k8s, config: {in_cluster: true, config_path: /x}",
            vec![
                "Concourse refuses var sources of type `kubernetes`".to_owned(),
                format!("{invalid}either `in_cluster` or `config_path` can be used, not both"),
            ],
        ),
        (
            "type: file, config: {}",
            vec![
                "Concourse refuses var sources of type `file`".to_owned(),
                format!("{created}`path` is missing"),
            ],
        ),
        (
            "type: conjur, config: {}",
            vec!["credential manager type conjur is not supported in pipeline yet".to_owned()],
        ),
        (
            "type: secretmanager, config: {region: x}",
            vec!["unknown credential manager type: secretmanager".to_owned()],
        ),
    ] {
        assert_eq!(told(source), expected, "{source}");
    }
}
