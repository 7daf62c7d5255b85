//! A progress bar for terminals.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work that is done before this needs no bar.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a bar stands at least.
const INTERVAL: Duration = Duration::from_millis(100);
const WIDTH: usize = 30;

/// Drawn on standard error if that is a terminal, else nowhere.
pub(crate) struct Bar {
    terminal: bool,
    since: Instant,
    wait: Duration,
    drawn: bool,
}

impl Bar {
    pub(crate) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), since: Instant::now(), wait: PATIENCE, drawn: false }
    }

    /// Says how much of `what` is done, if it is time to.
    pub(crate) fn show(&mut self, what: &str, done: usize, total: usize) {
        if !self.terminal || self.since.elapsed() < self.wait {
            return;
        }
        (self.since, self.wait) = (Instant::now(), INTERVAL);
        self.drawn = true;
        let filled = done.saturating_mul(WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
        let bar = "#".repeat(filled) + &"-".repeat(WIDTH.saturating_sub(filled));
        let _ = write!(io::stderr(), "\r\x1b[K[{bar}] {done}/{total} {what}");
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.drawn = false;
        }
    }
}
