//! Hostile and broken files: the reader always comes back, soon, with bounded memory, and says
//! what is wrong. What it takes, the formatter, the graph and the writer take too.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flightdeck::dialect::concourse::diff::diff;
use flightdeck::dialect::graph::Graph;
use flightdeck::dialect::{excerpt, format, read, read_task, read_vars, write};
use flightdeck::model::var::Values;
use proptest::prelude::*;
use proptest::sample::Index;

/// How long one file of ordinary size may take, in a slow build on a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dialect");
    let mut folders: Vec<PathBuf> = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files.into_iter().map(|path| fs::read(path).expect("a file")).collect()
}

/// Does all with a text that can be done with one.
fn survive(text: &str) {
    let start = Instant::now();
    let mut values = Values::new();
    values.set("a", "x\n\"y").expect("a name");
    for values in [&Values::new(), &values] {
        let read = read("f.yml", text, values);
        let is_faulty = read.diagnostics.iter().any(|one| one.is_error());
        assert_eq!(read.pipeline.is_none(), is_faulty, "{text}");
        let lines = text.split('\n').count();
        for diagnostic in &read.diagnostics {
            assert!(diagnostic.place.line >= 1, "{diagnostic}");
            // Other line ends count too, so this is not exact.
            assert!(diagnostic.place.line as usize <= lines + text.matches(ODD_ENDS).count() + 1);
            excerpt(text, diagnostic);
        }
        if let Some(pipeline) = read.pipeline {
            Graph::of(&pipeline);
            assert_eq!(diff(Some(&pipeline), &pipeline), []);
            let json = write(&pipeline).to_json();
            assert_eq!(reread(&json), Some(pipeline), "{text}");
        }
    }
    read_task("f.yml", text, &Values::new());
    read_vars("f.yml", text);
    if let Ok(formatted) = format("f.yml", text) {
        assert_eq!(format("f.yml", &formatted), Ok(formatted));
    }
    assert!(start.elapsed() < SOON, "{:?} for {} bytes", start.elapsed(), text.len());
}

/// Line ends that are none for most programs.
const ODD_ENDS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];

fn reread(json: &str) -> Option<flightdeck::model::Pipeline> {
    read("f.yml", json, &Values::new()).pipeline
}

/// A change of a file.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Move(Index, Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let signs = prop_oneof![
        Just("- "),
        Just(": "),
        Just("&a "),
        Just("*a"),
        Just("<<: *a\n"),
        Just("{{"),
        Just("}}"),
        Just("(("),
        Just("))"),
        Just("[{"),
        Just("}]"),
        Just("\t"),
        Just("|\n"),
        Just("---\n"),
        Just("\""),
        Just("'"),
        Just("#"),
        Just("!!binary "),
        Just("? "),
        Just("\u{85}"),
        Just("99999999999999999999"),
        Just("~"),
        Just("in_parallel:\n"),
        Just("passed: ['*']\n"),
    ];
    let bytes = prop::collection::vec(any::<u8>(), 1..5);
    let put = prop_oneof![4 => signs.prop_map(|sign| sign.as_bytes().to_vec()), 1 => bytes];
    prop_oneof![
        4 => (any::<Index>(), put).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<Index>(), 1usize..60).prop_map(|(at, n)| Change::Remove(at, n)),
        1 => (any::<Index>(), 1usize..200, 2usize..20)
            .prop_map(|(at, n, times)| Change::Repeat(at, n, times)),
        2 => (any::<Index>(), any::<Index>(), 1usize..200)
            .prop_map(|(from, to, n)| Change::Move(from, to, n)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(mut file: Vec<u8>, changes: &[Change]) -> String {
    for change in changes {
        let length = file.len();
        let place = |at: &Index| at.index(length + 1);
        match change {
            Change::Insert(at, bytes) => {
                let at = place(at);
                file.splice(at..at, bytes.iter().copied());
            }
            Change::Remove(at, n) => {
                let at = place(at);
                file.drain(at..(at + n).min(length));
            }
            Change::Repeat(at, n, times) => {
                let at = place(at);
                let piece = file[at..(at + n).min(length)].repeat(*times);
                file.splice(at..at, piece);
            }
            Change::Move(from, to, n) => {
                let from = place(from);
                let piece: Vec<u8> = file.drain(from..(from + n).min(length)).collect();
                let to = to.index(file.len() + 1);
                file.splice(to..to, piece);
            }
            Change::Cut(at) => file.truncate(place(at)),
        }
    }
    String::from_utf8_lossy(&file).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        max_shrink_iters: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn files_with_changes_are_survived(
        file in any::<Index>(),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let corpus = corpus();
        survive(&apply(file.get(&corpus).clone(), &changes));
    }

    #[test]
    fn bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn signs_are_survived(text in "([-:?#&*!|>'\"%@`{}\\[\\], \n\tax~.<=]|\\(\\(|\\)\\)|jobs:|- name: a){0,80}") {
        survive(&text);
    }
}

/// Files that are made to cost much.
fn hostile() -> Vec<(&'static str, String)> {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "a0: &a0 {k0: 1}\n".to_owned();
    let mut quiet = "a0: &a0 x\n".to_owned();
    for i in 1..30 {
        let item = format!("*a{}", i - 1);
        bomb += &format!("a{i}: &a{i} [{}]\n", [item.as_str(); 9].join(", "));
        merges += &format!("a{i}: &a{i} {{<<: [{item}, {item}, {item}], k{i}: {item}}}\n");
        quiet += &format!("a{i}: &a{i} {{b: {item}, c: {item}}}\n");
    }
    let deep = |open: &str, close: &str, n: usize| open.repeat(n) + &close.repeat(n);
    let many = |line: &dyn Fn(usize) -> String, n: usize| (0..n).map(line).collect::<String>();
    let steps = many(&|i| format!("  - get: r{i}\n    passed: ['*', 'j*', '?']\n"), 2_000);
    let jobs = many(&|i| format!("- {{name: j{i}, plan: [{{get: r, passed: ['j*']}}]}}\n"), 700);
    vec![
        ("alias bomb", bomb),
        ("merge bomb", merges),
        ("doubling", quiet),
        ("brackets", deep("[", "]", 100_000)),
        ("braces", deep("{a: ", "}", 100_000)),
        ("dashes", "- ".repeat(100_000)),
        ("keys", many(&|i| format!("{}a:\n", " ".repeat(i)), 2_000)),
        ("references", format!("a: {}{}", "((".repeat(100_000), "))".repeat(100_000))),
        ("old references", "{{a}}".repeat(100_000)),
        ("unclosed old references", "{{".repeat(100_000)),
        ("huge text", format!("a: {}\n", "x".repeat(8 << 20))),
        ("huge block", format!("a: |\n{}", "  line\n".repeat(1 << 19))),
        ("huge quotes", format!("a: \"{}", "\\n ".repeat(1 << 20))),
        ("huge number", format!("jobs: {}\n", "9".repeat(1 << 20))),
        ("huge key", format!("? {}\n: 1\n", "k".repeat(1 << 20))),
        ("comments", "# c\n".repeat(200_000)),
        ("blank lines", "\n".repeat(1 << 20)),
        ("one anchor", many(&|_| "- &a x\n- *a\n".to_owned(), 50_000)),
        ("many keys", many(&|i| format!("k{i}: 1\n"), 100_000)),
        ("same key", "k: 1\n".repeat(20_000)),
        ("unknown steps", format!("jobs:\n- name: a\n  plan:\n{steps}")),
        ("patterns", format!("resources: [{{name: r, type: t}}]\njobs:\n{jobs}")),
        (
            "stars",
            format!(
                "jobs: [{{name: a, plan: [{{get: r, passed: ['{}b']}}]}}]\nresources: [{{name: r, type: t}}]\n",
                "a*".repeat(5_000)
            ),
        ),
        ("documents", "---\na: 1\n".repeat(50_000)),
    ]
}

/// The program itself reads each of these, in a process that may hold little memory.
#[test]
fn hostile_files_take_little_time_and_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in hostile() {
        for command in ["validate", "format"] {
            let file = folder.path().join("f.yml");
            fs::write(&file, &text).expect("writes");
            let start = Instant::now();
            let status = Command::new("sh")
                .args(["-c", "ulimit -v 2000000; exec \"$0\" \"$1\" \"$2\""])
                .arg(env!("CARGO_BIN_EXE_flightdeck"))
                .arg(command)
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("a process");
            let code = status.code();
            assert!(matches!(code, Some(0 | 1)), "{command} of {name} ends with {status}");
            let spent = start.elapsed();
            assert!(spent < 6 * SOON, "{command} of {name} takes {spent:?}");
        }
    }
}
