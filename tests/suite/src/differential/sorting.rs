//! SORT in Redis, which can take an older number's fault for a fault of what it sorts.
//!
//! `sortCommandGeneric` of Redis 7.0 calls `strtod` without having cleared `errno`. After any number that a `double` can't hold
//! (`ZADD k 1e-320 m`, `ZADD k 1e400 m`, a script with `1e-320` in it), or that it reads itself when it unpacks a sorted set with
//! such a score, SORT refuses texts that are numbers, until some command clears `errno`. That depends on the past of the process
//! and not on the data, so no answer of ours could be the same. Redis is therefore asked for its answer to the data: when it
//! refuses, `errno` is cleared and the same SORT is asked again, before anything else happens. A refused SORT changes and stores
//! nothing, so asked again it does what it would have done at first; and if the fault is in the data, it is refused again.
//!
//! Only Redis is asked again. What dredis answers is compared as it is.

use std::io;

use crate::client::Client;
use crate::generator::{Action, Sequence};
use crate::notation::Request;
use crate::resp::{Reply, Value};

/// What Redis says of the numbers of a SORT.
const REFUSAL: &[u8] = b"ERR One or more scores can't be converted into double";

/// Sends requests together, as far as no SORT has to be asked again between them, and reads their replies.
pub(super) fn pipeline(redis: &mut Client, requests: &[Request]) -> io::Result<Vec<Reply>> {
    let mut replies = Vec::with_capacity(requests.len());
    for together in requests.split_inclusive(is_sort) {
        let mut answered = redis.pipeline(together)?;
        if let (Some(request), Some(reply)) = (together.last(), answered.last_mut())
            && is_sort(request)
            && is_refusal(&reply.value)
        {
            clear_errno(redis)?;
            *reply = redis.call(request)?;
        }
        replies.append(&mut answered);
    }
    Ok(replies)
}

/// Whether Redis alone refused a SORT among the requests of a transaction. Nobody can ask again there.
pub(super) fn is_refused_in_transaction(queued: &[Request], redis: &Value, dredis: &Value) -> bool {
    let (Some(left), Some(right)) = (redis.elements(), dredis.elements()) else { return false };
    let mut answers = queued.iter().zip(left.iter().zip(right));
    answers.any(|(request, (left, right))| is_sort(request) && is_refusal(left) && !is_refusal(right))
}

/// The same sequence, but what stood in transactions runs by itself: EXEC has nothing to run then, on either side.
pub(super) fn without_transactions(sequence: &Sequence) -> Sequence {
    let mut sequence = sequence.clone();
    let opens = |action: &Action| matches!(action, Action::Call(request) if is_named(request, b"MULTI"));
    for step in &mut sequence.steps {
        step.actions.retain(|action| !opens(action));
    }
    sequence
}

fn is_sort(request: &Request) -> bool {
    is_named(request, b"SORT") || is_named(request, b"SORT_RO")
}

fn is_named(request: &Request, name: &[u8]) -> bool {
    request.first().is_some_and(|word| word.eq_ignore_ascii_case(name))
}

fn is_refusal(reply: &Value) -> bool {
    matches!(reply, Value::Error(text) if text == REFUSAL)
}

/// Whoever reads a cursor clears `errno` first; with one that is wrong, nothing else happens.
fn clear_errno(redis: &mut Client) -> io::Result<()> {
    let reply = redis.call(&["SCAN", "x"])?;
    assert_eq!(reply.value, Value::Error(b"ERR invalid cursor".to_vec()), "the reply to SCAN x");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differential::play;
    use crate::generator::Step;
    use crate::notation::{request, show_reply};
    use crate::oracle::RedisServer;

    const REFUSED: &str = "-ERR One or more scores can't be converted into double";
    const SORTED: &str = r#"["1", "2", "3.5"]"#;

    fn requests(texts: &[&str]) -> Vec<Request> {
        texts.iter().map(|text| request(text)).collect()
    }

    fn replies(redis: &RedisServer, texts: &[&str]) -> Vec<String> {
        let replies = pipeline(&mut redis.client(), &requests(texts)).unwrap();
        replies.iter().map(|reply| show_reply(&reply.value)).collect()
    }

    fn sequence(texts: &[&str]) -> Sequence {
        let step = |request| Step { connection: 0, actions: vec![Action::Call(request)] };
        let steps = requests(texts).into_iter().map(step).collect();
        Sequence { parameters: Vec::new(), protocol: 2, steps }
    }

    #[test]
    fn redis_is_asked_again_for_what_it_blames_on_an_older_number() {
        let Some(redis) = RedisServer::start_or_skip("a SORT that is asked again") else { return };
        let mut client = redis.client();
        // What the rule is for: this is how Redis answers by itself.
        client.check("RPUSH list 3.5 1 2", ":3");
        client.check("ZADD small 1e-320 1.5", ":1");
        client.check("SORT list", REFUSED);
        client.check("SORT list", REFUSED);
        assert_eq!(replies(&redis, &["SORT list"]), [SORTED]);
        // It reads the small score itself.
        client.check("SORT small", REFUSED);
        client.check("DEL small", ":1");
        let asked = ["ZADD small 1e-320 1.5", "SORT small", "ZADD small 1e400 1.5", "SORT_RO list"];
        let answered = [":1", r#"["1.5"]"#, "-ERR value is not a valid float", SORTED];
        assert_eq!(replies(&redis, &asked), answered);
        // Nothing that follows comes before it, and what it stores is stored once.
        let asked = [
            "ZADD small 1e-320 2.5",
            "SORT list LIMIT 1 2 STORE list",
            "LRANGE list 0 -1",
            "DEL list",
            "SORT list",
        ];
        assert_eq!(replies(&redis, &asked), [":1", ":2", r#"["2", "3.5"]"#, ":1", "[]"]);
    }

    #[test]
    fn what_is_not_a_number_stays_refused() {
        let Some(redis) = RedisServer::start_or_skip("a SORT that stays refused") else { return };
        let asked = ["RPUSH list 1 x", "SORT list STORE to", "EXISTS to", "RPUSH tiny 1e-320", "SORT tiny"];
        assert_eq!(replies(&redis, &asked), [":2", REFUSED, ":0", ":1", REFUSED]);
    }

    // A second Redis, which nobody asks again, is in dredis's place here: it has the very fault that dredis must not have.
    #[test]
    fn only_redis_is_asked_again() {
        let test = "a SORT that is refused in dredis's place";
        let Some(redis) = RedisServer::start_or_skip(test) else { return };
        let Some(other) = RedisServer::start_or_skip(test) else { return };
        let refused = sequence(&["RPUSH list 1.5", "ZADD small 1e-320 m", "SORT list"]);
        let difference = play(&refused, redis.address(), other.address()).unwrap_err();
        assert_eq!((difference.redis.as_str(), difference.dredis.as_str()), (r#"["1.5"]"#, REFUSED));
    }

    // The other one packs nothing, so that it has nothing to unpack when it sorts.
    #[test]
    fn a_transaction_is_taken_apart_to_ask_again() {
        let test = "a SORT that is refused in a transaction";
        let Some(redis) = RedisServer::start_or_skip(test) else { return };
        let unpacked = ["--zset-max-listpack-entries", "0"];
        let Some(other) = RedisServer::start_with_or_skip(test, &unpacked) else { return };
        let asked = ["MULTI", "SORT small", "GET x", "EXEC", "SORT small STORE to", "LRANGE to 0 -1"];
        let agreeing = [&["ZADD small 1e-320 1.5", "INCRBYFLOAT x 1"][..], &asked].concat();
        assert!(play(&sequence(&agreeing), redis.address(), other.address()).is_ok());
        // What differs beside it, or after it, is found.
        let differing = [&agreeing[..], &["CONFIG GET zset-max-listpack-entries"]].concat();
        let difference = play(&sequence(&differing), redis.address(), other.address()).unwrap_err();
        assert!(difference.request.starts_with("CONFIG"), "{difference:?}");
        let within = [&agreeing[..3], &["CONFIG GET zset-max-listpack-entries"], &agreeing[3..]].concat();
        let difference = play(&sequence(&within), redis.address(), other.address()).unwrap_err();
        assert!(difference.request.starts_with("CONFIG"), "{difference:?}");
    }

    #[test]
    fn a_refusal_in_a_transaction_counts_only_of_sort_and_only_of_redis() {
        let refusal = || Value::Error(REFUSAL.to_vec());
        let answers = |answer: Value| Value::Array(vec![answer]);
        let refused = |text: &str, left: Value, right: Value| {
            is_refused_in_transaction(&requests(&[text]), &answers(left), &answers(right))
        };
        assert!(refused("sort k", refusal(), Value::Array(Vec::new())));
        assert!(!refused("sort k", refusal(), refusal()));
        assert!(!refused("sort k", Value::Array(Vec::new()), refusal()));
        assert!(!refused("get k", refusal(), Value::NullBulk));
    }
}
