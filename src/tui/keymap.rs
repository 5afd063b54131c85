//! Keys to actions, from `keymap.toml` and the user's own file; and what is shown of them.
//!
//! No key is matched anywhere else, so help, key bar and menu cannot drift.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::tui::action::{Action, Context, Group};
use crate::tui::term::Key;

const DEFAULT: &str = include_str!("keymap.toml");

/// Why a keymap cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// It is no TOML, or not of this form.
    #[error("{file}: {what}")]
    Form {
        /// The file, as it was named.
        file: String,
        /// What is wrong, with its line.
        what: String,
    },
    /// A table is no place.
    #[error("{file}: no place is called `{name}`")]
    Place {
        /// The file, as it was named.
        file: String,
        /// The table.
        name: String,
    },
    /// An action does not exist, or not there.
    #[error("{file}: no action of `{place}` is called `{name}`")]
    Action {
        /// The file, as it was named.
        file: String,
        /// The table.
        place: String,
        /// The action.
        name: String,
    },
    /// A key cannot be read.
    #[error("{file}: `{key}` is no key (for `{name}`)")]
    Key {
        /// The file, as it was named.
        file: String,
        /// The action.
        name: String,
        /// The key.
        key: String,
    },
}

/// Whether a person may change the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Yes.
    #[default]
    Full,
    /// No: what writes is absent.
    ReadOnly,
}

impl Access {
    /// Whether an action is there at all.
    pub fn allows(self, action: Action) -> bool {
        self == Access::Full || !action.info().needs_write
    }
}

/// A heading of the help and its lines: keys, what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpGroup {
    /// The heading.
    pub group: Group,
    /// Its lines.
    pub lines: Vec<(String, String)>,
}

/// Keys to actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// Per place (none: everywhere) and action, its keys in order; an empty list: none there.
    keys: BTreeMap<(Option<Context>, Action), Vec<Key>>,
}

/// Actions that share a line in the help, with the words for both.
const PAIRS: [(Action, Action, &str); 11] = [
    (Action::Left, Action::Right, "left, right"),
    (Action::Down, Action::Up, "down, up"),
    (Action::First, Action::Last, "top, bottom"),
    (Action::PageDown, Action::PageUp, "a page down, up"),
    (Action::NextRed, Action::PreviousRed, "next, previous red"),
    (Action::FirstRank, Action::LastRank, "first, last rank"),
    (Action::PreviousGroup, Action::NextGroup, "groups"),
    (Action::NextMatch, Action::PreviousMatch, "next, previous match"),
    (Action::Older, Action::Newer, "back, forward in time"),
    (Action::LastGreen, Action::FirstRed, "last green, first red"),
    (Action::PanLeft, Action::PanRight, "pan, up and down too"),
];

impl Default for Keymap {
    fn default() -> Keymap {
        #[expect(clippy::expect_used, reason = "the default keymap is read by a test")]
        Keymap::empty().with("keymap.toml", DEFAULT).expect("the default keymap is whole")
    }
}

impl Keymap {
    fn empty() -> Keymap {
        Keymap { keys: BTreeMap::new() }
    }

    /// This keymap with those of a text over it: an action named there loses its keys of before in
    /// that place.
    ///
    /// # Errors
    /// At the first fault; then nothing of the text holds.
    pub fn with(&self, file: &str, text: &str) -> Result<Keymap, KeymapError> {
        let file = file.to_owned();
        let form = |what: String| KeymapError::Form { file: file.clone(), what };
        let tables: BTreeMap<String, BTreeMap<String, toml::Value>> =
            toml::from_str(text).map_err(|error| form(error.to_string().trim_end().to_owned()))?;
        let mut keymap = self.clone();
        for (place, table) in tables {
            let context = match (place.as_str(), Context::named(&place)) {
                ("everywhere", _) => None,
                (_, Some(context)) => Some(context),
                (_, None) => {
                    return Err(KeymapError::Place { file: file.clone(), name: place });
                }
            };
            for (name, value) in table {
                let action = Action::named(&name)
                    .filter(|action| context.is_none_or(|context| action.is_in(context)));
                let Some(action) = action else {
                    return Err(KeymapError::Action { file: file.clone(), place, name });
                };
                let words: Vec<String> = match value {
                    toml::Value::Boolean(false) => Vec::new(),
                    toml::Value::String(key) => vec![key],
                    toml::Value::Array(keys) => keys
                        .into_iter()
                        .map(|key| key.as_str().map(str::to_owned))
                        .collect::<Option<_>>()
                        .ok_or_else(|| form(format!("the keys of `{name}` are texts")))?,
                    _ => return Err(form(format!("`{name}` is a key, a list of keys, or false"))),
                };
                let keys = words
                    .iter()
                    .map(|word| {
                        Key::parse(word).ok_or_else(|| KeymapError::Key {
                            file: file.clone(),
                            name: name.clone(),
                            key: word.clone(),
                        })
                    })
                    .collect::<Result<Vec<Key>, _>>()?;
                keymap.keys.insert((context, action), keys);
            }
        }
        Ok(keymap)
    }

    /// What a key does in a place. The place's own keys go first.
    pub fn find(&self, context: Context, key: Key) -> Option<Action> {
        let has = |place: Option<Context>| {
            self.keys
                .iter()
                .filter(|((of, action), _)| *of == place && action.is_in(context))
                .find(|(_, keys)| keys.contains(&key))
                .map(|((_, action), _)| *action)
        };
        let general = || {
            let action = has(None)?;
            // What the place says of the action replaces its general keys.
            let is_replaced = self.keys.contains_key(&(Some(context), action));
            (!is_replaced).then_some(action)
        };
        has(Some(context)).or_else(general)
    }

    /// The keys of an action in a place, without those that mean something else there.
    pub fn keys(&self, context: Context, action: Action) -> Vec<Key> {
        let keys =
            self.keys.get(&(Some(context), action)).or_else(|| self.keys.get(&(None, action)));
        keys.into_iter()
            .flatten()
            .copied()
            .filter(|key| self.find(context, *key) == Some(action))
            .collect()
    }

    /// The first key of an action in a place, as people read it; empty if it has none.
    pub fn key(&self, context: Context, action: Action) -> String {
        self.keys(context, action).first().map(Key::to_string).unwrap_or_default()
    }

    /// The actions that exist in a place, as the table has them.
    pub fn actions(&self, context: Context, access: Access) -> impl Iterator<Item = Action> {
        Action::ALL
            .iter()
            .copied()
            .filter(move |action| action.is_in(context) && access.allows(*action))
    }

    /// The key bar: what `wanted` says, in its order, keys and words from the table. What has no
    /// key, or is not allowed, is left out.
    pub fn bar(
        &self,
        context: Context,
        access: Access,
        wanted: &[Action],
    ) -> Vec<(String, String)> {
        let mut items = Vec::new();
        for &action in wanted {
            if !action.is_in(context) || !access.allows(action) {
                continue;
            }
            let mut keys = self.key(context, action);
            let second = match action {
                Action::NextMatch => Some(Action::PreviousMatch),
                Action::Older => Some(Action::Newer),
                _ => None,
            };
            if let Some(second) = second {
                let _ = write!(keys, " {}", self.key(context, second));
            }
            if action == Action::Left {
                keys = [Action::Left, Action::Down, Action::Up, Action::Right]
                    .map(|action| self.key(context, action))
                    .concat();
            }
            let keys = keys.trim().to_owned();
            if !keys.is_empty() {
                items.push((keys, action.short_in(context).to_owned()));
            }
        }
        items
    }

    /// The help of a place: what is here works here, now, for this person.
    pub fn help(&self, context: Context, access: Access) -> Vec<HelpGroup> {
        let mut groups = Vec::new();
        for group in Group::ALL {
            let mut lines = Vec::new();
            for action in self.actions(context, access) {
                if action.info().group != group {
                    continue;
                }
                if PAIRS.iter().any(|(_, second, _)| *second == action)
                    || matches!(action, Action::PanUp | Action::PanDown)
                {
                    continue;
                }
                let mut keys = self.key(context, action);
                let mut title = action.title_in(context).to_owned();
                if let Some((_, second, words)) = PAIRS.iter().find(|(one, ..)| *one == action) {
                    keys = format!("{keys} {}", self.key(context, *second)).trim().to_owned();
                    title = (*words).to_owned();
                }
                (keys, title) = match (action, context) {
                    (Action::PanLeft, _) if keys == "ctrl-left ctrl-right" => {
                        ("ctrl ←↑↓→".to_owned(), "pan".to_owned())
                    }
                    (Action::Left, Context::Graph) => (keys, "along an edge".to_owned()),
                    (Action::Down, Context::Graph) => (keys, "within a rank".to_owned()),
                    (Action::NextRed, Context::Build | Context::Log) => {
                        (keys, "next, previous error".to_owned())
                    }
                    (Action::Older, Context::Build | Context::Log) => {
                        (keys, "builds before, after".to_owned())
                    }
                    _ => (keys, title),
                };
                if keys.is_empty() {
                    keys = format!(":{}", action.info().id);
                }
                lines.push((keys, title));
            }
            if !lines.is_empty() {
                groups.push(HelpGroup { group, lines });
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_can_be_reached() {
        let keymap = Keymap::default();
        for action in Action::ALL {
            for context in action.info().contexts {
                let group = action.info().group;
                let help = keymap.help(*context, Access::Full);
                assert!(
                    help.iter().any(|found| found.group == group && !found.lines.is_empty()),
                    "{action:?} in {context:?}"
                );
                for key in keymap.keys(*context, *action) {
                    assert_eq!(keymap.find(*context, key), Some(*action));
                }
            }
        }
    }

    #[test]
    fn what_changes_the_server_is_a_capital() {
        let keymap = Keymap::default();
        for action in Action::ALL.iter().filter(|action| action.info().needs_write) {
            if matches!(
                action,
                Action::OpenShell | Action::SplitShell | Action::Undo | Action::OtherCommand
            ) {
                continue;
            }
            for context in Context::ALL {
                for key in keymap.keys(context, *action) {
                    let name = key.to_string();
                    assert!(name.chars().all(|c| c.is_ascii_uppercase()), "{action:?}: {name}");
                }
            }
        }
    }

    #[test]
    fn one_who_may_only_look_sees_no_capital_act() {
        let keymap = Keymap::default();
        for context in Context::ALL {
            for action in keymap.actions(context, Access::ReadOnly) {
                assert!(!action.info().needs_write);
            }
            let bar = keymap.bar(context, Access::ReadOnly, Action::ALL);
            assert!(!bar.iter().any(|(key, _)| ["T", "R", "A", "P", "s"].contains(&key.as_str())));
        }
    }

    #[test]
    fn the_bar_says_what_keys_do_here() {
        let keymap = Keymap::default();
        let bar = keymap.bar(
            Context::Graph,
            Access::Full,
            &[Action::Left, Action::Open, Action::OpenShell, Action::NextRed, Action::Trigger],
        );
        let text: Vec<String> = bar.iter().map(|(key, what)| format!("{key} {what}")).collect();
        assert_eq!(text, ["hjkl along edges", "enter build", "s shell", "e next red", "T trigger"]);
    }

    #[test]
    fn users_change_and_disable_keys() {
        let text = "[everywhere]\nabort = false\ntrigger = \"ctrl-t\"\n[graph]\nzoom = [\"Z\"]\n";
        let keymap = Keymap::default().with("mine.toml", text).expect("whole");
        let key = |name: &str| Key::parse(name).expect("a key");
        assert_eq!(keymap.find(Context::Graph, key("A")), None);
        assert_eq!(keymap.find(Context::Graph, key("ctrl-t")), Some(Action::Trigger));
        assert_eq!(keymap.find(Context::Graph, key("T")), None);
        assert_eq!(keymap.find(Context::Graph, key("z")), None);
        assert_eq!(keymap.find(Context::Build, key("z")), Some(Action::Zoom));
        assert_eq!(keymap.find(Context::Build, key("space")), Some(Action::PageDown));
        assert_eq!(keymap.find(Context::Graph, key("space")), None);
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            ("[nowhere]", "k.toml: no place is called `nowhere`"),
            ("[graph]\nfly = \"x\"", "k.toml: no action of `graph` is called `fly`"),
            ("[graph]\nwrap = \"x\"", "k.toml: no action of `graph` is called `wrap`"),
            ("[graph]\nzoom = \"zz\"", "k.toml: `zz` is no key (for `zoom`)"),
            ("[graph]\nzoom = 1", "k.toml: `zoom` is a key, a list of keys, or false"),
        ] {
            let found = Keymap::default().with("k.toml", text).unwrap_err();
            assert_eq!(found.to_string(), expected);
        }
    }
}
