//! How many small keys a second are read from RDB data, put into records in memory, and written out again.
//!
//! `cargo run --release -p dredis-data --example rdb_speed [keys]`
#![forbid(unsafe_code)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::{Arc, LazyLock};
use std::time::Instant;
use std::{fs, io};

use common::MapBackend;
use dredis_data::contract::Result;
use dredis_data::rdb::{Compression, FileVersion, Item, Reader, Writer};
use dredis_data::{Observer, PackedLimits, Store, Transaction};

struct Nobody;

impl Observer for Nobody {
    fn key_changed(&self, _: u32, _: &[u8]) {}

    fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> Result<bool>) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let keys: u32 = std::env::args().nth(1).and_then(|keys| keys.parse().ok()).unwrap_or(1_000_000);
    let file = made(keys);
    read(&file);
    let (store, names) = load(&file);
    write(&store, &names);
}

/// A file of so many keys of four types.
fn made(keys: u32) -> Vec<u8> {
    let mut file = b"REDIS0010\xfe\x00".to_vec();
    for number in 0..keys {
        let key = format!("key:{number:012}");
        match number % 4 {
            0 => {
                file.extend_from_slice(&[0, 16]);
                file.extend_from_slice(key.as_bytes());
                file.extend_from_slice(b"\x20value-of-some-twenty-to-forty-by");
            }
            1 => {
                file.extend_from_slice(&[0xfc, 0, 0, 0, 0, 0, 1, 0, 0, 0, 16]);
                file.extend_from_slice(key.as_bytes());
                file.extend_from_slice(b"\xc2\x01\x02\x03\x04");
            }
            2 => {
                file.extend_from_slice(&[16, 16]);
                file.extend_from_slice(key.as_bytes());
                file.extend_from_slice(
                    b"\x17\x17\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\x01\x01\x02\x01\x81n\x02\xd4H\x02\xff",
                );
            }
            _ => {
                file.extend_from_slice(&[17, 16]);
                file.extend_from_slice(key.as_bytes());
                file.extend_from_slice(
                    b"$$\x00\x00\x00\x08\x00\x81d\x02\x84-inf\x05\x81a\x02\x01\x01\x81b\x02\x831.5\x04\x07\x01\x83inf\x04\xff",
                );
            }
        }
    }
    file.push(0xff);
    let sum = crc::Crc::<u64, crc::Table<16>>::new(&crc::CRC_64_REDIS).checksum(&file);
    file.extend_from_slice(&sum.to_le_bytes());
    file
}

/// Seconds that this thread has run so far, where the system tells; else, seconds that have passed.
fn clock() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let start = *START;
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn tell(what: &str, keys: usize, started: f64) {
    let seconds = clock() - started;
    println!("{what}: {keys} keys in {seconds:.2} s, {:.0} a second", keys as f64 / seconds);
}

fn read(file: &[u8]) {
    let started = clock();
    let mut reader = Reader::new(file).expect("the file is sound");
    let mut keys = 0;
    loop {
        match reader.next().expect("the file is sound") {
            Item::Key(_) => keys += 1,
            Item::End { .. } => break,
            _ => {}
        }
    }
    tell("read", keys, started);
}

fn load(file: &[u8]) -> (Store, Vec<Vec<u8>>) {
    let (store, mut writer) = Store::open(Arc::new(MapBackend::new(511)), "map", [1, 2]).expect("it opens");
    let started = clock();
    let mut reader = Reader::new(file).expect("the file is sound");
    let mut txn = Transaction::writable(&store, &mut writer, &Nobody, 0);
    let mut names = Vec::new();
    loop {
        match reader.next().expect("the file is sound") {
            Item::Key(key) => {
                let old = txn.find_for_write(0, &key.name).expect("the map never fails");
                let at = (0, &key.name[..]);
                let limits = PackedLimits::default();
                txn.restore(at, old, key.expire_at_ms, &limits, reader.value()).expect("the file is sound");
                names.push(key.name);
            }
            Item::End { .. } => break,
            _ => {}
        }
    }
    tell("restored into a transaction", names.len(), started);
    txn.commit().expect("the map never fails");
    (store, names)
}

fn write(store: &Store, names: &[Vec<u8>]) {
    let txn = Transaction::read_only(store, 0);
    for compression in [Compression::Off, Compression::Lzf] {
        let mut writer = Writer::new(io::sink(), FileVersion::V10, compression).expect("a sink takes all");
        let started = clock();
        for name in names {
            let entry = txn.find(0, name).expect("the map never fails").expect("it is there");
            writer.key(&txn, name, &entry).expect("a sink takes all");
        }
        writer.finish().expect("a sink takes all");
        tell(&format!("found and written with {compression:?}"), names.len(), started);
    }
}
