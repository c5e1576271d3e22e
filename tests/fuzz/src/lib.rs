//! Fuzz targets: what bytes from outside may do to data. Each target takes any bytes and panics if a promise is broken.
//!
//! They run as ordinary tests for a short time (`cargo test -p dredis-fuzz`; `DREDIS_SEED` and `DREDIS_OPS` steer them), and under cargo-fuzz, which
//! wants a nightly toolchain, for as long as one likes: `cargo +nightly fuzz run -s none --fuzz-dir tests/fuzz/cargo-fuzz rdb_file`. What is attacked
//! has no `unsafe` code, so that a sanitizer would find nothing, and takes twenty times as long.
#![forbid(unsafe_code)]

#[path = "../../../core/data/tests/common/mod.rs"]
mod backend;
mod store;

use dredis_data::rdb::{Compression, FileVersion, Restored, TransferError, open_payload};
use dredis_data::{Digest, PackedLimits, string::Style};

use store::MemoryStore;

/// Limits that large and small values both meet soon.
const TINY: PackedLimits = PackedLimits {
    hash_entries: 2,
    hash_value_bytes: 4,
    set_intset_entries: 2,
    zset_entries: 2,
    zset_value_bytes: 4,
    list_size: 3,
};

/// An RDB file: it is loaded whole, and then goes through a save and another load unchanged; or it is refused, and nothing
/// is left of it.
pub fn rdb_file(bytes: &[u8]) {
    for limits in [PackedLimits::default(), TINY] {
        let mut store = MemoryStore::new();
        store.write(|txn| txn.write_string((0, b"old"), None, None, &[b'x'; 50_000], Style::Plain));
        let (before, records) = (store.digest(), store.swept_records());
        if store.load(bytes, &limits).is_err() {
            assert_eq!(store.digest(), before, "a file that was refused has changed something");
            assert_eq!(store.swept_records(), records, "a file that was refused has left something");
            continue;
        }
        let whole = store.digest();
        for version in FileVersion::ALL {
            let saved = store.save(version, Compression::Lzf);
            let mut again = MemoryStore::new();
            let loaded = again.load(&saved, &PackedLimits::default());
            assert!(loaded.is_ok(), "a file of ours is refused: {loaded:?}");
            assert_eq!(again.digest(), whole, "version {version:?} holds other data");
        }
    }
}

/// What RESTORE is given, but for its end, which is made to fit: it becomes a key, whose DUMP makes the same key again; or it
/// is refused, and the key stays as it was.
pub fn rdb_payload(bytes: &[u8]) {
    let payload = sealed(bytes);
    for limits in [PackedLimits::default(), TINY] {
        let mut store = MemoryStore::new();
        store.write(|txn| txn.write_string((0, b"k"), None, None, b"old", Style::Plain));
        let (before, records) = (store.digest(), store.swept_records());
        let Some(restored) = restore(&mut store, &payload, &limits) else {
            assert_eq!(store.digest(), before, "a payload that was refused has changed something");
            assert_eq!(store.swept_records(), records, "a payload that was refused has left something");
            continue;
        };
        let dumped = store.read(|txn| {
            let entry = txn.find(0, b"k").expect("memory does not fail").expect("it was restored");
            txn.dump(&entry, Compression::Lzf, Vec::new()).expect("what was restored can be dumped")
        });
        let mut again = MemoryStore::new();
        assert_eq!(restore(&mut again, &dumped, &PackedLimits::default()), Some(restored));
    }
}

/// The value's digest; `None` if the payload was refused.
fn restore(store: &mut MemoryStore, payload: &[u8], limits: &PackedLimits) -> Option<Digest> {
    let mut reader = open_payload(payload)?;
    reader.begin_payload().ok()?;
    let restored = store.try_write(|txn| {
        let old = txn.find_for_write(0, b"k").map_err(TransferError::Storage)?;
        txn.restore((0, b"k"), old, None, limits, reader.value())
    });
    match restored {
        Ok(Restored::Written) => {}
        Ok(Restored::Empty) | Err(TransferError::Rdb(_)) => return None,
        Err(TransferError::Storage(error)) => panic!("memory failed: {error}"),
    }
    Some(store.read(|txn| {
        let entry = txn.find(0, b"k").expect("memory does not fail").expect("it was restored");
        txn.value_digest(&entry).expect("what was restored can be read")
    }))
}

/// A value with the end that makes a payload of it, so that no checksum stands in the way.
pub fn sealed(value: &[u8]) -> Vec<u8> {
    let mut payload = value.to_vec();
    payload.extend_from_slice(&10_u16.to_le_bytes());
    let sum = checksum(&payload);
    payload.extend_from_slice(&sum.to_le_bytes());
    payload
}

/// The checksum of RDB files, bit by bit: the Jones polynomial, lowest bits first.
pub fn checksum(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(
            sum ^ u64::from(*byte),
            |sum, _| {
                if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ POLYNOMIAL }
            },
        )
    })
}
