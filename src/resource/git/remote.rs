//! A repository as a source names it, and how it is reached.
//!
//! Secrets are kept apart from the address, so that the address can stand in arguments and
//! messages.

use std::path::{Path, PathBuf};

use super::local::LocalRepository;
use crate::resource::ResourceError;
use crate::resource::schema::{Fields, Key, Kind};

/// The keys by which all types that live in a git repository name and reach it.
pub(in crate::resource) const ACCESS: &[Key] = &[
    Key::required("uri", Kind::Text, "the repository: https, ssh, `file://`, or a path"),
    Key::optional("private_key", Kind::Text, "the key for ssh, in PEM form"),
    Key::optional("private_key_user", Kind::Text, "the user for ssh, if not in the address"),
    Key::optional("private_key_passphrase", Kind::Text, "what opens the private key"),
    Key::optional("forward_agent", Kind::Bool, "let the far side use an ssh agent"),
    Key::optional("username", Kind::Text, "the user for https"),
    Key::optional("password", Kind::Text, "the password or token for https"),
    Key::optional("skip_ssl_verification", Kind::Bool, "accept any certificate"),
    Key::optional("git_config", Kind::Maps(NAME_VALUE), "settings of git for this resource"),
    Key::optional("https_tunnel", Kind::AnyMap, "not in this build: set `https_proxy` instead"),
    Key::optional("debug", Kind::Bool, "accepted; there is no script to trace"),
];

const NAME_VALUE: &[Key] = &[
    Key::required("name", Kind::Text, "the setting"),
    Key::required("value", Kind::Text, "its value"),
];

/// Settings that name a program to run: a pipeline could start anything on the core's machine.
const REFUSED_SETTINGS: &[&str] = &[
    "alias.",
    "core.alternaterefscommand",
    "core.askpass",
    "core.editor",
    "core.fsmonitor",
    "core.gitproxy",
    "core.hookspath",
    "core.pager",
    "core.sshcommand",
    "credential.",
    "diff.",
    "filter.",
    "gpg.",
    "include",
    "init.templatedir",
    "lfs.",
    "merge.",
    "pager.",
    "protocol.",
    "receive.",
    "remote.",
    "sequence.",
    "submodule.",
    "trailer.",
    "uploadpack.",
];

/// A repository and how to reach it.
#[derive(Debug, Clone, Default)]
pub(in crate::resource) struct Remote {
    /// The address as git takes it, without any secret.
    pub uri: String,
    /// The repository itself, when it stands on this machine.
    pub local: Option<LocalRepository>,
    pub ssh: Ssh,
    /// Users and passwords for https.
    pub logins: Vec<Login>,
    pub is_unverified: bool,
    /// Settings of git.
    pub settings: Vec<(String, String)>,
}

/// How ssh says who it is.
#[derive(Debug, Clone, Default)]
pub(in crate::resource) struct Ssh {
    pub private_key: Option<String>,
    pub user: Option<String>,
    pub passphrase: Option<String>,
    pub forwards_agent: bool,
}

/// Who we are for a host.
#[derive(Debug, Clone)]
pub(in crate::resource) struct Login {
    /// `https` or `http`.
    pub scheme: String,
    /// With a port if the address has one.
    pub host: String,
    pub username: String,
    pub password: String,
}

impl Remote {
    /// Reads the keys of [`ACCESS`].
    pub fn of(source: &Fields<'_>) -> Result<Self, ResourceError> {
        if source.has("https_tunnel") {
            let why = "is not in this build: set `https_proxy` in the environment of the core";
            return Err(source.fault("https_tunnel", why));
        }
        let mut settings = Vec::new();
        for pair in source.maps("git_config") {
            let name = pair.need("name")?;
            let lower = name.to_lowercase();
            if !is_setting(&name) {
                let why = format!("has `{name}`, which is no name of a setting");
                return Err(source.fault("git_config", why));
            }
            if REFUSED_SETTINGS.iter().any(|refused| lower.starts_with(refused)) {
                let why = format!("may not set `{name}`: it could start a program");
                return Err(source.fault("git_config", why));
            }
            settings.push((name, pair.text("value").unwrap_or_default()));
        }
        let is_user = |user: &String| {
            !user.starts_with('-')
                && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        if !source.text("private_key_user").iter().all(is_user) {
            return Err(source.fault("private_key_user", "is no name of a user"));
        }
        let login = source.text("username").zip(Some(source.text("password").unwrap_or_default()));
        let mut remote = Self::at(&source.need("uri")?, login);
        remote.ssh = Ssh {
            private_key: source.text("private_key"),
            user: source.text("private_key_user"),
            passphrase: source.text("private_key_passphrase"),
            forwards_agent: source.flag("forward_agent"),
        };
        remote.is_unverified = source.flag("skip_ssl_verification");
        remote.settings = settings;
        Ok(remote)
    }

    /// A repository by its address, with a user and password for it.
    pub fn at(uri: &str, login: Option<(String, String)>) -> Self {
        let mut remote = Self { uri: uri.to_owned(), ..Self::default() };
        if let Some(path) = local_path(uri) {
            remote.local = LocalRepository::find(&path);
            remote.uri = path.to_string_lossy().into_owned();
            return remote;
        }
        if let Some((scheme, user, host, rest)) = split_web_address(uri) {
            remote.uri = format!("{scheme}://{host}{rest}");
            let (username, password) = match (login, user) {
                (Some(login), _) => login,
                (None, Some(user)) => {
                    let (name, password) = user.split_once(':').unwrap_or((user, ""));
                    (percent_decode(name), percent_decode(password))
                }
                (None, None) => return remote,
            };
            let (scheme, host) = (scheme.to_owned(), host.to_owned());
            remote.logins.push(Login { scheme, host, username, password });
        }
        remote
    }

    /// Whether it is on this machine, be there a repository already or not.
    pub fn is_local(&self) -> bool {
        self.local.is_some() || Path::new(&self.uri).is_absolute()
    }

    /// The page of a commit on the hosting sites that have one.
    pub fn commit_page(&self, commit: &str) -> Option<String> {
        if self.is_local() {
            return None;
        }
        let (host, path) = match split_web_address(&self.uri) {
            Some((_, _, host, path)) => (host, path.trim_start_matches('/')),
            None => {
                let rest = self.uri.strip_prefix("ssh://").unwrap_or(&self.uri);
                let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
                rest.split_once([':', '/'])?
            }
        };
        let path = path.strip_suffix(".git").unwrap_or(path);
        let middle = match host {
            host if host.contains("github") => "commit",
            host if host.contains("gitlab") => "-/commit",
            host if host.contains("bitbucket") => "commits",
            _ => return None,
        };
        Some(format!("https://{host}/{path}/{middle}/{commit}"))
    }
}

/// Whether a text is `section.key` or `section.anything.key` and cannot end the line it is
/// written to.
fn is_setting(name: &str) -> bool {
    let is_word =
        |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let (Some((section, _)), Some((_, key))) = (name.split_once('.'), name.rsplit_once('.')) else {
        return false;
    };
    is_word(section) && is_word(key) && !name.contains(['\n', '"', '\\', '\0'])
}

/// The path that an address means, if it means one of this machine.
fn local_path(uri: &str) -> Option<PathBuf> {
    if let Some(path) = uri.strip_prefix("file://") {
        let path = path.strip_prefix("localhost").unwrap_or(path);
        return path.starts_with('/').then(|| PathBuf::from(percent_decode(path)));
    }
    if let Some(rest) = uri.strip_prefix("~/") {
        return Some(std::env::home_dir()?.join(rest));
    }
    if uri.starts_with(['/', '.']) || (!uri.contains(':') && Path::new(uri).is_dir()) {
        return std::path::absolute(uri).ok();
    }
    None
}

/// Scheme, user with password, host with port, and the rest from its slash on.
fn split_web_address(uri: &str) -> Option<(&str, Option<&str>, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    if scheme != "https" && scheme != "http" {
        return None;
    }
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    Some((scheme, user, host, path))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes what may not stand in an address as it is.
pub(super) fn percent_encode(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes()
        .map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_address() {
        for (uri, address, login) in [
            (
                "https://u:p%40ss@host:8443/a/b.git",
                "https://host:8443/a/b.git",
                Some(("u", "p@ss")),
            ),
            ("https://host/a", "https://host/a", None),
            ("git@host:a/b.git", "git@host:a/b.git", None),
            ("file:///a%20b", "/a b", None),
            ("/a/b", "/a/b", None),
        ] {
            let remote = Remote::at(uri, None);
            assert_eq!(remote.uri, address);
            let found = remote.logins.first();
            let found = found.map(|login| (login.username.as_str(), login.password.as_str()));
            assert_eq!(found, login, "{uri}");
        }
    }

    #[test]
    fn a_commit_has_a_page_where_the_site_has_one() {
        for (uri, page) in [
            ("https://github.com/o/r.git", Some("https://github.com/o/r/commit/c")),
            ("git@gitlab.com:o/r.git", Some("https://gitlab.com/o/r/-/commit/c")),
            ("ssh://git@bitbucket.org/o/r", Some("https://bitbucket.org/o/r/commits/c")),
            ("https://example.org/o/r", None),
            ("/srv/github/r", None),
        ] {
            assert_eq!(Remote::at(uri, None).commit_page("c").as_deref(), page, "{uri}");
        }
    }

    #[test]
    fn settings_that_start_programs_are_refused() {
        for (name, is_fine) in [
            ("user.name", true),
            ("url.a:b/.insteadOf", true),
            ("core.sshCommand", false),
            ("Alias.x", false),
            ("x", false),
            ("core]sshCommand=x;.y", false),
        ] {
            let json =
                format!(r#"{{"uri": "/r", "git_config": [{{"name": "{name}", "value": "v"}}]}}"#);
            let map = serde_json::from_str(&json).expect("a map");
            let schema = crate::resource::schema::Schema { source: &[ACCESS], get: &[], put: &[] };
            let source = schema.read_source(&map).expect("fits");
            assert_eq!(Remote::of(&source).is_ok(), is_fine, "{name}");
        }
    }
}
