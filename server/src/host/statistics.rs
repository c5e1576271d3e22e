//! What the server counts: calls, errors, traffic, times. Counting a call costs a few relaxed additions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dredis_commands::{Call, CallEnd, CommandId, Registry};
use dredis_data::Lookups;

/// Buckets of a histogram: bucket n counts calls of up to 2^n microseconds.
const BUCKETS: usize = 40;
/// How many different error codes are counted apart.
const ERROR_CODES_MAX: usize = 128;
/// How many looks at the counters a rate is taken over.
const RATE_SAMPLES: usize = 16;

/// All counters.
pub struct Statistics {
    commands: Vec<CommandCounters>,
    errors: Mutex<BTreeMap<Vec<u8>, u64>>,
    rates: Mutex<Rates>,
    /// Commands run.
    pub calls: AtomicU64,
    /// Error replies.
    pub error_replies: AtomicU64,
    /// Bytes received.
    pub input_bytes: AtomicU64,
    /// Bytes sent.
    pub output_bytes: AtomicU64,
    /// Keys removed because they had expired.
    pub expired_keys: AtomicU64,
    /// Keys that reads found.
    pub hits: AtomicU64,
    /// Keys that reads did not find.
    pub misses: AtomicU64,
    /// Records that the garbage sweep removed.
    pub swept_records: AtomicU64,
    /// Clients thrown out because they did not take their replies.
    pub output_limit_disconnections: AtomicU64,
    /// Clients thrown out because their request grew too large.
    pub query_limit_disconnections: AtomicU64,
}

/// What is counted of one command.
#[derive(Default)]
pub struct CommandCounters {
    /// Calls that ran.
    pub calls: AtomicU64,
    /// Their time, in microseconds.
    pub micros: AtomicU64,
    /// Calls refused before they ran.
    pub rejected: AtomicU64,
    /// Calls that answered an error.
    pub failed: AtomicU64,
    histogram: Histogram,
}

struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Histogram([const { AtomicU64::new(0) }; BUCKETS])
    }
}

#[derive(Default)]
struct Rates {
    last: Option<[u64; 3]>,
    samples: [[u64; 3]; RATE_SAMPLES],
    next: usize,
}

/// Rates of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerSecond {
    /// Commands.
    pub calls: u64,
    /// Bytes received.
    pub input_bytes: u64,
    /// Bytes sent.
    pub output_bytes: u64,
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics {
            commands: Registry::get().commands().iter().map(|_| CommandCounters::default()).collect(),
            errors: Mutex::default(),
            rates: Mutex::default(),
            calls: AtomicU64::new(0),
            error_replies: AtomicU64::new(0),
            input_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            expired_keys: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            swept_records: AtomicU64::new(0),
            output_limit_disconnections: AtomicU64::new(0),
            query_limit_disconnections: AtomicU64::new(0),
        }
    }
}

impl Statistics {
    /// Counts a call.
    pub fn count_call(&self, call: &Call<'_>, with_histogram: bool) {
        let counters = &self.commands[call.command];
        if call.end == CallEnd::Rejected {
            counters.rejected.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        counters.calls.fetch_add(1, Ordering::Relaxed);
        counters.micros.fetch_add(call.micros, Ordering::Relaxed);
        if call.end == CallEnd::Failed {
            counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        if with_histogram {
            let bucket = (u64::BITS - call.micros.saturating_sub(1).leading_zeros()) as usize;
            counters.histogram.0[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts keys that reads found and did not find.
    pub fn count_lookups(&self, lookups: Lookups) {
        if lookups.hits > 0 {
            self.hits.fetch_add(lookups.hits, Ordering::Relaxed);
        }
        if lookups.misses > 0 {
            self.misses.fetch_add(lookups.misses, Ordering::Relaxed);
        }
    }

    /// Counts an error reply by its code.
    pub fn count_error(&self, line: &[u8]) {
        self.error_replies.fetch_add(1, Ordering::Relaxed);
        let code = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let mut errors = self.errors();
        if let Some(count) = errors.get_mut(code) {
            *count += 1;
        } else if errors.len() < ERROR_CODES_MAX {
            errors.insert(code.to_vec(), 1);
        }
    }

    /// Error replies by code.
    pub fn errors(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, u64>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is counted of a command.
    pub fn command(&self, id: CommandId) -> &CommandCounters {
        &self.commands[id]
    }

    /// Looks at the counters for the sake of rates; to be called ten times a second.
    pub fn sample_rates(&self) {
        let now = [&self.calls, &self.input_bytes, &self.output_bytes]
            .map(|counter| counter.load(Ordering::Relaxed));
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = rates.last {
            let next = rates.next;
            rates.samples[next] = [0, 1, 2].map(|index: usize| now[index].saturating_sub(last[index]) * 10);
            rates.next = (next + 1) % RATE_SAMPLES;
        }
        rates.last = Some(now);
    }

    /// Rates of the last seconds.
    pub fn per_second(&self) -> PerSecond {
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let mean = |index: usize| {
            rates.samples.iter().map(|sample| sample[index]).sum::<u64>() / RATE_SAMPLES as u64
        };
        PerSecond { calls: mean(0), input_bytes: mean(1), output_bytes: mean(2) }
    }

    /// Forgets everything.
    pub fn reset(&self) {
        for counters in &self.commands {
            let own = [&counters.calls, &counters.micros, &counters.rejected, &counters.failed];
            own.into_iter()
                .chain(&counters.histogram.0)
                .for_each(|counter| counter.store(0, Ordering::Relaxed));
        }
        self.errors().clear();
        for counter in [
            &self.calls,
            &self.error_replies,
            &self.input_bytes,
            &self.output_bytes,
            &self.expired_keys,
            &self.hits,
            &self.misses,
            &self.swept_records,
            &self.output_limit_disconnections,
            &self.query_limit_disconnections,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).last = None;
    }
}

impl CommandCounters {
    /// How many of the kept calls took up to so many microseconds, for each bucket from the first that any call
    /// fell into to the last; empty if no times were kept.
    pub fn distribution(&self) -> Vec<(u64, u64)> {
        let counts: Vec<u64> = self.histogram.0.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let Some(first) = counts.iter().position(|count| *count > 0) else { return Vec::new() };
        let last = counts.iter().rposition(|count| *count > 0).unwrap_or(first);
        let mut sum = 0;
        (first..=last)
            .map(|bucket| {
                sum += counts[bucket];
                (1 << bucket, sum)
            })
            .collect()
    }

    /// The time below which this share (in percent) of calls stayed, in microseconds.
    pub fn percentile(&self, percent: f64) -> u64 {
        let distribution = self.distribution();
        let total = distribution.last().map_or(0, |(_, sum)| *sum);
        let wanted = (total as f64 * percent / 100.0).ceil() as u64;
        distribution.iter().find(|(_, sum)| *sum >= wanted).map_or(0, |(micros, _)| *micros)
    }
}
