//! The server's log: one line per event on standard error, `time process level message`, time in UTC.
//!
//! No log line stops the server: if standard error cannot be written to, the line is lost.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dredis_contract::{LogLevel, Logger};

static SHOW_DEBUG: AtomicBool = AtomicBool::new(false);

/// Whether lines of level debug are written (`--debug`).
pub fn set_debug(show: bool) {
    SHOW_DEBUG.store(show, Ordering::Relaxed);
}

/// Writes a line of use while hunting a fault. Costs nothing to speak of unless they are shown.
pub fn debug(message: impl Display) {
    write(LogLevel::Debug, message);
}

/// Writes a line that is worth knowing.
pub fn info(message: impl Display) {
    write(LogLevel::Info, message);
}

/// Writes a line about something that is not as it should be, though the server goes on.
pub fn warning(message: impl Display) {
    write(LogLevel::Warning, message);
}

/// Writes a line about something that failed.
pub fn error(message: impl Display) {
    write(LogLevel::Error, message);
}

/// This log as one for a part of the server or a plugin, whose lines begin with its name.
pub fn logger(name: &str) -> Logger {
    let name = name.to_owned();
    Logger::new(move |level, line| write(level, format_args!("{name}: {line}")))
}

/// Writes panics into this log, with a backtrace if `RUST_BACKTRACE` asks for one.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("no message");
        error(format_args!(
            "thread {} panicked at {place}: {said}; please report this",
            thread.name().unwrap_or("unnamed")
        ));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            backtrace.to_string().lines().for_each(error);
        }
    }));
}

fn write(level: LogLevel, message: impl Display) {
    if level == LogLevel::Debug && !SHOW_DEBUG.load(Ordering::Relaxed) {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let line = line(now, std::process::id(), level, message);
    // Nobody is left to be told of a failure.
    let _lost = std::io::stderr().write_all(line.as_bytes());
}

/// A whole line. Control characters in the message are escaped: it may quote what clients sent.
fn line(since_epoch: Duration, process: u32, level: LogLevel, message: impl Display) -> String {
    let level = match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warning",
        LogLevel::Error => "error",
    };
    let mut line =
        format!("{}.{:03}Z {process} {level} ", date_and_time(since_epoch), since_epoch.subsec_millis());
    let start = line.len();
    write!(line, "{message}").expect("a string takes everything");
    if line[start..].contains(char::is_control) {
        let message = line.split_off(start);
        for character in message.chars() {
            if character.is_control() {
                line.extend(character.escape_default());
            } else {
                line.push(character);
            }
        }
    }
    line.push('\n');
    line
}

/// Date and time in UTC: `2026-11-22T22:38:40`.
pub(crate) fn date_and_time(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day of a day since the epoch (Howard Hinnant's `civil_from_days`, whose years begin in March
/// so that leap days come last).
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_time_process_level_and_message() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z 7 info hello\n"),
            (951_827_696_789, "2000-02-29T12:34:56.789Z 7 info hello\n"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z 7 info hello\n"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z 7 info hello\n"),
        ] {
            assert_eq!(line(Duration::from_millis(ms), 7, LogLevel::Info, "hello"), expected);
        }
    }

    #[test]
    fn a_message_cannot_forge_a_line() {
        let line = line(Duration::ZERO, 1, LogLevel::Warning, "name \"a\n1970 b\x1b[0m\"");
        assert_eq!(line, "1970-01-01T00:00:00.000Z 1 warning name \"a\\n1970 b\\u{1b}[0m\"\n");
    }
}
