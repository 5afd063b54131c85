//! Setting, pausing, archiving, listing pipelines.

use flightdeck::model::build::Status;
use flightdeck::model::pipeline::Group;
use flightdeck::model::{Pipeline, PipelineRef};
use flightdeck::store::StoreError;
use flightdeck::store::pipeline::{SetBy, SetPipeline};

use super::on_both;
use super::scratch::{Scratch, get, job, resource, two_jobs, version};

on_both! {
    a_pipeline_is_set_once_and_found,
    a_stale_version_is_refused,
    what_goes_comes_back_with_its_history,
    a_renamed_job_keeps_its_builds,
    chains_are_renamed_and_swaps_refused,
    pins_of_the_configuration_win,
    a_paused_pipeline_says_who_and_why,
    an_archived_pipeline_keeps_its_past,
    a_build_sets_a_pipeline_unless_a_newer_one_did,
    what_a_job_no_longer_sets_is_archived,
    an_overview_has_all_pipelines,
    a_destroyed_pipeline_is_gone,
}

async fn a_pipeline_is_set_once_and_found(at: &Scratch) {
    let first = at.set(&two_jobs()).await;
    assert!(first.is_new && first.is_changed);
    assert_eq!(at.due().await, ["ship", "unit"]);
    at.settle().await;
    let again = at.set(&two_jobs()).await;
    assert_eq!((again.id, again.version), (first.id, first.version));
    assert!(!again.is_new && !again.is_changed);
    assert!(at.due().await.is_empty());
    let row = at.pipeline(&PipelineRef::new("main", "ci")).await.expect("reads").expect("is there");
    assert_eq!((row.id, row.pause, row.is_archived), (first.id, None, false));
    assert_eq!(at.pipeline_config(first.id).await.expect("reads"), Some(two_jobs()));
    assert_eq!(at.pipeline(&PipelineRef::new("main", "no")).await.expect("reads"), None);
}

async fn a_stale_version_is_refused(at: &Scratch) {
    let name = PipelineRef::new("main", "ci");
    let config = two_jobs();
    let ask = |from_version| SetPipeline {
        pipeline: &name,
        config: &config,
        by: SetBy::Person { is_new_paused: true },
        from_version,
    };
    let refused = at.set_pipeline(ask(Some(7))).await.expect_err("is not there");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    let made = at.set_pipeline(ask(Some(0))).await.expect("makes");
    assert!(at.pipeline_by_id(made.id).await.expect("reads").expect("is there").pause.is_some());
    let refused = at.set_pipeline(ask(Some(0))).await.expect_err("is there");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    at.set_pipeline(ask(Some(made.version))).await.expect("is at that version");
}

async fn what_goes_comes_back_with_its_history(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    at.run(unit, &[], Status::Succeeded).await;
    at.set(&Pipeline::default()).await;
    assert_eq!(at.job(set.id, "unit").await.expect("reads"), None);
    assert_eq!(at.resource(set.id, "source").await.expect("reads"), None);
    assert!(!at.job_by_id(unit).await.expect("reads").expect("is there").is_active);
    assert!(at.due().await.is_empty());
    at.set(&two_jobs()).await;
    assert_eq!(at.job_id(set.id, "unit").await, unit);
    assert_eq!(at.refs(source).await, ["a"]);
    let next = at.create_manual_build(unit, "ada").await.expect("makes");
    assert_eq!(next.name, "2");
}

async fn a_renamed_job_keeps_its_builds(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    let mut config = two_jobs();
    config.jobs[0].name = "check".to_owned();
    config.jobs[0].old_name = Some("unit".to_owned());
    config.resources[0].name = "code".to_owned();
    config.resources[0].old_name = Some("source".to_owned());
    config.jobs[0].plan = vec![get("code", &[])];
    config.jobs[1].plan = vec![get("code", &["check"])];
    at.set(&config).await;
    assert_eq!(at.job_id(set.id, "check").await, unit);
    assert_eq!(at.resource_id(set.id, "code").await, source);
    // The file keeps its `old_name`; nothing of that name is stored any more.
    config.jobs[0].serial = true;
    at.set(&config).await;
    assert_eq!(at.job_id(set.id, "check").await, unit);
}

async fn chains_are_renamed_and_swaps_refused(at: &Scratch) {
    let named = |names: &[(&str, Option<&str>)]| Pipeline {
        jobs: names
            .iter()
            .map(|(name, old)| {
                let mut found = job(name, Vec::new());
                found.old_name = old.map(str::to_owned);
                found
            })
            .collect(),
        ..Pipeline::default()
    };
    let set = at.set(&named(&[("a", None), ("b", None)])).await;
    let (a, b) = (at.job_id(set.id, "a").await, at.job_id(set.id, "b").await);
    at.set(&named(&[("b", Some("a")), ("c", Some("b"))])).await;
    assert_eq!((at.job_id(set.id, "b").await, at.job_id(set.id, "c").await), (a, b));
    let swap = named(&[("b", Some("c")), ("c", Some("b"))]);
    let ask = SetPipeline {
        pipeline: &PipelineRef::new("main", "ci"),
        config: &swap,
        by: SetBy::Person { is_new_paused: false },
        from_version: None,
    };
    let refused = at.set_pipeline(ask).await.expect_err("is a swap");
    assert!(refused.to_string().contains("job name swapping is not supported"), "{refused}");
    assert_eq!((at.job_id(set.id, "b").await, at.job_id(set.id, "c").await), (a, b));
}

async fn pins_of_the_configuration_win(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a", "b"]).await;
    let pinned = async || {
        let row = at.resource_by_id(source).await.expect("reads").expect("is there");
        row.pin.map(|pin| (pin.version, pin.by))
    };
    let a = at.chosen("source", source, "a").await.version;
    at.pin_version(source, a, "ada", Some("safe")).await.expect("pins");
    assert_eq!(pinned().await, Some((version("a"), Some("ada".to_owned()))));
    let mut config = two_jobs();
    config.jobs[0].serial = true;
    at.set(&config).await;
    assert_eq!(pinned().await, Some((version("a"), Some("ada".to_owned()))), "a person's stays");
    config.resources[0].version = Some(version("b"));
    at.set(&config).await;
    assert_eq!(pinned().await, Some((version("b"), None)));
    let refused = at.pin_version(source, a, "ada", None).await.expect_err("is pinned in the file");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    at.unpin_version(source).await.expect("unpins");
    assert_eq!(pinned().await, None);
    at.settle().await;
    assert!(!at.set(&config).await.is_changed);
    assert_eq!(pinned().await, Some((version("b"), None)), "setting it again brings it back");
    assert_eq!(at.due().await, ["ship", "unit"]);
    config.resources[0].version = None;
    at.set(&config).await;
    assert_eq!(pinned().await, None);
}

async fn a_paused_pipeline_says_who_and_why(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    at.pause_pipeline(set.id, "ada", Some("release")).await.expect("pauses");
    let first = at.pipeline_by_id(set.id).await.expect("reads").expect("is there");
    let pause = first.pause.expect("is paused");
    assert_eq!((pause.by.as_str(), pause.why.as_deref()), ("ada", Some("release")));
    at.pause_pipeline(set.id, "bob", None).await.expect("pauses");
    let again = at.pipeline_by_id(set.id).await.expect("reads").expect("is there");
    let again = again.pause.expect("is paused");
    assert_eq!((again.by.as_str(), again.since), ("bob", pause.since));
    at.settle().await;
    at.unpause_pipeline(set.id).await.expect("unpauses");
    assert_eq!(at.due().await, ["ship", "unit"]);
    at.settle().await;
    at.pause_job(unit, "ada", None).await.expect("pauses");
    assert!(at.job_by_id(unit).await.expect("reads").expect("is there").pause.is_some());
    at.unpause_job(unit).await.expect("unpauses");
    assert_eq!(at.due().await, ["unit"]);
}

async fn an_archived_pipeline_keeps_its_past(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let build = at.run(unit, &[], Status::Succeeded).await;
    at.archive_pipeline(set.id, "ada").await.expect("archives");
    at.archive_pipeline(set.id, "ada").await.expect("archives again");
    let row = at.pipeline_by_id(set.id).await.expect("reads").expect("is there");
    assert!(row.is_archived && row.pause.is_some());
    assert_eq!(at.pipeline_config(set.id).await.expect("reads"), None);
    assert_eq!(at.job_builds(unit, None, 10).await.expect("reads")[0].id, build.id);
    for refused in [
        at.unpause_pipeline(set.id).await,
        at.pause_job(unit, "ada", None).await,
        at.create_manual_build(unit, "ada").await.map(|_| ()),
        at.create_rerun(build.id, "ada").await.map(|_| ()),
    ] {
        let error = refused.expect_err("is archived");
        assert!(error.to_string().contains("not allowed for an archived pipeline"), "{error}");
    }
    at.set(&two_jobs()).await;
    let row = at.pipeline_by_id(set.id).await.expect("reads").expect("is there");
    assert!(!row.is_archived && row.pause.is_some(), "a person's stays paused");
    at.archive_pipeline(set.id, "ada").await.expect("archives");
    let other = at.set_as("other", &two_jobs()).await;
    let setter = at.run(at.job_id(other.id, "unit").await, &[], Status::Succeeded).await;
    let ask = SetPipeline {
        pipeline: &PipelineRef::new("main", "ci"),
        config: &two_jobs(),
        by: SetBy::Build(setter.id),
        from_version: None,
    };
    at.set_pipeline(ask).await.expect("sets");
    let row = at.pipeline_by_id(set.id).await.expect("reads").expect("is there");
    assert!(!row.is_archived && row.pause.is_none(), "a build's is unpaused");
}

async fn a_build_sets_a_pipeline_unless_a_newer_one_did(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let older = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let newer = at.create_manual_build(unit, "ada").await.expect("makes").id;
    let child = PipelineRef::new("main", "child");
    let journal = at.journal();
    let is_set = journal.set_pipeline(newer, &child, two_jobs()).await.expect("sets");
    assert!(is_set);
    let row = at.pipeline(&child).await.expect("reads").expect("is there");
    assert_eq!((row.parent, row.pause), (Some((unit, newer)), None));
    assert!(!journal.set_pipeline(older, &child, Pipeline::default()).await.expect("is late"));
    let config = journal.pipeline_config(&child).await.expect("reads");
    assert_eq!(config, Some(two_jobs()));
}

async fn what_a_job_no_longer_sets_is_archived(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let journal = at.journal();
    let child = PipelineRef::new("main", "child");
    let grandchild = PipelineRef::new("main", "grandchild");
    let first = at.create_manual_build(unit, "ada").await.expect("makes").id;
    journal.set_pipeline(first, &child, two_jobs()).await.expect("sets");
    at.finish(first, &[], Status::Succeeded).await;
    let child_id = at.pipeline(&child).await.expect("reads").expect("is there").id;
    let inner = at.create_manual_build(at.job_id(child_id, "unit").await, "ada").await;
    journal.set_pipeline(inner.expect("makes").id, &grandchild, two_jobs()).await.expect("sets");
    let is_archived = async |name: &PipelineRef| {
        at.pipeline(name).await.expect("reads").expect("is there").is_archived
    };
    at.run(unit, &[], Status::Failed).await;
    assert!(!is_archived(&child).await, "a failed build archives nothing");
    at.run(unit, &[], Status::Succeeded).await;
    assert!(is_archived(&child).await);
    assert!(is_archived(&grandchild).await);
}

async fn an_overview_has_all_pipelines(at: &Scratch) {
    let mut config = two_jobs();
    config.groups = vec![Group { name: "all".into(), ..Group::default() }];
    let set = at.set(&config).await;
    let other = at.set_as("second", &Pipeline::default()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a", "b", "c"]).await;
    let green = at.run(unit, &[at.chosen("source", source, "a").await], Status::Succeeded).await;
    let red = at.run(unit, &[at.chosen("source", source, "b").await], Status::Failed).await;
    let last = at.run(unit, &[at.chosen("source", source, "c").await], Status::Failed).await;
    let waiting = at.create_manual_build(unit, "ada").await.expect("makes");
    let overview = at.overview().await.expect("reads");
    let ids: Vec<_> = overview.pipelines.iter().map(|pipeline| pipeline.row.id).collect();
    assert_eq!(ids, [set.id, other.id]);
    let ci = &overview.pipelines[0];
    assert_eq!(ci.groups[0].name, "all");
    let names: Vec<_> = ci.jobs.iter().map(|job| job.row.name.as_str()).collect();
    assert_eq!(names, ["unit", "ship"]);
    let row = &ci.jobs[0].row;
    assert_eq!(
        (row.finished, row.next, row.transition, row.green_before),
        (Some(last.id), Some(waiting.id), Some(red.id), Some(green.id))
    );
    assert!(overview.builds.contains_key(&waiting.id) && overview.builds.contains_key(&green.id));
    let inputs: Vec<_> =
        overview.inputs.iter().map(|(build, inputs)| (*build, inputs[0].version.clone())).collect();
    assert_eq!(inputs, [(green.id, version("a")), (red.id, version("b"))]);
    let pulse: Vec<_> = row.pulse.iter().map(|entry| entry.id).collect();
    assert_eq!(pulse, [green.id, red.id, last.id]);
    assert!(row.pulse[0].took.is_some());
    let latest = ci.resources[0].latest.as_ref().expect("has versions");
    assert_eq!(latest.version, version("c"));
    let one = at.pipeline_overview(set.id).await.expect("reads").expect("is there");
    assert_eq!(one.pipelines.len(), 1);
    assert_eq!(one.builds, overview.builds);
}

async fn a_destroyed_pipeline_is_gone(at: &Scratch) {
    let set = at.set(&two_jobs()).await;
    let unit = at.job_id(set.id, "unit").await;
    let source = at.resource_id(set.id, "source").await;
    at.check(source, &["a"]).await;
    let inputs = [at.chosen("source", source, "a").await];
    let build = at.run(unit, &inputs, Status::Succeeded).await;
    let logs = at.destroy_pipeline(set.id).await.expect("destroys");
    assert_eq!(logs, [build.id]);
    assert_eq!(at.build(build.id).await.expect("reads"), None);
    assert!(at.list_pipelines().await.expect("reads").is_empty());
    let gone = at.destroy_pipeline(set.id).await.expect_err("is gone");
    assert!(matches!(gone, StoreError::NotFound { .. }), "{gone}");
    let again = at.set(&Pipeline { resources: vec![resource("x")], ..Pipeline::default() }).await;
    assert_ne!(again.id, set.id);
}
