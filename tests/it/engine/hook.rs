//! Which step runs after which, and what comes of it: by table, and against a second reading of
//! Concourse's rules.

use flightdeck::model::PlanId;
use flightdeck::model::build::{Cause, Outcome, Plan, PlanKind, TaskPlan};
use flightdeck::model::step::{HookOn, TaskStep};
use flightdeck::model::task::{Run, TaskConfig};
use flightdeck::runtime::fake::{Act, Script};
use proptest::prelude::*;

use crate::support::world::{World, build, ended};

/// A tree of steps whose leaves end as they say.
#[derive(Debug, Clone)]
enum Tree {
    Ok,
    Fail,
    Error,
    /// Runs until a person says stop.
    Hang,
    Do(Vec<Tree>),
    Try(Box<Tree>),
    Retry(Vec<Tree>),
    /// One at a time, so that the order is known.
    Parallel(Vec<Tree>, bool),
    Hook(Box<Tree>, HookOn, Box<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        4 => Just(Tree::Ok),
        4 => Just(Tree::Fail),
        3 => Just(Tree::Error),
        1 => Just(Tree::Hang),
    ];
    leaf.prop_recursive(4, 14, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 0..4);
        let on = prop::sample::select(HookOn::ALL.to_vec());
        prop_oneof![
            2 => some().prop_map(Tree::Do),
            1 => inner.clone().prop_map(|tree| Tree::Try(Box::new(tree))),
            1 => prop::collection::vec(inner.clone(), 1..3).prop_map(Tree::Retry),
            2 => (some(), any::<bool>()).prop_map(|(trees, fast)| Tree::Parallel(trees, fast)),
            6 => (inner.clone(), on, inner.clone())
                .prop_map(|(step, on, hook)| Tree::Hook(Box::new(step), on, Box::new(hook))),
        ]
    })
}

/// The tree as a plan; leaves are tasks called after their number and end.
fn to_plan(tree: &Tree, next: &mut usize) -> Plan {
    let leaf = |what: &str, next: &mut usize| {
        let name = format!("{what}-{next}", next = *next);
        let run = Run { path: Some(name.clone()), ..Run::default() };
        let config = TaskConfig { platform: "linux".to_owned(), run, ..TaskConfig::default() };
        let step = TaskStep { name, config: Some(config), ..TaskStep::default() };
        PlanKind::Task(TaskPlan { step, image_types: vec![] })
    };
    let kind = match tree {
        Tree::Ok => leaf("ok", next),
        Tree::Fail => leaf("fail", next),
        Tree::Error => leaf("error", next),
        Tree::Hang => leaf("hang", next),
        Tree::Do(trees) => PlanKind::Do(trees.iter().map(|tree| to_plan(tree, next)).collect()),
        Tree::Try(tree) => PlanKind::Try(Box::new(to_plan(tree, next))),
        Tree::Retry(trees) => {
            PlanKind::Retry(trees.iter().map(|tree| to_plan(tree, next)).collect())
        }
        Tree::Parallel(trees, fail_fast) => PlanKind::InParallel {
            steps: trees.iter().map(|tree| to_plan(tree, next)).collect(),
            limit: Some(1),
            fail_fast: *fail_fast,
        },
        Tree::Hook(step, on, hook) => {
            let step = Box::new(to_plan(step, next));
            PlanKind::Hooked { step, on: *on, hook: Box::new(to_plan(hook, next)) }
        }
    };
    *next += 1;
    Plan { id: PlanId(format!("{next:x}")), attempt: vec![], kind }
}

/// What Go code gives back: whether it went well, or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Gave {
    Ok(bool),
    Canceled,
    Error,
}

/// A second reading of the rules: one context a parallel group, `fresh` for hooks that nobody
/// stops. Contexts are a list; the last one is the own one.
#[derive(Default)]
struct Oracle {
    ran: Vec<String>,
    next: usize,
    canceled: Vec<bool>,
    parents: Vec<Option<usize>>,
}

impl Oracle {
    fn context(&mut self, parent: Option<usize>) -> usize {
        self.canceled.push(false);
        self.parents.push(parent);
        self.canceled.len() - 1
    }

    fn is_canceled(&self, mut context: usize) -> bool {
        loop {
            if self.canceled[context] {
                return true;
            }
            match self.parents[context] {
                Some(parent) => context = parent,
                None => return false,
            }
        }
    }

    fn skip(&mut self, tree: &Tree) {
        let mut next = self.next;
        to_plan(tree, &mut next);
        self.next = next;
    }

    fn run(&mut self, tree: &Tree, context: usize) -> Gave {
        let gave = match tree {
            Tree::Ok => self.leaf("ok", context, Gave::Ok(true)),
            Tree::Fail => self.leaf("fail", context, Gave::Ok(false)),
            Tree::Error => self.leaf("error", context, Gave::Error),
            Tree::Hang => self.hang(context),
            Tree::Do(trees) => {
                let mut gave = Gave::Ok(true);
                for tree in trees {
                    if gave == Gave::Ok(true) {
                        gave = self.run(tree, context);
                    } else {
                        self.skip(tree);
                    }
                }
                gave
            }
            Tree::Try(tree) => match self.run(tree, context) {
                Gave::Canceled => Gave::Canceled,
                Gave::Ok(_) | Gave::Error => Gave::Ok(true),
            },
            Tree::Retry(trees) => {
                let mut gave = Gave::Ok(false);
                let mut is_over = false;
                for tree in trees {
                    if is_over {
                        self.skip(tree);
                        continue;
                    }
                    gave = self.run(tree, context);
                    if gave == Gave::Ok(true) {
                        is_over = true;
                    } else if self.is_canceled(context) {
                        (gave, is_over) = (Gave::Canceled, true);
                    }
                }
                gave
            }
            Tree::Parallel(trees, fail_fast) => {
                let group = self.context(Some(context));
                let (mut all_ok, mut has_error) = (true, false);
                for tree in trees {
                    if self.is_canceled(group) {
                        self.skip(tree);
                        continue;
                    }
                    match self.run(tree, group) {
                        Gave::Ok(true) | Gave::Canceled => continue,
                        Gave::Ok(false) => all_ok = false,
                        Gave::Error => has_error = true,
                    }
                    if *fail_fast {
                        self.canceled[group] = true;
                    }
                }
                match (self.is_canceled(context), has_error) {
                    (true, _) => Gave::Canceled,
                    (false, true) => Gave::Error,
                    (false, false) => Gave::Ok(all_ok),
                }
            }
            Tree::Hook(step, on, hook) => self.hook(step, *on, hook, context),
        };
        self.next += 1;
        gave
    }

    fn leaf(&mut self, what: &str, context: usize, gave: Gave) -> Gave {
        if self.is_canceled(context) {
            return Gave::Canceled;
        }
        // What cannot be started was not run.
        if gave != Gave::Error {
            self.ran.push(format!("{what}-{}", self.next));
        }
        gave
    }

    /// The first that hangs is when the person says stop; nothing can be stopped after that but
    /// by a group.
    fn hang(&mut self, context: usize) -> Gave {
        if self.is_canceled(context) {
            return Gave::Canceled;
        }
        self.ran.push(format!("hang-{}", self.next));
        self.canceled[0] = true;
        if self.is_canceled(context) { Gave::Canceled } else { Gave::Ok(false) }
    }

    fn hook(&mut self, step: &Tree, on: HookOn, hook: &Tree, context: usize) -> Gave {
        let gave = self.run(step, context);
        let is_for = match on {
            HookOn::Success => gave == Gave::Ok(true),
            HookOn::Failure => gave == Gave::Ok(false),
            HookOn::Error => gave == Gave::Error,
            HookOn::Abort => gave == Gave::Canceled,
            HookOn::Ensure => true,
        };
        if !is_for {
            self.skip(hook);
            return gave;
        }
        let hook_context = match on {
            HookOn::Error | HookOn::Abort => self.context(None),
            HookOn::Ensure if self.is_canceled(context) => self.context(None),
            HookOn::Success | HookOn::Failure | HookOn::Ensure => context,
        };
        let hooked = self.run(hook, hook_context);
        match on {
            HookOn::Success => hooked,
            HookOn::Failure => match hooked {
                Gave::Ok(_) => Gave::Ok(false),
                Gave::Canceled | Gave::Error => hooked,
            },
            HookOn::Error | HookOn::Abort => gave,
            HookOn::Ensure if self.is_canceled(context) => Gave::Canceled,
            HookOn::Ensure => match (gave, hooked) {
                (Gave::Ok(a), Gave::Ok(b)) => Gave::Ok(a && b),
                (Gave::Canceled, _) | (Gave::Ok(_), Gave::Canceled) => Gave::Canceled,
                (Gave::Error, _) | (Gave::Ok(_), Gave::Error) => Gave::Error,
            },
        }
    }
}

/// How often steps hang in a tree that nobody can stop any more: such a tree never ends.
fn hangs(tree: &Tree) -> usize {
    match tree {
        Tree::Ok | Tree::Fail | Tree::Error => 0,
        Tree::Hang => 1,
        Tree::Do(trees) | Tree::Retry(trees) | Tree::Parallel(trees, _) => {
            trees.iter().map(hangs).sum()
        }
        Tree::Try(tree) => hangs(tree),
        Tree::Hook(step, on, hook) => match on {
            // These do not hear of the person who says stop.
            HookOn::Abort | HookOn::Error | HookOn::Ensure => hangs(step) + 2 * hangs(hook),
            HookOn::Success | HookOn::Failure => hangs(step) + hangs(hook),
        },
    }
}

async fn run(tree: &Tree) -> (Outcome, Vec<String>) {
    let plan = to_plan(tree, &mut 0);
    let world = World::new();
    plan.walk(&mut |node| {
        let PlanKind::Task(task) = &node.kind else { return };
        let name = &task.step.name;
        let script = match name.split('-').next() {
            Some("ok") => Script::exits(0),
            Some("fail") => Script::exits(1),
            Some("error") => Script::new([Act::Missing]),
            _ => Script::hangs(),
        };
        world.runtime.on_step(name, [script]);
    });
    let running = world.engine().start(build(plan));
    let abort = async {
        loop {
            if world.tasks().last().is_some_and(|task| task.starts_with("hang")) {
                running.stop(Cause::Aborted);
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let outcome = tokio::select! {
        outcome = ended(&running) => outcome,
        () = abort => unreachable!("it looks for ever"),
    };
    let ran = world.tasks().into_iter().filter(|task| !task.starts_with("error")).collect();
    (outcome, ran)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn steps_run_as_a_second_reading_says(tree in tree().prop_filter("ends", |t| hangs(t) < 2)) {
        let mut oracle = Oracle::default();
        let root = oracle.context(None);
        let gave = oracle.run(&tree, root);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (outcome, ran) = runtime.block_on(run(&tree));
        prop_assert_eq!(ran, oracle.ran);
        let as_go = match outcome {
            Outcome::Succeeded => Gave::Ok(true),
            Outcome::Failed => Gave::Ok(false),
            Outcome::Errored(_) => Gave::Error,
            Outcome::Stopped(_) => Gave::Canceled,
        };
        prop_assert_eq!(as_go, gave);
    }
}

#[tokio::test]
async fn each_hook_follows_its_outcome() {
    use Tree::{Error, Fail, Hang, Ok};
    for (step, on, hook, outcome, ran) in [
        (Ok, HookOn::Success, Ok, "ok", "ok-0 ok-1"),
        (Ok, HookOn::Success, Fail, "failed", "ok-0 fail-1"),
        (Ok, HookOn::Success, Error, "errored", "ok-0"),
        (Fail, HookOn::Success, Ok, "failed", "fail-0"),
        (Fail, HookOn::Failure, Ok, "failed", "fail-0 ok-1"),
        (Fail, HookOn::Failure, Error, "errored", "fail-0"),
        (Error, HookOn::Failure, Ok, "errored", ""),
        (Error, HookOn::Error, Ok, "errored", "ok-1"),
        (Error, HookOn::Error, Fail, "errored", "fail-1"),
        (Hang, HookOn::Abort, Ok, "aborted", "hang-0 ok-1"),
        (Hang, HookOn::Abort, Error, "aborted", "hang-0"),
        (Hang, HookOn::Error, Ok, "aborted", "hang-0"),
        (Hang, HookOn::Ensure, Ok, "aborted", "hang-0 ok-1"),
        (Ok, HookOn::Ensure, Ok, "ok", "ok-0 ok-1"),
        (Ok, HookOn::Ensure, Fail, "failed", "ok-0 fail-1"),
        (Fail, HookOn::Ensure, Error, "errored", "fail-0"),
        (Error, HookOn::Ensure, Fail, "errored", "fail-1"),
    ] {
        let tree = Tree::Hook(Box::new(step), on, Box::new(hook));
        let (end, tasks) = run(&tree).await;
        let word = match end {
            Outcome::Succeeded => "ok",
            Outcome::Failed => "failed",
            Outcome::Errored(_) => "errored",
            Outcome::Stopped(cause) => {
                assert_eq!(cause, Cause::Aborted);
                "aborted"
            }
        };
        assert_eq!((word, tasks.join(" ").as_str()), (outcome, ran), "{tree:?}");
    }
}
