//! Signs of states, and how every glyph looks where the terminal knows fewer.
//!
//! Round is not over, sharp is over, bars are a person.

use crate::model::build::Status;
use crate::tui::theme::Role;

/// Which characters the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GlyphSet {
    /// All of ours.
    #[default]
    Unicode,
    /// The old PC set, as the Linux console has it.
    Cp437,
    /// Letters and signs of ASCII.
    Ascii,
}

/// A state as people see it: more than a build's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// The work said no.
    Failed,
    /// The work could not be done.
    Errored,
    /// Runs.
    Started,
    /// A person holds it.
    Paused,
    /// A person must start it.
    ByHand,
    /// A check cannot be made.
    CheckFails,
    /// A person said stop.
    Aborted,
    /// Waits for a slot.
    Pending,
    /// Waits for another job, which is under way.
    Waiting,
    /// Waits for a person: what it needs is red, paused or cannot be checked.
    Blocked,
    /// The work was done.
    Succeeded,
    /// Rules left it out.
    Skipped,
    /// There is no build yet.
    NeverRan,
    /// The server does not say.
    Unknown,
    /// A version is held by a person.
    Pinned,
    /// A container is kept.
    Held,
    /// Somebody is inside.
    Shell,
    /// Same inputs, other outcome.
    Flaky,
}

impl Sign {
    /// Every sign, in the order of urgency: the worst state of a group is its first.
    pub const ALL: [Sign; 18] = [
        Sign::Failed,
        Sign::Errored,
        Sign::Started,
        Sign::Paused,
        Sign::ByHand,
        Sign::CheckFails,
        Sign::Aborted,
        Sign::Pending,
        Sign::Waiting,
        Sign::Blocked,
        Sign::Succeeded,
        Sign::Skipped,
        Sign::NeverRan,
        Sign::Unknown,
        Sign::Pinned,
        Sign::Held,
        Sign::Shell,
        Sign::Flaky,
    ];

    fn row(self) -> (char, char, char, &'static str, Role) {
        match self {
            Sign::Failed => ('✗', 'x', 'x', "failed", Role::Failed),
            Sign::Errored => ('▲', '!', '!', "errored", Role::Errored),
            Sign::Started => ('◐', '■', '*', "running", Role::Started),
            Sign::Paused => ('‖', '║', '=', "paused", Role::Paused),
            Sign::ByHand => ('▷', '►', '>', "by hand", Role::Paused),
            Sign::CheckFails => ('△', 'Δ', '%', "check fails", Role::Errored),
            Sign::Aborted => ('⊘', '¬', '-', "aborted", Role::Aborted),
            Sign::Pending => ('○', '○', 'o', "pending", Role::Pending),
            Sign::Waiting => ('◌', '∙', ':', "waiting", Role::Pending),
            Sign::Blocked => ('⊣', '┤', '#', "blocked", Role::Muted),
            Sign::Succeeded => ('✓', '√', '+', "succeeded", Role::Succeeded),
            Sign::Skipped => ('»', '»', '/', "skipped", Role::Faint),
            Sign::NeverRan => ('·', '·', '.', "never ran", Role::Faint),
            Sign::Unknown => ('?', '?', '?', "unknown", Role::Muted),
            Sign::Pinned => ('◆', '♦', '^', "pinned", Role::Pinned),
            Sign::Held => ('▣', '⌂', '@', "held", Role::Accent),
            Sign::Shell => ('$', '$', '$', "in a shell", Role::Accent),
            Sign::Flaky => ('≈', '≈', '~', "flaky", Role::Errored),
        }
    }

    /// The glyph in a set; for a running one, its shape at rest.
    pub fn glyph(self, set: GlyphSet) -> char {
        let row = self.row();
        match set {
            GlyphSet::Unicode => row.0,
            GlyphSet::Cp437 => row.1,
            GlyphSet::Ascii => row.2,
        }
    }

    /// The word that stands beside the glyph.
    pub fn word(self) -> &'static str {
        self.row().3
    }

    /// The role of its colour.
    pub fn role(self) -> Role {
        self.row().4
    }

    /// Whether the name beside it is bright: somebody has to act.
    pub fn is_red(self) -> bool {
        matches!(self, Sign::Failed | Sign::Errored)
    }

    /// Whether the name beside it is quiet: nothing happened yet.
    pub fn is_quiet(self) -> bool {
        matches!(
            self,
            Sign::NeverRan | Sign::Blocked | Sign::Waiting | Sign::Pending | Sign::Skipped
        )
    }

    /// Whether lines that leave a node in this state carry its colour.
    pub fn is_hot(self) -> bool {
        matches!(self, Sign::Failed | Sign::Errored | Sign::Started)
    }
}

impl From<Status> for Sign {
    fn from(status: Status) -> Sign {
        match status {
            Status::Pending => Sign::Pending,
            Status::Started => Sign::Started,
            Status::Succeeded => Sign::Succeeded,
            Status::Failed => Sign::Failed,
            Status::Errored => Sign::Errored,
            Status::Aborted => Sign::Aborted,
        }
    }
}

/// Glyphs that are no signs: ours, in CP437, in ASCII.
const PLAIN: [(char, char, char); 62] = [
    ('›', '>', '>'),
    ('…', '.', '.'),
    ('▸', '►', '>'),
    ('▾', '▼', 'v'),
    ('→', '→', '>'),
    ('←', '←', '<'),
    ('↑', '↑', '^'),
    ('↓', '↓', 'v'),
    ('▌', '▌', '|'),
    ('█', '█', '#'),
    ('┃', '║', '|'),
    ('━', '═', '='),
    ('─', '─', '-'),
    ('│', '│', '|'),
    ('╭', '┌', '.'),
    ('╮', '┐', '.'),
    ('╰', '└', '`'),
    ('╯', '┘', '\''),
    ('├', '├', '+'),
    ('┤', '┤', '+'),
    ('┬', '┬', '+'),
    ('┴', '┴', '+'),
    ('┼', '┼', '+'),
    ('┌', '┌', '.'),
    ('┐', '┐', '.'),
    ('└', '└', '`'),
    ('┘', '┘', '\''),
    ('┈', '·', '.'),
    ('┊', ':', ':'),
    ('┉', '·', '.'),
    ('┋', ':', ':'),
    ('┏', '╔', '.'),
    ('┓', '╗', '.'),
    ('┗', '╚', '`'),
    ('┛', '╝', '\''),
    ('┣', '╠', '+'),
    ('┫', '╣', '+'),
    ('┳', '╦', '+'),
    ('┻', '╩', '+'),
    ('╋', '╬', '+'),
    ('╵', '│', '|'),
    ('╶', '─', '-'),
    ('╷', '│', '|'),
    ('╴', '─', '-'),
    ('╹', '║', '|'),
    ('╺', '═', '='),
    ('╻', '║', '|'),
    ('╸', '═', '='),
    ('▁', '_', '_'),
    ('▄', '▄', 'o'),
    ('▇', '█', '#'),
    ('●', '■', '*'),
    ('◓', '■', '*'),
    ('◑', '■', '*'),
    ('◒', '■', '*'),
    ('↺', '«', '@'),
    ('•', '∙', '.'),
    ('×', 'x', 'x'),
    ('—', '-', '-'),
    ('–', '-', '-'),
    ('◦', '∙', '.'),
    ('▐', '▐', '|'),
];

impl GlyphSet {
    /// How a character is shown in this set. What the set lacks and nobody foresaw becomes `?`.
    pub fn show(self, c: char) -> char {
        if self == GlyphSet::Unicode || c.is_ascii() {
            return c;
        }
        let pick = |cp437: char, ascii: char| match self {
            GlyphSet::Ascii => ascii,
            GlyphSet::Unicode | GlyphSet::Cp437 => cp437,
        };
        if let Some((_, cp437, ascii)) = PLAIN.iter().find(|row| row.0 == c) {
            return pick(*cp437, *ascii);
        }
        if let Some(sign) = Sign::ALL.iter().find(|sign| sign.row().0 == c) {
            return pick(sign.row().1, sign.row().2);
        }
        match (self, c) {
            (_, '\u{2800}') => ' ',
            (_, '\u{2801}'..='\u{28ff}') => pick('▒', ':'),
            (GlyphSet::Cp437, _) => c,
            _ => '?',
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_sign_has_its_own_glyph_in_every_set() {
        for set in [GlyphSet::Unicode, GlyphSet::Cp437, GlyphSet::Ascii] {
            let glyphs: BTreeSet<char> = Sign::ALL.iter().map(|sign| sign.glyph(set)).collect();
            assert_eq!(glyphs.len(), Sign::ALL.len(), "{set:?}");
            for sign in Sign::ALL {
                assert_eq!(set.show(sign.glyph(GlyphSet::Unicode)), sign.glyph(set), "{sign:?}");
            }
        }
    }

    #[test]
    fn ascii_is_ascii() {
        for (ours, _, _) in PLAIN {
            assert!(GlyphSet::Ascii.show(ours).is_ascii(), "{ours}");
        }
        assert_eq!(GlyphSet::Ascii.show('é'), '?');
    }
}
