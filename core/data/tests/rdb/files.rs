//! Files of real servers: they load as in Redis, whatever the limits, and come back out the same.

use std::fs;
use std::path::{Path, PathBuf};

use crc::{CRC_64_REDIS, Crc};
use dredis_data::PackedLimits;
use dredis_data::rdb::{Checksum, Compression, FileVersion, Item, Reader, Writer};

use crate::contents::{Data, NOW_MS, TINY};

/// Further files, with an `expected.txt` of their own, for who has them.
const MORE: &str = "DREDIS_RDB_FILES";

/// Each file's path, and what `expected.txt` says of it: keys, and the checksum of their listing.
fn files() -> Vec<(PathBuf, usize, u64)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rdb");
    let mut files = Vec::new();
    for folder in [Some(own), std::env::var_os(MORE).map(PathBuf::from)].into_iter().flatten() {
        for line in fs::read_to_string(folder.join("expected.txt")).unwrap().lines() {
            let [name, keys, sum] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            files.push((folder.join(name), keys.parse().unwrap(), u64::from_str_radix(sum, 16).unwrap()));
        }
    }
    assert!(files.len() >= 20, "the fixtures are there");
    files
}

fn sum(bytes: &[u8]) -> u64 {
    Crc::<u64>::new(&CRC_64_REDIS).checksum(bytes)
}

#[test]
fn files_load_as_in_redis() {
    for (path, keys, expected) in files() {
        let bytes = fs::read(&path).unwrap();
        for limits in [PackedLimits::default(), TINY] {
            let mut data = Data::new();
            data.load(&bytes[..], &limits).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(data.keys.len(), keys, "{}", path.display());
            assert_eq!(sum(&data.listing()), expected, "{} {limits:?}", path.display());
        }
    }
}

#[test]
fn files_come_out_as_they_went_in() {
    for (path, _, expected) in files() {
        let mut data = Data::new();
        data.load(&fs::read(&path).unwrap()[..], &PackedLimits::default()).unwrap();
        for version in FileVersion::ALL {
            for compression in [Compression::Off, Compression::Lzf] {
                let written = write(&data, version, compression);
                let mut again = Data::new();
                again.load(&written[..], &PackedLimits::default()).unwrap();
                assert_eq!(sum(&again.listing()), expected, "{} {version:?}", path.display());
            }
        }
    }
}

fn write(data: &Data, version: FileVersion, compression: Compression) -> Vec<u8> {
    let txn = data.readable();
    let mut writer = Writer::new(Vec::new(), version, compression).unwrap();
    writer.aux(b"redis-ver", b"7.0.15").unwrap();
    for db in 0..16 {
        let keys: Vec<_> = data.keys.keys().filter(|(own, _)| *own == db).collect();
        if !keys.is_empty() {
            writer.database(u64::from(db), keys.len() as u64, 0).unwrap();
        }
        for (_, key) in keys {
            writer.key(&txn, key, &txn.find(db, key).unwrap().unwrap()).unwrap();
        }
    }
    let position = writer.position();
    let written = writer.finish().unwrap();
    assert_eq!(written.len() as u64, position + 9);
    written
}

#[test]
fn items_beside_keys() {
    let mut writer = Writer::new(Vec::new(), FileVersion::V10, Compression::Off).unwrap();
    writer.aux(b"ctime", b"1700000000").unwrap();
    writer.function(b"#!lua name=lib\n").unwrap();
    writer.database(9, 70_000, 3).unwrap();
    let mut bytes = writer.finish_without_checksum().unwrap();
    assert_eq!(bytes.split_off(bytes.len() - 9), [255, 0, 0, 0, 0, 0, 0, 0, 0]);
    // What a module wrote, sizes of a slot, an expiry in seconds, idle time and frequency, and a key.
    bytes.extend_from_slice(b"\xf7\x81\0\0\0\0\0\0\0\x07\x02\x01\x05\x03abc\x04");
    bytes.extend_from_slice(&1.5_f64.to_le_bytes());
    bytes.extend_from_slice(b"\x03\0\0\x80\x3f\x01\x05\0\xf4\x01\x02\x03");
    bytes.extend_from_slice(b"\xfd\0\0\0\x70\xf8\x40\x64\xf9\x07\0\x01k\xc0\x05\xff\0\0\0\0\0\0\0\0");
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert_eq!(reader.version(), 10);
    let (name, value) = (b"ctime".to_vec(), b"1700000000".to_vec());
    assert_eq!(reader.next().unwrap(), Item::Aux { name, value });
    assert_eq!(reader.next().unwrap(), Item::Function { code: b"#!lua name=lib\n".to_vec() });
    assert_eq!(reader.next().unwrap(), Item::Database(9));
    assert_eq!(reader.next().unwrap(), Item::Sizes { keys: 70_000, expiring: 3 });
    let Item::Key(key) = reader.next().unwrap() else { panic!("a key") };
    assert_eq!(key.expire_at_ms, Some(0x7000_0000 * 1000));
    assert!(key.expire_at_ms.is_some_and(|at| at > NOW_MS));
    assert_eq!((key.idle_seconds, key.frequency), (Some(100), Some(7)));
    assert_eq!(reader.next().unwrap(), Item::End { checksum: Checksum::Absent });
    assert_eq!(reader.next().unwrap(), Item::End { checksum: Checksum::Absent });

    let mut old = Writer::new(Vec::new(), FileVersion::V9, Compression::Off).unwrap();
    assert_eq!(
        old.function(b"code").unwrap_err().to_string(),
        "RDB version 9 has no room for functions; version 10 has (at byte 9)"
    );
}
