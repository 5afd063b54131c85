//! What is written is read again as the same pipeline, for any pipeline that is valid.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::dialect::{Dialect, concourse::Concourse, step_of, task_of};
use crate::model::Number;
use crate::model::job::LogRetention;
use crate::model::step::{AcrossVar, Attempts, DoStep, HookOn, Hooked, Timeout};
use crate::model::task::{TaskCache, TaskInput, TaskOutput};
use crate::model::var::Values;

const TEXT: &str = "[a-zA-Z0-9 .:#{}&*!|>'\"%@é\\n\\t\\\\\\[\\]-]{1,12}";

fn text() -> BoxedStrategy<String> {
    TEXT.boxed()
}

fn name() -> BoxedStrategy<String> {
    "[a-z][a-z0-9-]{0,5}".boxed()
}

fn names() -> BoxedStrategy<Vec<String>> {
    vec(name(), 0..3).boxed()
}

fn value() -> BoxedStrategy<Value> {
    let number = prop_oneof![Just("1.10"), Just("-5"), Just("12345678901234567890"), Just("1e3")];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|text| Value::Number(Number::new(text).expect("a number"))),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::List),
            btree_map(text(), inner, 0..3).prop_map(Value::Map),
        ]
    })
    .boxed()
}

fn map() -> BoxedStrategy<Map> {
    btree_map(text(), value(), 0..3).boxed()
}

fn text_map() -> BoxedStrategy<BTreeMap<String, String>> {
    btree_map(name(), text(), 0..3).boxed()
}

fn limits() -> BoxedStrategy<Limits> {
    (of(any::<u64>()), of(any::<u64>()))
        .prop_map(|(cpu_shares, memory_bytes)| Limits { cpu_shares, memory_bytes })
        .boxed()
}

fn duration() -> BoxedStrategy<Duration> {
    (1u64..200_000).prop_map(Duration::from_secs).boxed()
}

fn version() -> BoxedStrategy<Version> {
    text_map().prop_map(Version).boxed()
}

fn task_config() -> BoxedStrategy<TaskConfig> {
    let image = (of(name()), name(), map(), of(version()), map(), names()).prop_map(
        |(name, kind, source, version, params, tags)| ImageResource {
            name,
            kind,
            source,
            version,
            params,
            tags,
        },
    );
    let run = (of(text()), vec(TEXT, 0..3), of(text()), of(text()))
        .prop_map(|(path, args, dir, user)| Run { path, args, dir, user });
    let input = (name(), of(name()), any::<bool>()).prop_map(|(name, path, optional)| TaskInput {
        name,
        path,
        optional,
    });
    let output = (name(), of(name())).prop_map(|(name, path)| TaskOutput { name, path });
    let cache = (name(), of(duration())).prop_map(|(path, ttl)| TaskCache { path, ttl });
    let files = (vec(input, 0..3), vec(output, 0..3), vec(cache, 0..3));
    (name(), of(image), of(name()), limits(), text_map(), run, files)
        .prop_map(|(platform, image_resource, rootfs_uri, limits, params, run, files)| TaskConfig {
            platform,
            image_resource,
            rootfs_uri,
            limits,
            params,
            run,
            inputs: files.0,
            outputs: files.1,
            caches: files.2,
        })
        .boxed()
}

/// Steps that hold no others. Names of resources are fixed, so that they exist.
fn leaf() -> BoxedStrategy<Step> {
    let resource = || of(prop_oneof![Just("one".to_owned()), Just("two".to_owned())]);
    let mode = prop_oneof![
        Just(VersionMode::Latest),
        Just(VersionMode::Every),
        version().prop_map(VersionMode::Pinned)
    ];
    let get = (resource(), any::<bool>(), mode, map(), names(), of(text())).prop_map(
        |(resource, trigger, version, params, tags, timeout)| {
            let resource = Some(resource.unwrap_or_else(|| "one".to_owned()));
            let passed = Vec::new();
            let name = String::new();
            Step::Get(GetStep { name, resource, passed, trigger, version, params, tags, timeout })
        },
    );
    let inputs = prop_oneof![
        Just(PutInputs::Detect),
        Just(PutInputs::All),
        names().prop_map(PutInputs::Named)
    ];
    let put = (resource(), map(), inputs, map(), any::<bool>(), names()).prop_map(
        |(resource, params, inputs, get_params, no_get, tags)| {
            let name = "one".to_owned();
            Step::Put(PutStep {
                name,
                resource,
                params,
                inputs,
                get_params,
                no_get,
                tags,
                timeout: None,
            })
        },
    );
    let task = (text(), task_config(), any::<bool>(), map(), map(), limits(), text_map(), names())
        .prop_map(|(name, config, by_file, params, vars, limits, mapping, tags)| {
            let file = by_file.then(|| "a/b.yml".to_owned());
            let config = (!by_file).then_some(config);
            Step::Task(TaskStep {
                name,
                config,
                file,
                params,
                vars,
                limits,
                input_mapping: mapping.clone(),
                output_mapping: mapping,
                tags,
                privileged: by_file,
                hermetic: by_file,
                image: by_file.then(|| "image".to_owned()),
                timeout: Some("1h".to_owned()),
            })
        });
    let run = (name(), map(), limits(), names()).prop_map(|(message, params, limits, tags)| {
        let kind = "proto".to_owned();
        Step::Run(RunStep { message, kind, params, privileged: true, tags, limits, timeout: None })
    });
    let set = (name(), of(name()), map(), names(), map()).prop_map(
        |(name, team, vars, var_files, instance_vars)| {
            let file = "a/b.yml".to_owned();
            Step::SetPipeline(SetPipeline { name, file, team, vars, var_files, instance_vars })
        },
    );
    let load = (of(Just("json".to_owned())), any::<bool>()).prop_map(|(format, reveal)| {
        let (name, file) = (String::new(), "a/b".to_owned());
        Step::LoadVar(LoadVar { name, file, format, reveal })
    });
    prop_oneof![get, put, task, run, set, load].boxed()
}

fn step() -> BoxedStrategy<Step> {
    leaf()
        .prop_recursive(3, 10, 3, |inner| {
            let steps = || vec(inner.clone(), 0..3);
            let group =
                (steps(), names()).prop_map(|(steps, tags)| Step::Do(DoStep { steps, tags }));
            let parallel = (steps(), of(1u32..5), any::<bool>(), names()).prop_map(
                |(steps, limit, fail_fast, tags)| {
                    Step::InParallel(InParallel { steps, limit, fail_fast, tags })
                },
            );
            let attempt = inner.clone().prop_map(|step| Step::Try(Box::new(step)));
            let core = prop_oneof![leaf(), group, parallel, attempt];
            let across = (vec(value(), 0..3), 1u32..4, any::<bool>(), any::<bool>());
            let hooks = vec(of(inner.clone()), 5);
            (core, of(duration()), of(1u32..9), of(across), hooks).prop_map(modified)
        })
        .boxed()
}

type Modifiers =
    (Step, Option<Duration>, Option<u32>, Option<(Vec<Value>, u32, bool, bool)>, Vec<Option<Step>>);

fn modified((core, timeout, attempts, across, hooks): Modifiers) -> Step {
    let is_timed = matches!(core, Step::Get(_) | Step::Put(_) | Step::Task(_) | Step::Run(_));
    let mut step = match timeout.filter(|_| !is_timed) {
        Some(duration) => Step::Timeout(Timeout { step: Box::new(core), duration }),
        None => core,
    };
    if let Some(attempts) = attempts {
        step = Step::Attempts(Attempts { step: Box::new(step), attempts });
    }
    if let Some((values, limit, fail_fast, all)) = across {
        let max_in_flight = if all { InFlight::All } else { InFlight::Limit(limit) };
        let var = AcrossVar { name: "v".to_owned(), values: Value::List(values), max_in_flight };
        step = Step::Across(Across { step: Box::new(step), vars: vec![var], fail_fast });
    }
    for (on, hook) in HookOn::ALL.into_iter().zip(hooks) {
        if let Some(hook) = hook {
            let hook = Hook { on, step: Box::new(hook) };
            step = Step::Hooked(Hooked { step: Box::new(step), hook });
        }
    }
    step
}

/// Gives gets and load_vars names of their own.
fn number(step: &mut Step, next: &mut usize) {
    let mut fresh = || {
        *next += 1;
        format!("n{next}")
    };
    match step {
        Step::Get(get) => get.name = fresh(),
        Step::LoadVar(load) => load.name = fresh(),
        Step::Put(_) | Step::Task(_) | Step::Run(_) | Step::SetPipeline(_) => {}
        Step::Do(group) => group.steps.iter_mut().for_each(|step| number(step, next)),
        Step::InParallel(group) => group.steps.iter_mut().for_each(|step| number(step, next)),
        Step::Across(across) => number(&mut across.step, next),
        Step::Try(step) => number(step, next),
        Step::Timeout(timeout) => number(&mut timeout.step, next),
        Step::Attempts(attempts) => number(&mut attempts.step, next),
        Step::Hooked(hooked) => {
            number(&mut hooked.step, next);
            number(&mut hooked.hook.step, next);
        }
    }
}

fn job() -> BoxedStrategy<Job> {
    let flags = (any::<bool>(), any::<bool>(), 0u32..3, names(), names(), of(name()));
    let retention = of((0i64..3, 3i64..9, 0i64..9).prop_map(|(minimum, builds, days)| {
        LogRetention { builds, minimum_succeeded_builds: minimum, days }
    }));
    (vec(step(), 0..4), of(step()), flags, retention)
        .prop_map(|(plan, hook, flags, log_retention)| {
            let (serial, public, max_in_flight, serial_groups, tags, old_name) = flags;
            let logs_to_retain = log_retention.is_none().then_some(7);
            let hooks = hook.map(|step| Hook { on: HookOn::Abort, step: Box::new(step) });
            Job {
                plan,
                hooks: hooks.into_iter().collect(),
                serial,
                serial_groups,
                max_in_flight,
                log_retention,
                logs_to_retain,
                disable_manual_trigger: public,
                disable_reruns: serial,
                interruptible: public,
                public,
                tags,
                old_name,
                name: String::new(),
            }
        })
        .boxed()
}

fn resource() -> BoxedStrategy<Resource> {
    let every = prop_oneof![
        Just(CheckEvery::Default),
        Just(CheckEvery::Never),
        duration().prop_map(CheckEvery::Every)
    ];
    (name(), map(), of(version()), every, names(), any::<bool>(), of(text()))
        .prop_map(|(kind, source, version, check_every, tags, public, word)| Resource {
            kind,
            source,
            version,
            check_every,
            tags,
            public,
            old_name: word.clone(),
            check_timeout: Some("1h".to_owned()),
            webhook_token: word.clone(),
            icon: word,
            expose_build_created_by: public,
            name: String::new(),
        })
        .boxed()
}

fn pipeline() -> BoxedStrategy<Pipeline> {
    let display = of((of(name()), of(text())).prop_map(|(background_image, background_filter)| {
        Display { background_image, background_filter }
    }));
    let rest = (display, of(value()), map(), any::<bool>());
    (vec(resource(), 2), vec(job(), 1..4), rest)
        .prop_map(|(mut resources, mut jobs, rest)| {
            let (display, user_data, source, is_grouped) = rest;
            for (resource, name) in resources.iter_mut().zip(["one", "two"]) {
                resource.name = name.to_owned();
            }
            let kind = ResourceType {
                kind: "registry-image".to_owned(),
                defaults: source.clone(),
                params: source.clone(),
                source,
                privileged: is_grouped,
                ..ResourceType::default()
            };
            let mut before: Vec<String> = Vec::new();
            for (i, job) in jobs.iter_mut().enumerate() {
                job.name = format!("job-{i}");
                let mut next = 0;
                job.plan.iter_mut().for_each(|step| number(step, &mut next));
                job.hooks.iter_mut().for_each(|hook| number(&mut hook.step, &mut next));
                for name in ["one", "two"] {
                    job.plan.push(Step::Get(GetStep {
                        name: name.to_owned(),
                        passed: before.clone(),
                        ..GetStep::default()
                    }));
                }
                before.push(job.name.clone());
            }
            let group =
                Group { name: "all".to_owned(), jobs: before, resources: vec!["one".to_owned()] };
            Pipeline {
                groups: if is_grouped { vec![group] } else { Vec::new() },
                var_sources: vec![VarSource {
                    name: "source".to_owned(),
                    kind: "dummy".to_owned(),
                    config: [("vars".to_owned(), Value::Map(kind.source.clone()))].into(),
                }],
                resources,
                resource_types: vec![ResourceType { name: "own".to_owned(), ..kind.clone() }],
                prototypes: vec![ResourceType { name: "proto".to_owned(), ..kind }],
                jobs,
                display,
                user_data,
            }
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_the_same(pipeline in pipeline()) {
        let text = write(&pipeline).to_json();
        let (read, found) = Concourse.read("f", &text, &Values::new());
        let Some(read) = read else {
            let errors: Vec<_> = found.iter().filter(|one| one.is_error()).collect();
            panic!("{errors:#?}\n{text}");
        };
        prop_assert_eq!(read, pipeline);
    }

    #[test]
    fn parts_are_read_as_the_same(mut step in step(), config in task_config()) {
        number(&mut step, &mut 0);
        let (read, found) = step_of(&write_step(&step));
        prop_assert_eq!(read, Some(step), "{:?}", found);
        prop_assert_eq!(task_of(&write_task(&config)).0, Some(config));
    }
}
