//! One input alone, without passed jobs: pinned, latest, or every version in order.

use super::{Found, Older, Pick, Reason, pin};
use crate::model::version::VersionMode;
use crate::model::{ResourceId, VersionId};
use crate::scheduler::facts::{InputFacts, JobFacts, Page, VersionFacts};

/// Picks the version of an input that no passed job binds.
pub(super) fn pick(facts: &JobFacts, input: &InputFacts) -> Result<Found<Pick>, Older> {
    if let Some(pinned) = pin(input) {
        return Ok(pinned.map(|version| alone(version, false)));
    }
    let nothing = Page::default();
    let page = facts.versions.get(&input.resource).unwrap_or(&nothing);
    if input.version == VersionMode::Every {
        let used = facts.past.latest_used.get(&input.resource);
        let found = match used {
            Some(used) => next(page, input.resource, used.check_order)?,
            None => newest(page, input.resource)?,
        };
        return Ok(found.ok_or(Reason::NoNextVersion));
    }
    Ok(newest(page, input.resource)?.ok_or(Reason::NoVersion))
}

fn alone(version: VersionId, has_next: bool) -> Pick {
    Pick { version, passed_builds: Vec::new(), has_next }
}

/// The enabled version of the highest rank.
fn newest(page: &Page<VersionFacts>, resource: ResourceId) -> Result<Option<Pick>, Older> {
    let found = page.entries.iter().find(|version| !version.is_disabled);
    match found {
        Some(version) => Ok(Some(alone(version.id, false))),
        None if page.is_whole => Ok(None),
        None => Err(Older::Versions(resource)),
    }
}

/// The enabled version of the lowest rank above `used`; if there is none, the highest at or
/// below it.
fn next(page: &Page<VersionFacts>, resource: ResourceId, used: i64) -> Result<Option<Pick>, Older> {
    let n_above = page.entries.partition_point(|version| version.check_order > used);
    if n_above == page.entries.len() && !page.is_whole {
        return Err(Older::Versions(resource));
    }
    let (above, below) = page.entries.split_at(n_above);
    let mut above = above.iter().rev().filter(|version| !version.is_disabled);
    if let Some(version) = above.next() {
        return Ok(Some(alone(version.id, above.next().is_some())));
    }
    match below.iter().find(|version| !version.is_disabled) {
        Some(version) => Ok(Some(alone(version.id, false))),
        None if page.is_whole => Ok(None),
        None => Err(Older::Versions(resource)),
    }
}
