//! How far a load has come, for people: a bar where standard error is a terminal, else a line in the log now and then.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use dredis_data::Loaded;

use crate::log;

/// Time between two pictures of the bar, and between two lines.
const BAR_PERIOD: Duration = Duration::from_millis(100);
const LINE_PERIOD: Duration = Duration::from_secs(5);
/// Columns of the bar.
const COLUMNS: u64 = 40;

/// Shows progress.
pub(super) struct Show {
    name: String,
    bytes: u64,
    began: Instant,
    next: Instant,
    style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Nothing,
    Bar,
    Lines,
}

impl Show {
    /// Begins with a file of so many bytes; `is_shown`: somebody may be looking.
    pub fn new(path: &Path, bytes: u64, is_shown: bool) -> Show {
        let style = match is_shown {
            false => Style::Nothing,
            true if io::stderr().is_terminal() => Style::Bar,
            true => Style::Lines,
        };
        if style == Style::Lines {
            log::info(format_args!("loading {} ({} MB)", path.display(), bytes >> 20));
        }
        let now = Instant::now();
        let first = if style == Style::Lines { now + LINE_PERIOD } else { now };
        Show { name: path.display().to_string(), bytes, began: now, next: first, style }
    }

    /// Says how many bytes have been read.
    pub fn reach(&mut self, read: u64) {
        let now = Instant::now();
        if self.style == Style::Nothing || now < self.next {
            return;
        }
        if self.style == Style::Bar {
            self.next = now + BAR_PERIOD;
            draw(&bar(&self.name, read, self.bytes));
        } else {
            self.next = now + LINE_PERIOD;
            log::info(format_args!("loading {}: {}%", self.name, percent(read, self.bytes)));
        }
    }

    /// All of it is there.
    pub fn done(mut self, loaded: &Loaded) {
        if self.style == Style::Bar {
            draw(&bar(&self.name, self.bytes, self.bytes));
        }
        self.end();
        let took = self.began.elapsed().as_secs_f64();
        let Loaded { keys, expired, .. } = loaded;
        log::info(format_args!(
            "loaded {} in {took:.1} s: {keys} keys, and {expired} left out that had expired",
            self.name
        ));
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.style, Style::Nothing) == Style::Bar {
            draw("\n");
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        // What comes next begins on a line of its own.
        self.end();
    }
}

fn draw(text: &str) {
    // A bar that nobody sees is no loss.
    let mut output = io::stderr();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).unwrap_or_default();
}

fn percent(read: u64, bytes: u64) -> u64 {
    read.min(bytes).saturating_mul(100).checked_div(bytes).unwrap_or(100)
}

/// A line that goes over the one before.
fn bar(name: &str, read: u64, bytes: u64) -> String {
    let percent = percent(read, bytes);
    let filled = (percent * COLUMNS / 100) as usize;
    let rest = COLUMNS as usize - filled;
    format!("\rloading {name} [{}{}] {percent:3}%", "#".repeat(filled), ".".repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills() {
        assert_eq!(bar("f", 0, 200), format!("\rloading f [{}]   0%", ".".repeat(40)));
        assert_eq!(bar("f", 100, 200), format!("\rloading f [{}{}]  50%", "#".repeat(20), ".".repeat(20)));
        assert_eq!(bar("f", 300, 200), format!("\rloading f [{}] 100%", "#".repeat(40)));
        assert_eq!(percent(0, 0), 100);
    }
}
