//! Every folder of `tests/scenario` on the fake runtime: its jobs are run, one after the other,
//! and what they told must be what `expected.txt` says. A missing `expected.txt` is written.
//!
//! Tasks say in their args what they do when they run `act`: `print TEXT`, `leave PATH TEXT`,
//! `show PATH`, `var NAME`, `wait DURATION`, `hang`, `exit STATUS`, `missing`. The pipeline's first
//! lines may say `# secret NAME=VALUE` and `# abort TASK`, which is when that task runs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use flightdeck::model::build::{Cause, Outcome};
use flightdeck::model::step::TaskStep;
use flightdeck::model::time::parse_duration;
use flightdeck::model::{BuildId, Job, Step};
use flightdeck::runtime::fake::{Act, Script};
use futures_util::StreamExt;

use crate::support::world::{Told, World, build, ended, plan_of, read};

#[tokio::test]
async fn every_folder_tells_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario");
    let mut folders: Vec<_> = fs::read_dir(root)
        .expect("scenarios")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    let mut wrong = Vec::new();
    let mut results = futures_util::stream::iter(folders)
        .map(|folder| async move {
            let text = fs::read_to_string(folder.join("pipeline.yml")).expect("a pipeline");
            let told = tell(&text).await;
            (folder, told)
        })
        .buffer_unordered(16);
    while let Some((folder, told)) = results.next().await {
        let expected = folder.join("expected.txt");
        match fs::read_to_string(&expected) {
            Ok(expected) if expected == told => {}
            Ok(expected) => {
                wrong.push(format!("{}\n{}", folder.display(), compare(&expected, &told)));
            }
            Err(_) => {
                fs::write(&expected, told).expect("writes");
                wrong.push(format!("{} is new: read it", expected.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(expected: &str, told: &str) -> String {
    let mut out = String::new();
    let longest = expected.lines().count().max(told.lines().count());
    for i in 0..longest {
        let (a, b) = (expected.lines().nth(i), told.lines().nth(i));
        if a != b {
            let _ = writeln!(out, "{i}: expected {a:?}\n{i}: told     {b:?}");
        }
    }
    out
}

async fn tell(text: &str) -> String {
    let pipeline = read(text);
    let mut out = String::new();
    for (index, job) in pipeline.jobs.iter().enumerate() {
        let mut world = World::new();
        let mut abort = None;
        for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
            if let Some((name, value)) =
                line.strip_prefix("secret ").and_then(|s| s.split_once('='))
            {
                world.secrets.insert(name.to_owned(), value.into());
            }
            abort = abort.or(line.strip_prefix("abort ").map(str::to_owned));
        }
        script(&world, job);
        let plan = plan_of(&pipeline, job);
        let mut spec = build(plan.clone());
        spec.id = BuildId(i64::try_from(index).expect("few") + 1);
        let id = spec.id;
        let running = world.engine().start(spec);
        let stop = async {
            if let Some(task) = &abort
                && job_runs(job, task)
            {
                world.until_runs(task).await;
                running.stop(Cause::Aborted);
            }
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = ended(&running) => outcome,
            () = stop => unreachable!("it waits for ever"),
        };
        let told = Told(world.journal.left(id));
        assert_eq!(told.doubled(), [], "no event is told twice");
        let _ = writeln!(out, "job {}: {}", job.name, word(&outcome));
        out.push_str(&told.by_plan(&plan));
    }
    out
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded => "succeeded".to_owned(),
        Outcome::Failed => "failed".to_owned(),
        Outcome::Errored(why) => format!("errored: {why}"),
        Outcome::Stopped(cause) => format!("stopped: {cause:?}").to_lowercase(),
    }
}

fn job_runs(job: &Job, task: &str) -> bool {
    let mut runs = false;
    let hooks = job.hooks.iter().map(|hook| &*hook.step);
    for step in job.plan.iter().chain(hooks) {
        step.walk(&mut |step| {
            runs |= matches!(step, Step::Task(TaskStep { name, .. }) if name == task);
        });
    }
    runs
}

/// Tells the runtime what the tasks do.
fn script(world: &World, job: &Job) {
    for step in job.plan.iter().chain(job.hooks.iter().map(|hook| &*hook.step)) {
        step.walk(&mut |step| {
            let Step::Task(TaskStep { name, config: Some(config), .. }) = step else { return };
            if config.run.path.as_deref() == Some("act") {
                let acts = config.run.args.iter().map(|line| act(line));
                world.runtime.on_step(name, [Script::new(acts)]);
            }
        });
    }
}

fn act(line: &str) -> Act {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "print" => Act::Print(format!("{rest}\n")),
        "leave" => {
            let (path, content) = rest.split_once(' ').expect("a path and a text");
            Act::Leave { path: path.to_owned(), content: format!("{content}\n") }
        }
        "show" => Act::Show(rest.to_owned()),
        "var" => Act::ShowVar(rest.to_owned()),
        "wait" => Act::Wait(parse_duration(rest).expect("a duration")),
        "hang" => Act::Hang,
        "exit" => Act::Exit(rest.parse().expect("a status")),
        "missing" => Act::Missing,
        _ => panic!("nobody knows how to {line}"),
    }
}
