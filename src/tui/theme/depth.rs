//! How many colours a terminal has, and how a colour is said with fewer.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// None: bold, dim, underline and reverse only.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The fixed 256.
    Indexed,
    /// 24 bits.
    #[default]
    True,
}

/// What the environment says about the terminal; passed in, never read here.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// `NO_COLOR`; set and not empty means none.
    pub no_color: Option<String>,
}

impl Depth {
    /// The depth that the environment promises.
    pub fn detect(hints: &Hints) -> Depth {
        let term = hints.term.as_deref().unwrap_or("");
        if hints.no_color.as_deref().is_some_and(|value| !value.is_empty()) || term == "dumb" {
            return Depth::None;
        }
        if matches!(hints.colorterm.as_deref(), Some("truecolor" | "24bit"))
            || term.ends_with("-direct")
        {
            return Depth::True;
        }
        if term == "linux" || term.ends_with("16color") || term.is_empty() || term == "ansi" {
            return Depth::Sixteen;
        }
        Depth::Indexed
    }
}

/// A colour as a theme gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// In 24 bits; none: the terminal's own.
    pub rgb: Option<[u8; 3]>,
    /// In 16 colours.
    pub ansi: Ansi,
}

/// What stands for a colour where there are sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ansi {
    /// The terminal's own text or ground.
    Default,
    /// The selection: text and ground change places.
    Reverse,
    /// One of the sixteen.
    Index(u8),
}

impl Paint {
    /// The colour at a depth.
    pub fn at(self, depth: Depth) -> Color {
        match (depth, self.rgb) {
            (Depth::None, _) => Color::Reset,
            (Depth::Sixteen, _) | (_, None) => match self.ansi {
                Ansi::Default | Ansi::Reverse => Color::Reset,
                Ansi::Index(n) => Color::Indexed(n),
            },
            (Depth::Indexed, Some(rgb)) => Color::Indexed(nearest(rgb)),
            (Depth::True, Some([r, g, b])) => Color::Rgb(r, g, b),
        }
    }
}

/// The nearest of the fixed colours 16-255: the cube, or the greys.
pub fn nearest(rgb: [u8; 3]) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let far = |a: [u8; 3], b: [u8; 3]| -> u32 {
        a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
    };
    let step =
        |v: u8| -> u8 { (0..6u8).min_by_key(|&i| STEPS[usize::from(i)].abs_diff(v)).unwrap_or(0) };
    let [r, g, b] = rgb.map(step);
    let cube = [r, g, b].map(|i| STEPS[usize::from(i)]);
    let mean = (u32::from(rgb[0]) + u32::from(rgb[1]) + u32::from(rgb[2])) / 3;
    let grey = u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let level = 8 + grey * 10;
    if far([level; 3], rgb) < far(cube, rgb) { 232 + grey } else { 16 + 36 * r + 6 * g + b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_the_depth() {
        let hints = |colorterm: &str, term: &str, no_color: &str| Hints {
            colorterm: Some(colorterm.to_owned()),
            term: Some(term.to_owned()),
            no_color: Some(no_color.to_owned()),
        };
        for (colorterm, term, no_color, depth) in [
            ("truecolor", "xterm-256color", "", Depth::True),
            ("24bit", "screen", "", Depth::True),
            ("", "xterm-256color", "", Depth::Indexed),
            ("", "xterm-direct", "", Depth::True),
            ("", "linux", "", Depth::Sixteen),
            ("", "xterm-16color", "", Depth::Sixteen),
            ("truecolor", "dumb", "", Depth::None),
            ("truecolor", "xterm", "1", Depth::None),
        ] {
            assert_eq!(Depth::detect(&hints(colorterm, term, no_color)), depth, "{term}");
        }
        assert_eq!(Depth::detect(&Hints::default()), Depth::Sixteen);
    }

    #[test]
    fn fixed_colours_are_found() {
        for (rgb, index) in [
            ([0, 0, 0], 16),
            ([255, 255, 255], 231),
            ([0x0f, 0x12, 0x17], 233),
            ([0x18, 0x1d, 0x24], 234),
            ([255, 0, 0], 196),
        ] {
            assert_eq!(nearest(rgb), index, "{rgb:?}");
        }
    }
}
