//! Random commands on a few sets, in all forms, against the simplest of models.

use std::collections::{BTreeMap, BTreeSet};

use dredis_commands::Reply;
use dredis_data::Random;

use crate::common::{Fixture, show};
use crate::{SET_MEMBER, members};

/// Sets as the simplest of models holds them.
type Model = BTreeMap<String, BTreeSet<String>>;

fn combined(model: &Model, operation: &str, keys: &[String]) -> BTreeSet<String> {
    let mut sets = keys.iter().map(|key| model.get(key).cloned().unwrap_or_default());
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, set| match operation {
        "SUNION" => &all | &set,
        "SINTER" => &all & &set,
        _ => &all - &set,
    })
}

#[test]
fn any_commands_in_any_order() {
    for seed in 0..6 {
        let mut random = Random::new(seed);
        let mut server = Fixture::new();
        server.random = Random::new(seed + 100);
        server.host.packed_limits.set_intset_entries = [4, 40, 512][seed as usize % 3];
        let mut model = Model::new();
        for step in 0..100 {
            let command = step_of(&mut random, &mut server, &mut model);
            let context = format!("seed {seed}, step {step}: {command}");
            for (key, set) in &model {
                let expected: Vec<String> = set.iter().cloned().collect();
                if step % 10 == 0 || command.contains(key) {
                    assert_eq!(members(&server.run(&format!("SMEMBERS {key}"))), expected, "{context}");
                    assert_eq!(server.run(&format!("SCARD {key}")), Reply::count(set.len()), "{context}");
                }
            }
            let live = model.values().filter(|set| !set.is_empty()).count();
            assert_eq!(server.run("DBSIZE"), Reply::count(live), "{context}");
        }
        server.run("FLUSHDB");
        server.sweep();
        assert_eq!(server.backend.count(SET_MEMBER), 0, "seed {seed}");
    }
}

/// Runs a random command, compares its reply with the model's, and changes the model alike.
fn step_of(random: &mut Random, server: &mut Fixture, model: &mut Model) -> String {
    let key = |random: &mut Random| format!("key{}", random.below(4));
    let names = |random: &mut Random| -> Vec<String> {
        let (kind, largest) = (random.below(5), [3, 30, 300][random.below(3) as usize]);
        let name = |random: &mut Random| match (kind, random.below(largest)) {
            (0, number) => format!("m{number}"),
            (1, number) => format!("{number}{}", "x".repeat(random.below(80) as usize)),
            (2, number) => (number as i64 * -1_000_000_007).to_string(),
            (_, number) => number.to_string(),
        };
        (0..=random.below(largest)).map(|_| name(random)).collect()
    };
    let first = key(random);
    let all: Vec<String> = model.get(&first).into_iter().flatten().cloned().collect();
    let (command, expected) = match random.below(12) {
        0..4 => {
            let names = names(random);
            let set = model.entry(first.clone()).or_default();
            let added = names.iter().filter(|name| set.insert((*name).clone())).count();
            (format!("SADD {first} {}", names.join(" ")), added.to_string())
        }
        4 => {
            let names = names(random);
            let set = model.entry(first.clone()).or_default();
            let removed = names.iter().filter(|name| set.remove(*name)).count();
            (format!("SREM {first} {}", names.join(" ")), removed.to_string())
        }
        5 => {
            let (to, name) = (key(random), names(random).swap_remove(0));
            let moved = model.entry(first.clone()).or_default().remove(&name);
            if moved {
                model.entry(to.clone()).or_default().insert(name.clone());
            }
            (format!("SMOVE {first} {to} {name}"), u8::from(moved).to_string())
        }
        6 => {
            let names = names(random);
            let is_member = |name| if all.contains(name) { ":1" } else { ":0" };
            let expected: Vec<&str> = names.iter().map(is_member).collect();
            let reply = server.run(&format!("SMISMEMBER {first} {}", names.join(" ")));
            assert_eq!(show(&reply), format!("[{}]", expected.join(", ")));
            return String::new();
        }
        7 => {
            let command = format!("SPOP {first} {}", random.below(all.len() as u64 + 2));
            let popped = members(&server.run(&command));
            let set = model.entry(first).or_default();
            assert!(popped.iter().all(|member| set.remove(member)), "{command}");
            return command;
        }
        number => {
            let operation = ["SUNION", "SINTER", "SDIFF"][random.below(3) as usize];
            let keys: Vec<String> = (0..=random.below(3)).map(|_| key(random)).collect();
            let result = combined(model, operation, &keys);
            if number < 10 {
                let mut ordered: Vec<String> = result.iter().cloned().collect();
                let command = format!("{operation} {}", keys.join(" "));
                let reply = server.run(&command);
                assert_eq!(members(&reply), ordered, "{command}");
                if operation == "SINTER" {
                    let limit = random.below(20) as usize;
                    ordered.truncate(if limit == 0 { usize::MAX } else { limit });
                    let command = format!("SINTERCARD {} {} LIMIT {limit}", keys.len(), keys.join(" "));
                    assert_eq!(server.run(&command), Reply::count(ordered.len()), "{command}");
                }
                return command;
            }
            let count = result.len();
            model.insert(first.clone(), result);
            (format!("{operation}STORE {first} {}", keys.join(" ")), count.to_string())
        }
    };
    assert_eq!(show(&server.run(&command)), format!(":{expected}"), "{command}");
    command
}
