//! How long a large pipeline takes to read: people wait for it at each save.

#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use divan::Bencher;
use flightdeck::dialect::{read, write};
use flightdeck::model::var::Values;

const HEAD: &str = "\
shared:
- &unit
  task: unit
  file: repo/ci/unit.yml
  params: &params
    KEY: ((key))
    RETRIES: 3
resources:
- name: repo
  type: git
  source: {uri: ((uri)), branch: main}
jobs:
";

const JOB: &str = "\
- name: job-NUMBER
  serial: true
  plan:
  - in_parallel:
    - get: repo
      trigger: true
      passed: [PASSED]
  - <<: *unit
    params:
      <<: *params
      NUMBER: 1.10
  - task: inline
    config:
      platform: linux
      image_resource:
        type: registry-image
        source: {repository: busybox, tag: '1.10'}
      inputs:
      - name: repo
      run:
        path: sh
        args:
        - -c
        - |
          set -e
          cd repo
          make test
    on_failure:
      put: repo
      params: {repository: repo, rebase: true}
";

fn main() {
    divan::main();
}

/// A pipeline of about that many lines: a chain of jobs with anchors, merges and scripts.
fn pipeline(lines: usize) -> String {
    let mut text = HEAD.to_owned();
    for n in 0..lines / JOB.lines().count() {
        let passed = if n == 0 { String::new() } else { format!("job-{}", n - 1) };
        let job = JOB.replace("job-NUMBER", &format!("job-{n}"));
        text += &job.replace("PASSED", &passed);
    }
    text
}

#[divan::bench(args = [5_000, 20_000])]
fn read_pipeline(bencher: Bencher, lines: usize) {
    let text = pipeline(lines);
    let mut values = Values::new();
    values.set("uri", "https://example.com/repo").expect("a name");
    bencher.bench(|| {
        let read = read("pipeline.yml", &text, &values);
        assert!(read.pipeline.is_some(), "{:?}", read.diagnostics);
        read
    });
}

#[divan::bench(args = [5_000])]
fn write_pipeline(bencher: Bencher, lines: usize) {
    let read = read("pipeline.yml", &pipeline(lines), &Values::new());
    let pipeline = read.pipeline.expect("a pipeline");
    bencher.bench(|| write(&pipeline).to_json());
}
