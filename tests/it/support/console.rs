//! The console without a terminal: keys in, cells out.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::control::Control;
use flightdeck::model::time::Clock;
use flightdeck::tui::driver::Needs;
use flightdeck::tui::look::Look;
use flightdeck::tui::term::{Event, Key};
use flightdeck::tui::{App, Driver, Effect, Msg, Options, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use tokio::sync::mpsc;

use super::control::{FakeControl, NOW};
use super::fixed_clock::FixedClock;

/// The console without a terminal.
pub struct Console {
    pub app: App,
    pub control: Arc<FakeControl>,
    pub clock: Arc<FixedClock>,
    driver: Driver,
    rx: mpsc::Receiver<Msg>,
    /// Effects that need a terminal, as they came.
    pub needs: Vec<Effect>,
}

impl Console {
    /// A console of that size, all first answers in.
    pub async fn start(control: FakeControl, size: (u16, u16)) -> Console {
        Console::start_with(control, size, |_| {}).await
    }

    /// The same with other options.
    pub async fn start_with(
        control: FakeControl,
        size: (u16, u16),
        set: impl FnOnce(&mut Options),
    ) -> Console {
        let control = Arc::new(control);
        let clock = Arc::new(FixedClock::at(NOW));
        let mut options = Options::new(Arc::clone(&clock) as Arc<dyn Clock>);
        set(&mut options);
        let (tx, rx) = mpsc::channel(1024);
        let mut app = App::new(&*control, &options, size, clock.now());
        let driver = Driver::new(
            Arc::clone(&control) as Arc<dyn Control>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            std::mem::take(&mut options.extra),
            tx,
        );
        let first = app.begin();
        let mut console = Console { app, control, clock, driver, rx, needs: Vec::new() };
        console.run(first);
        console.settle().await;
        console
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Needs::Terminal(effect) = self.driver.run(effect) {
                self.needs.push(effect);
            }
        }
    }

    /// Takes a message in.
    pub fn take(&mut self, msg: Msg) {
        let effects = self.app.update(self.clock.now(), msg);
        self.run(effects);
    }

    /// Lets all tasks that can go on go on, and takes in what they say, until nothing happens.
    pub async fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 20 {
            tokio::task::yield_now().await;
            quiet += 1;
            while let Ok(msg) = self.rx.try_recv() {
                quiet = 0;
                self.take(msg);
            }
            if self.app.wakes_at().is_some_and(|at| at <= self.clock.now()) {
                self.take(Msg::Tick);
            }
            // What is asked for a second time waits a moment.
            if quiet == 10
                && self
                    .app
                    .wakes_at()
                    .is_some_and(|at| at < self.clock.now() + Duration::from_millis(60))
            {
                self.clock.advance(Duration::from_millis(60));
                self.take(Msg::Tick);
            }
        }
    }

    /// Types keys by their names, blanks between them.
    pub async fn keys(&mut self, names: &str) {
        for name in names.split_whitespace() {
            let key = Key::parse(name).unwrap_or_else(|| panic!("no key `{name}`"));
            self.take(Msg::Input(Event::Key(key)));
            self.settle().await;
        }
    }

    /// Types a text.
    pub async fn text(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { Key::parse("space") } else { Key::parse(&c.to_string()) };
            self.take(Msg::Input(Event::Key(key.unwrap())));
        }
        self.settle().await;
    }

    /// Time passes.
    pub async fn wait(&mut self, span: Duration) {
        self.clock.advance(span);
        self.take(Msg::Tick);
        self.settle().await;
    }

    /// Another size.
    pub async fn resize(&mut self, width: u16, height: u16) {
        self.take(Msg::Resize(width, height));
        self.settle().await;
    }

    /// The screen.
    pub fn screen(&self) -> Buffer {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text.
    pub fn shown(&self) -> String {
        text(&self.screen())
    }

    /// Whether a text is on the screen.
    pub fn shows(&self, needle: &str) -> bool {
        self.shown().contains(needle)
    }

    /// The screen as text and, below, one letter for each style, with a legend.
    pub fn picture(&self) -> String {
        let buffer = self.screen();
        format!("{}\n{}", text(&buffer), styles(&buffer, &self.app.look))
    }

    /// Writes the screen for a person to look at, where `FLIGHTDECK_SHOTS` names a folder.
    pub fn shoot(&self, name: &str) {
        if let Some(folder) = option_env!("FLIGHTDECK_SHOTS") {
            std::fs::create_dir_all(folder).unwrap();
            let (w, h) = self.app.size;
            let path = format!("{folder}/{name}.{w}x{h}.ans");
            std::fs::write(path, ansi(&self.screen())).unwrap();
        }
    }
}

/// A buffer's text, blanks at the ends of rows taken off.
pub fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = String::new();
    for y in area.top()..area.bottom() {
        let row: String = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// One letter a style: the first seen is `a`.
fn styles(buffer: &Buffer, look: &Look) -> String {
    let area = buffer.area;
    let mut seen: Vec<String> = Vec::new();
    let mut grid = String::new();
    for y in area.top()..area.bottom() {
        let mut row = String::new();
        for x in area.left()..area.right() {
            let cell = &buffer[(x, y)];
            let style = style_of(cell, look);
            let at = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
            row.push(letters.chars().nth(at).unwrap_or('?'));
        }
        grid.push_str(&row);
        grid.push('\n');
    }
    for (style, letter) in
        seen.iter().zip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".chars())
    {
        let _ = writeln!(grid, "{letter} {style}");
    }
    grid
}

fn style_of(cell: &Cell, look: &Look) -> String {
    use flightdeck::tui::theme::Role;
    let name = |colour: Color| {
        if colour == Color::Reset {
            return "default".to_owned();
        }
        Role::TABLE
            .iter()
            .map(|(role, ..)| *role)
            .find(|role| look.theme.colour(*role) == colour)
            .map_or_else(|| format!("{colour:?}"), |role| role.name().to_owned())
    };
    // A blank has no colour of its own to be seen.
    let fg = if cell.symbol().trim().is_empty() && !cell.modifier.contains(Modifier::REVERSED) {
        "-".to_owned()
    } else {
        name(cell.fg)
    };
    let mut style = format!("{fg} on {}", name(cell.bg));
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underline"),
        (Modifier::REVERSED, "reverse"),
    ] {
        if cell.modifier.contains(modifier) {
            style.push(' ');
            style.push_str(word);
        }
    }
    style
}

/// The buffer as a terminal would be sent it.
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::from("\x1b[?25l\x1b[?7l\x1b[2J\x1b[H");
    let area = buffer.area;
    let colour = |out: &mut String, base: u8, colour: Color| {
        let _ = match colour {
            Color::Rgb(r, g, b) => write!(out, ";{base}8;2;{r};{g};{b}"),
            Color::Indexed(n) => write!(out, ";{base}8;5;{n}"),
            _ => Ok(()),
        };
    };
    for y in area.top()..area.bottom() {
        let _ = write!(out, "\x1b[{};1H", y + 1);
        for x in area.left()..area.right() {
            let cell = &buffer[(x, y)];
            out.push_str("\x1b[0");
            for (modifier, code) in [
                (Modifier::BOLD, 1),
                (Modifier::DIM, 2),
                (Modifier::UNDERLINED, 4),
                (Modifier::REVERSED, 7),
            ] {
                if cell.modifier.contains(modifier) {
                    let _ = write!(out, ";{code}");
                }
            }
            colour(&mut out, 3, cell.fg);
            colour(&mut out, 4, cell.bg);
            let _ = write!(out, "m{}", cell.symbol());
        }
    }
    out.push_str("\x1b[0m");
    out
}
