//! What a put asks of a pool, and which move of a lock that is, given how the locks stand.
//!
//! Pure but for the reading of the lock's folder and the choice among free locks.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use crate::resource::schema::Fields;
use crate::resource::{ResourceError, files};

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Acquire,
    Claim(String),
    Release(String),
    Add { lock: String, content: Vec<u8>, is_claimed: bool },
    Remove(String),
    Update { lock: String, content: Vec<u8> },
    AwaitFree(String),
    AwaitClaimed(String),
}

/// A move of one lock between the states, either of which may be none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub lock: String,
    pub from: Option<&'static str>,
    pub to: Option<&'static str>,
    /// The lock's new content; its old one by default.
    pub content: Option<Vec<u8>>,
    pub verb: &'static str,
}

/// What is waited for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    AnyFree,
    Free(String),
    Claimed(String),
}

impl Waiting {
    pub fn words(&self, pool: &str) -> String {
        match self {
            Waiting::AnyFree => format!("no lock of pool `{pool}` is free"),
            Waiting::Free(lock) => format!("lock `{lock}` of pool `{pool}` is not free"),
            Waiting::Claimed(lock) => format!("lock `{lock}` of pool `{pool}` is not claimed"),
        }
    }
}

impl Request {
    pub fn read(params: &Fields<'_>, directory: &Path) -> Result<Self, ResourceError> {
        let keys = [
            "acquire",
            "claim",
            "release",
            "add",
            "add_claimed",
            "remove",
            "update",
            "check",
            "check_unclaimed",
        ];
        let is_given =
            |key: &&&str| params.has(key) && (**key != "acquire" || params.flag("acquire"));
        let given: Vec<&&str> = keys.iter().filter(is_given).collect();
        let [key] = given.as_slice() else {
            return Err(match given.get(1) {
                Some(second) => params.fault(second, format!("cannot stand beside `{}`", given[0])),
                None => params.fault("acquire", "or another of the actions is required"),
            });
        };
        let value = params.text(key).unwrap_or_default();
        let lock = || -> Result<String, ResourceError> {
            checked(files::read(directory, &format!("{value}/name"))?.trim())
        };
        let content = || -> Result<Vec<u8>, ResourceError> {
            Ok(files::read(directory, &format!("{value}/metadata"))?.into_bytes())
        };
        Ok(match **key {
            "claim" => Request::Claim(checked(&value)?),
            "release" => Request::Release(lock()?),
            "add" => Request::Add { lock: lock()?, content: content()?, is_claimed: false },
            "add_claimed" => Request::Add { lock: lock()?, content: content()?, is_claimed: true },
            "remove" => Request::Remove(lock()?),
            "update" => Request::Update { lock: lock()?, content: content()? },
            "check" => Request::AwaitFree(lock()?),
            "check_unclaimed" => Request::AwaitClaimed(lock()?),
            _ => Request::Acquire,
        })
    }

    /// The lock that is asked for by name.
    pub fn lock(&self) -> Option<&str> {
        match self {
            Request::Acquire => None,
            Request::Claim(lock)
            | Request::Release(lock)
            | Request::Add { lock, .. }
            | Request::Remove(lock)
            | Request::Update { lock, .. }
            | Request::AwaitFree(lock)
            | Request::AwaitClaimed(lock) => Some(lock),
        }
    }

    /// The move that does it now, or what must be waited for.
    pub fn decide(
        &self,
        claimed: &[String],
        unclaimed: &[String],
    ) -> Result<Result<Move, Waiting>, ResourceError> {
        let move_ = |lock: &str, from, to, verb| {
            Ok(Ok(Move { lock: lock.to_owned(), from, to, content: None, verb }))
        };
        let failed = |lock: &str, why: &str| {
            let message = format!("lock `{lock}` {why}");
            Err(ResourceError::Failed { message, exit_status: 1 })
        };
        let (claimed_, unclaimed_) = (Some("claimed"), Some("unclaimed"));
        match self {
            Request::Acquire => match pick(unclaimed) {
                Some(lock) => move_(lock, unclaimed_, claimed_, "claiming"),
                None => Ok(Err(Waiting::AnyFree)),
            },
            Request::Claim(lock) if unclaimed.contains(lock) => {
                move_(lock, unclaimed_, claimed_, "claiming")
            }
            Request::Claim(lock) => Ok(Err(Waiting::Free(lock.clone()))),
            Request::Release(lock) if claimed.contains(lock) => {
                move_(lock, claimed_, unclaimed_, "unclaiming")
            }
            Request::Remove(lock) if claimed.contains(lock) => {
                move_(lock, claimed_, None, "removing")
            }
            Request::Release(lock) | Request::Remove(lock) => failed(lock, "is not claimed"),
            Request::Add { lock, .. } if claimed.contains(lock) || unclaimed.contains(lock) => {
                failed(lock, "is there already")
            }
            Request::Add { lock, content, is_claimed } => Ok(Ok(Move {
                lock: lock.clone(),
                from: None,
                to: if *is_claimed { claimed_ } else { unclaimed_ },
                content: Some(content.clone()),
                verb: if *is_claimed { "adding claimed" } else { "adding unclaimed" },
            })),
            Request::Update { lock, .. } if claimed.contains(lock) => {
                Ok(Err(Waiting::Free(lock.clone())))
            }
            Request::Update { lock, content } => Ok(Ok(Move {
                lock: lock.clone(),
                from: None,
                to: unclaimed_,
                content: Some(content.clone()),
                verb: "updating",
            })),
            Request::AwaitFree(lock) if unclaimed.contains(lock) => move_(lock, None, None, ""),
            Request::AwaitFree(lock) => Ok(Err(Waiting::Free(lock.clone()))),
            Request::AwaitClaimed(lock) if claimed.contains(lock) => move_(lock, None, None, ""),
            Request::AwaitClaimed(lock) => Ok(Err(Waiting::Claimed(lock.clone()))),
        }
    }
}

fn checked(lock: &str) -> Result<String, ResourceError> {
    let is_name = !lock.is_empty() && !lock.starts_with('.') && !lock.contains(['/', '\0', '\n']);
    if is_name {
        return Ok(lock.to_owned());
    }
    let message = format!("`{lock}` is no name of a lock");
    Err(ResourceError::Failed { message, exit_status: 1 })
}

/// Any of the locks: those who wait for one should not all grasp for the same.
fn pick(locks: &[String]) -> Option<&String> {
    let count = u64::try_from(locks.len()).ok().filter(|count| *count > 0)?;
    let chance = RandomState::new().hash_one(0) % count;
    locks.get(usize::try_from(chance).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: Request, expected: Result<(&str, Option<&str>, Option<&str>), &str>) {
        let claimed = ["c".to_owned()];
        let unclaimed = ["u".to_owned()];
        let decided = request.decide(&claimed, &unclaimed);
        let decided = match &decided {
            Ok(Ok(m)) => Ok((m.lock.as_str(), m.from, m.to)),
            Ok(Err(waiting)) => Err(waiting.words("p")),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(
            decided.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|e| *e),
            "{request:?}"
        );
    }

    #[test]
    fn each_request_moves_a_lock_or_waits_or_fails() {
        let (c, u) = (Some("claimed"), Some("unclaimed"));
        let name = str::to_owned;
        check(Request::Acquire, Ok(("u", u, c)));
        check(Request::Claim(name("u")), Ok(("u", u, c)));
        check(Request::Claim(name("c")), Err("lock `c` of pool `p` is not free"));
        check(Request::Release(name("c")), Ok(("c", c, u)));
        check(Request::Release(name("u")), Err("lock `u` is not claimed"));
        check(Request::Remove(name("c")), Ok(("c", c, None)));
        check(Request::Remove(name("x")), Err("lock `x` is not claimed"));
        let add =
            |lock: &str, is_claimed| Request::Add { lock: name(lock), content: vec![], is_claimed };
        check(add("n", false), Ok(("n", None, u)));
        check(add("n", true), Ok(("n", None, c)));
        check(add("u", false), Err("lock `u` is there already"));
        let update = |lock: &str| Request::Update { lock: name(lock), content: vec![] };
        check(update("u"), Ok(("u", None, u)));
        check(update("n"), Ok(("n", None, u)));
        check(update("c"), Err("lock `c` of pool `p` is not free"));
        check(Request::AwaitFree(name("u")), Ok(("u", None, None)));
        check(Request::AwaitFree(name("c")), Err("lock `c` of pool `p` is not free"));
        check(Request::AwaitClaimed(name("u")), Err("lock `u` of pool `p` is not claimed"));
    }

    #[test]
    fn an_empty_pool_is_waited_for() {
        let decided = Request::Acquire.decide(&[], &[]).expect("decides");
        assert_eq!(decided, Err(Waiting::AnyFree));
    }
}
