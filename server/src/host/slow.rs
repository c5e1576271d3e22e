//! The slow log, and the latency events: what took longer than the operator likes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_commands::{Arguments, LatencyEvent, LatencySample, SlowCall};

/// How much of a request the slow log keeps: so many arguments, and so many bytes of each.
const ARGUMENTS_MAX: usize = 32;
const ARGUMENT_BYTES_MAX: usize = 128;
/// How many samples of an event are kept.
const SAMPLES_MAX: usize = 160;

/// The slow log.
#[derive(Default)]
pub struct SlowLog {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    next_id: u64,
    calls: VecDeque<SlowCall>,
}

impl SlowLog {
    /// Enters a call; its number is given here.
    pub fn add(&self, mut call: SlowCall, entries_max: usize) {
        let mut entries = self.entries();
        call.id = entries.next_id;
        entries.next_id += 1;
        entries.calls.push_front(call);
        entries.calls.truncate(entries_max);
    }

    /// The latest entries, newest first.
    pub fn latest(&self, limit: Option<usize>) -> Vec<SlowCall> {
        self.entries().calls.iter().take(limit.unwrap_or(usize::MAX)).cloned().collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().calls.len()
    }

    /// Drops all entries.
    pub fn clear(&self) {
        self.entries().calls.clear();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request as the slow log keeps it: shortened as Redis does, and without passwords.
pub fn shortened(arguments: Arguments<'_>) -> Vec<Vec<u8>> {
    let kept = if arguments.len() > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { arguments.len() };
    let secrets = secrets(arguments);
    let shown = arguments[..kept].iter().enumerate().map(|(index, argument)| {
        if secrets.contains(&index) { b"(redacted)".to_vec() } else { shortened_argument(argument) }
    });
    let mut shown: Vec<Vec<u8>> = shown.collect();
    if kept < arguments.len() {
        shown.push(format!("... ({} more arguments)", arguments.len() - kept).into_bytes());
    }
    shown
}

/// Indexes of arguments that hold passwords or users.
fn secrets(arguments: Arguments<'_>) -> Vec<usize> {
    let is = |index: usize, word: &str| {
        arguments.get(index).is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()))
    };
    if is(0, "auth") {
        return (1..arguments.len()).collect();
    }
    if is(0, "hello") {
        let auth = (2..arguments.len()).find(|index| is(*index, "auth"));
        return auth.map(|at| vec![at + 1, at + 2]).unwrap_or_default();
    }
    if is(0, "config") && is(1, "set") {
        return (2..arguments.len()).filter(|index| is(*index, "requirepass")).map(|at| at + 1).collect();
    }
    Vec::new()
}

fn shortened_argument(argument: &[u8]) -> Vec<u8> {
    if argument.len() <= ARGUMENT_BYTES_MAX {
        return argument.to_vec();
    }
    let mut shown = argument[..ARGUMENT_BYTES_MAX].to_vec();
    shown.extend_from_slice(format!("... ({} more bytes)", argument.len() - ARGUMENT_BYTES_MAX).as_bytes());
    shown
}

/// Latency events, by name.
#[derive(Default)]
pub struct Latency {
    events: Mutex<BTreeMap<&'static str, Event>>,
}

#[derive(Default)]
struct Event {
    samples: VecDeque<LatencySample>,
    worst_ms: u64,
}

impl Latency {
    /// Notes that an event took so long. Within one second only the worst is kept.
    pub fn add(&self, name: &'static str, at_s: u64, ms: u64) {
        let mut events = self.events();
        let event = events.entry(name).or_default();
        event.worst_ms = event.worst_ms.max(ms);
        match event.samples.back_mut() {
            Some(last) if last.at_s == at_s => last.ms = last.ms.max(ms),
            _ => {
                event.samples.push_back(LatencySample { at_s, ms });
                if event.samples.len() > SAMPLES_MAX {
                    event.samples.pop_front();
                }
            }
        }
    }

    /// All events.
    pub fn all(&self) -> Vec<LatencyEvent> {
        let events = self.events();
        let shown = events.iter().map(|(name, event)| LatencyEvent {
            name,
            samples: event.samples.iter().copied().collect(),
            worst_ms: event.worst_ms,
        });
        shown.collect()
    }

    /// Forgets events of these names, or all if none is named; how many there were.
    pub fn forget(&self, names: &[&[u8]]) -> usize {
        let mut events = self.events();
        let before = events.len();
        events.retain(|known, _| {
            !names.is_empty() && !names.iter().any(|name| known.as_bytes().eq_ignore_ascii_case(name))
        });
        before - events.len()
    }

    fn events(&self) -> MutexGuard<'_, BTreeMap<&'static str, Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
