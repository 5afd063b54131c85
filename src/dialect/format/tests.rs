//! Files before and after.

use super::format;

/// Each text becomes the other, which stays as it is.
fn check(text: &str, expected: &str) {
    let formatted = format("f", text).unwrap_or_else(|faults| panic!("{text}\n{faults:#?}"));
    assert_eq!(formatted, expected, "\n--- of\n{text}\n--- is\n{formatted}");
    assert_eq!(format("f", expected).as_deref(), Ok(expected));
}

#[test]
fn keys_and_indentation() {
    check(
        "\
jobs:
    - plan:
          - trigger:   true
            get:  a
      name: unit
resources:
  - type: git
    source:
        uri: x
        branch: y
    name: a
",
        "\
resources:
- name: a
  type: git
  source:
    uri: x
    branch: y

jobs:
- name: unit
  plan:
  - get: a
    trigger: true
",
    );
}

#[test]
fn comments_go_with_what_they_belong_to() {
    check(
        "\
# the file
# in two lines

# the jobs
jobs: # all
  # unit
- name: unit # fast
  # what it does
  plan:   # steps
  # first
  - trigger: true # always
    # why a
    get: a # it
    # - put: out
  # last
# not yet:
# - name: lint

# where from
resources:
- # no name yet
  name: a
  type: git

  # end of a
# end
",
        "\
# the file
# in two lines

# where from
resources:
- # no name yet
  name: a
  type: git

  # end of a
# end

# the jobs
jobs: # all
# unit
- name: unit # fast
  # what it does
  plan: # steps
  # first
  # why a
  - get: a # it
    # - put: out
    trigger: true # always
  # last
# not yet:
# - name: lint
",
    );
}

#[test]
fn anchors_aliases_and_both_kinds_of_vars_stay() {
    check(
        "\
---
groups: [{name: all, jobs: [unit]}]
shared:
- &step
    file: {{file}}
    task: t
    params: &params
        A: ((a))
        B: \"{{b}}-((c))\"
jobs:
- plan:
    - <<: *step
      params:
          <<: *params
          C:   1.10
    - {get: a,   trigger: true}
  name: unit
  on_failure: *step
",
        "\
---
shared:
- &step
  file: {{file}}
  task: t
  params: &params
    A: ((a))
    B: \"{{b}}-((c))\"

groups: [{name: all, jobs: [unit]}]

jobs:
- name: unit
  plan:
  - <<: *step
    params:
      <<: *params
      C:   1.10
  - {get: a,   trigger: true}
  on_failure: *step
"
        .replace("C:   1.10", "C: 1.10")
        .as_str(),
    );
    // What is referred to stays before what refers to it.
    check(
        "jobs:\n- plan: []\n  tags: &t [x]\n  name: a\nresources:\n- name: r\n  tags: *t\n",
        "jobs:\n- name: a\n  tags: &t [x]\n  plan: []\n\nresources:\n- name: r\n  tags: *t\n",
    );
}

#[test]
fn texts_of_several_lines_keep_their_lines() {
    check(
        "\
jobs:
    - name: a
      plan:
        - task: t
          config:
              run:
                  path: sh
                  args:
                      - -c
                      - |
                        set -e

                          deeper
                        # no comment
                      - >-
                        folded
                        text

                        end
                      - |2
                          first is deeper
                        end
                      - |+
                        kept


                      - plain text
                        goes on
                      - \"quoted
                        on\"
                      - [a,
                         b]
                      - {
                          c: d  # e
                        }
              platform: linux
",
        "\
jobs:
- name: a
  plan:
  - task: t
    config:
      platform: linux
      run:
        path: sh
        args:
        - -c
        - |
          set -e

            deeper
          # no comment
        - >-
          folded
          text

          end
        - |2
            first is deeper
          end
        - |+
          kept


        - plain text
          goes on
        - \"quoted
          on\"
        - [a,
          b]
        - {
            c: d  # e
          }
",
    );
}

#[test]
fn odd_but_good_files() {
    for (text, expected) in [
        ("", ""),
        ("# nothing\n", "# nothing\n"),
        ("{\"jobs\": []}", "{\"jobs\": []}"),
        ("a: |\n  x", "a: |-\n  x\n"),
        ("a: 1\r\nb:\r\n", "a: 1\nb:\n"),
        ("\u{feff}a: 1", "a: 1\n"),
        ("- - a\n  -   b\n-\n  - c\n", "- - a\n  - b\n- - c\n"),
        ("a:   &x b\n*x :   2\n", "a: &x b\n*x : 2\n"),
        ("a: !own  text\nb: &n\nc: !x &y\n  - d\n", "a: !own text\nb: &n\nc: !x &y\n- d\n"),
        ("a:\n  # on its own\n  text\n", "# on its own\na: text\n"),
        ("é:   ä # ö\n", "é: ä # ö\n"),
        ("a: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("--- # start\n# one\na: 1\n", "--- # start\n# one\na: 1\n"),
    ] {
        let formatted = format("f", text);
        assert_eq!(formatted.as_deref(), Ok(expected), "{text:?}");
        assert_eq!(format("f", expected).as_deref(), Ok(expected), "{text:?}");
    }
}

#[test]
fn what_cannot_be_formatted_is_told_with_its_place() {
    for (text, expected) in [
        (
            "a: 1\n---\nb: 2\n",
            "f:2:1: error: what stands behind the first document cannot be formatted",
        ),
        ("a: 1\n? b\n: 2\n", "f:2:3: error: a key of this form cannot be formatted"),
        ("%YAML 1.1\n---\na: 1\n", "f:1:1: error: a directive cannot be formatted"),
        ("a: 1\n...\n", "f:2:1: error: the end of a document cannot be formatted"),
        ("a: # c\n  |\n  x\n", "f:1:4: error: a comment at this place cannot be formatted"),
        ("a: 1\na: 2\n", "f:2:1: error: the key `a` is given twice"),
        ("'a'\nb: 1\n", "f:2:1: error: what stands behind the first document cannot be formatted"),
        ("a: [\n", "f:"),
        ("a: \"x\u{2028}y\"\n", "f:1:6: error: a line end of this kind cannot be formatted"),
    ] {
        let faults = format("f", text).expect_err(text);
        assert!(faults[0].to_string().starts_with(expected), "{text:?}: {}", faults[0]);
    }
}
