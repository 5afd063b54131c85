//! Brings a proposal: as it is, merged into its base, or rebased onto it.

use std::path::Path;

use super::{Flavour, SCHEMA, Source, named};
use crate::model::Version;
use crate::model::value::{Map, Value};
use crate::model::version::MetadataField;
use crate::resource::git::command::Git;
use crate::resource::git::{Facts, has_commit, tip};
use crate::resource::schema::Fields;
use crate::resource::{Context, Found, ResourceError, files};

/// How a proposal is brought together with its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Merge,
    Rebase,
    Checkout,
}

/// What is known of a proposal.
pub(super) struct Proposal<'a> {
    pub number: &'a str,
    pub commit: &'a str,
    pub facts: Facts,
    pub head_name: String,
    pub base_name: String,
    pub base_commit: String,
    pub url: String,
}

pub(super) async fn get(
    cx: &Context,
    source: &Map,
    params: &Map,
    version: &Version,
    directory: &Path,
) -> Result<Found, ResourceError> {
    let source = Source::read(source)?;
    let params = SCHEMA.read_get(params)?;
    let git = Git::new(cx, &source.remote)?;
    let not_found = || ResourceError::VersionNotFound { version: version.to_string() };
    let (number, commit) = named(version).ok_or_else(not_found)?;
    if !has_commit(&git, source.repository.dir(), commit).await? {
        return Err(not_found());
    }
    let proposal = Proposal::read(&git, &source, number, commit).await?;
    let path = directory.to_string_lossy();
    git.call().run(&["init", "--quiet", "--", &path]).await?;
    git.tree(directory).run(&["remote", "add", "origin", &source.remote.uri]).await?;
    if !params.flag("skip_download") {
        proposal.bring(&git, &source, &params, directory).await?;
    }
    let metadata = proposal.metadata();
    proposal.write(&git, version, &metadata, directory).await?;
    if params.flag("list_changed_files") {
        let range = format!("{}...{commit}", proposal.base_commit);
        let call = git.bare(source.repository.dir());
        let changed = call.text(&["diff", "--name-only", &range, "--"]).await?;
        files::write(&directory.join(".git/resource/changed_files"), format!("{changed}\n"))?;
    }
    Ok(Found { version: version.clone(), metadata })
}

impl<'a> Proposal<'a> {
    /// Reads what the repository tells of it.
    pub async fn read(
        git: &Git<'_>,
        source: &Source,
        number: &'a str,
        commit: &'a str,
    ) -> Result<Self, ResourceError> {
        let repository = source.repository.dir();
        let base = tip(git, &source.remote, source.base.as_deref()).await?;
        let (base_name, base_commit) = match base {
            Some(tip) => (tip.branch.unwrap_or_default(), tip.commit),
            None => {
                let name = source.base.as_deref().unwrap_or("HEAD");
                let message = format!("base `{name}` not found in `{}`", source.remote.uri);
                return Err(ResourceError::Failed { message, exit_status: 1 });
            }
        };
        let points_at = format!("--points-at={commit}");
        let args = ["for-each-ref", "--format=%(refname:strip=2)", &points_at, "refs/heads"];
        let branches = git.bare(repository).text(&args).await?;
        Ok(Self {
            number,
            commit,
            facts: Facts::read(git, repository, commit).await?,
            head_name: match branches.lines().next() {
                Some(branch) => branch.to_owned(),
                None => format!("pull/{number}"),
            },
            base_name,
            base_commit,
            url: format!("file://{}/pull/{number}", source.remote.uri),
        })
    }

    async fn bring(
        &self,
        git: &Git<'_>,
        source: &Source,
        params: &Fields<'_>,
        directory: &Path,
    ) -> Result<(), ResourceError> {
        let tool = match (source.flavour, params.text("integration_tool").as_deref()) {
            (_, Some("checkout")) => Tool::Checkout,
            (_, Some("rebase")) => Tool::Rebase,
            (_, Some(_)) | (Flavour::Teliaoss, None) => Tool::Merge,
            (Flavour::Jtarchie, None) if params.flag("fetch_merge") => Tool::Merge,
            (Flavour::Jtarchie, None) => Tool::Checkout,
        };
        let tree = || git.tree(directory);
        let uri = &source.remote.uri;
        let tags = if params.flag("fetch_tags") { "--tags" } else { "--no-tags" };
        let mut args = ["fetch", "--quiet", tags, "--", uri].map(str::to_owned).to_vec();
        if !self.base_name.is_empty() {
            args.push(format!("+refs/heads/{0}:refs/remotes/origin/{0}", self.base_name));
        }
        // By its id: the proposal may have moved on since.
        args.push(format!("+{}:refs/remotes/origin/pull/{}/head", self.commit, self.number));
        args.push(self.base_commit.clone());
        tree().run(&args).await?;
        match tool {
            Tool::Checkout => self.check_out(git, directory, self.commit).await?,
            Tool::Merge => match self.merged_already(git, source).await? {
                Some(merge) => {
                    tree().run(&["fetch", "--quiet", "--no-tags", "--", uri, &merge]).await?;
                    self.check_out(git, directory, &merge).await?;
                }
                None => {
                    self.check_out(git, directory, &self.base_commit).await?;
                    let words =
                        format!("merge pull request {} into {}", self.number, self.base_name);
                    let args = ["merge", "--quiet", "--no-ff", "-m", &words, self.commit];
                    self.integrate(git, directory, &args).await?;
                }
            },
            Tool::Rebase => {
                self.check_out(git, directory, self.commit).await?;
                let args = ["rebase", "--quiet", &self.base_commit];
                self.integrate(git, directory, &args).await?;
            }
        }
        let wanted = match source.flavour {
            Flavour::Teliaoss if params.flag("submodules") => vec!["all".to_owned()],
            Flavour::Teliaoss => vec!["none".to_owned()],
            Flavour::Jtarchie => params.texts("git.submodules"),
        };
        let is_none = wanted.first().is_some_and(|word| word == "none");
        if !is_none && directory.join(".gitmodules").exists() {
            let args = ["submodule", "update", "--quiet", "--init", "--recursive", "--"];
            let mut args = args.map(str::to_owned).to_vec();
            args.extend(wanted.into_iter().filter(|path| path != "all"));
            git.folder(directory).live().run(&args).await?;
        }
        Ok(())
    }

    /// The merge of exactly this commit that the repository has already.
    async fn merged_already(
        &self,
        git: &Git<'_>,
        source: &Source,
    ) -> Result<Option<String>, ResourceError> {
        let name = format!("refs/pull/{}/merge", self.number);
        let args = ["rev-list", "--parents", "--no-walk", "--ignore-missing", &name, "--"];
        let ended = git.bare(source.repository.dir()).ask(&args).await?;
        let text = String::from_utf8_lossy(&ended.stdout);
        let ids: Vec<&str> = text.split_whitespace().collect();
        let is_ours = ended.status == 0
            && ids.get(1) == Some(&self.base_commit.as_str())
            && ids.get(2) == Some(&self.commit);
        Ok(is_ours.then(|| ids[0].to_owned()))
    }

    async fn check_out(
        &self,
        git: &Git<'_>,
        directory: &Path,
        commit: &str,
    ) -> Result<(), ResourceError> {
        let args = ["checkout", "--quiet", "--detach", commit];
        git.tree(directory).run(&args).await.map(|_| ())
    }

    async fn integrate(
        &self,
        git: &Git<'_>,
        directory: &Path,
        args: &[&str],
    ) -> Result<(), ResourceError> {
        let ended = git.tree(directory).ask(args).await?;
        if ended.status == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stdout);
        let why = said.lines().find(|line| line.contains("CONFLICT")).unwrap_or(&ended.stderr);
        let message = format!(
            "pull request {} does not go together with `{}`: {why}",
            self.number, self.base_name
        );
        Err(ResourceError::Failed { message, exit_status: ended.status })
    }

    /// The facts for people.
    pub fn metadata(&self) -> Vec<MetadataField> {
        let title = self.facts.message.lines().next().unwrap_or_default();
        [
            ("pr", self.number),
            ("title", title),
            ("url", &self.url),
            ("head_name", &self.head_name),
            ("head_sha", self.commit),
            ("base_name", &self.base_name),
            ("base_sha", &self.base_commit),
            ("message", &self.facts.message),
            ("author", &self.facts.author),
            ("author_email", &self.facts.author_email),
            ("state", "OPEN"),
        ]
        .map(|(name, value)| MetadataField::new(name, value))
        .into()
    }

    /// Writes the files and settings that both well-known types leave.
    async fn write(
        &self,
        git: &Git<'_>,
        version: &Version,
        metadata: &[MetadataField],
        directory: &Path,
    ) -> Result<(), ResourceError> {
        let folder = directory.join(".git/resource");
        let fields = version.0.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())));
        files::write(&folder.join("version.json"), Value::Map(fields.collect()).to_json())?;
        let json = serde_json::to_string(metadata).unwrap_or_default();
        files::write(&folder.join("metadata.json"), json)?;
        for field in metadata {
            files::write(&folder.join(&field.name), &field.value)?;
        }
        let body = self.facts.message.split_once('\n').map_or("", |(_, body)| body.trim());
        for (name, value) in [
            ("id", self.number),
            ("url", self.url.as_str()),
            ("branch", &self.head_name),
            ("base_branch", &self.base_name),
            ("base_sha", &self.base_commit),
            ("userlogin", &self.facts.author),
            ("head_sha", self.commit),
            ("body", body),
        ] {
            files::write(&directory.join(".git").join(name), format!("{value}\n"))?;
        }
        for (key, value) in [
            ("id", self.number),
            ("url", self.url.as_str()),
            ("branch", &self.head_name),
            ("basebranch", &self.base_name),
            ("basesha", &self.base_commit),
            ("userlogin", &self.facts.author),
        ] {
            let key = format!("pullrequest.{key}");
            git.tree(directory).run(&["config", "--local", &key, value]).await?;
        }
        Ok(())
    }
}
