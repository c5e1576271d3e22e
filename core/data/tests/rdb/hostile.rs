//! Bytes that are wrong: refused with an error that says where, nothing changed, no panic.

use std::fs;
use std::path::Path;

use dredis_data::rdb::{Item, RdbErrorKind, Reader, Restored, TransferError, open_payload};
use dredis_data::{PackedLimits, Random};

use crate::contents::{Data, TINY};
use crate::payloads::seal;

/// Fixtures that are small enough for every byte of them.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rdb");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "rdb"));
    let files: Vec<_> = files.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect();
    assert!(files.len() >= 19);
    files
}

#[test]
fn a_file_cut_short_is_refused() {
    for (name, bytes) in fixtures() {
        let version = Reader::new(&bytes[..]).unwrap().version();
        let step = bytes.len().div_ceil(if bytes.len() < 1000 { 1000 } else { 30 });
        for end in (0..bytes.len()).step_by(step) {
            let mut data = Data::new();
            let before = data.backend.records();
            let loaded = data.load(&bytes[..end], &PackedLimits::default());
            let Err(TransferError::Rdb(error)) = loaded else { panic!("{name}: {end} bytes: {loaded:?}") };
            assert_eq!(error.kind, RdbErrorKind::Truncated, "{name}: {end} bytes: {error}");
            assert_eq!(error.offset, end as u64, "{name}: {error}");
            assert_eq!(data.backend.records(), before);
        }
        assert!(version >= 1);
    }
}

#[test]
fn a_flipped_bit_is_found_or_harmless() {
    let mut random = Random::new(11);
    let mut refused = 0;
    for (name, bytes) in fixtures() {
        let version = Reader::new(&bytes[..]).unwrap().version();
        let has_sum = version >= 5 && bytes[bytes.len() - 8..] != [0; 8];
        for round in 0..if bytes.len() < 1000 { 100 } else { 20 } {
            let mut flipped = bytes.clone();
            let at = random.below(bytes.len() as u64) as usize;
            flipped[at] ^= 1 << random.below(8);
            let mut data = Data::new();
            let limits = if round % 2 == 0 { PackedLimits::default() } else { TINY };
            match data.load(&flipped[..], &limits) {
                Err(_) => refused += 1,
                // Without a checksum other data are as good. A flip in the version may take the checksum away.
                Ok(()) => assert!(!has_sum || at < 9, "{name}: a flip at {at} went unnoticed"),
            }
            data.listing();
        }
    }
    assert!(refused > 500, "{refused}");
}

/// The same without a checksum in the way: the layouts themselves are attacked.
#[test]
fn flips_behind_the_checksum_do_no_harm() {
    let mut random = Random::new(12);
    let (mut refused, mut taken) = (0, 0);
    for (layout, value, _) in crate::payloads::VALUES {
        let whole = [&[*layout], *value].concat();
        for round in 0..400 {
            let mut changed = whole.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(changed.len() as u64) as usize;
                match random.below(3) {
                    0 => changed[at] ^= 1 << random.below(8),
                    1 => changed[at] = random.next_u64() as u8,
                    _ => {
                        changed.truncate(at.max(1));
                    }
                }
            }
            let limits = if round % 2 == 0 { PackedLimits::default() } else { TINY };
            let mut data = Data::new();
            let before = data.backend.records();
            match crate::payloads::restore(&mut data, &seal(&changed), &limits) {
                Ok(_) => {
                    taken += 1;
                    data.listing();
                }
                Err(_) => {
                    refused += 1;
                    assert_eq!(data.backend.records(), before);
                }
            }
        }
    }
    assert!(refused > 1000 && taken > 100, "{refused} refused, {taken} taken");
}

#[test]
fn claims_cost_nothing() {
    let huge = b"\x81\0\0\0\x01\0\0\0\0";
    for layout in 0..=25_u8 {
        for claim in
            [&huge[..], b"\x80\xff\xff\xff\xff", b"\x80\x1f\xff\xff\xff", b"\xc3\x09\x80\x1f\xff\xff\xff"]
        {
            let mut value = vec![layout];
            value.extend_from_slice(claim);
            value.extend_from_slice(b"\x01a\x01b\x01c\x01d");
            let mut data = Data::new();
            let before = data.backend.records();
            let restored = crate::payloads::restore(&mut data, &seal(&value), &PackedLimits::default());
            assert_ne!(restored, Ok(Restored::Written), "layout {layout}");
            assert_eq!(data.backend.records(), before);
        }
    }
}

#[test]
fn what_is_wrong_is_said_precisely() {
    let error = |bytes: &[u8]| {
        let mut reader = match Reader::new(bytes) {
            Ok(reader) => reader,
            Err(error) => return error.to_string(),
        };
        loop {
            match reader.next() {
                Ok(Item::End { .. }) => panic!("nothing is wrong"),
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(reader.next().unwrap_err(), error, "it stays wrong");
                    return error.to_string();
                }
            }
        }
    };
    for (bytes, expected) in [
        (&b"REDIS00"[..], "the data end too early (at byte 7)"),
        (b"PREDIS003", "no RDB file: it begins with \"PREDIS003\" (at byte 0)"),
        (b"REDIS0013", "RDB version 13; versions 1 to 12 can be read (at byte 0)"),
        (b"REDIS0000", "RDB version 0; versions 1 to 12 can be read (at byte 0)"),
        (
            b"REDIS0010\x13\x03str\x01",
            "a stream (type 19), which cannot be loaded here (at byte 10, in the value of key \"str\")",
        ),
        (
            b"REDIS0010\x07\x03m\xffd\x01",
            "a value of a module (type 7), which cannot be loaded here (at byte 10, in the value of key \"m\\xffd\")",
        ),
        (b"REDIS0010\x63", "the unknown type 99 (at byte 10)"),
        (b"REDIS0010\xfe\x82", "unknown encoding 0x82 of a length (at byte 11)"),
        (
            b"REDIS0005\x00\x01k\x01v\xff12345678",
            "the checksum is 3837363534333231, but the data have f86d5a746986cd70 (at byte 23)",
        ),
        (
            b"REDIS0010\x02\x01k\x02\x01a\xc5",
            "unknown encoding 5 of a string (at byte 16, in the value of key \"k\")",
        ),
        (
            b"REDIS0012\x16\x01k\x02\x00\x01a\x01b\x05\x01c\x01d",
            "field \"c\" of a hash expires, and fields cannot do that here (at byte 23, in the value of key \"k\")",
        ),
        (b"REDIS0010\x10\x01k\x03abc", "bytes that are no listpack (at byte 16, in the value of key \"k\")"),
    ] {
        assert_eq!(error(bytes), expected);
    }
    assert!(open_payload(b"").is_none() && open_payload(b"123456789").is_none());
}
