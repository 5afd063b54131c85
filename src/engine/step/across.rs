//! One step for each combination of values.
//!
//! Combinations are made when the step starts: copies of the node inside with the values filled
//! in and ids of their own, each with a scope that nothing leaves.
//!
//! *Follows:* `atc/exec/across_step.go` and `atc/engine/build_step_delegate.go`.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use super::in_parallel::join;
use super::{Cx, Ended, Ending, Work, leaf, run as run_node};
use crate::engine::scope::Scope;
use crate::model::build::{AcrossPlan, Event, GetVersion, LogSource, Outcome, Plan, PlanKind};
use crate::model::step::{AcrossVar, InFlight};
use crate::model::value::Map;
use crate::model::var::{Fill, FillError, Reference, Vars, fill};
use crate::model::{PlanId, Value};

/// Combinations that cannot be made.
#[derive(Debug, Error)]
enum AcrossError {
    #[error("values of across var `{0}` are not a list")]
    NoList(String),
    #[error("across makes more than {MAX_COMBINATIONS} combinations")]
    TooMany,
    #[error("failed to interpolate across step: {0}")]
    Fill(FillError),
    #[error("failed to interpolate across step: {0}")]
    Shape(serde_json::Error),
}

/// More combinations than anyone can look at.
const MAX_COMBINATIONS: usize = 100_000;

/// A copy of the step with its values.
struct Combination {
    values: Vec<Value>,
    plan: Plan,
    scope: Arc<Scope>,
}

/// A var at its level of nesting.
struct Level {
    count: usize,
    in_flight: InFlight,
}

/// Runs all combinations.
pub async fn run(cx: &Cx, plan: &Plan, across: &AcrossPlan) -> Outcome {
    leaf::run(cx, plan, work(cx, plan, across)).await
}

async fn work(cx: &Cx, plan: &Plan, across: &AcrossPlan) -> Result<Ended, Ending> {
    let report = cx.report(&plan.id);
    report.emit(|origin, time| Event::Initialize { origin, time }).await?;
    report.emit(|origin, time| Event::Start { origin, time }).await?;
    let mut levels = Vec::new();
    let mut values = Vec::new();
    for AcrossVar { name, values: list, max_in_flight } in &across.vars {
        if cx.scope.var(name).is_some() {
            let warning = format!("WARNING: across step shadows local var '{name}'");
            report.say(LogSource::Stderr, &warning).await?;
        }
        let Value::List(list) = cx.fill(list).await? else {
            return Err(AcrossError::NoList(name.clone()).into());
        };
        levels.push(Level { count: list.len(), in_flight: *max_in_flight });
        values.push(list);
    }
    let combinations = combine(&values)?
        .into_iter()
        .enumerate()
        .map(|(index, values)| combination(cx, plan, across, (index, values)))
        .collect::<Result<Vec<_>, _>>()?;
    let substeps = combinations
        .iter()
        .map(|combination| {
            Value::Map(Map::from([
                ("step".to_owned(), combination.plan.public()),
                ("values".to_owned(), Value::List(combination.values.clone())),
            ]))
        })
        .collect();
    let substeps = Value::List(substeps);
    report.emit(|origin, time| Event::AcrossSubsteps { time, origin, substeps }).await?;

    // What hook the across step itself stands in, its substeps do not learn.
    let inner = Cx { hook_of: None, ..cx.clone() };
    let ending = match level(&inner, &combinations, &levels, across.fail_fast).await {
        Outcome::Succeeded => Ending::Succeeded,
        Outcome::Failed => Ending::Failed,
        Outcome::Errored(why) => return Err(Ending::Errored(why)),
        Outcome::Stopped(cause) => return Err(Ending::Stopped(cause)),
    };
    let succeeded = ending == Ending::Succeeded;
    report.emit(|origin, time| Event::Finish { origin, time, succeeded }).await?;
    Ok(ending.into())
}

/// All combinations, the first var slowest.
fn combine(lists: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, AcrossError> {
    let count = lists.iter().try_fold(1usize, |count, list| count.checked_mul(list.len()));
    if count.is_none_or(|count| count > MAX_COMBINATIONS) {
        return Err(AcrossError::TooMany);
    }
    let mut all = vec![Vec::new()];
    for list in lists {
        let longer = all.iter().flat_map(|values: &Vec<Value>| {
            list.iter().map(|value| {
                let mut values = values.clone();
                values.push(value.clone());
                values
            })
        });
        all = longer.collect();
    }
    Ok(all)
}

/// Values of exactly the vars of one across step.
struct Own<'a> {
    vars: &'a [AcrossVar],
    values: &'a [Value],
}

impl Vars for Own<'_> {
    fn find(&self, reference: &Reference) -> Option<Value> {
        if reference.source.as_deref() != Some(".") {
            return None;
        }
        let named = self.vars.iter().zip(self.values).rev();
        named.clone().find(|(var, _)| var.name == reference.name).map(|(_, value)| value.clone())
    }
}

fn combination(
    cx: &Cx,
    plan: &Plan,
    across: &AcrossPlan,
    (index, values): (usize, Vec<Value>),
) -> Result<Combination, AcrossError> {
    let own = Own { vars: &across.vars, values: &values };
    let text = serde_json::to_string(&across.step).map_err(AcrossError::Shape)?;
    let whole: Value = serde_json::from_str(&text).map_err(AcrossError::Shape)?;
    let filled = fill(&whole, &own, Fill::Lenient).map_err(AcrossError::Fill)?;
    let mut copy: Plan = serde_json::from_str(&filled.to_json()).map_err(AcrossError::Shape)?;
    renumber(&mut copy, &format!("{}/{index}", plan.id), plan.attempt.len());
    let scope = Scope::inside(&cx.scope);
    for (var, value) in across.vars.iter().zip(&values) {
        scope.set_var(&var.name, value.clone());
    }
    Ok(Combination { values, plan: copy, scope })
}

/// Gives the nodes of a copy ids of their own, counted in the order in which they are shown, and
/// takes the attempts of outer steps away.
fn renumber(copy: &mut Plan, prefix: &str, outer_attempts: usize) {
    let mut ids = HashMap::new();
    let mut next = 0;
    copy.walk_mut(&mut |node| {
        let id = PlanId(format!("{prefix}/{next}"));
        next += 1;
        ids.insert(std::mem::replace(&mut node.id, id.clone()), id);
        node.attempt.drain(..outer_attempts.min(node.attempt.len()));
    });
    copy.walk_mut(&mut |node| {
        if let PlanKind::Get(get) = &mut node.kind
            && let GetVersion::From(id) = &mut get.version
            && let Some(new) = ids.get(id)
        {
            *id = new.clone();
        }
    });
}

/// Runs the combinations of one value after the other of the outermost var, or side by side.
fn level<'a>(
    cx: &'a Cx,
    combinations: &'a [Combination],
    levels: &'a [Level],
    fail_fast: bool,
) -> Work<'a> {
    Box::pin(async move {
        let Some(Combination { plan, scope, .. }) = combinations.first() else {
            return Outcome::Succeeded;
        };
        let Some((outermost, inner)) = levels.split_first() else {
            let inside = Cx { scope: Arc::clone(scope), ..cx.clone() };
            return run_node(&inside, plan).await;
        };
        let group = cx.under(cx.cancel.child());
        let parts = combinations.chunks(combinations.len() / outermost.count);
        let works = parts.map(|part| level(&group, part, inner, fail_fast));
        let limit = match outermost.in_flight {
            InFlight::All => outermost.count,
            InFlight::Limit(limit) => limit as usize,
        };
        join(cx, &group, works, limit, fail_fast).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_var_changes_slowest() {
        let lists = [vec![1.into(), 2.into()], vec!["a".into(), "b".into()]];
        let all: Vec<String> = combine(&lists)
            .expect("few")
            .into_iter()
            .map(|values| Value::List(values).to_json())
            .collect();
        assert_eq!(all, [r#"[1,"a"]"#, r#"[1,"b"]"#, r#"[2,"a"]"#, r#"[2,"b"]"#]);
        assert!(combine(&[vec![], vec![1.into()]]).expect("few").is_empty());
        assert!(combine(&vec![vec![Value::Null; 1000]; 5]).is_err());
    }
}
