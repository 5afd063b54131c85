//! Pushes, and tells a push that lost a race from one that was refused.

use super::command::{Call, failed};
use crate::resource::ResourceError;

/// How a push ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Done,
    /// Somebody else was first: fetch, and try again.
    Raced,
}

/// What the far side says when a ref moved since it was looked at.
const RACES: &[&str] = &[
    "non-fast-forward",
    "fetch first",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "incorrect old value",
    "reference already exists",
    "unable to create",
];

/// Pushes refs to an address.
///
/// # Errors
/// When the far side refuses for any other reason than a race, or does not answer.
pub(super) async fn push(
    call: Call<'_>,
    options: &[String],
    uri: &str,
    specs: &[String],
) -> Result<Pushed, ResourceError> {
    let mut args = ["push", "--porcelain"].map(str::to_owned).to_vec();
    args.extend_from_slice(options);
    args.extend(["--".to_owned(), uri.to_owned()]);
    args.extend_from_slice(specs);
    let ended = call.ask(&args).await?;
    if ended.status == 0 {
        return Ok(Pushed::Done);
    }
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let refusals: Vec<&str> = stdout.lines().filter_map(|line| line.strip_prefix("!\t")).collect();
    let is_race = |refusal: &&str| RACES.iter().any(|race| refusal.contains(race));
    if !refusals.is_empty() && refusals.iter().all(is_race) {
        return Ok(Pushed::Raced);
    }
    match refusals.iter().find(|refusal| !is_race(refusal)) {
        Some(refusal) => {
            let (ref_, why) = refusal.split_once('\t').unwrap_or(("", refusal));
            let ref_ = ref_.rsplit_once(':').map_or(ref_, |(_, to)| to);
            let message = format!("the push of `{ref_}` was refused: {why}");
            Err(ResourceError::Failed { message, exit_status: ended.status })
        }
        None => Err(failed("push", &ended)),
    }
}
