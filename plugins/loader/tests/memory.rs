//! The memory backend through its library, as the server meets it: alone, several times, and beside another plugin.
#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeMap;
use std::sync::Arc;

use dredis_contract::{Backend, Batch, Commit, Durability, ErrorKind, Operation, Scan, View};
use harness::{memory, open, plugin};

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn put(backend: &dyn Backend, key: &[u8], value: &[u8]) {
    let done = backend.commit(&Batch::new(&[Operation::Put { key, value }])).unwrap();
    assert_eq!(done, Commit::Done);
}

fn get(view: &dyn View, key: &[u8]) -> Option<Vec<u8>> {
    view.get(key).unwrap().map(|value| value.into_vec())
}

fn collect(view: &dyn View, scan: &Scan<'_>) -> Records {
    let mut cursor = view.scan(scan).unwrap();
    let mut records = Vec::new();
    while let Some(record) = cursor.next().unwrap() {
        records.push((record.key.to_vec(), record.value.to_vec()));
    }
    records
}

#[test]
fn it_introduces_itself() {
    let plugin = memory();
    assert_eq!(plugin.name(), "memory");
    assert!(plugin.version().starts_with("memory "));
    assert_eq!(plugin.abi(), 1);
    assert_eq!(plugin.options(), []);
    assert!(plugin.path().is_absolute());
    assert_eq!(open(&plugin, &[]).unwrap().capabilities().durability, Durability::Never);
}

#[test]
fn what_is_committed_is_read_in_later_views_only() {
    let backend = open(&memory(), &[]).unwrap();
    let before = backend.view().unwrap();
    put(&*backend, b"a", b"1");
    put(&*backend, b"b", b"");
    assert_eq!(get(&*before, b"a"), None);
    let view = backend.view().unwrap();
    assert_eq!(get(&*view, b"a").unwrap(), b"1");
    assert_eq!(get(&*view, b"b").unwrap(), b"");
    backend.commit(&Batch::new(&[Operation::DeleteRange { start: b"a", end: b"b" }])).unwrap();
    backend.sync().unwrap();
    assert_eq!(get(&*view, b"a").unwrap(), b"1");
    assert_eq!(collect(&*backend.view().unwrap(), &Scan::all()), [(b"b".to_vec(), vec![])]);
    assert_eq!(backend.checkpoint("x".as_ref()).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(backend.stats(), [("memory_records".to_owned(), "1".to_owned())]);
}

#[test]
fn scans_agree_with_a_btree_map_in_both_directions() {
    let backend = open(&memory(), &[]).unwrap();
    let mut model = BTreeMap::new();
    for number in 0..50_000_u32 {
        // Scattered keys of several lengths, among them some that are beginnings of others.
        let hash = number.wrapping_mul(2_654_435_761);
        let key = hash.to_be_bytes()[..1 + (hash % 4) as usize].to_vec();
        let value = vec![number as u8; (number % 61) as usize];
        model.insert(key, value);
    }
    let operations: Vec<Operation<'_>> =
        model.iter().map(|(key, value)| Operation::Put { key, value }).collect();
    backend.commit(&Batch::new(&operations)).unwrap();
    let view = backend.view().unwrap();

    let starts: [&[u8]; 4] = [b"", b"\x00", b"\x40\x01", b"\xff\xff\xff\xff\xff"];
    let ends: [Option<&[u8]>; 4] = [None, Some(b"\x40\x01"), Some(b"\x90"), Some(b"\x00\x00")];
    for start in starts {
        for end in ends {
            let expected: Records = model
                .iter()
                .filter(|(key, _)| key.as_slice() >= start && end.is_none_or(|end| key.as_slice() < end))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            for hint in [0, 1, 1000] {
                let scan = Scan { start, end, ..Scan::all() }.expecting(hint);
                assert_eq!(collect(&*view, &scan), expected);
                let mut backwards = collect(&*view, &scan.reverse());
                backwards.reverse();
                assert_eq!(backwards, expected);
                let keys = collect(&*view, &scan.keys());
                assert!(keys.iter().map(|(key, _)| key).eq(expected.iter().map(|(key, _)| key)));
                assert!(keys.iter().all(|(_, value)| value.is_empty()));
            }
        }
    }
}

#[test]
fn narrow_ranges_agree_with_a_btree_map() {
    let backend = open(&memory(), &[]).unwrap();
    let model: BTreeMap<Vec<u8>, Vec<u8>> =
        (0..3000_u32).map(|number| ((number * 10).to_be_bytes().to_vec(), b"v".to_vec())).collect();
    let operations: Vec<Operation<'_>> =
        model.iter().map(|(key, value)| Operation::Put { key, value }).collect();
    backend.commit(&Batch::new(&operations)).unwrap();
    let view = backend.view().unwrap();
    for start in (0..30_100_u32).step_by(7) {
        // Empty ranges, ranges between two records, and ranges of a few, at every place in the tree.
        let end = start + start % 23;
        let (start, end) = (start.to_be_bytes(), end.to_be_bytes());
        let expected: Records = model
            .range(start.to_vec()..end.to_vec())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let scan = Scan::range(&start, &end);
        assert_eq!(collect(&*view, &scan), expected);
        let mut backwards = collect(&*view, &scan.reverse());
        backwards.reverse();
        assert_eq!(backwards, expected);
    }
}

#[test]
fn instances_and_plugins_stand_side_by_side() {
    let plugin_memory = memory();
    let probing = open(&plugin("plugin_probing"), &[]).unwrap();
    let backends: Vec<_> = (0..20).map(|_| open(&plugin_memory, &[]).unwrap()).collect();
    for (number, backend) in backends.iter().enumerate() {
        put(&**backend, b"number", number.to_string().as_bytes());
    }
    // Loading the same file again gives the same plugin, with engines of its own.
    let again = open(&memory(), &[]).unwrap();
    assert_eq!(get(&*again.view().unwrap(), b"number"), None);
    for (number, backend) in backends.iter().enumerate() {
        assert_eq!(get(&*backend.view().unwrap(), b"number").unwrap(), number.to_string().as_bytes());
    }
    assert_eq!(get(&*probing.view().unwrap(), b"owned").unwrap(), b"o");
}

#[test]
fn views_are_read_while_commits_go_on() {
    let backend = open(&memory(), &[]).unwrap();
    std::thread::scope(|scope| {
        // Readers end when it is dropped, also by a panic.
        let writing = Arc::new(());
        for _ in 0..3 {
            let (backend, is_written) = (backend.clone(), Arc::downgrade(&writing));
            scope.spawn(move || {
                while is_written.strong_count() > 0 {
                    // Both keys are written in one batch, so that no view ever sees them differ.
                    let view = backend.view().unwrap();
                    assert_eq!(get(&*view, b"left"), get(&*view, b"right"));
                    let records = collect(&*view, &Scan::all());
                    assert!(records.is_empty() || records[0].1 == records[1].1);
                }
            });
        }
        for number in 0..2000_u32 {
            let value = number.to_be_bytes();
            let operations = [
                Operation::Put { key: b"left", value: &value },
                Operation::Put { key: b"right", value: &value },
            ];
            backend.commit(&Batch::new(&operations)).unwrap();
        }
    });
}
