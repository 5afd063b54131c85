//! Roles to styles: what the console looks like, at any number of colours.
//!
//! A theme never reads the environment or a file: texts and hints are passed in.

mod depth;
mod read;
mod role;

pub use depth::{Ansi, Depth, Hints, Paint, nearest};
pub use read::ThemeError;
pub use role::Role;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// The themes inside the program: file name without its end, text.
const SHIPPED: [(&str, &str); 2] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("light", include_str!("../../../themes/light.toml")),
];

/// Roles to colours, at one depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// The theme's name, as its file gives it.
    pub name: String,
    depth: Depth,
    paints: [Paint; Role::COUNT],
    colours: [Color; Role::COUNT],
    ansi: [Option<Paint>; 16],
}

impl Theme {
    /// The dark theme.
    pub fn night(depth: Depth) -> Theme {
        Theme::of_program("default", depth)
    }

    /// The light theme.
    pub fn day(depth: Depth) -> Theme {
        Theme::of_program("light", depth)
    }

    /// A theme inside the program by the name of its file or its own name; none if there is none.
    pub fn shipped(name: &str, depth: Depth) -> Option<Theme> {
        let (file, text) = SHIPPED.iter().find(|(file, text)| {
            *file == name || text.contains(&format!("\nname = \"{name}\"\n"))
        })?;
        Theme::load(file, text, depth, &|_| None).ok()
    }

    /// The names of the themes inside the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// Reads a theme from a text. `find` gives the text of a theme to inherit from by name; the
    /// program's own are known without it.
    ///
    /// # Errors
    /// With file, line and column of the first fault.
    pub fn load(
        file: &str,
        text: &str,
        depth: Depth,
        find: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Theme, ThemeError> {
        let find = |name: &str| {
            find(name).or_else(|| {
                SHIPPED.iter().find(|(file, _)| *file == name).map(|(_, text)| (*text).to_owned())
            })
        };
        let read = read::read(file, text, &find)?;
        let mut paints = [Paint { rgb: None, ansi: Ansi::Default }; Role::COUNT];
        for (role, _, _) in Role::TABLE {
            let mut from = Some(role);
            while let Some(now) = from {
                if let Some(paint) = read.paints.get(&now) {
                    paints[role as usize] = *paint;
                    break;
                }
                from = now.fallback();
            }
        }
        let colours = paints.map(|paint| paint.at(depth));
        Ok(Theme { name: read.name, depth, paints, colours, ansi: read.ansi })
    }

    /// The same theme with another number of colours.
    pub fn with_depth(&self, depth: Depth) -> Theme {
        let colours = self.paints.map(|paint| paint.at(depth));
        Theme { depth, colours, ..self.clone() }
    }

    /// How many colours it draws with.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Whether grounds are told apart by colour; else chips stand bare and the selection is
    /// reversed.
    pub fn has_grounds(&self) -> bool {
        self.depth >= Depth::Indexed
    }

    /// The colour of a role.
    pub fn colour(&self, role: Role) -> Color {
        self.colours[role as usize]
    }

    /// The colour of a role in 24 bits, if the theme gives one.
    pub fn rgb(&self, role: Role) -> Option<[u8; 3]> {
        self.paints[role as usize].rgb
    }

    /// Text in a role, its ground left as it is.
    pub fn style(&self, role: Role) -> Style {
        let style = Style::new().fg(self.colour(role));
        match (self.depth, role) {
            (Depth::None, Role::Faint | Role::Backdrop) => style.add_modifier(Modifier::DIM),
            _ => style,
        }
    }

    /// The ground of a role.
    pub fn ground(&self, role: Role) -> Style {
        Style::new().bg(self.colour(role))
    }

    /// A badge: the only reversed text.
    pub fn badge(&self, role: Role) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match self.depth {
            Depth::None => bold.add_modifier(Modifier::REVERSED),
            Depth::Sixteen if matches!(self.colour(role), Color::Reset) => {
                bold.add_modifier(Modifier::REVERSED)
            }
            _ => bold.fg(self.colour(Role::Ink)).bg(self.colour(role)),
        }
    }

    /// One of the sixteen colours of a log or a shell.
    pub fn ansi(&self, index: u8) -> Color {
        match (self.depth, self.ansi.get(usize::from(index)).copied().flatten()) {
            (Depth::None, _) => Color::Reset,
            (_, Some(paint)) => paint.at(self.depth),
            (_, None) => Color::Indexed(index),
        }
    }

    /// Any colour of a log or a shell, at this depth.
    pub fn foreign(&self, colour: Color) -> Color {
        match (self.depth, colour) {
            (Depth::None, _) => Color::Reset,
            (_, Color::Indexed(n)) if n < 16 => self.ansi(n),
            (Depth::Sixteen, Color::Indexed(_) | Color::Rgb(..)) => Color::Reset,
            (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest([r, g, b])),
            (_, other) => other,
        }
    }

    /// Lays the ground of a role under what is drawn, or will be.
    pub fn lay(&self, buf: &mut Buffer, area: Rect, role: Role) {
        buf.set_style(area, self.ground(role));
    }

    /// Marks what is drawn in `area` as chosen: its ground, or reversed where grounds are missing.
    pub fn choose(&self, buf: &mut Buffer, area: Rect) {
        if self.has_grounds() {
            buf.set_style(area, self.ground(Role::Select));
            return;
        }
        let bare = Style::new().fg(Color::Reset).bg(Color::Reset);
        buf.set_style(area, bare.remove_modifier(Modifier::DIM).add_modifier(Modifier::REVERSED));
    }

    /// Takes the colour from what is drawn in `area`: it lies behind an overlay. Shapes stay.
    pub fn fade(&self, buf: &mut Buffer, area: Rect) {
        let area = area.intersection(buf.area);
        let plain = self.style(Role::Backdrop).bg(self.colour(Role::Bg));
        for position in area.positions() {
            if let Some(cell) = buf.cell_mut(position) {
                let surface = cell.bg == self.colour(Role::Surface);
                cell.modifier = Modifier::empty();
                cell.set_style(plain);
                if surface {
                    cell.set_bg(self.colour(Role::Surface));
                }
            }
        }
    }

    /// Takes the colours of states from what is drawn in `area`: it is stale. Shapes and words
    /// stay.
    pub fn drain(&self, buf: &mut Buffer, area: Rect) {
        let area = area.intersection(buf.area);
        let kept = [Role::Text, Role::Muted, Role::Faint, Role::Bright, Role::Border, Role::Accent]
            .map(|role| self.colour(role));
        for position in area.positions() {
            if let Some(cell) = buf.cell_mut(position)
                && !kept.contains(&cell.fg)
            {
                cell.set_fg(self.colour(Role::Muted));
            }
        }
    }

    fn of_program(name: &str, depth: Depth) -> Theme {
        let found = Theme::shipped(name, depth);
        #[expect(clippy::expect_used, reason = "the shipped themes are read by a test")]
        found.expect("the shipped themes are whole")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(rgb: [u8; 3]) -> f64 {
        let [r, g, b] = rgb.map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn shipped_themes_have_every_role_and_can_be_read() {
        for name in Theme::names() {
            let theme = Theme::shipped(name, Depth::True).expect(name);
            for (role, word, _) in Role::TABLE {
                assert!(theme.rgb(role).is_some(), "{name} has no `{word}`");
            }
            let bg = theme.rgb(Role::Bg).expect("ground");
            for role in [
                Role::Text,
                Role::Muted,
                Role::Faint,
                Role::Bright,
                Role::Accent,
                Role::Match,
                Role::Succeeded,
                Role::Failed,
                Role::Errored,
                Role::Aborted,
                Role::Started,
                Role::Pending,
                Role::Paused,
                Role::Pinned,
            ] {
                let found = contrast(theme.rgb(role).expect("checked above"), bg);
                assert!(found >= 4.5, "{name}: `{}` on bg is {found:.2}", role.name());
            }
            let ink = theme.rgb(Role::Ink).expect("ink");
            for role in [Role::Target1, Role::Target2, Role::Target3, Role::Accent, Role::Errored] {
                let found = contrast(theme.rgb(role).expect("checked above"), ink);
                assert!(found >= 4.5, "{name}: ink on `{}` is {found:.2}", role.name());
            }
            let edge = contrast(theme.rgb(Role::Edge).expect("checked above"), bg);
            assert!(edge >= 3.0, "{name}: edges are {edge:.2}");
        }
    }

    #[test]
    fn names_are_those_of_files_and_of_themes() {
        assert_eq!(Theme::shipped("night", Depth::True), Some(Theme::night(Depth::True)));
        assert_eq!(Theme::shipped("light", Depth::True), Theme::shipped("day", Depth::True));
        assert_eq!(Theme::shipped("dusk", Depth::True), None);
    }

    #[test]
    fn fewer_colours_lose_grounds_first() {
        let theme = Theme::night(Depth::Sixteen);
        assert_eq!(theme.colour(Role::Failed), Color::Indexed(9));
        assert_eq!(theme.colour(Role::Surface), Color::Reset);
        assert!(!theme.has_grounds());
        assert_eq!(theme.with_depth(Depth::None).colour(Role::Failed), Color::Reset);
    }

    #[test]
    fn a_theme_of_few_lines_is_whole() {
        let text = "name = \"mine\"\ninherits = \"default\"\n[roles]\ntext = \"#ffffff\"\n";
        let theme = Theme::load("mine.toml", text, Depth::True, &|_| None).expect("whole");
        assert_eq!(theme.colour(Role::Text), Color::Rgb(255, 255, 255));
        assert_eq!(theme.colour(Role::LogStdout), Color::Rgb(255, 255, 255));
        assert_eq!(theme.rgb(Role::Bg), Theme::night(Depth::True).rgb(Role::Bg));
    }
}
