//! How a pipeline's config changed, for people: what was added, removed or changed, by name,
//! with the lines that differ.
//!
//! *Follows:* the headings of `atc/config_diff.go`.

use crate::model::Value;

/// Sections that hold a list of named things, with the word for one of them.
const SECTIONS: [(&str, &str); 6] = [
    ("groups", "group"),
    ("var_sources", "variable source"),
    ("resources", "resource"),
    ("resource_types", "resource type"),
    ("prototypes", "prototype"),
    ("jobs", "job"),
];

/// Lines that tell how `old` became `new`; both as Concourse's config route has them.
pub fn diff(old: Option<&Value>, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for (section, word) in SECTIONS {
        let was = items(old, section);
        let is = items(Some(new), section);
        let mut told = Vec::new();
        for (name, before) in &was {
            match is.iter().find(|(other, _)| other == name) {
                None => {
                    told.push(format!("  {word} {name} has been removed:"));
                    told.extend(lines(before).map(|line| format!("- {line}")));
                }
                Some((_, after)) if after != before => {
                    told.push(format!("  {word} {name} has changed:"));
                    told.extend(changed(before, after));
                }
                Some(_) => {}
            }
        }
        for (name, added) in is.iter().filter(|(name, _)| !was.iter().any(|(n, _)| n == name)) {
            told.push(format!("  {word} {name} has been added:"));
            told.extend(lines(added).map(|line| format!("+ {line}")));
        }
        if !told.is_empty() {
            out.push(format!("{section}:"));
            out.append(&mut told);
        }
    }
    let display = |value: Option<&Value>| value?.as_map()?.get("display").cloned();
    if display(old) != display(Some(new)) {
        out.push("display configuration has changed:".to_owned());
        let text = |value| display(value).map(|display| yaml(&display)).unwrap_or_default();
        out.extend(changed(&text(old), &text(Some(new))));
    }
    out
}

fn items(config: Option<&Value>, section: &str) -> Vec<(String, String)> {
    let list = config.and_then(|c| c.as_map()?.get(section)?.as_list()).unwrap_or_default();
    let name = |item: &Value| Some(item.as_map()?.get("name")?.to_param());
    list.iter().filter_map(|item| Some((name(item)?, yaml(item)))).collect()
}

fn yaml(value: &Value) -> String {
    // A value that YAML cannot print is shown as JSON.
    serde_yaml::to_string(value).unwrap_or_else(|_| value.to_json())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
}

/// The lines of two texts: those of one alone are marked.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (lines(before).collect(), lines(after).collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let (inner_a, inner_b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let mut out: Vec<String> = a[..start].iter().map(|line| format!("  {line}")).collect();
    out.extend(common(inner_a, inner_b));
    out.extend(a[a.len() - end..].iter().map(|line| format!("  {line}")));
    out
}

/// The longest common lines, and around them what differs.
fn common(a: &[&str], b: &[&str]) -> Vec<String> {
    // A change too large for the table is shown as a whole.
    if a.len().saturating_mul(b.len()) > 4_000_000 {
        let removed = a.iter().map(|line| format!("- {line}"));
        return removed.chain(b.iter().map(|line| format!("+ {line}"))).collect();
    }
    let width = b.len() + 1;
    let mut longest = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(format!("  {}", a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            out.push(format!("- {}", a[i]));
            i += 1;
        } else {
            out.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_name() {
        let old = serde_json::from_str(
            r#"{"jobs":[{"name":"a","plan":[{"get":"x"},{"get":"y"}]},{"name":"b"}]}"#,
        )
        .expect("JSON");
        let new = serde_json::from_str(
            r#"{"jobs":[{"name":"a","plan":[{"get":"x"},{"get":"z"}]}],"resources":[{"name":"x"}]}"#,
        )
        .expect("JSON");
        let expected = [
            "resources:",
            "  resource x has been added:",
            "+ name: x",
            "jobs:",
            "  job a has changed:",
            "  name: a",
            "  plan:",
            "  - get: x",
            "- - get: y",
            "+ - get: z",
            "  job b has been removed:",
            "- name: b",
        ];
        assert_eq!(diff(Some(&old), &new), expected);
        assert!(diff(Some(&new), &new).is_empty());
    }
}
