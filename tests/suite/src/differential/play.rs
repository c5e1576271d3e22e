//! Plays one sequence on both servers.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::generator::{Action, Sequence};
use crate::normalise::{self, agree};
use crate::notation::{Request, show_reply, show_request};
use crate::resp::{Reply, Value};

use super::sorting;

/// Requests that are sent together at most.
const PIPELINE_MAX: usize = 64;
/// Pages of a scan after which it is said not to end.
const PAGES_MAX: usize = 10_000;

/// The first reply in which the servers differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What was asked.
    pub request: String,
    /// What Redis said.
    pub redis: String,
    /// What dredis said.
    pub dredis: String,
    /// Whether dredis cannot even be connected to.
    pub server_is_gone: bool,
    /// Whether Redis alone refused a SORT in this transaction, perhaps for the fault of an older number.
    is_refused_sort: bool,
}

impl Difference {
    /// What tells this difference from others: the command, and the first words of the replies.
    pub fn kind(&self) -> String {
        let start = |text: &str| text.chars().take(12).collect::<String>();
        let name = self.request.split(' ').next().unwrap_or_default().to_uppercase();
        format!("{name} {} {}", start(&self.redis), start(&self.dredis))
    }
}

/// What is asked of a key: the words before it, and those after.
type Question<'w> = (&'w [&'w [u8]], &'w [&'w [u8]]);

/// One connection to each server.
struct Pair {
    redis: Client,
    dredis: Client,
    /// What waits for EXEC.
    queued: Vec<Request>,
}

/// Plays a sequence on empty servers with fresh connections; the error is the first difference.
///
/// Where Redis alone refuses a SORT within a transaction, the sequence is played again with its transactions taken apart.
pub fn play(sequence: &Sequence, redis: SocketAddr, dredis: SocketAddr) -> Result<(), Difference> {
    match play_as_it_is(sequence, redis, dredis) {
        Err(difference) if difference.is_refused_sort => {
            let apart = sorting::without_transactions(sequence);
            play_as_it_is(&apart, redis, dredis).map_err(|difference| Difference {
                request: format!("{} (MULTI left out everywhere)", difference.request),
                ..difference
            })
        }
        played => played,
    }
}

fn play_as_it_is(sequence: &Sequence, redis: SocketAddr, dredis: SocketAddr) -> Result<(), Difference> {
    let connections = sequence.steps.iter().map(|step| step.connection + 1).max().unwrap_or(1);
    let mut pairs = connect(connections, redis, dredis)?;
    for pair in &mut pairs {
        pair.call(&["HELLO", if sequence.protocol == 3 { "3" } else { "2" }], Instant::now())?;
    }
    for (name, value) in &sequence.parameters {
        pairs[0].call(&["CONFIG", "SET", name, value], Instant::now())?;
    }
    for request in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &["FUNCTION", "FLUSH"]] {
        pairs[0].call(request, Instant::now())?;
    }
    let started = Instant::now();
    let mut waiting: Vec<Request> = Vec::new();
    let mut steps = sequence.steps.iter().peekable();
    while let Some(step) = steps.next() {
        let pair = &mut pairs[step.connection];
        for action in &step.actions {
            if let Action::Call(request) = action {
                waiting.push(request.clone());
                continue;
            }
            pair.pipeline(&std::mem::take(&mut waiting), started)?;
            match action {
                Action::Iterate(request) => pair.iterate(request, started)?,
                Action::Exchange(first, second) => pair.exchange(first, second, started)?,
                _ => pair.inspect(started)?,
            }
        }
        let is_last = steps.peek().is_none_or(|next| next.connection != step.connection);
        if is_last || waiting.len() >= PIPELINE_MAX {
            pair.pipeline(&std::mem::take(&mut waiting), started)?;
        }
    }
    Ok(())
}

/// Compares the data of both servers, all databases.
pub fn compare_data(redis: SocketAddr, dredis: SocketAddr, since: Instant) -> Result<(), Difference> {
    let mut pairs = connect(1, redis, dredis)?;
    for database in 0..16 {
        pairs[0].call(&["SELECT", &database.to_string()], since)?;
        pairs[0].iterate(&vec![b"SCAN".to_vec(), b"0".to_vec()], since)?;
        pairs[0].call(&["DBSIZE"], since)?;
        pairs[0].inspect(since)?;
    }
    Ok(())
}

fn connect(count: usize, redis: SocketAddr, dredis: SocketAddr) -> Result<Vec<Pair>, Difference> {
    let connect = |_| {
        let redis = Client::connect(redis).expect("redis-server is there");
        let dredis = Client::connect(dredis).map_err(|error| Difference {
            request: "(connecting)".to_owned(),
            redis: "connected".to_owned(),
            dredis: error.to_string(),
            server_is_gone: true,
            is_refused_sort: false,
        })?;
        Ok(Pair { redis, dredis, queued: Vec::new() })
    };
    (0..count).map(connect).collect()
}

impl Pair {
    fn call(&mut self, words: &[&str], started: Instant) -> Result<(), Difference> {
        let request = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        self.pipeline(&[request], started)
    }

    fn pipeline(&mut self, requests: &[Request], started: Instant) -> Result<(), Difference> {
        if requests.is_empty() {
            return Ok(());
        }
        let left = sorting::pipeline(&mut self.redis, requests).expect("redis-server answers");
        let right =
            self.dredis.pipeline(requests).or_else(|error| self.one_by_one(requests, &left, &error))?;
        for ((request, left), right) in requests.iter().zip(&left).zip(&right) {
            self.compare(request, left, right, started.elapsed())?;
        }
        Ok(())
    }

    /// What to say when not all replies came.
    fn one_by_one(
        &self,
        requests: &[Request],
        left: &[Reply],
        error: &io::Error,
    ) -> Result<Vec<Reply>, Difference> {
        Err(Difference {
            request: format!("{} (one of {} sent together)", show_request(&requests[0]), requests.len()),
            redis: show_reply(&left[0].value),
            dredis: error.to_string(),
            server_is_gone: false,
            is_refused_sort: false,
        })
    }

    fn compare(
        &mut self,
        request: &Request,
        left: &Reply,
        right: &Reply,
        elapsed: Duration,
    ) -> Result<(), Difference> {
        let names = |name: &[u8]| request.first().is_some_and(|word| word.eq_ignore_ascii_case(name));
        let agreed = agree(request, &self.queued, left, right, elapsed);
        let is_refused_sort =
            names(b"EXEC") && sorting::is_refused_in_transaction(&self.queued, &left.value, &right.value);
        if left.raw == b"+QUEUED\r\n" && right.raw == left.raw {
            self.queued.push(request.clone());
        } else if names(b"EXEC") || names(b"DISCARD") || names(b"RESET") {
            self.queued.clear();
        }
        if agreed {
            return Ok(());
        }
        Err(Difference {
            request: show_request(request),
            redis: show_reply(&left.value),
            dredis: show_reply(&right.value),
            server_is_gone: false,
            is_refused_sort,
        })
    }

    /// Carries a scan through on both sides, and compares the sets of keys.
    fn iterate(&mut self, first: &Request, started: Instant) -> Result<(), Difference> {
        let left = self.redis.call(first).expect("redis-server answers");
        let right = self.dredis.call(first);
        let right = right.or_else(|error| self.lost(first, &left, &error))?;
        self.compare(first, &left, &right, started.elapsed())?;
        if normalise::page(&left.value).is_none() {
            return Ok(());
        }
        let describe = |redis: String, dredis: String| Difference {
            request: show_request(first),
            redis,
            dredis,
            server_is_gone: false,
            is_refused_sort: false,
        };
        let left_keys = finish_scan(&mut self.redis, first, left).expect("redis-server finishes a scan");
        match finish_scan(&mut self.dredis, first, right) {
            Ok(right_keys) if left_keys == right_keys => Ok(()),
            Ok(right_keys) => Err(describe(show_keys(&left_keys), show_keys(&right_keys))),
            Err(error) => Err(describe(show_keys(&left_keys), error)),
        }
    }

    /// Asks both servers for something and gives it to the other one.
    fn exchange(&mut self, first: &Request, second: &Request, started: Instant) -> Result<(), Difference> {
        let left = self.redis.call(first).expect("redis-server answers");
        let right = self.dredis.call(first).or_else(|error| self.lost(first, &left, &error))?;
        self.compare(first, &left, &right, started.elapsed())?;
        let (Value::Bulk(from_redis), Value::Bulk(from_dredis)) = (&left.value, &right.value) else {
            return Ok(());
        };
        let with = |payload: &[u8]| {
            let mut request = second.clone();
            request[3] = payload.to_vec();
            request
        };
        let (to_redis, to_dredis) = (with(from_dredis), with(from_redis));
        let left = self.redis.call(&to_redis).expect("redis-server answers");
        let right = self.dredis.call(&to_dredis).or_else(|error| self.lost(&to_dredis, &left, &error))?;
        self.compare(&to_dredis, &left, &right, started.elapsed())
    }

    /// What to say when a reply did not come.
    fn lost(&self, request: &Request, left: &Reply, error: &io::Error) -> Result<Reply, Difference> {
        self.one_by_one(std::slice::from_ref(request), std::slice::from_ref(left), error)
            .map(|_| left.clone())
    }

    /// Compares everything that can be seen of all keys.
    fn inspect(&mut self, started: Instant) -> Result<(), Difference> {
        let all = vec![b"KEYS".to_vec(), b"*".to_vec()];
        let keys = self.redis.call(&all).expect("redis-server answers").value;
        self.pipeline(&[all], started)?;
        // What does not fit a key's type is an error, and the same on both sides.
        let asked: &[Question] = &[
            (&[b"TYPE"], &[]),
            (&[b"OBJECT", b"ENCODING"], &[]),
            (&[b"PTTL"], &[]),
            (&[b"GET"], &[]),
            (&[b"HGETALL"], &[]),
            (&[b"SMEMBERS"], &[]),
            (&[b"ZRANGE"], &[b"0", b"-1", b"WITHSCORES"]),
            (&[b"LRANGE"], &[b"0", b"-1"]),
        ];
        let requests: Vec<Request> = keys
            .elements()
            .unwrap_or_default()
            .iter()
            .filter_map(Value::bytes)
            .flat_map(|key| {
                let request = |(name, rest): &Question| -> Request {
                    name.iter().chain([&key]).chain(*rest).map(|word| word.to_vec()).collect()
                };
                asked.iter().map(request).collect::<Vec<_>>()
            })
            .collect();
        requests.chunks(PIPELINE_MAX).try_for_each(|requests| self.pipeline(requests, started))
    }
}

/// All keys of a scan whose first page is there already, without repetitions.
fn finish_scan(client: &mut Client, first: &Request, mut reply: Reply) -> Result<Vec<Vec<u8>>, String> {
    let mut keys = Vec::new();
    for _ in 0..PAGES_MAX {
        let Some((cursor, found)) = normalise::page(&reply.value) else {
            return Err(format!("a page of the scan is {}", show_reply(&reply.value)));
        };
        keys.extend(found.iter().filter_map(Value::bytes).map(<[u8]>::to_vec));
        if cursor == b"0" {
            keys.sort();
            keys.dedup();
            return Ok(keys);
        }
        let mut next = first.clone();
        // HSCAN and its kin have a key before the cursor.
        let at = if first[0].eq_ignore_ascii_case(b"SCAN") { 1 } else { 2 };
        next[at] = cursor.to_vec();
        reply = client.call(&next).map_err(|error| error.to_string())?;
    }
    Err(format!("the scan has not ended after {PAGES_MAX} pages"))
}

fn show_keys(keys: &[Vec<u8>]) -> String {
    format!("keys {}", show_request(keys))
}
