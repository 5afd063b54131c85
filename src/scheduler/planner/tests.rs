//! Plans as outlines: id, kind, what tells it apart.

use std::time::Duration;

use super::*;
use crate::model::Value;
use crate::model::resource::CheckEvery;
use crate::model::step::{Across, Attempts, DoStep, Hooked, InParallel, LoadVar, Timeout};
use crate::model::task::{ImageResource, TaskConfig};

fn get(name: &str) -> Step {
    Step::Get(GetStep { name: name.to_owned(), ..GetStep::default() })
}

fn put(name: &str, no_get: bool) -> Step {
    let resource = Some("repo".to_owned());
    Step::Put(PutStep { name: name.to_owned(), resource, no_get, ..PutStep::default() })
}

fn task(name: &str) -> Step {
    Step::Task(TaskStep { name: name.to_owned(), ..TaskStep::default() })
}

fn tagged(name: &str, tag: &str) -> Step {
    let tags = vec![tag.to_owned()];
    Step::Task(TaskStep { name: name.to_owned(), tags, ..TaskStep::default() })
}

fn attempts(step: Step, attempts: u32) -> Step {
    Step::Attempts(Attempts { step: Box::new(step), attempts })
}

fn hook(on: HookOn, step: Step) -> Hook {
    Hook { on, step: Box::new(step) }
}

fn hooked(step: Step, on: HookOn, after: Step) -> Step {
    Step::Hooked(Hooked { step: Box::new(step), hook: hook(on, after) })
}

fn sequence(steps: Vec<Step>, tag: &str) -> Step {
    Step::Do(DoStep { steps, tags: vec![tag.to_owned()] })
}

fn job(plan: Vec<Step>) -> Job {
    Job { name: "job".to_owned(), plan, ..Job::default() }
}

fn map(pairs: &[(&str, &str)]) -> Map {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

fn kind(name: &str, parent: &str, source: &[(&str, &str)]) -> ResourceType {
    ResourceType {
        name: name.to_owned(),
        kind: parent.to_owned(),
        source: map(source),
        ..ResourceType::default()
    }
}

fn pipeline() -> Pipeline {
    let resource = Resource {
        name: "repo".to_owned(),
        kind: "git".to_owned(),
        source: map(&[("uri", "here")]),
        ..Resource::default()
    };
    Pipeline { resources: vec![resource], ..Pipeline::default() }
}

fn inputs() -> BTreeMap<String, Version> {
    BTreeMap::from([("repo".to_owned(), Version::of("ref", "a"))])
}

fn outline(plan: &Plan) -> String {
    let kind = match &plan.kind {
        PlanKind::Check(check) => format!("check {}", check.name),
        PlanKind::Get(get) => match &get.version {
            GetVersion::Fixed(version) => format!("get {} at {version}", get.name),
            GetVersion::From(id) => format!("get {} of {id}", get.name),
        },
        PlanKind::Put(put) => format!("put {}", put.name),
        PlanKind::Task(task) => format!("task {}", task.step.name),
        PlanKind::Run(run) => format!("run {}", run.message),
        PlanKind::SetPipeline(set) => format!("set_pipeline {}", set.name),
        PlanKind::LoadVar(load) => format!("load_var {}", load.name),
        PlanKind::Do(_) => "do".to_owned(),
        PlanKind::InParallel { .. } => "in_parallel".to_owned(),
        PlanKind::Across(_) => "across".to_owned(),
        PlanKind::Retry(_) => "retry".to_owned(),
        PlanKind::Try(_) => "try".to_owned(),
        PlanKind::Timeout { .. } => "timeout".to_owned(),
        PlanKind::Hooked { on, .. } => on.key().to_owned(),
    };
    let attempt: Vec<String> = plan.attempt.iter().map(u32::to_string).collect();
    let attempt =
        if attempt.is_empty() { String::new() } else { format!("~{}", attempt.join(".")) };
    let children: Vec<String> = plan.children().into_iter().map(outline).collect();
    let children =
        if children.is_empty() { String::new() } else { format!("[{}]", children.join(", ")) };
    format!("{}{attempt} {kind}{children}", plan.id)
}

#[test]
fn ids_count_leaves_before_what_is_around_them() {
    let load = |name: &str| Step::LoadVar(LoadVar { name: name.to_owned(), ..LoadVar::default() });
    for (steps, expected) in [
        (vec![], "1 do"),
        (vec![get("repo"), task("test")], "3 do[1 get repo at ref:a, 2 task test]"),
        (vec![put("out", false)], "4 do[3 on_success[1 put out, 2 get out of 1]]"),
        (vec![put("out", true)], "2 do[1 put out]"),
        (vec![hooked(task("a"), HookOn::Ensure, task("b"))], "4 do[3 ensure[1 task a, 2 task b]]"),
        (
            vec![hooked(put("out", false), HookOn::Failure, task("b"))],
            "6 do[5 on_failure[3 on_success[1 put out, 2 get out of 1], 4 task b]]",
        ),
        (vec![attempts(task("a"), 3)], "5 do[4 retry[1~1 task a, 2~2 task a, 3~3 task a]]"),
        (
            vec![attempts(put("out", false), 2)],
            "8 do[7 retry[3~1 on_success[1~1 put out, 2~1 get out of 1], \
             6~2 on_success[4~2 put out, 5~2 get out of 4]]]",
        ),
        (
            vec![attempts(sequence(vec![attempts(task("a"), 2)], "t"), 2)],
            "a do[9 retry[4~1 do[3~1 retry[1~1.1 task a, 2~1.2 task a]], \
             8~2 do[7~2 retry[5~2.1 task a, 6~2.2 task a]]]]",
        ),
        (
            vec![Step::InParallel(InParallel {
                steps: vec![get("repo"), Step::Try(Box::new(task("a")))],
                ..InParallel::default()
            })],
            "5 do[4 in_parallel[1 get repo at ref:a, 3 try[2 task a]]]",
        ),
        (
            vec![Step::Timeout(Timeout {
                step: Box::new(load("v")),
                duration: Duration::from_secs(90),
            })],
            "3 do[2 timeout[1 load_var v]]",
        ),
        (
            vec![Step::Across(Across {
                step: Box::new(attempts(task("a"), 2)),
                vars: Vec::new(),
                fail_fast: true,
            })],
            "5 do[4 across[3 retry[1~1 task a, 2~2 task a]]]",
        ),
    ] {
        let plan = plan(&job(steps), &pipeline(), &inputs()).unwrap();
        assert_eq!(outline(&plan), expected);
    }
}

#[test]
fn ids_are_hexadecimal() {
    let plan = plan(&job(vec![task("a"); 16]), &pipeline(), &inputs()).unwrap();
    assert_eq!(plan.id.0, "11");
    assert_eq!(plan.children()[9].id.0, "a");
}

#[test]
fn hooks_of_a_job_go_around_its_steps_in_their_order() {
    let mut job = job(vec![task("a")]);
    job.hooks = vec![
        hook(HookOn::Ensure, task("e")),
        hook(HookOn::Error, task("x")),
        hook(HookOn::Abort, task("b")),
        hook(HookOn::Failure, task("f")),
        hook(HookOn::Success, task("s")),
    ];
    let plan = plan(&job, &pipeline(), &inputs()).unwrap();
    assert_eq!(
        outline(&plan),
        "c ensure[a on_error[8 on_abort[6 on_failure[4 on_success[2 do[1 task a], 3 task s], \
         5 task f], 7 task b], 9 task x], b task e]"
    );
}

#[test]
fn tags_come_from_the_nearest_that_has_some() {
    let group = sequence(vec![task("a"), tagged("b", "own")], "do");
    let mut job = job(vec![
        task("c"),
        hooked(group, HookOn::Success, task("d")),
        Step::InParallel(InParallel {
            steps: vec![put("out", false)],
            tags: vec!["par".to_owned()],
            ..InParallel::default()
        }),
    ]);
    job.tags = vec!["job".to_owned()];
    job.hooks = vec![hook(HookOn::Ensure, get("repo"))];
    let plan = plan(&job, &pipeline(), &inputs()).unwrap();
    let mut found = Vec::new();
    plan.walk(&mut |plan| match &plan.kind {
        PlanKind::Task(task) => found.push((task.step.name.clone(), task.step.tags.join(","))),
        PlanKind::Get(get) => found.push((get.name.clone(), get.tags.join(","))),
        PlanKind::Put(put) => found.push((put.name.clone(), put.tags.join(","))),
        _ => {}
    });
    let expected = [
        ("c", "job"),
        ("a", "do"),
        ("b", "own"),
        ("d", "job"),
        ("out", "par"),
        ("out", "par"),
        ("repo", "job"),
    ];
    assert_eq!(found, expected.map(|(name, tags)| (name.to_owned(), tags.to_owned())));
}

#[test]
fn a_get_after_a_put_has_its_name_tags_and_time() {
    let step = PutStep {
        name: "out".to_owned(),
        resource: Some("repo".to_owned()),
        params: map(&[("p", "1")]),
        get_params: map(&[("g", "2")]),
        tags: vec!["t".to_owned()],
        timeout: Some("1h".to_owned()),
        ..PutStep::default()
    };
    let mut pipeline = pipeline();
    pipeline.resources[0].expose_build_created_by = true;
    let plan = plan(&job(vec![Step::Put(step)]), &pipeline, &inputs()).unwrap();
    let hooked = plan.children()[0].children();
    let [PlanKind::Put(put), PlanKind::Get(get)] = [&hooked[0].kind, &hooked[1].kind] else {
        panic!("not a put and its get")
    };
    assert!(put.expose_build_created_by);
    assert_eq!((put.params.clone(), get.params.clone()), (map(&[("p", "1")]), map(&[("g", "2")])));
    assert_eq!((&get.name, &get.resource), (&"out".to_owned(), &"repo".to_owned()));
    assert_eq!((&get.tags, &get.timeout), (&put.tags, &put.timeout));
}

#[test]
fn custom_types_bring_defaults_and_a_chain_of_images() {
    let mut pipeline = pipeline();
    let mut inner = kind("registry-image", "registry-image", &[("repository", "inner")]);
    inner.defaults = map(&[("tag", "stable"), ("repository", "none")]);
    let mut git = kind("git", "registry-image", &[("repository", "outer")]);
    git.defaults = map(&[("uri", "nowhere"), ("depth", "1")]);
    git.privileged = true;
    git.check_every = CheckEvery::Never;
    pipeline.resource_types = vec![inner, git];
    let plan = plan(&job(vec![get("repo")]), &pipeline, &inputs()).unwrap();
    let PlanKind::Get(get) = &plan.children()[0].kind else { panic!("not a get") };
    assert_eq!(get.source, map(&[("uri", "here"), ("depth", "1")]));
    let chain = &get.image.chain;
    let names: Vec<(&str, &str)> =
        chain.iter().map(|image| (image.name.as_str(), image.kind.as_str())).collect();
    assert_eq!(names, [("git", "registry-image"), ("registry-image", "registry-image")]);
    assert_eq!(chain[0].source, map(&[("repository", "outer"), ("tag", "stable")]));
    assert_eq!(chain[1].source, map(&[("repository", "inner")]));
    assert!(chain[0].privileged && chain[0].check_every == CheckEvery::Never);
}

#[test]
fn types_that_name_each_other_end() {
    let mut pipeline = pipeline();
    pipeline.resource_types = vec![kind("git", "b", &[]), kind("b", "git", &[])];
    let plan = plan_check("repo", &pipeline, None).unwrap();
    let PlanKind::Check(check) = &plan.kind else { panic!("not a check") };
    assert_eq!(check.image.chain.len(), 2);
}

#[test]
fn the_image_of_a_task_has_the_defaults_of_its_type() {
    let mut pipeline = pipeline();
    let mut image = kind("image", "registry-image", &[]);
    image.defaults = map(&[("registry", "mirror")]);
    pipeline.resource_types = vec![image];
    let image_resource = Some(ImageResource {
        kind: "image".to_owned(),
        source: map(&[("repository", "busybox")]),
        ..ImageResource::default()
    });
    let config = Some(TaskConfig { image_resource, ..TaskConfig::default() });
    let step = Step::Task(TaskStep { config, ..TaskStep::default() });
    let plan = plan(&job(vec![step]), &pipeline, &inputs()).unwrap();
    let PlanKind::Task(task) = &plan.children()[0].kind else { panic!("not a task") };
    let source = &task.step.config.as_ref().unwrap().image_resource.as_ref().unwrap().source;
    assert_eq!(*source, map(&[("registry", "mirror"), ("repository", "busybox")]));
    assert_eq!(task.image_types.len(), 1);
}

#[test]
fn a_run_step_has_the_defaults_of_its_prototype() {
    let mut pipeline = pipeline();
    let mut prototype = kind("proto", "registry-image", &[]);
    prototype.defaults = map(&[("a", "1"), ("b", "1")]);
    pipeline.prototypes = vec![prototype];
    let params = map(&[("b", "2")]);
    let step = RunStep { kind: "proto".to_owned(), params, ..RunStep::default() };
    let plan = plan(&job(vec![Step::Run(step)]), &pipeline, &inputs()).unwrap();
    let PlanKind::Run(run) = &plan.children()[0].kind else { panic!("not a run") };
    assert_eq!(run.params, map(&[("a", "1"), ("b", "2")]));
}

#[test]
fn a_check_is_one_node() {
    let mut pipeline = pipeline();
    pipeline.resources[0].check_timeout = Some("5m".to_owned());
    pipeline.resources[0].tags = vec!["t".to_owned()];
    let from = Some(Version::of("ref", "a"));
    let plan = plan_check("repo", &pipeline, from.clone()).unwrap();
    assert_eq!(outline(&plan), "1 check repo");
    let PlanKind::Check(check) = plan.kind else { panic!("not a check") };
    assert_eq!((check.from, check.timeout.as_deref()), (from, Some("5m")));
    assert_eq!(check.tags, ["t"]);
}

#[test]
fn what_has_no_plan() {
    let run = Step::Run(RunStep { kind: "proto".to_owned(), ..RunStep::default() });
    let renamed = GetStep {
        name: "other".to_owned(),
        resource: Some("repo".to_owned()),
        ..GetStep::default()
    };
    for (step, expected) in [
        (get("gone"), "the pipeline has no resource `gone`"),
        (
            Step::Put(PutStep { name: "gone".to_owned(), ..PutStep::default() }),
            "the pipeline has no resource `gone`",
        ),
        (Step::Get(renamed), "no version was chosen for input `other`"),
        (run, "the pipeline has no prototype `proto`"),
    ] {
        let error = plan(&job(vec![step]), &pipeline(), &inputs()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert!(plan_check("gone", &pipeline(), None).is_err());
}
