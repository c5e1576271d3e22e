//! Values made at random, small and large, out and in again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use dredis_data::list::{End, ListEditor};
use dredis_data::rdb::{Compression, FileVersion, Writer};
use dredis_data::set::SetEditor;
use dredis_data::sorted_set::SortedSetEditor;
use dredis_data::string::Style;
use dredis_data::{PackedLimits, Random};

use crate::contents::{Data, TINY, value};

/// A short text, a number, or something longer; two are often the same.
fn word(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => Vec::new(),
        1 => (random.next_u64() as i64 >> random.below(64)).to_string().into_bytes(),
        2 => vec![b'z'; random.below(3000) as usize],
        3 => (0..random.below(700)).map(|_| random.next_u64() as u8).collect(),
        4 => vec![random.below(256) as u8],
        _ => random.below(500).to_string().into_bytes(),
    }
}

fn fill(data: &mut Data, random: &mut Random, limits: PackedLimits, size: u64) {
    let mut txn = data.writable();
    let keys: [&[u8]; 5] = [b"string", b"list", b"set", b"hash", &[b's'; 700]];
    let bytes: Vec<u8> = (0..random.below(20 * size + 1)).flat_map(|_| word(random)).collect();
    txn.write_string((1, keys[0]), None, Some(1_900_000_000_000), &bytes, Style::Raw).unwrap();
    let mut list = ListEditor::open(&mut txn, (1, keys[1]), None, &limits).unwrap();
    let mut set = Vec::new();
    for _ in 0..size {
        list.push([End::Head, End::Tail][random.below(2) as usize], &word(random)).unwrap();
        set.push(word(random));
    }
    list.finish().unwrap();
    let mut editor = SetEditor::open((1, keys[2]), None, limits).unwrap();
    for member in &set {
        editor.insert(&mut txn, member).unwrap();
    }
    editor.finish(&mut txn).unwrap();
    let mut editor = txn.edit_hash((1, keys[3]), None, limits).unwrap();
    for field in &set {
        editor.set(&[[field, &word(random)]]).unwrap();
    }
    editor.finish().unwrap();
    let mut editor = SortedSetEditor::open((1, keys[4]), None, limits).unwrap();
    for member in set.iter().collect::<BTreeSet<_>>() {
        let score = match random.below(6) {
            0 => -0.0,
            1 => f64::INFINITY,
            2 => f64::from_bits(random.next_u64() >> 2),
            _ => random.below(50) as f64 / 4.0,
        };
        editor.set(&mut txn, member, score).unwrap();
    }
    editor.finish(&mut txn).unwrap();
    txn.commit().unwrap();
    data.keys = keys.into_iter().map(|key| ((1, key.to_vec()), ())).collect();
}

#[test]
fn generated_values_survive_every_version() {
    for seed in 1..25 {
        let mut random = Random::new(seed);
        let limits = [PackedLimits::default(), TINY][random.below(2) as usize];
        let mut data = Data::new();
        fill(&mut data, &mut random, limits, [1, 3, 40, 400][(seed % 4) as usize]);
        for version in FileVersion::ALL {
            for (compression, target) in
                [(Compression::Off, TINY), (Compression::Lzf, PackedLimits::default())]
            {
                let mut written = Vec::new();
                {
                    let txn = data.readable();
                    let mut writer = Writer::new(&mut written, version, compression).unwrap();
                    writer.database(1, 5, 1).unwrap();
                    for (db, key) in data.keys.keys() {
                        writer.key(&txn, key, &txn.find(*db, key).unwrap().unwrap()).unwrap();
                    }
                    writer.finish().unwrap();
                }
                let mut again = Data::new();
                again.load(&written[..], &target).unwrap();
                compare(&data, &again, version, seed);
            }
        }
    }
}

fn compare(left: &Data, right: &Data, version: FileVersion, seed: u64) {
    let (left_txn, right_txn) = (left.readable(), right.readable());
    assert!(left.keys.keys().eq(right.keys.keys()));
    for (db, key) in left.keys.keys() {
        let (left, right) =
            (left_txn.find(*db, key).unwrap().unwrap(), right_txn.find(*db, key).unwrap().unwrap());
        assert_eq!(left.head().expire_at_ms, right.head().expire_at_ms);
        let (mut left, mut right) = (value(&left_txn, &left), value(&right_txn, &right));
        // The sign of zero is lost in packed sorted sets, as in Redis.
        for part in left.iter_mut().chain(&mut right) {
            if part == b"-0" {
                part.remove(0);
            }
        }
        assert!(left == right, "seed {seed}, {version:?}: {} differs", key.escape_ascii());
    }
}

/// A value that is made as it is read.
struct Made<F> {
    next: F,
    waiting: Vec<u8>,
    at: usize,
}

impl<F: FnMut() -> Option<Vec<u8>>> Read for Made<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.waiting.len() {
            let Some(next) = (self.next)() else { return Ok(0) };
            (self.waiting, self.at) = (next, 0);
        }
        let bytes = out.len().min(self.waiting.len() - self.at);
        out[..bytes].copy_from_slice(&self.waiting[self.at..self.at + bytes]);
        self.at += bytes;
        Ok(bytes)
    }
}

/// Takes everything and keeps its length.
#[derive(Default)]
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value of many elements never waits in memory as a whole.
#[test]
fn large_values_are_read_and_written_in_parts() {
    const ELEMENTS: u32 = 25_000;
    let kinds: BTreeMap<u8, &str> =
        BTreeMap::from([(0, "string"), (1, "list"), (2, "set"), (4, "hash"), (5, "sorted set")]);
    for (layout, name) in kinds {
        let mut at = 0;
        let element = |number: u32| [&[0x42, 0][..], format!("{number:0512}").as_bytes()].concat();
        let make = move || {
            at += 1;
            match at {
                1 => {
                    let mut head = [&b"REDIS0003\xfe\x00"[..], &[layout], b"\x05large\x80"].concat();
                    let length = if layout == 0 { ELEMENTS * 512 } else { ELEMENTS };
                    head.extend_from_slice(&length.to_be_bytes());
                    Some(head)
                }
                _ if at < ELEMENTS + 2 => Some(match layout {
                    0 => vec![at as u8; 512],
                    4 => [element(at), element(at)].concat(),
                    5 => [element(at), f64::from(at).to_le_bytes().to_vec()].concat(),
                    _ => element(at),
                }),
                _ if at == ELEMENTS + 2 => Some(vec![0xff]),
                _ => None,
            }
        };
        let mut data = Data::new();
        data.load(Made { next: make, waiting: Vec::new(), at: 0 }, &PackedLimits::default()).unwrap();
        // It was written in several commits, none of which held much.
        assert!(data.backend.largest_batch() < 12 << 20, "{name}: {}", data.backend.largest_batch());
        let txn = data.readable();
        let entry = txn.find(0, b"large").unwrap().unwrap();
        let count = txn.dump(&entry, Compression::Off, Count::default()).unwrap().0;
        let least = u64::from(ELEMENTS) * if layout == 0 { 512 } else { 8 };
        assert!(count > least, "{name}: {count}");
    }
}
