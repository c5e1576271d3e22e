//! Where Redis itself is random or depends on the time, what still has to agree: one table.

use std::time::Duration;

use crate::generator::families::scripting::called;
use crate::notation::Request;
use crate::resp::{Reply, Value};

/// What has to agree between two replies to the same command. Replies that are equal byte for byte always do,
/// and errors have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every byte.
    Exact,
    /// The elements, in any order.
    Elements,
    /// The elements, of which those that are alike up to their first zero byte may stand in each other's place.
    UpToZero,
    /// The pairs, in any order: a map, or an array of names and values in turn.
    Pairs,
    /// As many elements of the same kind: which is random.
    Count,
    /// The kind of reply: a random or measured value stands in it.
    Kind,
    /// A time in milliseconds, up to the time that the sequence has taken so far.
    Milliseconds,
    /// A time in seconds, up to that time and one second of rounding.
    Seconds,
    /// The shape of a page of SCAN; what it holds is compared over whole iterations.
    ScanPage,
    /// The fields but for their values, and the values of all but those named.
    FieldsBut(&'static [&'static str]),
    /// Everything, but lists within lists in any order, too.
    AnyOrder,
    /// The names in `name=value` fields.
    FieldNames,
}

/// Every command that is not compared byte for byte, and why.
pub static RULES: &[(&str, Rule, &str)] = &[
    ("* HELP", Rule::Kind, "words of its own"),
    ("KEYS", Rule::Elements, "Redis answers in the order of its hash table"),
    ("SCAN", Rule::ScanPage, "cursors and order are the server's own"),
    ("RANDOMKEY", Rule::Kind, "random"),
    (
        "DUMP",
        Rule::Kind,
        "the servers pack and compress in their own ways; exchanges show that each reads the other",
    ),
    ("HGETALL", Rule::Pairs, "Redis answers large hashes in the order of its hash table"),
    ("HKEYS", Rule::Elements, "as HGETALL"),
    ("HVALS", Rule::Elements, "as HGETALL"),
    ("SMEMBERS", Rule::Elements, "Redis answers in the order of its hash table"),
    ("SINTER", Rule::Elements, "as SMEMBERS"),
    ("SUNION", Rule::Elements, "as SMEMBERS"),
    ("SDIFF", Rule::Elements, "as SMEMBERS"),
    ("HSCAN", Rule::ScanPage, "cursors and order are the server's own"),
    ("SSCAN", Rule::ScanPage, "cursors and order are the server's own"),
    ("ZSCAN", Rule::ScanPage, "cursors and order are the server's own"),
    ("SPOP", Rule::Count, "random"),
    ("SRANDMEMBER", Rule::Count, "random"),
    ("HRANDFIELD", Rule::Count, "random"),
    ("ZRANDMEMBER", Rule::Count, "random"),
    ("TTL", Rule::Seconds, "depends on the time"),
    ("PTTL", Rule::Milliseconds, "depends on the time"),
    ("EXPIRETIME", Rule::Seconds, "depends on the time, if the expiry was relative"),
    ("PEXPIRETIME", Rule::Milliseconds, "depends on the time, if the expiry was relative"),
    ("OBJECT REFCOUNT", Rule::Kind, "who holds the value in Redis's memory, just now"),
    ("TIME", Rule::Kind, "the time"),
    ("LASTSAVE", Rule::Kind, "a time"),
    ("INFO", Rule::Kind, "figures of the server's own"),
    ("MEMORY USAGE", Rule::Kind, "the server's own memory"),
    ("MEMORY DOCTOR", Rule::Kind, "words of its own"),
    ("MEMORY STATS", Rule::Kind, "the server's own memory"),
    ("MEMORY MALLOC-STATS", Rule::Kind, "the server's own memory"),
    ("LATENCY DOCTOR", Rule::Kind, "words of its own"),
    ("LATENCY HISTOGRAM", Rule::Kind, "how long commands took"),
    ("LOLWUT", Rule::Kind, "a picture of its own"),
    ("COMMAND COUNT", Rule::Kind, "Redis has commands that dredis has not"),
    ("CLIENT ID", Rule::Kind, "counted since the server started"),
    ("CLIENT LIST", Rule::FieldNames, "addresses, ages and sizes"),
    ("CLIENT INFO", Rule::FieldNames, "addresses, ages and sizes"),
    ("FUNCTION LIST", Rule::AnyOrder, "Redis answers in the order of its hash tables"),
    ("FUNCTION DUMP", Rule::Kind, "Redis compresses, and its order is that of its hash table"),
    ("HELLO", Rule::FieldsBut(&["version", "id"]), "the server's own version, and a counted number"),
];

/// The rule for a request.
pub fn rule(request: &Request) -> Rule {
    // What a script only passes on has the rule of the command that it calls.
    let request = called(request).unwrap_or(request);
    let word = |index: usize| request.get(index).map_or(&[][..], Vec::as_slice);
    let matches = |name: &str| match name.split_once(' ') {
        Some((first, second)) => {
            (first == "*" || word(0).eq_ignore_ascii_case(first.as_bytes()))
                && word(1).eq_ignore_ascii_case(second.as_bytes())
        }
        None => word(0).eq_ignore_ascii_case(name.as_bytes()),
    };
    // Without a sorting pattern, and where a pattern gives texts that are alike, the order is that of Redis's hash table.
    let has = |name: &[u8]| request.iter().any(|word| word.eq_ignore_ascii_case(name));
    let is_constant = |words: &[Vec<u8>]| words[0].eq_ignore_ascii_case(b"BY") && !words[1].contains(&b'*');
    let is_unsorted = request.windows(2).any(is_constant) || (has(b"BY") && has(b"ALPHA"));
    if word(0).to_ascii_uppercase().starts_with(b"SORT") && is_unsorted {
        return Rule::Elements;
    }
    // As texts Redis compares elements with `strcoll`, which sees nothing behind a zero byte, so those of sets and sorted sets that
    // are alike for it have the order of its hash table, too. To store them it compares all their bytes.
    if word(0).to_ascii_uppercase().starts_with(b"SORT") && has(b"ALPHA") && !has(b"STORE") {
        return if has(b"GET") { Rule::Elements } else { Rule::UpToZero };
    }
    RULES.iter().find(|(name, ..)| matches(name)).map_or(Rule::Exact, |(_, rule, _)| *rule)
}

/// Whether two replies to `request` agree. `queued` are the requests that EXEC runs, `elapsed` the time since
/// the sequence began.
pub fn agree(request: &Request, queued: &[Request], left: &Reply, right: &Reply, elapsed: Duration) -> bool {
    left.raw == right.raw || values_agree(request, queued, &left.value, &right.value, elapsed)
}

fn values_agree(
    request: &Request,
    queued: &[Request],
    left: &Value,
    right: &Value,
    elapsed: Duration,
) -> bool {
    let is_exec = request.first().is_some_and(|name| name.eq_ignore_ascii_case(b"EXEC"));
    if is_exec && let (Value::Array(left), Value::Array(right)) = (left, right) {
        let same_count = left.len() == right.len() && left.len() == queued.len();
        let mut pairs = left.iter().zip(right).zip(queued);
        return same_count
            && pairs.all(|((left, right), queued)| values_agree(queued, &[], left, right, elapsed));
    }
    if left == right {
        return true;
    }
    let milliseconds = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    match rule(request) {
        Rule::Exact => false,
        Rule::Elements => {
            same_kind(left, right) && sorted(left).is_some_and(|left| Some(left) == sorted(right))
        }
        Rule::UpToZero => {
            // Of those that are alike, a limit may have cut off others.
            let is_cut = request.iter().any(|word| word.eq_ignore_ascii_case(b"LIMIT"));
            same_kind(left, right)
                && (is_cut || sorted(left).is_some_and(|left| Some(left) == sorted(right)))
                && up_to_zero(left).is_some_and(|left| Some(left) == up_to_zero(right))
        }
        Rule::Pairs => same_kind(left, right) && pairs(left).is_some_and(|left| Some(left) == pairs(right)),
        Rule::Count => {
            let count = |value: &Value| value.elements().map(<[Value]>::len);
            same_kind(left, right) && count(left) == count(right)
        }
        Rule::Kind => same_kind(left, right),
        Rule::Milliseconds => near(left, right, milliseconds + 1),
        Rule::Seconds => near(left, right, milliseconds / 1000 + 1),
        Rule::ScanPage => page(left).is_some() && page(right).is_some(),
        Rule::FieldsBut(free) => fields_agree(left, right, free),
        Rule::AnyOrder => unordered(left) == unordered(right),
        Rule::FieldNames => field_names(left).is_some_and(|left| Some(left) == field_names(right)),
    }
}

fn sorted(value: &Value) -> Option<Vec<&Value>> {
    let mut elements: Vec<&Value> = value.elements()?.iter().collect();
    elements.sort();
    Some(elements)
}

/// Each element up to its first zero byte; nothing if one is not a string.
fn up_to_zero(value: &Value) -> Option<Vec<&[u8]>> {
    value.elements()?.iter().map(|element| element.bytes()?.split(|&byte| byte == 0).next()).collect()
}

/// The same with the elements of all lists and maps sorted.
fn unordered(value: &Value) -> Value {
    let sorted = |elements: &[Value], width: usize| -> Vec<Value> {
        let elements: Vec<Value> = elements.iter().map(unordered).collect();
        let mut groups: Vec<&[Value]> = elements.chunks(width).collect();
        groups.sort();
        groups.concat()
    };
    match value {
        Value::Array(elements) => Value::Array(sorted(elements, 1)),
        Value::Set(elements) => Value::Set(sorted(elements, 1)),
        Value::Map(elements) => Value::Map(sorted(elements, 2)),
        other => other.clone(),
    }
}

/// Names with their values, sorted.
fn pairs(value: &Value) -> Option<Vec<&[Value]>> {
    let mut pairs: Vec<&[Value]> = value.elements()?.chunks(2).collect();
    pairs.sort();
    Some(pairs)
}

fn same_kind(left: &Value, right: &Value) -> bool {
    let both_errors = left.is_error() || right.is_error();
    !both_errors && std::mem::discriminant(left) == std::mem::discriminant(right)
}

/// Two times, neither of which is one of the negative answers.
fn near(left: &Value, right: &Value, tolerance: i64) -> bool {
    match (left.integer(), right.integer()) {
        (Some(left), Some(right)) => left >= 0 && right >= 0 && (left - right).abs() <= tolerance,
        _ => false,
    }
}

/// The cursor and the keys in a page of SCAN.
pub fn page(value: &Value) -> Option<(&[u8], &[Value])> {
    match value.elements()? {
        [Value::Bulk(cursor), Value::Array(keys)] => Some((cursor, keys)),
        _ => None,
    }
}

fn fields_agree(left: &Value, right: &Value, free: &[&str]) -> bool {
    let (Some(left_fields), Some(right_fields)) = (left.elements(), right.elements()) else { return false };
    let pairs = |fields: &[Value]| -> Vec<(Value, Value)> {
        fields.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let (left_pairs, right_pairs) = (pairs(left_fields), pairs(right_fields));
    same_kind(left, right)
        && left_pairs.len() == right_pairs.len()
        && left_pairs.iter().zip(&right_pairs).all(|((left_name, left), (right_name, right))| {
            let is_free = free.contains(&left_name.text().as_str());
            left_name == right_name && (left == right || (is_free && same_kind(left, right)))
        })
}

fn field_names(value: &Value) -> Option<Vec<String>> {
    let text = String::from_utf8(value.bytes()?.to_vec()).ok()?;
    let line = text.lines().next()?.trim_start_matches("txt:");
    Some(line.split(' ').filter_map(|field| field.split('=').next()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::request;

    fn reply(bytes: &[u8]) -> Reply {
        Reply::read(&mut &*bytes).unwrap()
    }

    fn agreed(text: &str, left: &[u8], right: &[u8]) -> bool {
        agree(&request(text), &[], &reply(left), &reply(right), Duration::from_millis(10))
    }

    #[test]
    fn rules_allow_what_they_say_and_no_more() {
        assert!(agreed("KEYS *", b"*2\r\n+a\r\n+b\r\n", b"*2\r\n+b\r\n+a\r\n"));
        assert!(!agreed("KEYS *", b"*2\r\n+a\r\n+b\r\n", b"*2\r\n+a\r\n+a\r\n"));
        assert!(agreed("pttl k", b":1000\r\n", b":991\r\n"));
        assert!(!agreed("PTTL k", b":1000\r\n", b":980\r\n"));
        assert!(!agreed("PTTL k", b":0\r\n", b":-2\r\n"));
        assert!(agreed("RANDOMKEY", b"$1\r\na\r\n", b"$1\r\nb\r\n"));
        assert!(!agreed("RANDOMKEY", b"$1\r\na\r\n", b"$-1\r\n"));
        assert!(!agreed("TIME", b"-ERR a\r\n", b"-ERR b\r\n"));
        assert!(!agreed("GET k", b"$1\r\na\r\n", b"+a\r\n"));
        assert!(!agreed("MGET a b", b"*2\r\n+a\r\n+b\r\n", b"*2\r\n+b\r\n+a\r\n"));
    }

    #[test]
    fn texts_are_sorted_up_to_their_first_zero_byte() {
        let (one, other) =
            (b"*3\r\n$1\r\n\0\r\n$0\r\n\r\n$1\r\na\r\n", b"*3\r\n$0\r\n\r\n$1\r\n\0\r\n$1\r\na\r\n");
        assert!(agreed("SORT k ALPHA", one, other));
        assert!(!agreed("SORT k", one, other));
        assert!(!agreed("SORT k ALPHA", b"*2\r\n+a\r\n+b\r\n", b"*2\r\n+b\r\n+a\r\n"));
        // Others than Redis has, unless more were there to choose from.
        let (one, other) = (b"*1\r\n$0\r\n\r\n", b"*1\r\n$1\r\n\0\r\n");
        assert!(!agreed("SORT k ALPHA", one, other));
        assert!(agreed("sort_ro k alpha limit 0 1", one, other));
        assert!(!agreed("SORT k ALPHA LIMIT 0 1", b"*1\r\n+a\r\n", b"*1\r\n+b\r\n"));
        assert!(!agreed("SORT k ALPHA", b"*0\r\n", b"-ERR a\r\n"));
    }

    #[test]
    fn within_exec_each_reply_has_its_own_rule() {
        let queued = [request("RANDOMKEY"), request("GET a")];
        let compare = |left: &[u8], right: &[u8]| {
            agree(&request("exec"), &queued, &reply(left), &reply(right), Duration::ZERO)
        };
        assert!(compare(b"*2\r\n+a\r\n+x\r\n", b"*2\r\n+b\r\n+x\r\n"));
        assert!(!compare(b"*2\r\n+a\r\n+x\r\n", b"*2\r\n+a\r\n+y\r\n"));
    }
}
