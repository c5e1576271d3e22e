//! Elements of collections by way of hashes: packed or spread, changed and read back in every way, against a map.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

mod common;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use common::MapBackend;
use dredis_data::contract::{Error, Result};
use dredis_data::{
    Form, NamedElement, Observer, PackedLimits, Parts, Picks, Random, Store, Transaction, WriterState, hash,
};

const HASH_FIELD: u8 = 0x21;
const NOW_MS: u64 = 1_000_000;
const KEY: &[u8] = b"key";

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// Counts what WATCH would hear.
#[derive(Default)]
struct Listener(std::cell::Cell<usize>);

impl Observer for Listener {
    fn key_changed(&self, _: u32, _: &[u8]) {
        self.0.set(self.0.get() + 1);
    }

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

struct Fixture {
    backend: MapBackend,
    store: Store,
    writer: WriterState,
    listener: Listener,
}

impl Fixture {
    fn new() -> Self {
        let backend = MapBackend::new(255);
        let (store, writer) = Store::open(Arc::new(backend.clone()), "map", [5, 6]).unwrap();
        Fixture { backend, store, writer, listener: Listener::default() }
    }

    fn write<T>(&mut self, change: impl FnOnce(&mut Transaction<'_>) -> T) -> T {
        let mut txn = Transaction::writable(&self.store, &mut self.writer, &self.listener, NOW_MS);
        let answer = change(&mut txn);
        txn.commit().unwrap();
        answer
    }

    fn read(&self) -> Transaction<'_> {
        Transaction::read_only(&self.store, NOW_MS)
    }

    fn sweep(&mut self) {
        while self.write(|txn| txn.sweep_garbage(7).unwrap().more) {}
    }
}

fn set(txn: &mut Transaction<'_>, pairs: &[[&[u8]; 2]], limits: PackedLimits) -> u64 {
    let old = txn.load_for_write(0, KEY).unwrap();
    let mut hash = txn.edit_hash((0, KEY), old, limits).unwrap();
    let added = hash.set(pairs).unwrap();
    hash.finish().unwrap();
    added
}

fn remove(txn: &mut Transaction<'_>, fields: &[&[u8]]) -> u64 {
    let old = txn.load_for_write(0, KEY).unwrap();
    let mut hash = txn.edit_hash((0, KEY), old, PackedLimits::default()).unwrap();
    let removed = hash.remove(fields).unwrap();
    hash.finish().unwrap();
    removed
}

/// A hash of so many fields, spread if there is one.
fn fill(fixture: &mut Fixture, count: usize) -> Vec<Vec<u8>> {
    let names: Vec<Vec<u8>> = (0..count).map(|number| format!("field {number}").into_bytes()).collect();
    let pairs: Vec<_> = names.iter().map(|name| [&name[..], &name[6..]]).collect();
    let spread = PackedLimits { hash_entries: 0, ..PackedLimits::default() };
    fixture.write(|txn| set(txn, &pairs, spread));
    names
}

/// All fields by pages of this size; checks that hashes ascend and that a page is no shorter than it should be.
fn pages(txn: &Transaction<'_>, limit: usize) -> Vec<NamedElement> {
    let entry = txn.find(0, KEY).unwrap().unwrap();
    let mut all: Vec<NamedElement> = Vec::new();
    let mut from = 0;
    loop {
        let page = txn.hash_page(&entry, from, limit).unwrap();
        assert!(page.elements.iter().all(|element| element.hash >= from));
        all.extend(page.elements.iter().cloned());
        let Some(next) = page.next else { break };
        assert_eq!(page.elements.len(), limit, "no two names of this test share a hash");
        from = next;
    }
    assert!(all.is_sorted_by_key(|element| element.hash));
    all
}

fn check(txn: &Transaction<'_>, model: &Model, random: &mut Random) {
    let Some(entry) = txn.find(0, KEY).unwrap() else {
        assert!(model.is_empty());
        return;
    };
    assert_eq!(hash::count(&entry).unwrap(), model.len() as u64);
    let mut each = Model::new();
    txn.each_hash_field(&entry, |field, value| assert_eq!(each.insert(field.to_vec(), value.to_vec()), None))
        .unwrap();
    assert_eq!(each, *model);
    let by_pages = pages(txn, 1 + random.below(90) as usize);
    assert_eq!(by_pages.len(), model.len());
    let as_pair = |element: NamedElement| (element.name, element.payload);
    assert_eq!(by_pages.into_iter().map(as_pair).collect::<Model>(), *model);
    let asked: Vec<Vec<u8>> = (0..random.below(150)).map(|_| field(random)).collect();
    let asked: Vec<&[u8]> = asked.iter().map(Vec::as_slice).collect();
    let expected: Vec<_> = asked.iter().map(|field| model.get(*field).cloned()).collect();
    assert_eq!(txn.hash_values(&entry, &asked).unwrap(), expected);
    if let (Some(field), Some(value)) = (asked.first(), expected.first()) {
        assert_eq!(txn.hash_value(&entry, field).unwrap(), *value);
        assert_eq!(txn.hash_value_length(&entry, field).unwrap(), value.as_ref().map(Vec::len));
    }
    let wanted = random.below(model.len() as u64 + 3);
    for picks in [Picks::Distinct(wanted), Picks::Repeated(wanted)] {
        let found = txn.random_hash_fields(&entry, picks, Parts::NamesAndPayloads, random).unwrap();
        assert_eq!(found.len() as u64, picks.total(model.len() as u64));
        assert!(found.iter().all(|element| model.get(&element.name) == Some(&element.payload)));
        let names: HashSet<_> = found.iter().map(|element| &element.name).collect();
        assert!(matches!(picks, Picks::Repeated(_)) || names.len() == found.len());
    }
}

fn field(random: &mut Random) -> Vec<u8> {
    match random.below(400) {
        0 => Vec::new(),
        number @ 1..100 => number.to_string().into_bytes(),
        number => format!("a longer field {number}").into_bytes(),
    }
}

#[test]
fn fields_are_those_of_a_map() {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut fixture = Fixture::new();
        let mut model = Model::new();
        let entries = [0, 5, 64, 512][random.below(4) as usize];
        let limits = PackedLimits { hash_entries: entries, hash_value_bytes: 40, ..PackedLimits::default() };
        println!("seed {seed}, up to {entries} fields packed");
        for _ in 0..12 {
            fixture.write(|txn| {
                for _ in 0..1 + random.below(3) {
                    let many = [1, 3, 200][random.below(3) as usize];
                    let fields: Vec<Vec<u8>> =
                        (0..random.below(many) + 1).map(|_| field(&mut random)).collect();
                    let names: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
                    if random.below(5) < 2 {
                        let there = names.iter().filter(|name| model.remove(**name).is_some()).count();
                        assert_eq!(remove(txn, &names), there as u64);
                    } else {
                        let value = vec![b'v'; random.below(42) as usize];
                        let pairs: Vec<_> = names.iter().map(|name| [*name, &value[..]]).collect();
                        let new =
                            names.iter().filter(|name| model.insert(name.to_vec(), value.clone()).is_none());
                        let new = new.count() as u64;
                        assert_eq!(set(txn, &pairs, limits), new);
                    }
                    check(txn, &model, &mut random);
                }
            });
            check(&fixture.read(), &model, &mut random);
        }
        let names: Vec<&[u8]> = model.keys().map(Vec::as_slice).collect();
        fixture.write(|txn| remove(txn, &names));
        assert!(fixture.read().find(0, KEY).unwrap().is_none());
        fixture.sweep();
        assert_eq!(fixture.backend.count(HASH_FIELD), 0);
        assert_eq!(fixture.read().figures(0).unwrap().keys, 0);
    }
}

#[test]
fn a_walk_meets_once_whatever_stays() {
    let mut random = Random::new(3);
    let mut fixture = Fixture::new();
    let names = fill(&mut fixture, 120);
    let (stays, goes) = names.split_at(60);
    let mut met: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut next = Some(0);
    while let Some(from) = next {
        let page = {
            let txn = fixture.read();
            let entry = txn.find(0, KEY).unwrap().unwrap();
            txn.hash_page(&entry, from, 1 + random.below(10) as usize).unwrap()
        };
        page.elements.into_iter().for_each(|element| *met.entry(element.name).or_default() += 1);
        next = page.next;
        let other = &goes[random.below(60) as usize][..];
        fixture.write(|txn| match random.below(2) {
            0 => remove(txn, &[other]),
            _ => set(txn, &[[other, b"again"]], PackedLimits::default()),
        });
    }
    assert!(stays.iter().all(|name| met.get(name) == Some(&1)));
}

#[test]
fn picks_are_fair() {
    let mut random = Random::new(9);
    let mut fixture = Fixture::new();
    // Counted through; picked by windows; by a walk.
    for (count, picks, rounds) in [
        (10, Picks::Repeated(1), 2000),
        (100, Picks::Distinct(1), 4000),
        (300, Picks::Repeated(4), 1500),
        (90, Picks::Distinct(30), 300),
        (90, Picks::Repeated(30), 300),
    ] {
        fixture.write(|txn| txn.remove(0, KEY).unwrap());
        let names = fill(&mut fixture, count);
        let txn = fixture.read();
        let entry = txn.find(0, KEY).unwrap().unwrap();
        let mut picked: HashMap<Vec<u8>, u64> = HashMap::new();
        for _ in 0..rounds {
            for element in txn.random_hash_fields(&entry, picks, Parts::Names, &mut random).unwrap() {
                assert!(element.payload.is_empty());
                *picked.entry(element.name).or_default() += 1;
            }
        }
        let expected = (rounds * picks.total(count as u64)) as f64 / count as f64;
        for name in names {
            let distance = picked.get(&name).copied().unwrap_or(0) as f64 - expected;
            assert!(distance.abs() < 6.0 * expected.sqrt(), "{picks:?} of {count}: {distance} off");
        }
    }
}

#[test]
fn only_changes_are_told_and_written() {
    let mut fixture = Fixture::new();
    let limits = PackedLimits { hash_entries: 2, ..PackedLimits::default() };
    let form = |fixture: &Fixture| fixture.read().find(0, KEY).unwrap().map(|entry| entry.head().form);
    for (fields, expected) in
        [(&[[&b"a"[..], b"1"]][..], Form::HashPacked), (&[[b"b", b"1"], [b"c", b"1"]], Form::HashSpread)]
    {
        fixture.write(|txn| set(txn, fields, limits));
        assert_eq!(form(&fixture), Some(expected));
        let (records, told) = (fixture.backend.records(), fixture.listener.0.get());
        assert_eq!(fixture.write(|txn| remove(txn, &[b"absent"])), 0);
        assert_eq!(fixture.write(|txn| set(txn, &[], limits)), 0);
        assert_eq!(fixture.listener.0.get(), told);
        assert_eq!(fixture.backend.records(), records);
        assert_eq!(fixture.write(|txn| set(txn, &[[b"a", fields[0][0]]], limits)), 0);
        assert_eq!(fixture.listener.0.get(), told + 1, "an update is told even where the count stays");
        assert_ne!(fixture.backend.records(), records);
    }
    // Once spread, a hash stays so.
    assert_eq!(fixture.write(|txn| remove(txn, &[b"b", b"c"])), 2);
    assert_eq!(form(&fixture), Some(Form::HashSpread));
    assert_eq!(fixture.write(|txn| remove(txn, &[b"a", b"a"])), 1);
    assert_eq!(form(&fixture), None);
}

#[test]
fn an_emptied_hash_that_was_never_written_leaves_no_key() {
    let mut fixture = Fixture::new();
    fixture.write(|txn| {
        for entries in [0, 10] {
            let limits = PackedLimits { hash_entries: entries, ..PackedLimits::default() };
            let mut hash = txn.edit_hash((0, KEY), None, limits).unwrap();
            assert_eq!(hash.set(&[[b"a", b"1"]]).unwrap(), 1);
            assert!(!hash.add(b"a", b"2").unwrap());
            let twice = |value: Option<&[u8]>| Ok::<_, Error>(value.unwrap_or(b"0").repeat(2));
            assert_eq!(hash.update(b"a", twice).unwrap(), b"11");
            assert_eq!(hash.update(b"b", twice).unwrap(), b"00");
            assert!(hash.add(b"c", b"2").unwrap());
            assert_eq!(hash.remove(&[b"a", b"b", b"c", b"a"]).unwrap(), 3);
            hash.finish().unwrap();
        }
    });
    assert_eq!(fixture.read().figures(0).unwrap().keys, 0);
    assert_eq!(fixture.backend.count(HASH_FIELD), 0);
}
