//! References, and what filling them gives.

use super::*;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn values() -> Values {
    let mut values = Values::new();
    for (name, value) in [
        ("s", r#""text""#),
        ("empty", r#""""#),
        ("n", "1.10"),
        ("b", "true"),
        ("nil", "null"),
        ("l", "[1]"),
        ("m", r#"{"f":{"g":"deep"},"a.b":"dotted"}"#),
        ("again", r#""((s))""#),
        ("\"x:y\"", r#""colon""#),
    ] {
        values.set(name, json(value)).expect("a name");
    }
    values
}

#[test]
fn references_are_read_as_concourse_reads_them() {
    for (text, source, segments) in [
        ("a", None, &["a"][..]),
        ("a.b.c", None, &["a", "b", "c"]),
        ("src:a.b", Some("src"), &["a", "b"]),
        (".:a", Some("."), &["a"]),
        (":a", None, &["a"]),
        ("\"a.b\".c", None, &["a.b", "c"]),
        ("s:\"a.b\".\"c:d\"", Some("s"), &["a.b", "c:d"]),
        ("\"a:b\"", None, &["a:b"]),
        ("a:b:c", Some("a"), &["b:c"]),
    ] {
        let reference = Reference::parse(text).expect(text);
        let mut read = vec![reference.name.as_str()];
        read.extend(reference.fields.iter().map(String::as_str));
        assert_eq!((reference.source.as_deref(), &read[..]), (source, segments), "{text}");
    }
    for (text, message) in [
        ("a..b", "invalid var 'a..b': empty field"),
        ("a.", "invalid var 'a.': empty field"),
        ("\"s\":a", "invalid var '\"s\":a': source must not be quoted"),
    ] {
        assert_eq!(Reference::parse(text).expect_err(text).to_string(), message);
    }
}

#[test]
fn filling_keeps_types_and_tells_what_is_wrong() {
    for (text, expected) in [
        (r#""((s))""#, r#""text""#),
        (r#""((n))""#, "1.10"),
        (r#""((b))""#, "true"),
        (r#""((nil))""#, "null"),
        (r#""((l))""#, "[1]"),
        (r#""((m.f))""#, r#"{"g":"deep"}"#),
        (r#""((m.f.g))-((n))""#, r#""deep-1.10""#),
        (r#""((m.\"a.b\"))""#, r#""dotted""#),
        (r#""((\"x:y\"))""#, r#""colon""#),
        (r#""((empty))((n))""#, "1.10"),
        (r#""((again))""#, r#""((s))""#),
        (r#"{"((s))":["((s))"]}"#, r#"{"text":["text"]}"#),
        (r#""(((s)))""#, r#""(text)""#),
        (r#""((no such))""#, r#""((no such))""#),
        (r#""((unknown)) ((s))""#, r#""((unknown)) text""#),
        (r#""((other:s))""#, r#""((other:s))""#),
    ] {
        let filled = fill(&json(text), &values(), Fill::Lenient).expect(text);
        assert_eq!(filled.to_json(), expected, "{text}");
    }
    for (text, message) in [
        (r#""x((b))""#, "cannot interpolate non-primitive value (bool) from var: b"),
        (r#""x((nil))""#, "cannot interpolate non-primitive value (<nil>) from var: nil"),
        (r#""((m.h))""#, "missing field 'h' in var: m.h"),
        (r#""((s.h))""#, "cannot access field 'h' of non-map value ('string') from var: s.h"),
        (r#"["((z.f))","((a))","x((.:a))","((z))"]"#, "undefined vars: .:a, a, z"),
        (r#"{"((b))":1}"#, "the key '((b))' did not become text"),
    ] {
        let error = fill(&json(text), &values(), Fill::Strict).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn flags_join_at_their_path_and_beat_files() {
    let mut values = Values::new();
    for file in [r#"{"a":{"x":1},"b":1}"#, r#"{"b":2,"c":{"y":3}}"#] {
        let Value::Map(file) = json(file) else { panic!("a map") };
        values.add_file(file);
    }
    values.set("c.\"k.l\"", "flag").expect("a path");
    values.set("c", json(r#"{"m":5}"#)).expect("a path");
    for (name, value) in [("a", r#"{"x":1}"#), ("b", "2"), ("c", r#"{"k.l":"flag","m":5}"#)] {
        assert_eq!(values.get(name).expect(name).to_json(), value);
    }
    assert!(values.set("a..b", "x").is_err());
}

#[test]
fn references_are_listed_once_in_order() {
    let value = json(r#"{"k((b))":["((a.x))","((a.x)) ((.:c))","((a..b))"]}"#);
    let names: Vec<String> = references(&value).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["b", "a.x", ".:c"]);
}

#[test]
fn a_source_that_is_not_named_is_a_fault() {
    struct Named;
    impl Vars for Named {
        fn find(&self, _: &Reference) -> Option<Value> {
            None
        }
        fn lacks_source(&self, source: &str) -> bool {
            source != "vault"
        }
    }
    let layers = Layers(vec![&Named]);
    let error = fill(&json(r#""((other:x.y))""#), &layers, Fill::Lenient).expect_err("a fault");
    assert_eq!(error.to_string(), "missing source 'other' in var: other:x.y");
    assert!(fill(&json(r#""((vault:x))""#), &layers, Fill::Lenient).is_ok());
}
