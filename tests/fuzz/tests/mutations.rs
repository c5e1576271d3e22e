//! The fuzz targets for a short time: sound files and payloads, changed a little.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::Path;

use dredis_data::Random;
use dredis_fuzz::{checksum, rdb_file, rdb_payload, sealed};

/// Changed inputs for each sound one, unless `DREDIS_OPS` says how many in all.
const ROUNDS: u64 = 12;
/// Larger files take too long to be worth it.
const FILE_BYTES_MAX: usize = 4096;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Files of many versions of Redis, small ones.
fn files() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/data/tests/fixtures/rdb");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<Vec<u8>> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "rdb"))
        .map(|path| fs::read(path).unwrap())
        .filter(|bytes| bytes.len() <= FILE_BYTES_MAX)
        .collect();
    assert!(files.len() > 10, "only {} fixtures are small", files.len());
    files
}

/// Flips, other bytes, a cut, or a part that comes twice.
fn changed(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(bytes.len().max(1) as u64) as usize;
        match (random.below(6), bytes.get_mut(at)) {
            (0 | 1, Some(byte)) => *byte ^= 1 << random.below(8),
            (2 | 3, Some(byte)) => {
                *byte = [0, 1, 0x40, 0x80, 0x81, 0xc0, 0xc3, 0xfe, 0xff][random.below(9) as usize]
            }
            (4, _) => bytes.truncate(at),
            _ => {
                let end = bytes.len().min(at + 1 + random.below(16) as usize);
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

#[test]
fn files_do_no_harm() {
    let seed = number("DREDIS_SEED", 1);
    println!("DREDIS_SEED={seed}");
    let (mut random, files) = (Random::new(seed), files());
    files.iter().for_each(|file| rdb_file(file));
    let rounds = number("DREDIS_OPS", ROUNDS * files.len() as u64);
    for round in 0..rounds {
        let mut file = changed(&mut random, &files[round as usize % files.len()]);
        // Half of them have a checksum that fits, so that it does not stand in the way.
        if round % 2 == 0 && file.len() > 17 {
            let end = file.len() - 8;
            let sum = checksum(&file[..end]);
            file[end..].copy_from_slice(&sum.to_le_bytes());
        }
        rdb_file(&file);
    }
}

#[test]
fn payloads_do_no_harm() {
    let seed = number("DREDIS_SEED", 1);
    println!("DREDIS_SEED={seed}");
    let mut random = Random::new(seed);
    // Values of each layout, from files that hold one key: what stands between its name and the end.
    let values: Vec<Vec<u8>> = files().iter().flat_map(|file| values(file)).collect();
    assert!(values.len() > 8, "only {} values were found", values.len());
    values.iter().for_each(|value| rdb_payload(value));
    let rounds = number("DREDIS_OPS", ROUNDS * values.len() as u64);
    for round in 0..rounds {
        rdb_payload(&changed(&mut random, &values[round as usize % values.len()]));
    }
}

/// The value of a file whose one key has a short name and stands right after the number of its database.
fn values(file: &[u8]) -> Option<Vec<u8>> {
    let rest = file.strip_prefix(b"REDIS")?.get(4..)?.strip_prefix(b"\xfe\x00")?;
    let (layout, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first()?;
    let value = rest.get(usize::from(*length)..)?;
    let end = value.len().checked_sub(if file[5..9] >= b"0005"[..] { 9 } else { 1 })?;
    Some([&[*layout], &value[..end]].concat())
}

#[test]
fn the_checksum_is_that_of_redis() {
    assert_eq!(checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    assert_eq!(sealed(b"\x00\x01a").len(), 13);
}
