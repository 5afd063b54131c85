//! Runs the host's `git`: with an environment of its own, no settings but ours, and secrets in
//! files that only we can read.
//!
//! It never asks a person, never reads the user's or the machine's settings, and never puts a
//! secret into arguments or environment.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::remote::{Remote, percent_encode};
use crate::resource::program::{Ended, Program};
use crate::resource::{Context, ResourceError};

/// Settings that hold for every call: no work in the background, no advice, a name for the
/// commits that we make.
const SETTINGS: &str = "\
[user]\n\tname = flightdeck\n\temail = flightdeck@localhost\n\tuseConfigOnly = true\n\
[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[init]\n\tdefaultBranch = main\n\
[advice]\n\tdetachedHead = false\n[core]\n\tfsmonitor = false\n\
[safe]\n\tdirectory = *\n";

/// Git, ready to speak with one remote.
pub(in crate::resource) struct Git<'a> {
    pub cx: &'a Context,
    home: TempDir,
    env: Vec<(String, OsString)>,
}

/// One call of git.
pub(in crate::resource) struct Call<'g> {
    git: &'g Git<'g>,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    dir: PathBuf,
    stdin: Vec<u8>,
    is_live: bool,
}

impl<'a> Git<'a> {
    /// Prepares a home for git with what it needs to reach the remote.
    pub fn new(cx: &'a Context, remote: &Remote) -> Result<Self, ResourceError> {
        let home = tempfile::Builder::new()
            .prefix("flightdeck-git-")
            .tempdir()
            .map_err(|source| io("create", &std::env::temp_dir(), source))?;
        let path = home.path();
        let mut settings = SETTINGS.to_owned();
        if !remote.logins.is_empty() {
            let file = path.join("credentials");
            let lines: String = remote.logins.iter().fold(String::new(), |mut lines, login| {
                let (user, word) =
                    (percent_encode(&login.username), percent_encode(&login.password));
                let _ = writeln!(lines, "{}://{user}:{word}@{}", login.scheme, login.host);
                lines
            });
            write_secret(&file, &lines, 0o600)?;
            let helper = format!("store --file='{}'", file.display());
            let _ = writeln!(settings, "[credential]\n\thelper = {}", quoted(&helper));
        }
        if remote.is_unverified {
            settings.push_str("[http]\n\tsslVerify = false\n");
        }
        if remote.is_local() {
            // A repository of this machine may have its submodules beside it.
            settings.push_str("[protocol \"file\"]\n\tallow = always\n");
        }
        for (name, value) in &remote.settings {
            write_setting(&mut settings, name, value);
        }
        let file = path.join("config");
        write_secret(&file, &settings, 0o600)?;
        let ssh = ssh_command(remote, path)?;
        let set = |name: &str, value: &str| (name.to_owned(), OsString::from(value));
        let mut env = vec![
            ("HOME".to_owned(), path.into()),
            ("GIT_CONFIG_GLOBAL".to_owned(), file.into()),
            ("GIT_CEILING_DIRECTORIES".to_owned(), "/".into()),
            set("GIT_CONFIG_NOSYSTEM", "1"),
            set("GIT_TERMINAL_PROMPT", "0"),
            // Without it git would ask the program that opens the key for https too, and send
            // what it says to whatever host asks.
            set("GIT_ASKPASS", ""),
            set("GIT_OPTIONAL_LOCKS", "0"),
            set("GIT_SSH_COMMAND", &ssh),
            set("GIT_SSH_VARIANT", "ssh"),
            set("LC_ALL", "C.UTF-8"),
            set("LANGUAGE", ""),
        ];
        if remote.ssh.passphrase.is_some() {
            env.push(("SSH_ASKPASS".to_owned(), path.join("askpass").into()));
            env.push(set("SSH_ASKPASS_REQUIRE", "force"));
        }
        Ok(Self { cx, home, env })
    }

    /// A directory of our own, gone when this is.
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// A call in no repository.
    pub fn call(&self) -> Call<'_> {
        Call {
            git: self,
            args: Vec::new(),
            env: Vec::new(),
            dir: self.home.path().to_owned(),
            stdin: Vec::new(),
            is_live: false,
        }
    }

    /// A call in the repository that a directory itself is.
    pub fn bare(&self, git_dir: &Path) -> Call<'_> {
        let mut option = OsString::from("--git-dir=");
        option.push(git_dir);
        let mut call = self.call();
        call.args.push(option);
        call
    }

    /// A call in a directory, where git finds the repository itself.
    pub fn folder(&self, dir: &Path) -> Call<'_> {
        let mut call = self.call();
        call.dir = dir.to_owned();
        call
    }

    /// A call in a work tree.
    pub fn tree(&self, dir: &Path) -> Call<'_> {
        let mut call = self.bare(&dir.join(".git"));
        call.args.push({
            let mut option = OsString::from("--work-tree=");
            option.push(dir);
            option
        });
        call.dir = dir.to_owned();
        call
    }
}

impl Call<'_> {
    /// Shows people what git says while it works.
    pub fn live(mut self) -> Self {
        self.is_live = true;
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Gives it something to read.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it; any exit status is an answer.
    pub async fn ask(mut self, args: &[impl AsRef<str>]) -> Result<Ended, ResourceError> {
        self.args.extend(args.iter().map(|arg| OsString::from(arg.as_ref())));
        let mut env = self.git.env.clone();
        env.extend(self.env);
        let program = Program {
            name: "git",
            args: self.args,
            env,
            dir: self.dir,
            stdin: self.stdin,
            is_live: self.is_live,
        };
        program.run(self.git.cx).await
    }

    /// Runs it; a status other than zero is an error that says what git said last.
    pub async fn run(self, args: &[impl AsRef<str>]) -> Result<Ended, ResourceError> {
        let verb = args.first().map_or("", AsRef::as_ref).to_owned();
        let ended = self.ask(args).await?;
        if ended.status == 0 { Ok(ended) } else { Err(failed(&verb, &ended)) }
    }

    /// Runs it and gives what it printed, without blanks around.
    pub async fn text(self, args: &[impl AsRef<str>]) -> Result<String, ResourceError> {
        let ended = self.run(args).await?;
        Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    }
}

/// The error of a call that ended with a status other than zero.
pub(in crate::resource) fn failed(verb: &str, ended: &Ended) -> ResourceError {
    let said: Vec<&str> = ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("fatal: ").or(line.strip_prefix("error: ")))
        .collect();
    let said = match said.as_slice() {
        [] => ended.stderr.lines().last().unwrap_or("it said nothing").to_owned(),
        [first, ..] => (*first).to_owned(),
    };
    let message = format!("`git {verb}` ended with status {}: {said}", ended.status);
    ResourceError::Failed { message, exit_status: ended.status }
}

fn ssh_command(remote: &Remote, home: &Path) -> Result<String, ResourceError> {
    let ssh = &remote.ssh;
    // `-F none`: neither the user's nor the machine's settings.
    let mut command = "ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
                       -o LogLevel=ERROR -o ConnectTimeout=30 -o IdentityAgent=none"
        .to_owned();
    if let Some(key) = &ssh.private_key {
        let file = home.join("key");
        // A key without a last line end is refused by ssh.
        write_secret(&file, &format!("{}\n", key.trim_end()), 0o600)?;
        let _ = write!(command, " -o IdentitiesOnly=yes -i '{}'", file.display());
    }
    match &ssh.passphrase {
        Some(passphrase) => {
            let file = home.join("passphrase");
            write_secret(&file, &format!("{passphrase}\n"), 0o600)?;
            let script = format!("#!/bin/sh\nexec cat '{}'\n", file.display());
            write_secret(&home.join("askpass"), &script, 0o700)?;
        }
        None => command.push_str(" -o BatchMode=yes"),
    }
    if ssh.forwards_agent {
        command.push_str(" -o ForwardAgent=yes");
    }
    if let Some(user) = &ssh.user {
        let _ = write!(command, " -l {user}");
    }
    Ok(command)
}

fn write_secret(path: &Path, text: &str, mode: u32) -> Result<(), ResourceError> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| io("write", path, source))
}

fn write_setting(settings: &mut String, name: &str, value: &str) {
    let (Some((section, _)), Some((above, key))) = (name.split_once('.'), name.rsplit_once('.'))
    else {
        return;
    };
    let subsection = above.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
    let _ = match subsection {
        Some(subsection) => writeln!(settings, "[{section} \"{subsection}\"]"),
        None => writeln!(settings, "[{section}]"),
    };
    let _ = writeln!(settings, "\t{key} = {}", quoted(value));
}

/// A value as git's settings files take it.
fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> ResourceError {
    ResourceError::Io { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::pin::Pin;
    use std::sync::Arc;

    use super::*;
    use crate::model::build::LogSource;
    use crate::model::value::Map;
    use crate::model::{Clock, Timestamp};
    use crate::resource::LogSink;
    use crate::resource::git::remote::ACCESS;
    use crate::resource::schema::Schema;
    use crate::runtime::cancel::Cancel;

    /// Stands still.
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }

        fn sleep_until(&self, _: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            Box::pin(std::future::pending())
        }
    }

    impl LogSink for Noon {
        fn write(&self, _: LogSource, _: &[u8]) {}
    }

    fn remote(json: &str) -> Remote {
        let map: Map = serde_json::from_str(json).expect("a map");
        let schema = Schema { source: &[ACCESS], get: &[], put: &[] };
        Remote::of(&schema.read_source(&map).expect("fits")).expect("is a remote")
    }

    #[tokio::test]
    async fn git_says_who_it_is_to_the_host_and_to_no_other() {
        let place = tempfile::tempdir().expect("a place");
        let cx = Context {
            log: Arc::new(Noon),
            clock: Arc::new(Noon),
            cancel: Cancel::new(),
            cache_dir: place.path().to_owned(),
            env: Vec::new(),
        };
        let remote = remote(
            r#"{"uri": "https://host/a", "username": "me", "password": "p@ss: word/1",
            "private_key": "KEY", "private_key_passphrase": "open",
            "git_config": [{"name": "user.email", "value": "a \"b\" \\c"}]}"#,
        );
        let git = Git::new(&cx, &remote).expect("prepares");
        let fill = async |host: &str| {
            let asked = format!("protocol=https\nhost={host}\n\n");
            git.call().stdin(asked).ask(&["credential", "fill"]).await.expect("answers")
        };
        let known = String::from_utf8(fill("host").await.stdout).expect("text");
        assert!(known.contains("username=me\npassword=p@ss: word/1\n"), "{known}");
        assert_ne!(fill("other").await.status, 0);
        let email = git.call().text(&["config", "--global", "user.email"]).await.expect("is set");
        assert_eq!(email, r#"a "b" \c"#);
        for name in ["config", "credentials", "key", "passphrase"] {
            let mode = std::fs::metadata(git.scratch().join(name)).expect("there").permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
        }
        let shown = format!("{:?}", git.env);
        assert!(!["p@ss", "KEY", "open"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}
