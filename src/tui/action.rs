//! All that a person may do, as data: the one table behind help, key bar, menu, palette and the
//! read-only check.
//!
//! Which key does it stands in `keymap.toml`; what it does is the views' affair.

/// Where keys have a meaning of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// All pipelines.
    Overview,
    /// A pipeline's graph.
    Graph,
    /// A build.
    Build,
    /// A log over the whole screen.
    Log,
    /// Workers, the queue, messages: plain lists.
    List,
    /// A shell has the keys.
    Shell,
    /// The list of containers to enter.
    Chooser,
    /// The menu of what is possible here.
    Menu,
    /// The help.
    Help,
}

impl Context {
    /// All of them.
    pub const ALL: [Context; 9] = [
        Context::Overview,
        Context::Graph,
        Context::Build,
        Context::Log,
        Context::List,
        Context::Shell,
        Context::Chooser,
        Context::Menu,
        Context::Help,
    ];

    /// Its name in keymaps.
    pub fn name(self) -> &'static str {
        match self {
            Context::Overview => "overview",
            Context::Graph => "graph",
            Context::Build => "build",
            Context::Log => "log",
            Context::List => "list",
            Context::Shell => "shell",
            Context::Chooser => "chooser",
            Context::Menu => "menu",
            Context::Help => "help",
        }
    }

    /// The context of that name.
    pub fn named(name: &str) -> Option<Context> {
        Context::ALL.into_iter().find(|context| context.name() == name)
    }
}

/// Under which heading an action stands in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Moving.
    Move,
    /// Opening and going back.
    Open,
    /// Seeing more, less, or otherwise.
    See,
    /// Shells.
    GoIn,
    /// Links, files, bells.
    TakeAway,
    /// What changes the server.
    Change,
    /// The same in all places.
    Everywhere,
}

impl Group {
    /// All of them, as the help has them.
    pub const ALL: [Group; 7] = [
        Group::Move,
        Group::Open,
        Group::See,
        Group::GoIn,
        Group::TakeAway,
        Group::Change,
        Group::Everywhere,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "move",
            Group::Open => "open",
            Group::See => "see",
            Group::GoIn => "go in",
            Group::TakeAway => "take away",
            Group::Change => "change",
            Group::Everywhere => "everywhere",
        }
    }
}

/// How an action asks before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confirm {
    /// It changes nothing, or only adds.
    No,
    /// It can be undone: no question, a toast with undo.
    Undo,
    /// It stops running work: one line, `y` only.
    Stop,
    /// It destroys what is stored: the name is typed.
    Destroy,
}

/// What is known of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its name in keymaps and in the palette.
    pub id: &'static str,
    /// What it does, for help, menu and palette.
    pub title: &'static str,
    /// One or two words for the key bar.
    pub short: &'static str,
    /// Its heading in the help.
    pub group: Group,
    /// Where it exists.
    pub contexts: &'static [Context],
    /// Whether it changes the server; absent when one may only look.
    pub needs_write: bool,
    /// How it asks.
    pub confirm: Confirm,
}

use Context::{Build, Chooser, Graph, Help, List, Log, Menu, Overview, Shell};

const ANY: &[Context] = &[Overview, Graph, Build, Log, List, Chooser, Menu, Help];
const SCREENS: &[Context] = &[Overview, Graph, Build, Log, List];
const JOBS: &[Context] = &[Overview, Graph, Build, Log, List];
const PICTURES: &[Context] = &[Graph];
const LOGS: &[Context] = &[Build, Log];

macro_rules! actions {
    ($($name:ident $id:literal $short:literal $title:literal $group:ident $contexts:ident
        $write:ident $confirm:ident;)*) => {
        /// Something that a person may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = concat!("To ", $title, ".")] $name,)*
        }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &'static [Action] = &[$(Action::$name,)*];

            /// What is known of it.
            pub const fn info(self) -> Info {
                match self {
                    $(Action::$name => Info {
                        id: $id,
                        title: $title,
                        short: $short,
                        group: Group::$group,
                        contexts: $contexts,
                        needs_write: actions!(@ $write),
                        confirm: Confirm::$confirm,
                    },)*
                }
            }
        }
    };
    (@ looks) => { false };
    (@ writes) => { true };
}

const SHELL: &[Context] = &[Shell];
const CHOOSER: &[Context] = &[Chooser];
const CHECKS: &[Context] = &[Graph];
const PANES: &[Context] = &[Build];

actions! {
    Left "left" "move" "move left" Move ANY looks No;
    Right "right" "move" "move right" Move ANY looks No;
    Down "down" "move" "move down" Move ANY looks No;
    Up "up" "move" "move up" Move ANY looks No;
    First "first" "first" "go to the first" Move ANY looks No;
    Last "last" "last" "go to the last" Move ANY looks No;
    PageDown "page-down" "page" "a page down" Move ANY looks No;
    PageUp "page-up" "page" "a page up" Move ANY looks No;
    NextRed "next-red" "next red" "next red" Move JOBS looks No;
    PreviousRed "previous-red" "previous red" "previous red" Move JOBS looks No;
    FirstRank "first-rank" "first rank" "first rank" Move PICTURES looks No;
    LastRank "last-rank" "last rank" "last rank" Move PICTURES looks No;
    NextGroup "next-group" "next group" "next group" Move PICTURES looks No;
    PreviousGroup "previous-group" "previous group" "previous group" Move PICTURES looks No;
    PanLeft "pan-left" "pan" "pan left" Move PICTURES looks No;
    PanRight "pan-right" "pan" "pan right" Move PICTURES looks No;
    PanUp "pan-up" "pan" "pan up" Move PICTURES looks No;
    PanDown "pan-down" "pan" "pan down" Move PICTURES looks No;
    Search "search" "search" "search" Move SCREENS looks No;
    NextMatch "next-match" "next" "next match" Move SCREENS looks No;
    PreviousMatch "previous-match" "previous" "previous match" Move SCREENS looks No;

    Open "open" "open" "open" Open ANY looks No;
    Back "back" "back" "one level up" Open ANY looks No;
    Inspect "inspect" "why" "why: pending, paused…" Open SCREENS looks No;
    Changed "changed" "what changed" "changed since green" Open JOBS looks No;
    Builds "builds" "all builds" "all builds of the job" Open JOBS looks No;
    Older "older" "older" "the build before" Open LOGS looks No;
    Newer "newer" "newer" "the build after" Open LOGS looks No;
    LastGreen "last-green" "last green" "last green build" Open LOGS looks No;
    FirstRed "first-red" "first red" "first red build after it" Open LOGS looks No;
    PreviousView "previous-view" "previous view" "previous view" Open SCREENS looks No;

    FocusPath "focus-path" "focus path" "only this path" See PICTURES looks No;
    Follow "follow" "follow" "follow the end" See LOGS looks No;
    OnlyMatches "only-matches" "matches only" "only what matches" See SCREENS looks No;
    Zoom "zoom" "zoom" "fit, normal, overview" See SCREENS looks No;
    NextPane "next-pane" "next pane" "next pane" See PANES looks No;
    Minimap "minimap" "map" "minimap" See PICTURES looks No;
    Resources "resources" "resources" "resources: all, auto, none" See PICTURES looks No;
    Wrap "wrap" "wrap" "wrap long lines" See LOGS looks No;
    Times "times" "time" "time: since start, of day, none" See LOGS looks No;

    OpenShell "shell" "shell" "shell, best container" GoIn JOBS writes No;
    SplitShell "split-shell" "shell beside" "shell in a pane beside the log" GoIn JOBS writes No;
    ChooseShell "choose-shell" "choose shell" "choose container" GoIn JOBS writes No;
    OtherCommand "other-command" "other command" "run another command" GoIn CHOOSER writes No;
    LeaveShell "leave-shell" "back to the log, shell stays" "leave the shell, it lives on" GoIn SHELL looks No;

    Bell "bell" "bell" "bell when done" TakeAway JOBS looks No;

    Trigger "trigger" "trigger" "trigger" Change JOBS writes Undo;
    Rerun "rerun" "rerun" "rerun, same inputs" Change JOBS writes Undo;
    Abort "abort" "abort" "abort" Change JOBS writes Stop;
    Pause "pause" "pause" "pause or resume" Change JOBS writes Undo;
    Check "check" "check now" "check resource" Change CHECKS writes No;
    Undo "undo" "undo" "undo, 5 s" Change SCREENS writes No;

    Palette "palette" "palette" "palette" Everywhere SCREENS looks No;
    OpenMenu "menu" "all" "what is possible" Everywhere SCREENS looks No;
    OpenHelp "help" "help" "this" Everywhere ANY looks No;
    Retry "retry" "try now" "ask the server again" Everywhere SCREENS looks No;
    Messages "messages" "messages" "all messages" Everywhere SCREENS looks No;
    Themes "theme" "theme" "another theme" Everywhere SCREENS looks No;
    Redraw "redraw" "redraw" "draw all again" Everywhere ANY looks No;
    Suspend "suspend" "suspend" "back to the shell, fg returns" Everywhere ANY looks No;
    Quit "quit" "leave" "leave; ctrl-c: twice" Everywhere ANY looks No;
}

impl Action {
    /// The action of that name.
    pub fn named(id: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.info().id == id)
    }

    /// Whether it exists in a context.
    pub fn is_in(self, context: Context) -> bool {
        self.info().contexts.contains(&context)
    }

    /// What it does in a context, for help and menu.
    pub fn title_in(self, context: Context) -> &'static str {
        match (self, context) {
            (Action::Open, Context::Overview) => "the pipeline's graph",
            (Action::Open, Context::Graph) => "newest build",
            (Action::Open, Context::Build) => "the step's log, or fold",
            (Action::Open, Context::Log) => "fold or unfold",
            (Action::Open, Context::Chooser) => "enter this container",
            (Action::Search, Context::Graph) => "job or resource",
            (Action::NextRed, Context::Build | Context::Log) => "next error line",
            (Action::PreviousRed, Context::Build | Context::Log) => "previous error line",
            (Action::Zoom, Context::Build | Context::Log) => "the log alone",
            (Action::Changed, Context::Build | Context::Log) => "all inputs",
            _ => self.info().title,
        }
    }

    /// One or two words for the key bar of a context.
    pub fn short_in(self, context: Context) -> &'static str {
        match (self, context) {
            (Action::Left, Context::Graph) => "along edges",
            (Action::Open, Context::Overview) => "graph",
            (Action::Open, Context::Graph) => "build",
            (Action::Open, Context::Build) => "step",
            (Action::Open, Context::Log) => "fold",
            (Action::Open, Context::Chooser) => "enter it",
            (Action::Open, Context::Menu | Context::Help) => "do it",
            (Action::Search, Context::Overview | Context::Chooser) => "narrow",
            (Action::NextRed, Context::Build | Context::Log) => "next error",
            (Action::Changed, Context::Build | Context::Log) => "all inputs",
            (Action::Older, _) => "builds",
            (Action::Zoom, Context::Graph) => "fit",
            (Action::Zoom, Context::Build) => "full log",
            _ => self.info().short,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_words_and_differ() {
        let ids: BTreeSet<&str> = Action::ALL.iter().map(|action| action.info().id).collect();
        assert_eq!(ids.len(), Action::ALL.len());
        for action in Action::ALL {
            let info = action.info();
            assert_eq!(Action::named(info.id), Some(*action));
            assert!(info.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", info.id);
            assert!(!info.title.is_empty() && !info.short.is_empty() && !info.contexts.is_empty());
        }
    }

    #[test]
    fn only_what_writes_asks() {
        for action in Action::ALL {
            let info = action.info();
            assert!(info.needs_write || info.confirm == Confirm::No, "{}", info.id);
            assert!(info.group != Group::Change || info.needs_write, "{}", info.id);
        }
    }
}
