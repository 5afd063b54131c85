//! A number in a file on a branch of a git repository.

use super::{Change, Number, parse, version};
use crate::model::Version;
use crate::model::value::Map;
use crate::resource::git::command::Git;
use crate::resource::git::ledger::{self, Ledger, read_at};
use crate::resource::git::remote::Remote;
use crate::resource::git::{Answers, Filter, commits, objects, tip};
use crate::resource::schema::Fields;
use crate::resource::{Context, Operation, ResourceError};

/// Where the number is.
pub(super) struct BranchDriver {
    remote: Remote,
    branch: String,
    file: String,
    message: Option<String>,
    initial: Number,
}

impl BranchDriver {
    pub fn of(fields: &Fields<'_>, initial: Number) -> Result<Self, ResourceError> {
        let mut remote = Remote::of(fields)?;
        if let Some(user) = fields.text("git_user") {
            let (name, email) = user
                .strip_suffix('>')
                .and_then(|user| user.split_once('<'))
                .ok_or_else(|| fields.fault("git_user", "must be `Name <address>`"))?;
            for (key, value) in [("user.name", name), ("user.email", email)] {
                remote.settings.push((key.to_owned(), value.trim().to_owned()));
            }
        }
        Ok(Self {
            remote,
            branch: fields.need("branch")?,
            file: fields.need("file")?,
            message: fields.text("commit_message"),
            initial,
        })
    }

    /// The number now; with a known one, all from it to that of now.
    pub async fn check(
        &self,
        cx: &Context,
        source: &Map,
        from: Option<&Version>,
    ) -> Result<Vec<Version>, ResourceError> {
        let git = Git::new(cx, &self.remote)?;
        let Some(tip) = tip(&git, &self.remote, Some(&self.branch)).await? else {
            return Ok(vec![version(&self.initial)]);
        };
        let answers = Answers::of(cx, "semver", source);
        if let Some(versions) = answers.find(&tip.commit, from) {
            return Ok(versions);
        }
        let repository = objects(&git, &self.remote, &tip).await?;
        let mut versions: Vec<Version> = Vec::new();
        if let Some(from) = from {
            // The branch tells no numbers by name: walk back until the known one is met.
            let mut filter = Filter::touching(vec![self.file.clone()]);
            filter.depth = usize::MAX;
            for commit in commits(&git, &repository, &filter, &tip.commit, None).await?.iter().rev()
            {
                let Some(text) = read_at(&git, &repository, commit, &self.file).await? else {
                    continue;
                };
                let Some(number) = Number::parse(String::from_utf8_lossy(&text).trim()) else {
                    continue;
                };
                let found = version(&number);
                let is_met = found == *from;
                if !versions.contains(&found) {
                    versions.push(found);
                }
                if is_met {
                    break;
                }
            }
            versions.reverse();
            if versions.first() != Some(from) {
                versions.clear();
            }
        }
        if versions.is_empty() {
            let text = read_at(&git, &repository, &tip.commit, &self.file).await?;
            versions.push(version(&self.number(text)?));
        }
        answers.keep(&tip.commit, from, &versions);
        Ok(versions)
    }

    /// Changes the number, whatever others do meanwhile.
    pub async fn change(
        &self,
        cx: &Context,
        change: &Change,
        operation: &Operation,
    ) -> Result<Number, ResourceError> {
        let git = Git::new(cx, &self.remote)?;
        let mut ledger = Ledger::open(&git, &self.remote, &self.branch).await?;
        let mut may_be_done = operation.is_repeat;
        loop {
            if may_be_done && let Some(commit) = ledger.find(operation).await? {
                let text = read_at(&git, ledger.repository(), &commit, &self.file).await?;
                cx.say("the number was changed by an earlier run of this put");
                return self.number(text);
            }
            may_be_done = true;
            let text = ledger.read(&self.file).await?;
            let is_there = text.is_some();
            let old = self.number(text)?;
            let new = change.of(&old);
            if new == old && is_there {
                return Ok(new);
            }
            let write = ledger::Change::Write {
                path: self.file.clone(),
                content: new.to_string().into_bytes(),
            };
            let message = match &self.message {
                Some(message) => {
                    let message = message.replace("%version%", &new.to_string());
                    message.replace("%file%", &self.file)
                }
                None => format!("bump to {new}"),
            };
            if ledger.change(&message, operation, &[write]).await?.is_some() {
                return Ok(new);
            }
            cx.say("somebody else changed the branch first; trying again");
            ledger.look_again().await?;
        }
    }

    fn number(&self, text: Option<Vec<u8>>) -> Result<Number, ResourceError> {
        match text {
            Some(text) => parse(&String::from_utf8_lossy(&text), &self.file),
            None => Ok(self.initial.clone()),
        }
    }
}
