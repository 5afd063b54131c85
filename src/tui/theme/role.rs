//! The roles that a colour may play, and what stands in where a theme says nothing.

/// What a colour means. Widgets know roles, never colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The ground of all.
    Bg,
    /// The ground of chips, of the first and of the last row.
    Surface,
    /// The ground of overlays, toasts and the prompt.
    Raised,
    /// The ground of the selection.
    Select,
    /// Thin lines between panes.
    Border,
    /// The frame of the pane or overlay that has the keys.
    BorderFocus,
    /// What is read.
    Text,
    /// Facts beside it.
    Muted,
    /// Line numbers, what is skipped or disabled.
    Faint,
    /// All that lies behind an overlay.
    Backdrop,
    /// The one thing on a line to act on.
    Bright,
    /// Where you are.
    Accent,
    /// Lines of the graph.
    Edge,
    /// Lines that pass versions without triggering.
    EdgeUntriggered,
    /// Lines of the chosen node.
    EdgeFocus,
    /// What a search found.
    Match,
    /// Text on badges.
    Ink,
    /// A state.
    Succeeded,
    /// A state.
    Failed,
    /// A state.
    Errored,
    /// A state.
    Aborted,
    /// A state.
    Started,
    /// A state.
    Pending,
    /// A state.
    Paused,
    /// A state.
    Pinned,
    /// The ground of the first error line and of questions that stop work.
    FailedBg,
    /// The ground of the banner over stale data.
    ErroredBg,
    /// The ground of running tiles and of the banner over the past.
    StartedBg,
    /// The ground of green tiles.
    SucceededBg,
    /// The ground of paused tiles.
    PausedBg,
    /// The first server's badge.
    Target1,
    /// The second server's badge.
    Target2,
    /// The third server's badge.
    Target3,
    /// Log lines from standard output.
    LogStdout,
    /// Log lines from standard error.
    LogStderr,
    /// Log lines that tell an error.
    LogError,
    /// Log lines that warn.
    LogWarning,
    /// Times beside log lines.
    LogTimestamp,
    /// The bar of a toast that informs.
    ToastInfo,
    /// The bar of a toast that warns.
    ToastWarn,
    /// The bar of a toast that tells an error.
    ToastError,
    /// The badge of a session that may only look.
    Readonly,
}

impl Role {
    /// Every role with its name in theme files and the role that stands in for it.
    pub const TABLE: [(Role, &'static str, Option<Role>); 42] = [
        (Role::Bg, "bg", None),
        (Role::Surface, "surface", None),
        (Role::Raised, "raised", None),
        (Role::Select, "select", None),
        (Role::Border, "border", None),
        (Role::BorderFocus, "border.focus", Some(Role::Accent)),
        (Role::Text, "text", None),
        (Role::Muted, "muted", None),
        (Role::Faint, "faint", None),
        (Role::Backdrop, "backdrop", None),
        (Role::Bright, "bright", None),
        (Role::Accent, "accent", None),
        (Role::Edge, "edge", None),
        (Role::EdgeUntriggered, "edge.untriggered", Some(Role::Edge)),
        (Role::EdgeFocus, "edge.focus", Some(Role::Accent)),
        (Role::Match, "match", None),
        (Role::Ink, "ink", None),
        (Role::Succeeded, "status.succeeded", None),
        (Role::Failed, "status.failed", None),
        (Role::Errored, "status.errored", None),
        (Role::Aborted, "status.aborted", None),
        (Role::Started, "status.started", None),
        (Role::Pending, "status.pending", None),
        (Role::Paused, "status.paused", None),
        (Role::Pinned, "status.pinned", None),
        (Role::FailedBg, "status.failed.bg", None),
        (Role::ErroredBg, "status.errored.bg", None),
        (Role::StartedBg, "status.started.bg", None),
        (Role::SucceededBg, "status.succeeded.bg", None),
        (Role::PausedBg, "status.paused.bg", None),
        (Role::Target1, "target.1", None),
        (Role::Target2, "target.2", None),
        (Role::Target3, "target.3", None),
        (Role::LogStdout, "log.stdout", Some(Role::Text)),
        (Role::LogStderr, "log.stderr", Some(Role::Text)),
        (Role::LogError, "log.error", Some(Role::Failed)),
        (Role::LogWarning, "log.warning", Some(Role::Errored)),
        (Role::LogTimestamp, "log.timestamp", Some(Role::Muted)),
        (Role::ToastInfo, "toast.info", Some(Role::Accent)),
        (Role::ToastWarn, "toast.warn", Some(Role::Errored)),
        (Role::ToastError, "toast.error", Some(Role::Failed)),
        (Role::Readonly, "readonly", Some(Role::Muted)),
    ];

    /// How many roles there are.
    pub const COUNT: usize = Role::TABLE.len();

    /// The role's name in theme files.
    pub fn name(self) -> &'static str {
        Role::TABLE[self as usize].1
    }

    /// The role that stands in for it, if it may be left out everywhere.
    pub fn fallback(self) -> Option<Role> {
        Role::TABLE[self as usize].2
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Role> {
        Role::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The badge of a server: three colours, in turn.
    pub fn target(number: usize) -> Role {
        [Role::Target1, Role::Target2, Role::Target3][number % 3]
    }

    /// The tinted ground that belongs to a state, if it has one.
    pub fn tint(self) -> Option<Role> {
        match self {
            Role::Failed => Some(Role::FailedBg),
            Role::Errored => Some(Role::ErroredBg),
            Role::Started => Some(Role::StartedBg),
            Role::Succeeded => Some(Role::SucceededBg),
            Role::Paused => Some(Role::PausedBg),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_roles() {
        for (place, (role, name, _)) in Role::TABLE.iter().enumerate() {
            assert_eq!(*role as usize, place, "{name}");
            assert_eq!(Role::named(name), Some(*role));
        }
    }
}
