//! The cache of records shows what the engine would show, while others write.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

mod common;

use std::sync::Arc;

use common::MapBackend;
use dredis_data::contract::Result;
use dredis_data::string::Style;
use dredis_data::{MemoryBounds, Observer, Random, Store, Transaction, WriterState};

struct NobodyWatches;

impl Observer for NobodyWatches {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

/// Pairs of keys that are always written together, and with ever greater numbers.
const PAIRS: u64 = 16;

fn names(pair: u64) -> [String; 2] {
    [format!("left:{pair}"), format!("right:{pair}")]
}

fn open(cached_bytes: usize) -> (Store, WriterState) {
    let (mut store, writer) = Store::open(Arc::new(MapBackend::new(u64::MAX)), "map", [8, 9]).unwrap();
    store.set_memory_bounds(MemoryBounds { cached_bytes, ..MemoryBounds::default() });
    (store, writer)
}

/// Writes a pair, or removes it.
fn write(store: &Store, state: &mut WriterState, pair: u64, number: Option<u64>) {
    let mut txn = Transaction::writable(store, state, &NobodyWatches, 1);
    for name in names(pair) {
        let name = name.as_bytes();
        match number {
            None => drop(txn.remove(0, name).unwrap()),
            Some(number) => {
                // Of different lengths, so that records move.
                let value = format!("{number}{}", " ".repeat((number % 40) as usize));
                let old = txn.find_for_write(0, name).unwrap();
                txn.write_string((0, name), old, None, value.as_bytes(), Style::Plain).unwrap();
            }
        }
    }
    txn.commit().unwrap();
}

/// The pair's numbers, read one after the other or at once.
fn read(store: &Store, pair: u64, is_at_once: bool) -> [Option<u64>; 2] {
    let txn = Transaction::read_only(store, 1);
    let names = names(pair);
    let keys = [names[0].as_bytes(), names[1].as_bytes()];
    let entries = if is_at_once {
        txn.find_many(0, &keys).unwrap()
    } else {
        keys.map(|key| txn.find(0, key).unwrap()).into()
    };
    let mut numbers = entries.iter().map(|entry| {
        let value = String::from_utf8(txn.string_value(entry.as_ref()?).unwrap()).unwrap();
        Some(value.trim_end().parse().unwrap())
    });
    [numbers.next().unwrap(), numbers.next().unwrap()]
}

#[test]
fn a_view_shows_one_moment_and_none_before_the_last() {
    let seed = 11;
    println!("seed {seed}");
    let (store, mut state) = open(1 << 20);
    std::thread::scope(|scope| {
        // Readers end when it is dropped, also by a panic.
        let writing = Arc::new(());
        let readers: Vec<_> = (0..3)
            .map(|reader| {
                let (store, is_written) = (&store, Arc::downgrade(&writing));
                scope.spawn(move || {
                    let mut random = Random::new(seed + 1 + reader);
                    let mut newest = [0; PAIRS as usize];
                    let mut found = 0;
                    while is_written.strong_count() > 0 {
                        let pair = random.below(PAIRS);
                        let [left, right] = read(store, pair, random.below(2) == 0);
                        assert_eq!(left, right, "pair {pair}");
                        if let Some(number) = left {
                            let newest = &mut newest[pair as usize];
                            assert!(number >= *newest, "pair {pair}: {number} after {newest}");
                            *newest = number;
                            found += 1;
                        }
                    }
                    found
                })
            })
            .collect();
        let mut random = Random::new(seed);
        for number in 1..30_000 {
            let is_removed = random.below(10) == 0;
            let pair = random.below(PAIRS);
            write(&store, &mut state, pair, (!is_removed).then_some(number));
            // Whoever wrote sees it.
            let seen = read(&store, pair, false);
            assert_eq!(seen, [(!is_removed).then_some(number); 2], "pair {pair}");
        }
        drop(writing);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    assert!(store.cached_bytes() > 0);
}

#[test]
fn nothing_is_kept_without_room() {
    let (store, mut state) = open(0);
    write(&store, &mut state, 1, Some(5));
    assert_eq!(read(&store, 1, true), [Some(5); 2]);
    assert_eq!(store.cached_bytes(), 0);
}
