//! Every file of `fixtures/dialect`: what is read of it, and what is said about it.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use flightdeck::dialect::{excerpt, read, read_task, read_vars};
use flightdeck::model::var::Values;
use flightdeck::model::version::VersionMode;
use flightdeck::model::{Diagnostic, Job, Pipeline, Step, TaskConfig};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dialect")
}

/// All files below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn name(path: &Path) -> String {
    let inner = path.strip_prefix(fixtures()).expect("a fixture");
    inner.to_string_lossy().replace('/', "-").trim_end_matches(".yml").to_owned()
}

fn values(family: &str) -> Values {
    let text = fs::read_to_string(fixtures().join(format!("{family}.vars.yml"))).expect("vars");
    let (vars, found) = read_vars("vars", &text);
    assert_eq!(found, []);
    let mut values = Values::new();
    values.add_file(vars.expect("a map"));
    values
}

fn told(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        writeln!(out, "{diagnostic}\n{}", excerpt(text, diagnostic)).expect("writes");
    }
    out
}

fn summary(pipeline: &Pipeline) -> String {
    let mut out = String::new();
    for group in &pipeline.groups {
        writeln!(out, "group {} {:?} {:?}", group.name, group.jobs, group.resources)
            .expect("writes");
    }
    for kind in &pipeline.resource_types {
        writeln!(out, "type {} ({})", kind.name, kind.kind).expect("writes");
    }
    for resource in &pipeline.resources {
        let source = flightdeck::model::Value::Map(resource.source.clone()).to_json();
        writeln!(out, "resource {} ({}) {source}", resource.name, resource.kind).expect("writes");
    }
    for job in &pipeline.jobs {
        job_summary(job, &mut out);
    }
    out
}

fn job_summary(job: &Job, out: &mut String) {
    write!(out, "job {}", job.name).expect("writes");
    if let Some(limit) = job.limit() {
        write!(out, " limit {limit} {:?}", job.effective_serial_groups()).expect("writes");
    }
    out.push('\n');
    job.plan.iter().for_each(|step| step_summary(step, 1, out));
    for hook in &job.hooks {
        writeln!(out, "  {}:", hook.on.key()).expect("writes");
        step_summary(&hook.step, 2, out);
    }
}

fn step_summary(step: &Step, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let mut line = |text: String| writeln!(out, "{indent}{text}").expect("writes");
    match step {
        Step::Get(get) => {
            let resource = get.resource.as_deref().map(|name| format!(" = {name}"));
            let trigger = if get.trigger { " trigger" } else { "" };
            let passed = match get.passed.is_empty() {
                true => String::new(),
                false => format!(" passed {:?}", get.passed),
            };
            let version = match &get.version {
                VersionMode::Latest => String::new(),
                other => format!(" {other:?}"),
            };
            line(format!(
                "get {}{}{trigger}{passed}{version}",
                get.name,
                resource.unwrap_or_default()
            ));
        }
        Step::Put(put) => {
            line(format!("put {} {:?}", put.name, put.params.keys().collect::<Vec<_>>()))
        }
        Step::Task(task) => {
            let from = task.file.clone().unwrap_or_else(|| "config".to_owned());
            line(format!(
                "task {} ({from}) {:?}",
                task.name,
                task.params.keys().collect::<Vec<_>>()
            ));
        }
        Step::Run(run) => line(format!("run {}", run.message)),
        Step::SetPipeline(set) => line(format!("set_pipeline {} ({})", set.name, set.file)),
        Step::LoadVar(load) => line(format!("load_var {} ({})", load.name, load.file)),
        Step::Do(group) => {
            line("do".to_owned());
            group.steps.iter().for_each(|step| step_summary(step, depth + 1, out));
        }
        Step::InParallel(group) => {
            line(format!("in_parallel {:?} {}", group.limit, group.fail_fast));
            group.steps.iter().for_each(|step| step_summary(step, depth + 1, out));
        }
        Step::Across(across) => {
            line(format!(
                "across {:?}",
                across.vars.iter().map(|var| &var.name).collect::<Vec<_>>()
            ));
            step_summary(&across.step, depth + 1, out);
        }
        Step::Try(step) => {
            line("try".to_owned());
            step_summary(step, depth + 1, out);
        }
        Step::Timeout(timeout) => {
            line(format!("timeout {:?}", timeout.duration));
            step_summary(&timeout.step, depth + 1, out);
        }
        Step::Attempts(attempts) => {
            line(format!("attempts {}", attempts.attempts));
            step_summary(&attempts.step, depth + 1, out);
        }
        Step::Hooked(hooked) => {
            step_summary(&hooked.step, depth, out);
            writeln!(out, "{indent}  {}:", hooked.hook.on.key()).expect("writes");
            step_summary(&hooked.hook.step, depth + 2, out);
        }
    }
}

fn task_summary(task: &TaskConfig) -> String {
    let mut out = String::new();
    let image = task.image_resource.as_ref().map(|image| {
        format!("{} {}", image.kind, flightdeck::model::Value::Map(image.source.clone()).to_json())
    });
    writeln!(out, "{} image {}", task.platform, image.unwrap_or_default()).expect("writes");
    for input in &task.inputs {
        writeln!(out, "input {} {:?}", input.name, input.path).expect("writes");
    }
    for output in &task.outputs {
        writeln!(out, "output {} {:?}", output.name, output.path).expect("writes");
    }
    for (name, value) in &task.params {
        writeln!(out, "param {name}={value:?}").expect("writes");
    }
    writeln!(out, "run {:?} in {:?}, {} args", task.run.path, task.run.dir, task.run.args.len())
        .expect("writes");
    out
}

fn family(folder: &str) {
    let values = values(folder);
    for path in files(&fixtures().join(folder)) {
        let text = fs::read_to_string(&path).expect("a file");
        let file = path.file_name().expect("a name").to_string_lossy();
        let is_pipeline = text.lines().any(|line| line.starts_with("jobs:"));
        let (read, diagnostics) = if is_pipeline {
            let read = read(&file, &text, &values);
            assert_eq!(read.dialect, "concourse");
            (read.pipeline.as_ref().map(summary), read.diagnostics)
        } else {
            let (task, diagnostics) = read_task(&file, &text, &values);
            (task.as_ref().map(task_summary), diagnostics)
        };
        let said = told(&text, &diagnostics);
        let Some(read) = read else { panic!("{} is not read:\n{said}", name(&path)) };
        insta::assert_snapshot!(name(&path), format!("{read}\n{said}"));
    }
}

#[test]
fn the_pipelines_of_bosh_alicloud_are_read() {
    family("bosh-alicloud");
}

#[test]
fn the_pipelines_of_dispatch_are_read() {
    family("dispatch");
}

#[test]
fn one_fault_files_say_what_is_wrong() {
    let mut out = String::new();
    for path in files(&fixtures().join("faults")) {
        let text = fs::read_to_string(&path).expect("a file");
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let diagnostics = if file.starts_with("task-") {
            read_task(&file, &text, &Values::new()).1
        } else {
            read(&file, &text, &Values::new()).diagnostics
        };
        assert!(!diagnostics.is_empty(), "{file} has no fault");
        writeln!(out, "{}", told(&text, &diagnostics)).expect("writes");
    }
    insta::assert_snapshot!("faults", out);
}

#[test]
fn a_file_that_is_cut_off_is_reported_like_any_other() {
    let values = values("bosh-alicloud");
    for path in files(&fixtures().join("bosh-alicloud")) {
        let text = fs::read_to_string(&path).expect("a file");
        for tenth in 0..10 {
            let mut cut = text.len() * tenth / 10;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let part = &text[..cut];
            let read = read("f.yml", part, &values);
            let errors = read.diagnostics.iter().filter(|one| one.is_error()).count();
            assert_eq!(read.pipeline.is_none(), errors > 0, "{cut} bytes of {}", name(&path));
            for diagnostic in &read.diagnostics {
                let lines = part.split('\n').count();
                assert!((1..=lines).contains(&(diagnostic.place.line as usize)), "{diagnostic}");
            }
        }
    }
}

#[test]
fn steps_as_deep_as_files_may_nest_are_read_on_a_small_stack() {
    for (open, close) in [("{try: ", "}"), ("{do: [", "]}"), ("{get: r, ensure: ", "}")] {
        for levels in [40, 90, 190, 5_000] {
            let step = format!("{}{{}}{}", open.repeat(levels), close.repeat(levels));
            let text = format!("jobs: [{{name: unit, plan: [{step}]}}]\n");
            let small = std::thread::Builder::new().stack_size(1 << 20);
            let read = small.spawn(move || read("f.yml", &text, &Values::new()));
            let read = read.expect("a thread").join().expect("no panic");
            assert!(read.pipeline.is_none());
        }
    }
}

/// Each row: a pipeline, and the codes of what is said about it.
#[test]
fn what_is_allowed_is_allowed() {
    for (text, codes) in [
        // JSON, and lines that end as on Windows.
        ("{\n\t\"jobs\": [\n\t\t{\"name\": \"a\",\n\t\t\"plan\": []}\n\t]\n}", &[][..]),
        ("jobs:\r\n- name: a\r\n  plan: []\r\n", &[]),
        // Braces of another language in a script.
        ("jobs: [{name: a, plan: [{task: t, file: a/b, params: {F: '{{json}} {{.x}}'}}]}]", &[]),
        // A name under `across` may hold its var, one further down may not.
        (
            "jobs: [{name: a, plan: [{task: 't-((.:v))', file: a/b, across: [{var: v, values: [1]}]}]}]",
            &[],
        ),
        (
            "jobs: [{name: a, plan: [{do: [{task: 't-((.:v))', file: a/b}], \
             across: [{var: v, values: ((list))}]}]}]",
            &["invalid-identifier"],
        ),
        // Names may be numbers, but not inside of steps.
        ("resources: [{name: 1a, type: 2}]\njobs: [{name: 3b, plan: [{put: 1a}]}]", &[]),
        // Nothing counts as not given.
        ("groups:\nresources: ~\njobs: [{name: a, plan: , tags: null, serial: ~}]", &[]),
        // `passed` takes patterns, and a put counts.
        (
            "resources: [{name: r, type: t}]\njobs: [{name: a-1, plan: [{put: r}]}, \
             {name: b, plan: [{get: r, passed: ['a-*']}]}]",
            &[],
        ),
        ("resource_types: [{name: unused, type: t}]\njobs: [{name: a}]\nparked: {x: 1}", &[]),
    ] {
        let read = read("f.yml", text, &Values::new());
        let found: Vec<&str> = read.diagnostics.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(found, codes, "{text}\n{}", told(text, &read.diagnostics));
        assert!(read.pipeline.is_some());
    }
}
