//! The command table: what COMMAND says of each command, and that each one is tested.

use std::collections::BTreeSet;

use dredis_suite::generator::families;
use dredis_suite::notation::show_reply;
use dredis_suite::{Backend, Client, RedisServer, Server, Value};

/// What COMMAND DOCS says in words of its own, costs included: they are not those of Redis.
const OWN_WORDS: &[&str] = &["summary", "complexity"];

#[test]
fn command_info_is_that_of_redis() {
    let Some(redis) = RedisServer::start_or_skip("COMMAND INFO") else { return };
    let server = Server::start(Backend::Memory);
    for protocol in ["2", "3"] {
        let (mut redis, mut dredis) = (redis.client(), server.client());
        greet(&mut redis, protocol);
        greet(&mut dredis, protocol);
        let mut wrong = Vec::new();
        for name in command_names(&mut dredis) {
            let ask = |client: &mut Client| first(client.ask(&format!("COMMAND INFO {name}")));
            compare_info(&name, &ask(&mut redis), &ask(&mut dredis), &mut wrong);
        }
        assert!(wrong.is_empty(), "RESP{protocol}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn command_docs_are_those_of_redis() {
    let Some(redis) = RedisServer::start_or_skip("COMMAND DOCS") else { return };
    let server = Server::start(Backend::Memory);
    for protocol in ["2", "3"] {
        let (mut redis, mut dredis) = (redis.client(), server.client());
        greet(&mut redis, protocol);
        greet(&mut dredis, protocol);
        let mut wrong = Vec::new();
        for name in command_names(&mut dredis) {
            let ask = |client: &mut Client| client.ask(&format!("COMMAND DOCS {name}"));
            compare_docs(&name, &ask(&mut redis), &ask(&mut dredis), &mut wrong);
        }
        assert!(wrong.is_empty(), "RESP{protocol}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn every_command_is_generated_or_has_a_reason_not_to_be() {
    let server = Server::start(Backend::Memory);
    let mut client = server.client();
    let mut tested: BTreeSet<String> = families::rows().flat_map(|row| row.command_names()).collect();
    tested.extend(families::WITHOUT_ROW.iter().map(|(name, _)| (*name).to_owned()));
    let mut untested = Vec::new();
    for name in command_names(&mut client) {
        let subcommands = subcommand_names(&first(client.ask(&format!("COMMAND INFO {name}"))));
        let names = if subcommands.is_empty() { vec![name] } else { subcommands };
        untested.extend(names.into_iter().filter(|name| !tested.contains(name)));
    }
    assert!(untested.is_empty(), "no row under src/generator/families generates: {}", untested.join(" "));
}

fn greet(client: &mut Client, protocol: &str) {
    assert!(!client.ask(&format!("HELLO {protocol}")).is_error(), "HELLO {protocol}");
}

fn command_names(client: &mut Client) -> Vec<String> {
    let reply = client.ask("COMMAND LIST");
    let names: Vec<String> =
        reply.elements().expect("COMMAND LIST is a list").iter().map(Value::text).collect();
    assert!(names.len() > 20, "COMMAND LIST is too short to be all: {names:?}");
    names
}

fn first(reply: Value) -> Value {
    reply.elements().and_then(|elements| elements.first()).cloned().unwrap_or(reply)
}

/// Fields of COMMAND INFO; the last holds the subcommands.
const SUBCOMMANDS: usize = 9;

fn subcommand_names(info: &Value) -> Vec<String> {
    let subcommands = info.elements().and_then(|fields| fields.get(SUBCOMMANDS)).and_then(Value::elements);
    let names = subcommands.unwrap_or_default().iter().filter_map(Value::elements);
    names.filter_map(|fields| fields.first()).map(Value::text).collect()
}

/// Compares a command and the subcommands that dredis has.
fn compare_info(name: &str, redis: &Value, dredis: &Value, wrong: &mut Vec<String>) {
    let (Some(left), Some(right)) = (redis.elements(), dredis.elements()) else {
        wrong.push(format!("{name}\n  redis:  {}\n  dredis: {}", show_reply(redis), show_reply(dredis)));
        return;
    };
    let own = |fields: &[Value]| -> Vec<Value> { fields.iter().take(SUBCOMMANDS).map(unordered).collect() };
    if left.len() != right.len() || own(left) != own(right) {
        let show = |fields: &[Value]| show_reply(&Value::Array(own(fields)));
        wrong.push(format!("{name}\n  redis:  {}\n  dredis: {}", show(left), show(right)));
    }
    let subcommands = |fields: &[Value]| -> Vec<Value> {
        fields.get(SUBCOMMANDS).and_then(Value::elements).unwrap_or_default().to_vec()
    };
    let redis_subcommands = subcommands(left);
    for sub in subcommands(right) {
        let sub_name = first(sub.clone());
        let same = redis_subcommands.iter().find(|candidate| first((*candidate).clone()) == sub_name);
        match same {
            Some(same) => compare_info(&sub_name.text(), same, &sub, wrong),
            None => wrong.push(format!("{}: Redis has no such subcommand", sub_name.text())),
        }
    }
}

/// The same without the notes on key specifications, which are words for people.
fn without_notes(parts: &[Value]) -> Vec<Value> {
    let notes = Value::Bulk(b"notes".to_vec());
    let place = parts.iter().position(|part| *part == notes);
    let skipped = |index: usize| place.is_some_and(|place| index == place || index == place + 1);
    parts.iter().enumerate().filter(|(index, _)| !skipped(*index)).map(|(_, part)| part.clone()).collect()
}

/// A value in which what is a set, or a list of flags, stands in the order of its elements.
fn unordered(value: &Value) -> Value {
    let each = |parts: &[Value]| -> Vec<Value> { without_notes(parts).iter().map(unordered).collect() };
    match value {
        Value::Set(parts) => {
            let mut parts = each(parts);
            parts.sort();
            Value::Set(parts)
        }
        Value::Array(parts) => {
            let mut parts = each(parts);
            if parts.iter().all(|part| matches!(part, Value::Status(_))) {
                parts.sort();
            }
            Value::Array(parts)
        }
        Value::Map(parts) => Value::Map(each(parts)),
        other => other.clone(),
    }
}

/// Compares the documentation of a command: a map of fields, or (RESP2) a list of names and fields in turn.
fn compare_docs(path: &str, redis: &Value, dredis: &Value, wrong: &mut Vec<String>) {
    let (Some(left), Some(right)) = (redis.elements(), dredis.elements()) else {
        wrong.push(format!("{path}\n  redis:  {}\n  dredis: {}", show_reply(redis), show_reply(dredis)));
        return;
    };
    if std::mem::discriminant(redis) != std::mem::discriminant(dredis) {
        wrong.push(format!("{path}: one is a map, the other is not"));
    }
    let field = |fields: &[Value], name: &Value| -> Option<Value> {
        fields.chunks_exact(2).find(|pair| pair[0] == *name).map(|pair| pair[1].clone())
    };
    let is_list_of_subcommands = path.ends_with("subcommands");
    for pair in left.chunks_exact(2) {
        let name = pair[0].text();
        // Redis has subcommands that dredis has not; those that it has must agree.
        if field(right, &pair[0]).is_none() && !is_list_of_subcommands {
            wrong.push(format!("{path}: dredis lacks {name}, which is {}", show_reply(&pair[1])));
        }
    }
    for pair in right.chunks_exact(2) {
        let name = pair[0].text();
        let path = format!("{path} {name}");
        match field(left, &pair[0]) {
            None => wrong.push(format!("{path}: Redis has no such field")),
            Some(_) if OWN_WORDS.contains(&name.as_str()) => {}
            Some(same) if name == "history" => {
                let versions = |history: &Value| -> Vec<Value> {
                    history.elements().unwrap_or_default().iter().cloned().map(first).collect()
                };
                if versions(&same) != versions(&pair[1]) {
                    wrong.push(format!("{path}: the versions differ from Redis's {}", show_reply(&same)));
                }
            }
            Some(same) if is_nested(&path, &name) => compare_docs(&path, &same, &pair[1], wrong),
            Some(same) if unordered(&same) != unordered(&pair[1]) => {
                let (left, right) = (show_reply(&same), show_reply(&pair[1]));
                wrong.push(format!("{path}\n  redis:  {left}\n  dredis: {right}"));
            }
            Some(_) => {}
        }
    }
}

/// Whether a field holds fields: a command's own, its subcommands, and each of those.
fn is_nested(path: &str, name: &str) -> bool {
    let depth = path.split(' ').count();
    depth == 2 || name == "subcommands" || name.contains('|')
}
