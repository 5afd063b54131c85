//! `flightdeck run` as people start it: what it prints and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::core::DEADLINE;
use crate::support::git::Repository;

/// A folder with pipeline files, in which the program is started.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        Self(folder)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("a path"));
        command.env("HOME", self.path()).env("USER", "ada");
        command
    }

    /// Runs the program to its end.
    fn run(&self, args: &[&str]) -> Told {
        let mut command = self.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        told(child.expect("starts"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What the program told.
struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn told(child: Child) -> Told {
    let pid = Pid::from_child(&child);
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = waiting.recv_timeout(DEADLINE) else {
        kill_process(pid, Signal::KILL).ok();
        let output = waiting.recv().expect("ends").expect("is read");
        panic!("it did not end: {}", Told::of(&output).show());
    };
    Told::of(&output.expect("is read"))
}

impl Told {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// All of it as one text. What builds print that run side by side is put apart.
    fn show(&self) -> String {
        let mut lines: Vec<&str> = self.stdout.lines().collect();
        if self.stdout.contains(" │ ") {
            lines.sort_by_key(|line| build_of(line));
        }
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        let lines = lines.into_iter().chain(self.stderr.lines());
        let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        format!("{text}[{code}]\n")
    }
}

/// The build that a line is about: `unit #1`.
fn build_of(line: &str) -> &str {
    let line = line.strip_prefix("── ").unwrap_or(line);
    let Some((job, rest)) = line.split_once(" #") else { return "" };
    let number = rest.find(' ').unwrap_or(rest.len());
    &line[..job.len() + 2 + number]
}

/// Compares what several commands tell, with a name for what is in the folder.
fn check(name: &str, folder: &Folder, filters: &[(&str, &str)], commands: &[&[&str]]) {
    let told = commands
        .iter()
        .map(|args| format!("$ flightdeck {}\n{}", args.join(" "), folder.run(args).show()));
    let told: Vec<String> = told.collect();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(&regex::escape(&folder.path().display().to_string()), "[folder]");
    for (pattern, shown) in filters {
        settings.add_filter(pattern, *shown);
    }
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, told.join("\n")));
}

const TWO: &str = "
jobs:
- name: good
  plan:
  - task: greet
    config:
      platform: linux
      run: {path: sh, args: [-c, 'echo hello; echo there']}
- name: bad
  plan:
  - task: refuse
    config:
      platform: linux
      run: {path: sh, args: [-c, 'echo oh no; exit 7']}
- name: lost
  plan:
  - task: missing
    config:
      platform: linux
      run: {path: no-such-program}
";

#[test]
fn the_worst_build_is_the_exit_code() {
    let folder = Folder::with(&[("two.yml", TWO)]);
    check(
        "exit codes",
        &folder,
        &[],
        &[&["run", "two.yml", "good"], &["run", "two.yml", "bad"], &["run", "two.yml"]],
    );
}

#[test]
fn faults_of_usage_are_told_apart() {
    let broken = "jobs:\n- name: a\n  plan:\n  - get: nothing\n  - tsk: b\n";
    let folder = Folder::with(&[("two.yml", TWO), ("broken.yml", broken)]);
    check(
        "faults of usage",
        &folder,
        &[],
        &[
            &["run", "broken.yml"],
            &["run", "absent.yml"],
            &["run", "two.yml", "worse"],
            &["run", "two.yml", "--runtime", "docker"],
            &["--runtime", "docker", "run", "two.yml"],
            &["run", "two.yml", "-v", "name"],
            &["run", "."],
            &["two.yml", "run", "two.yml"],
            &["two.yml"],
        ],
    );
    assert_eq!(folder.run(&["run"]).code, Some(64));
    assert_eq!(folder.run(&["fly"]).code, Some(64));
    assert_eq!(folder.run(&["--version"]).code, Some(0));
}

#[test]
fn values_fill_references() {
    let pipeline = "
jobs:
- name: say
  plan:
  - task: say
    config:
      platform: linux
      params: {A: ((a)), B: ((b.c)), L: ((l))}
      run: {path: sh, args: [-c, 'echo $A $B $L']}
";
    let folder =
        Folder::with(&[("say.yml", pipeline), ("vars.yml", "l: from a file\na: not this\n")]);
    check(
        "values",
        &folder,
        &[],
        &[
            &["run", "say.yml", "-v", "a=1 2", "-y", "b={c: true}", "-l", "vars.yml"],
            &["run", "say.yml", "-v", "a=1"],
        ],
    );
}

/// A pipeline whose second job gets what its first one passed.
fn chain(repository: &Repository) -> String {
    format!(
        "
resources:
- {{name: src, type: git, source: {{uri: {}, branch: main}}}}
jobs:
- name: unit
  plan:
  - {{get: src}}
  - task: test
    config: &read
      platform: linux
      inputs: [{{name: src}}]
      run: {{path: cat, args: [src/a]}}
- name: deploy
  plan:
  - {{get: src, passed: [unit]}}
  - task: deploy
    config: *read
- name: other
  plan:
  - {{get: src, trigger: true}}
  - task: other
    config: *read
",
        repository.uri()
    )
}

#[test]
fn jobs_before_a_job_run_first_and_others_do_not() {
    let repository = Repository::with(&[&[("a", "text\n")]]);
    let folder = Folder::with(&[("chain.yml", &chain(&repository))]);
    check(
        "jobs before",
        &folder,
        &[],
        &[
            &["run", "chain.yml", "deploy"],
            &["run", "chain.yml"],
            &["run", "chain.yml", "--data-dir", "data", "deploy"],
            // What passed before is not run again.
            &["run", "chain.yml", "--data-dir", "data", "deploy"],
        ],
    );
}

#[test]
fn jobs_far_before_a_job_run_once_each() {
    let job = |name: &str, passed: &str, command: &str| {
        format!(
            "
- name: {name}
  plan:
  - {{get: thing, passed: [{passed}]}}
  - task: {name}
    config: {{platform: linux, run: {{path: {command}}}}}
"
        )
    };
    let diamond = |right: &str| {
        let jobs = [
            job("first", "", "pwd"),
            job("left", "first", "pwd"),
            job("right", "first", right),
            job("last", "'left', 'right'", "pwd"),
        ];
        format!("resources:\n- {{name: thing, type: mock}}\njobs:{}", jobs.concat())
    };
    let folder = Folder::with(&[("good.yml", &diamond("pwd")), ("bad.yml", &diamond("'false'"))]);
    check(
        "jobs far before",
        &folder,
        &[(r"/tmp/\S+", "[directory]")],
        &[
            &["run", "good.yml", "last"],
            &["run", "good.yml", "left", "last"],
            &["run", "bad.yml", "last"],
        ],
    );
}

#[test]
fn what_cannot_start_says_why() {
    let repository = Repository::with(&[&[("a", "text\n")]]);
    let text = chain(&repository).replace("branch: main", "branch: absent");
    let by_hand = "
jobs:
- name: a
  disable_manual_trigger: true
  plan: []
";
    let never = "
resources:
- {name: never, type: mock, source: {no_initial_version: true}}
jobs:
- name: a
  plan: [{get: never, trigger: true}]
";
    let folder = Folder::with(&[("chain.yml", &text), ("never.yml", never), ("hand.yml", by_hand)]);
    check(
        "what cannot start",
        &folder,
        &[(&regex::escape(&repository.uri()), "[uri]")],
        &[&["run", "chain.yml"], &["run", "never.yml"], &["run", "hand.yml"]],
    );
}

#[test]
fn a_data_directory_in_use_names_its_holder() {
    let wait = TWO.replace("echo hello; echo there", "echo hello; sleep 60");
    let folder = Folder::with(&[("two.yml", TWO), ("wait.yml", &wait)]);
    let mut first = folder
        .command(&["run", "wait.yml", "good", "--data-dir", "data"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    until_printed(&mut first, "hello");
    check(
        "directory in use",
        &folder,
        &[
            (r"process \d+ on \S+\)", "process [pid] on [host])"),
            (r"`\S*/flightdeck", "`flightdeck"),
        ],
        &[&["run", "two.yml", "good", "--data-dir", "data"]],
    );
    kill_process(Pid::from_child(&first), Signal::INT).expect("is told");
    assert_eq!(told(first).code, Some(3));
}

/// Reads the program's output up to a line that ends with a text.
fn until_printed(child: &mut Child, wanted: &str) -> String {
    until_line(child, wanted, |line| line.ends_with(wanted))
}

/// Reads the program's output up to a line.
fn until_line(child: &mut Child, what: &str, is_it: impl Fn(&str) -> bool) -> String {
    let mut seen = String::new();
    // What is read ahead would be lost for whoever reads next.
    let mut reader = BufReader::with_capacity(1, child.stdout.as_mut().expect("piped"));
    while !seen.lines().any(&is_it) {
        let n = reader.read_line(&mut seen).expect("is text");
        assert!(n > 0, "it ended without {what}: {seen}");
    }
    seen
}

#[test]
fn an_interrupt_aborts_and_runs_hooks() {
    let pipeline = "
jobs:
- name: long
  plan:
  - task: wait
    config:
      platform: linux
      run: {path: sh, args: [-c, 'echo begun; sleep 60; echo not this']}
  on_abort:
    task: clean
    config:
      platform: linux
      run: {path: sh, args: [-c, 'echo cleaned']}
";
    let folder = Folder::with(&[("long.yml", pipeline)]);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut child = folder
            .command(&["run", "long.yml"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        until_printed(&mut child, "begun");
        let since = Instant::now();
        kill_process(Pid::from_child(&child), signal).expect("is told");
        let told = told(child);
        assert!(since.elapsed() < Duration::from_secs(30), "took {:?}", since.elapsed());
        assert!(told.stdout.contains("cleaned"), "{}", told.show());
        assert!(!told.stdout.contains("not this"), "{}", told.show());
        assert_eq!(told.code, Some(3), "{}", told.show());
    }
}

#[test]
fn a_second_interrupt_ends_all_at_once() {
    let pipeline = "
jobs:
- name: stubborn
  plan:
  - task: wait
    config:
      platform: linux
      run: {path: sh, args: [-c, 'echo begun; sleep 60']}
  ensure:
    task: hook
    config:
      platform: linux
      run: {path: sh, args: [-c, 'trap : TERM; echo $$; while :; do sleep 1; done']}
";
    let folder = Folder::with(&[("stubborn.yml", pipeline)]);
    let mut child = folder
        .command(&["run", "stubborn.yml", "stubborn"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    until_printed(&mut child, "begun");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("is told");
    let is_number = |line: &str| line.parse::<i32>().is_ok();
    let seen = until_line(&mut child, "the hook's id", is_number);
    let hook = seen.lines().find_map(|line| line.parse().ok()).and_then(Pid::from_raw);
    kill_process(pid, Signal::INT).expect("is told");
    let told = told(child);
    assert_eq!(told.code, Some(3), "{}", told.show());
    let hook = rustix::process::test_kill_process(hook.expect("a process"));
    assert_eq!(hook, Err(rustix::io::Errno::SRCH));
}

#[test]
fn a_closed_output_is_no_reason_to_stop() {
    let pipeline = "
jobs:
- name: talk
  plan:
  - task: talk
    config:
      platform: linux
      run: {path: sh, args: [-c, 'seq 1 2000; touch ((done)); exit 4']}
";
    let folder = Folder::with(&[("talk.yml", pipeline)]);
    let done = folder.path().join("done");
    let mut child = folder
        .command(&["run", "talk.yml", "-v", &format!("done={}", done.display())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut first = [0; 1];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("prints");
    let told = told(child);
    assert_eq!((told.code, told.stderr.as_str()), (Some(1), ""));
    assert!(done.exists());
}
