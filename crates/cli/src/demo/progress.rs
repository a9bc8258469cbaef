//! A bar on the terminal; where there is none, nothing but what is said.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::io;

const WIDTH: u64 = 40;
const REDRAW: Duration = Duration::from_millis(100);

/// One line that moves, with lines that stay above it.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    drawn: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// A bar of so many events.
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { what, total, done: 0, drawn: None, terminal }
    }

    /// So many are done; the total grows where it was too small.
    pub(super) fn at(&mut self, done: u64) {
        self.done = done;
        self.total = self.total.max(done);
        if self.terminal && self.drawn.is_none_or(|it| it.elapsed() >= REDRAW) {
            self.draw();
        }
    }

    /// Says something that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.wipe();
        io::say(text);
        if self.terminal {
            self.draw();
        }
    }

    /// Leaves the line as it is.
    pub(super) fn end(mut self) {
        if self.terminal {
            self.draw();
            io::say("");
        }
    }

    fn draw(&mut self) {
        self.drawn = Some(Instant::now());
        let full = (self.done * WIDTH).checked_div(self.total).unwrap_or(0);
        let bar: String = (0..WIDTH).map(|it| if it < full { '#' } else { '.' }).collect();
        let line = format!(
            "\r{} [{bar}] {} of {} events",
            self.what,
            super::table::thousands(self.done),
            super::table::thousands(self.total)
        );
        let mut out = std::io::stderr();
        // Nobody can be told when standard error is closed.
        drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
    }

    fn wipe(&self) {
        if self.terminal && self.drawn.is_some() {
            let mut out = std::io::stderr();
            drop(out.write_all(b"\r\x1b[2K"));
        }
    }
}
