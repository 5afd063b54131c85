//! Texts and the trees that come of them.

use super::build::{Limits, build};
use super::*;
use crate::model::Value;
use crate::model::var::Values;

fn read(text: &str) -> (Option<Value>, Vec<String>) {
    read_with(text, &Values::new())
}

fn read_with(text: &str, values: &Values) -> (Option<Value>, Vec<String>) {
    let parsed = parse(&"f".into(), text, Some(values));
    let told = parsed.diagnostics.iter().map(ToString::to_string).collect();
    (parsed.root.map(|root| root.to_value()), told)
}

/// Each row: a text, its value as JSON, and the start of each diagnostic.
fn check(rows: &[(&str, &str, &[&str])]) {
    for (text, json, expected) in rows {
        let (value, told) = read(text);
        assert_eq!(value.map(|value| value.to_json()).unwrap_or_default(), *json, "{text}");
        assert_eq!(told.len(), expected.len(), "{text}: {told:#?}");
        for (told, expected) in told.iter().zip(*expected) {
            assert!(told.starts_with(expected), "{text}: {told}");
        }
    }
}

#[test]
fn values_aliases_and_merges() {
    check(&[
        ("", "null", &[]),
        ("# nothing\n", "null", &[]),
        ("a: &x [1, 2]\nb: *x", r#"{"a":[1,2],"b":[1,2]}"#, &[]),
        ("b: *x\na: &x 1", r#"{"a":1,"b":1}"#, &["f:1:4: warning: `*x` stands before"]),
        ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#, &[]),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", r#"{"a":{"p":1,"q":2},"b":{"p":1,"q":3}}"#, &[]),
        ("b: {q: 3, <<: [{q: 4, r: 5}, {r: 6}]}", r#"{"b":{"q":3,"r":5}}"#, &[]),
        ("b: {\"<<\": 1}", r#"{"b":{"<<":1}}"#, &[]),
        ("on: on\n1.10: 1.10\n~: ~", r#"{"1.10":1.10,"on":true,"~":null}"#, &[]),
        ("a: !own [x]", r#"{"a":["x"]}"#, &[]),
        ("a: |\n  x\n# out\n", r#"{"a":"x\n"}"#, &[]),
        ("a: 1\n---\nb: 2", r#"{"a":1}"#, &["f:2:1: warning: only what stands before"]),
        ("- a\n-   b: 1\n    c: 2", r#"["a",{"b":1,"c":2}]"#, &[]),
    ]);
}

#[test]
fn faults_have_places() {
    check(&[
        (
            "a: 1\nb: 2\na: 3",
            r#"{"a":3,"b":2}"#,
            &["f:3:1: error: the key `a` is given twice; the first one stands in line 1, column 1"],
        ),
        ("a: *no", r#"{"a":null}"#, &["f:1:4: error: there is no anchor `&no`"]),
        ("a: &x [*x]", r#"{"a":[null]}"#, &["f:1:8: error: an alias stands inside"]),
        ("{[a]: 1}", "{}", &["f:1:2: error: a key must be text"]),
        ("<<: 5", "{}", &["f:1:5: error: `<<` takes a map"]),
        ("a: {{b}}", r#"{"a":{}}"#, &["f:1:4: error: unbound variable in template: 'b'"]),
        ("a: '{{b}}'", r#"{"a":"{{b}}"}"#, &[]),
        ("a: {{b.c}}", r#"{"a":{}}"#, &["f:1:5: error: a key must be text"]),
        ("é: 1\né: 2", r#"{"é":2}"#, &["f:2:1: error"]),
    ]);
}

#[test]
fn syntax_errors_say_what_to_do() {
    check(&[
        ("a:\n\tb: 1", "", &["f:2:1: error: a tab stands where only blanks may indent"]),
        ("a: @b", "", &["f:1:4: error: text cannot start with `@`"]),
        ("a: b: c", "", &["f:1:5: error: a `key: value` cannot stand here"]),
        (
            "a:\n  b: 1\n c: 2",
            "",
            &["f:3:2: error: this does not fit the map that starts in line 1"],
        ),
        ("a:\n  - b\n c", "", &["f:"]),
        (
            "a: [1, 2\nb: 3",
            "",
            &["f:2:2: error: a `,` or `]` is missing in the list that opens in line 1"],
        ),
        ("a: \"x\nb: 1\n", "", &["f:1:4: error: the quotes that open here are never closed"]),
        ("a: \"\\d\"", "", &["f:1:5: error: this escape is unknown"]),
        ("a: *", "", &["f:1:4: error: a name is missing after"]),
        ("a: \u{1}", "", &["f:1:4: error: a control character stands here"]),
        ("a: 1\n- b", "", &["f:2:1: error: this does not fit the map"]),
    ]);
}

#[test]
fn braces_are_replaced_and_places_stay() {
    let mut values = Values::new();
    values.set("key", "a\n\"b\"").expect("a name");
    values.set("n", 18).expect("a name");
    let (value, told) = read_with("a: {{key}}   # {{no}}\nb: [{{n}}, {{n}}, &x 1, *y]", &values);
    let json = value.expect("a value").to_json();
    assert_eq!(json, r#"{"a":"a\n\"b\"","b":[18,18,1,null]}"#);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("f:2:25: error: there is no anchor `&y`"), "{told:?}");
    assert!(told[1].starts_with("f:1:4: warning: `{{name}}` is used 3 times"), "{told:?}");
    let (_, told) = read_with("a: {{n}}\nb: |\n  x {{no}}\n  # {{no}}", &values);
    assert!(told[0].starts_with("f:3:5: error: unbound variable in template: 'no'"), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn bombs_end_in_a_diagnostic() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let item = format!("*a{}", i - 1);
        bomb += &format!("a{i}: &a{i} [{}]\n", [item.as_str(); 9].join(", "));
    }
    let (_, told) = read(&bomb);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("aliases make more than 500000 values"), "{told:?}");

    let (_, told) = read(&"[".repeat(100_000));
    assert_eq!(told.len(), 1, "{told:?}");

    let limits = Limits { nodes: 10, bytes: 100, ..Limits::default() };
    let built = build(&"- a\n".repeat(11), &limits);
    assert_eq!(built.faults.len(), 1);
    let text = format!("- &a {}\n- *a\n- *a", "x".repeat(60));
    assert_eq!(build(&text, &limits).faults.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "([a-c:{}\\[\\]&*!|>'\"%@#?,<\n\t é\u{85}\u{feff}-]|\\{\\{a\\}\\}|: |- |\n  ){0,60}") {
        let mut values = Values::new();
        values.set("a", "x\ny").expect("a name");
        let parsed = parse(&"f".into(), &text, Some(&values));
        let is_faulty = parsed.diagnostics.iter().any(Diagnostic::is_error);
        proptest::prop_assert!(parsed.root.is_some() || is_faulty);
    }
}
