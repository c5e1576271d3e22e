//! Payloads: what redis-server 7.0.15 answers to DUMP, and layouts of other versions, give the values that they should.

use crc::{CRC_64_REDIS, Crc};
use dredis_data::PackedLimits;
use dredis_data::rdb::{Compression, Restored, TransferError, open_payload};

use crate::contents::{Data, TINY, value};

/// A value of every layout: its number, its bytes, and its parts with blanks between, members and fields in order.
pub const VALUES: &[(u8, &[u8], &str)] = &[
// SET k "hello" (embstr)
    (0, b"\x05hello", "hello"),
    // SET k -5 (int)
    (0, b"\xc0\xfb", "-5"),
    // SET k 1000 (int)
    (0, b"\xc1\xe8\x03", "1000"),
    // SET k 100000 (int)
    (0, b"\xc2\xa0\x86\x01\x00", "100000"),
    // SET k aaaa... (raw)
    (0, b"\xc3\x09<\x01aa\xe0/\x00\x01aa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    // RPUSH k a 5 -1 4096 100000000000 <70 bytes> (quicklist)
    (18, b"\x01\x02\xc3/@f\x17f\x00\x00\x00\x06\x00\x81a\x02\x05\x01\xdf\xff\x02\xf1\x00\x10\x03\xf4\x00\xe8vH\x17 \x16\x06\x09\xe0Fxyz0\xe03\x03\x07123456H\xff", "a 5 -1 4096 100000000000 xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0xyz0123456"),
    // RPUSH of two elements in nodes of one (quicklist)
    (18, b"\x02\x02\x0c\x0c\x00\x00\x00\x01\x00\x83one\x04\xff\x02\x0c\x0c\x00\x00\x00\x01\x00\x83two\x04\xff", "one two"),
    // SADD k a b 7 (hashtable)
    (2, b"\x03\x01a\x01b\xc0\x07", "7 a b"),
    // SADD k 1 -2 (intset)
    (11, b"\x0c\x02\x00\x00\x00\x02\x00\x00\x00\xfe\xff\x01\x00", "-2 1"),
    // SADD k 100000 1 (intset)
    (11, b"\x10\x04\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\xa0\x86\x01\x00", "1 100000"),
    // SADD k 10000000000 1 (intset)
    (11, b"\x18\x08\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\xe4\x0bT\x02\x00\x00\x00", "1 10000000000"),
    // ZADD k 1 a 1.5 b inf c, spread (skiplist)
    (5, b"\x04\x01c\x00\x00\x00\x00\x00\x00\xf0\x7f\x01b\x00\x00\x00\x00\x00\x00\xf8?\x01a\x00\x00\x00\x00\x00\x00\xf0?\x01d\x00\x00\x00\x00\x00\x00\xf0\xff", "d -inf a 1 b 1.5 c inf"),
    // ZADD k 1 a 1.5 b inf 7 (listpack)
    (17, b"$$\x00\x00\x00\x08\x00\x81d\x02\x84-inf\x05\x81a\x02\x01\x01\x81b\x02\x831.5\x04\x07\x01\x83inf\x04\xff", "d -inf a 1 b 1.5 7 inf"),
    // HSET k f v 1 2, spread (hashtable)
    (4, b"\x02\xc0\x01\xc0\x02\x01f\x01v", "1 2 f v"),
    // HSET k f v 1 2 n -3000 (listpack)
    (16, b"\x17\x17\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\x01\x01\x02\x01\x81n\x02\xd4H\x02\xff", "1 2 f v n -3000"),
    // a plain list
    (1, b"\x03\x01a\xc0\x05\x01a", "a 5 a"),
    // scores as texts
    (3, b"\x04\x01a\x011\x01b\x031.5\x01c\xfe\x01d\xff", "d -inf a 1 b 1.5 c inf"),
    // a zipmap
    (9, b"\x12\x02\x03foo\x03\x02bar??\x01f\x01\x00v\xff", "f v foo bar"),
    // a list as a ziplist
    (10, b"\x16\x16\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b\x03\xfe \xff", "a 1 b 32"),
    // a sorted set as a ziplist
    (12, b"\x18\x18\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b\x03\x031.5\xff", "a 1 b 1.5"),
    // a hash as a ziplist
    (13, b"\x16\x16\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b\x03\xfe \xff", "a 1 b 32"),
    // a quicklist of ziplists, one of them empty
    (14, b"\x03\x16\x16\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b\x03\xfe \xff\x0b\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff\x16\x16\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b\x03\xfe \xff", "a 1 b 32 a 1 b 32"),
    // a quicklist with a large element
    (18, b"\x03\x01\x05large\x02\x0c\x0c\x00\x00\x00\x02\x00\x81a\x02\x05\x01\xff\x02\x0a\x0a\x00\x00\x00\x01\x00\x81b\x02\xff", "large a 5 b"),
    // a set as a listpack, Redis 7.2
    (20, b"\x0f\x0f\x00\x00\x00\x03\x00\x81a\x02\x05\x01\x81b\x02\xff", "5 a b"),
    // a hash without times to live, before Redis 7.4.0
    (22, b"\x02\x00\x01f\x01v\x00\xc0\x01\x01w", "1 w f v"),
    // the same as a listpack
    (23, b"\x16\x16\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\x00\x01\x81g\x02\x07\x01\x00\x01\xff", "f v g 7"),
    // a hash without times to live, Redis 7.4
    (24, b"\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00\x01f\x01v\x00\xc0\x01\x01w", "1 w f v"),
    // the same as a listpack
    (25, b"\xff\xff\xff\xff\xff\xff\xff\xff\x16\x16\x00\x00\x00\x06\x00\x81f\x02\x81v\x02\x00\x01\x81g\x02\x07\x01\x00\x01\xff", "f v g 7"),
];

/// A value with version and checksum behind it.
pub fn seal(value: &[u8]) -> Vec<u8> {
    let mut payload = value.to_vec();
    payload.extend_from_slice(&10_u16.to_le_bytes());
    let sum = Crc::<u64>::new(&CRC_64_REDIS).checksum(&payload);
    payload.extend_from_slice(&sum.to_le_bytes());
    payload
}

/// Puts a payload's value under a key of database 0. After an error, what the command would commit is committed.
pub fn restore(data: &mut Data, payload: &[u8], limits: &PackedLimits) -> Result<Restored, TransferError> {
    let mut reader = open_payload(payload).expect("the checksum is right");
    reader.begin_payload()?;
    let mut txn = data.writable();
    let old = txn.find_for_write(0, b"k")?;
    let restored = txn.restore((0, b"k"), old, None, limits, reader.value());
    txn.commit()?;
    if restored == Ok(Restored::Written) {
        data.keys.insert((0, b"k".to_vec()), ());
    }
    restored
}

/// The parts of the value under that key, with blanks between.
fn parts(data: &Data) -> String {
    let txn = data.readable();
    let entry = txn.find(0, b"k").unwrap().unwrap();
    let parts = value(&txn, &entry);
    let texts: Vec<_> = parts.iter().map(|part| String::from_utf8(part.clone()).unwrap()).collect();
    texts.join(" ")
}

#[test]
fn every_layout_gives_its_value() {
    for (layout, value, expected) in VALUES {
        let payload = seal(&[&[*layout], *value].concat());
        for limits in [PackedLimits::default(), TINY] {
            let mut data = Data::new();
            assert_eq!(restore(&mut data, &payload, &limits), Ok(Restored::Written), "{layout}: {expected}");
            assert_eq!(parts(&data), *expected, "layout {layout}");
            // Over itself, and then out and in again.
            restore(&mut data, &payload, &limits).unwrap();
            for compression in [Compression::Off, Compression::Lzf] {
                let txn = data.readable();
                let entry = txn.find(0, b"k").unwrap().unwrap();
                let dumped = txn.dump(&entry, compression, Vec::new()).unwrap();
                let mut again = Data::new();
                restore(&mut again, &dumped, &limits).unwrap();
                assert_eq!(parts(&again), *expected, "layout {layout}");
            }
        }
    }
    let layouts: std::collections::BTreeSet<u8> = VALUES.iter().map(|(layout, ..)| *layout).collect();
    let all = (0..=25).filter(|layout| ![6, 7, 8, 15, 19, 21].contains(layout));
    assert!(layouts.into_iter().eq(all), "every layout but those of streams and modules");
}

/// Where a value of ours is in the form that Redis has, it is dumped as Redis dumps it, but for how strings are compressed.
#[test]
fn dumps_are_those_of_redis() {
    let mut same = 0;
    for (layout, value, _) in VALUES {
        let payload = seal(&[&[*layout], *value].concat());
        let mut data = Data::new();
        restore(&mut data, &payload, &PackedLimits::default()).unwrap();
        let txn = data.readable();
        let entry = txn.find(0, b"k").unwrap().unwrap();
        let dumped = txn.dump(&entry, Compression::Lzf, Vec::new()).unwrap();
        let is_small_and_packed = matches!(layout, 0 | 11 | 16 | 17) && value[0] != 0xc3 && value.len() < 20;
        if is_small_and_packed {
            assert_eq!(dumped, payload, "layout {layout}");
            same += 1;
        }
    }
    assert!(same >= 6, "{same}");
}

#[test]
fn what_comes_twice_is_refused() {
    let mut data = Data::new();
    restore(&mut data, &seal(b"\x00\x05hello"), &TINY).unwrap();
    let before = data.backend.records();
    for value in [
        &b"\x02\x04\x01a\x01b\x01c\x01a"[..],
        b"\x02\x03\xc0\x01\xc0\x02\x011",
        b"\x02\x02\xc0\x01\x011",
        b"\x04\x02\x01f\x01v\x01f\x01w",
        b"\x04\x03\x01f\x01v\x01g\x01w\x01f\x01v",
        b"\x03\x02\x01a\x011\x01a\x012",
        b"\x03\x03\x01a\x011\x01b\x011\x01a\x012",
        b"\x10\x13\x13\0\0\0\x04\0\x81f\x02\x81v\x02\x81f\x02\x81v\x02\xff",
        // An integer, and the same as a text.
        b"\x14\x0c\x0c\0\0\0\x02\0\x05\x01\x815\x02\xff",
        b"\x11\x11\x11\0\0\0\x04\0\x81f\x02\x01\x01\x81f\x02\x02\x01\xff",
    ] {
        for limits in [PackedLimits::default(), TINY] {
            let restored = restore(&mut data, &seal(value), &limits);
            let Err(TransferError::Rdb(error)) = restored else { panic!("{value:?} {restored:?}") };
            assert_eq!(error.message, "the same element comes twice", "{value:?}");
            assert_eq!(data.backend.records(), before);
        }
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let nan = [&b"\x05\x01\x01a"[..], &f64::NAN.to_le_bytes()].concat();
    for (value, expected) in [
        (&nan[..], "a score that is no number"),
        (b"\x03\x01\x01a\xfd", "a score that is no number"),
        (b"\x03\x01\x01a\x03abc", "a score that is no number"),
        (b"\x11\x0f\x0f\0\0\0\x02\0\x81f\x02\x83nan\x04\xff", "a score that is no number"),
        (
            b"\x11\x11\x11\0\0\0\x04\0\x81f\x02\x02\x01\x81g\x02\x01\x01\xff",
            "members of a sorted set that are not in order",
        ),
        (b"\x10\x0a\x0a\0\0\0\x01\0\x81f\x02\xff", "half a pair in a packed value"),
        (b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x02\0\x01\0", "bytes that are no intset"),
        (b"\x0b\x08\x02\0\0\0\0\0\0\0", "bytes that are no intset"),
        (b"\x09\x02\0\xff", "bytes that are no zipmap"),
        (b"\x12\x01\x01\x00", "a list's node without an element"),
        (b"\x12\x01\x03\x00", "a list's node of the unknown kind 3"),
        (b"\x00\xc3\x02\x05\x00a", "a compressed string does not expand to what it should"),
        (b"\x00\xc3\x02\x50\x00\x00a", "2 compressed bytes cannot become 4096"),
        (
            b"\x18\0\0\0\0\0\0\0\0\x01\x01\x01f\x01v",
            "field \"f\" of a hash expires, and fields cannot do that here",
        ),
    ] {
        let mut data = Data::new();
        let restored = restore(&mut data, &seal(value), &PackedLimits::default());
        let Err(TransferError::Rdb(error)) = restored else { panic!("{expected}: {restored:?}") };
        assert_eq!(error.message, expected);
    }
    for empty in [
        &b"\x01\0"[..],
        b"\x02\0",
        b"\x03\0",
        b"\x04\0",
        b"\x05\0",
        b"\x12\0",
        b"\x0e\0",
        b"\x10\x07\x07\0\0\0\0\0\xff",
        b"\x11\x07\x07\0\0\0\0\0\xff",
        b"\x14\x07\x07\0\0\0\0\0\xff",
    ] {
        let mut data = Data::new();
        restore(&mut data, &seal(b"\x00\x01v"), &TINY).unwrap();
        assert_eq!(restore(&mut data, &seal(empty), &PackedLimits::default()), Ok(Restored::Empty));
        assert_eq!(parts(&data), "v", "an empty value takes nothing's place");
    }
}
