//! The words that fill a grammar: keys, values and numbers, chosen where mistakes live.

use crate::random::Random;

/// Size of the segments into which dredis cuts long strings; sizes around it are worth a visit.
const SEGMENT_BYTES: usize = 16_320;

/// Times far enough off that nothing expires while a sequence runs: a day and more.
const FUTURE_SECONDS_MIN: u64 = 86_400;

/// Keys: few, so that commands meet; some empty, binary, or longer than engines like.
pub(super) fn key(random: &mut Random) -> Vec<u8> {
    const PLAIN: &[&[u8]] = &[b"a", b"b", b"c", b"key:1", b"key:2", b"user:1:name", b"10", b"Key:1"];
    const ODD: &[&[u8]] = &[b"", b"\x00", b"\xff\xff", b"a\x00", b"k\r\n", b"*", b"[a]", b"\xc3\xa9"];
    match random.below(20) {
        0..13 => random.pick(PLAIN).to_vec(),
        13..17 => random.pick(ODD).to_vec(),
        _ => long_key(random),
    }
}

/// Long keys in two runs that share their beginnings, and differ early, late or in length alone.
fn long_key(random: &mut Random) -> Vec<u8> {
    const LENGTHS: &[usize] = &[400, 470, 480, 490, 500, 511, 512, 600, 5000];
    let mut key = vec![*random.pick(b"LM"); *random.pick(LENGTHS)];
    if random.percent(50) {
        let last = key.len() - 1;
        key[last] = *random.pick(b"xy");
    }
    key
}

/// A value of any kind.
pub(super) fn value(random: &mut Random) -> Vec<u8> {
    if random.percent(94) {
        return short_value(random);
    }
    const SIZES: &[usize] =
        &[SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, 4096, 32_768, 100_000];
    let first = random.below(256);
    // Not all bytes alike, so that a segment out of place shows.
    (0..*random.pick(SIZES)).map(|index| (first + index / 7) as u8).collect()
}

/// A short value of any kind.
pub(super) fn short_value(random: &mut Random) -> Vec<u8> {
    const TEXTS: &[&[u8]] = &[
        b"",
        b"x",
        b"hello world",
        b"\x00",
        b"\x00\xff\r\n",
        b"foobar",
        b"PX",
        b"*3\r\n$3\r\n",
        b"12345678901234567890123456789012345678901234",
        b"123456789012345678901234567890123456789012345",
    ];
    match random.below(10) {
        0..4 => random.pick(TEXTS).to_vec(),
        4..8 => integer(random),
        8 => float(random),
        _ => (0..random.below(70)).map(|_| random.bits() as u8).collect(),
    }
}

/// Whole numbers, and what looks like them.
pub(super) fn integer(random: &mut Random) -> Vec<u8> {
    const EDGES: &[&str] = &[
        "0",
        "1",
        "-1",
        "10",
        "9999",
        "10000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775806",
        "9223372036854775808",
        "-9223372036854775809",
        "4611686018427387904",
        "18446744073709551615",
        "100000000000000000000",
        "-0",
        "+1",
        "01",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "",
        "-",
        "--1",
        "1\0",
    ];
    if random.percent(50) { random.pick(EDGES).as_bytes().to_vec() } else { decimal(random.below(200)) }
}

/// Fractions, and what looks like them.
pub(super) fn float(random: &mut Random) -> Vec<u8> {
    const EDGES: &[&str] = &[
        "0",
        "-0",
        "0.1",
        "-0.1",
        "3.0e3",
        "1e17",
        "1e-17",
        "123456789.123456789",
        "5.0",
        "1e308",
        "1e400",
        "1e4932",
        "1e4933",
        "1e5000",
        "-1e4932",
        "1e-4950",
        "inf",
        "-inf",
        "+Inf",
        "infinity",
        "nan",
        "0x1p3",
        "0x1.8p1",
        "1.",
        ".5",
        "1e",
        "1.0 ",
        " 1.0",
        "1,5",
        "",
        "abc",
        "1.5abc",
        "9007199254740993",
        "0.30000000000000000001",
        "1.1897314953572317650857593266280070162e4932",
    ];
    if random.percent(60) {
        return random.pick(EDGES).as_bytes().to_vec();
    }
    format!("{}{}.{}", random.pick(&["", "-"]), random.below(1000), random.below(1_000_000)).into_bytes()
}

/// Places in a string, from either end.
pub(super) fn index(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] =
        &[0, 1, 2, 5, -1, -2, -5, 100, -100, 16_319, 16_320, 16_321, 99_999, -16_320, i64::MAX, i64::MIN];
    if random.percent(95) { random.pick(EDGES).to_string().into_bytes() } else { integer(random) }
}

/// Where a string is written: never so far that Redis would really fill half a gigabyte.
pub(super) fn offset(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] =
        &[0, 1, 5, 43, 44, 45, 16_319, 16_320, 16_321, 50_000, 536_870_912, i64::MAX, -1, i64::MIN];
    if random.percent(90) { random.pick(EDGES).to_string().into_bytes() } else { not_a_number(random) }
}

/// The same in bits.
pub(super) fn bit_offset(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] = &[0, 1, 7, 8, 9, 63, 1000, 130_559, 130_560, 130_561, 4_294_967_296, i64::MAX, -1];
    if random.percent(90) { random.pick(EDGES).to_string().into_bytes() } else { not_a_number(random) }
}

/// How many.
pub(super) fn count(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] = &[1, 2, 3, 10, 1000, 0, -1, i64::MAX];
    if random.percent(90) { random.pick(EDGES).to_string().into_bytes() } else { not_a_number(random) }
}

/// What is no number, so that nothing happens.
pub(super) fn not_a_number(random: &mut Random) -> Vec<u8> {
    const WORDS: &[&str] = &["", "x", "1.5", "1 ", " 1", "9223372036854775808", "NX", "-9223372036854775809"];
    random.pick(WORDS).as_bytes().to_vec()
}

/// A time. Relative ones never meet by chance, since GT and LT between equal ones would hang on a millisecond.
pub(super) fn time(random: &mut Random, unit_ms: u64, is_absolute: bool, may_be_past: bool) -> Vec<u8> {
    const PAST: &[i64] = &[0, -1, -1000, i64::MIN];
    const PAST_ABSOLUTE: &[i64] = &[1, 1000, 1_600_000_000];
    // The year 2100, for absolute times that do meet.
    const FAR_SECONDS: u64 = 4_102_444_800;
    let far = |random: &mut Random| FUTURE_SECONDS_MIN + random.bits() % (1 << 31);
    let seconds = match (random.below(12), is_absolute) {
        (0, _) => return not_a_number(random),
        // Too large for milliseconds, or with the present added.
        (1, _) => {
            return random
                .pick(&["9223372036854775807", "9223372036854775", "9223372036854774"])
                .as_bytes()
                .to_vec();
        }
        (2 | 3, _) if may_be_past => return random.pick(PAST).to_string().into_bytes(),
        (4, true) if may_be_past => return random.pick(PAST_ABSOLUTE).to_string().into_bytes(),
        (5..8, true) => FAR_SECONDS + random.bits() % 3,
        (_, true) => FAR_SECONDS + far(random),
        (_, false) => far(random),
    };
    (seconds * (1000 / unit_ms)).to_string().into_bytes()
}

/// A time in milliseconds that is past.
pub(super) fn past_milliseconds(random: &mut Random) -> Vec<u8> {
    random.pick(&["1", "1000", "1600000000000"]).as_bytes().to_vec()
}

/// A database's number: few, and some that do not exist.
pub(super) fn database(random: &mut Random) -> Vec<u8> {
    const NUMBERS: &[&str] = &[
        "0",
        "0",
        "1",
        "1",
        "2",
        "15",
        "16",
        "-1",
        "x",
        "",
        "4294967296",
        "2147483648",
        "9223372036854775808",
    ];
    random.pick(NUMBERS).as_bytes().to_vec()
}

/// A glob pattern.
pub(super) fn pattern(random: &mut Random) -> Vec<u8> {
    const PATTERNS: &[&[u8]] = &[
        b"*",
        b"a",
        b"a*",
        b"*a",
        b"key:*",
        b"key:[12]",
        b"key:[^1]",
        b"key:[0-9]",
        b"?",
        b"??",
        b"user:?:*",
        b"[a-c]",
        b"[c-a]",
        b"[abc",
        b"[",
        b"[]",
        b"[^]",
        b"[^",
        b"[\\",
        b"\\*",
        b"\\",
        b"a\\",
        b"",
        b"**",
        b"***a",
        b"L*",
        b"L*x",
        b"M?*y",
        b"\x00*",
        b"\xff*",
        b"k\r\n",
        b"[[]a]",
        b"\\[a\\]",
        b"KEY*",
        b"*:*",
    ];
    random.pick(PATTERNS).to_vec()
}

fn decimal(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A field or member: few, so that commands meet.
pub(super) fn member(random: &mut Random) -> Vec<u8> {
    const PLAIN: &[&[u8]] =
        &[b"a", b"b", b"c", b"d", b"e", b"f", b"field:1", b"field:2", b"one", b"two", b"three"];
    const ODD: &[&[u8]] = &[b"", b"\x00", b"\xff", b"a\x00", b"a\r\n", b"007", b"-0", b"1.5", b"\xc3\xa9"];
    match random.below(20) {
        0..9 => random.pick(PLAIN).to_vec(),
        9..14 => whole_member(random),
        14..18 => random.pick(ODD).to_vec(),
        18 => vec![*random.pick(b"xy"); *random.pick(&[4, 8, 9, 63, 64, 65, 127, 128, 200])],
        _ => vec![*random.pick(b"xy"); *random.pick(&[480, 500, 600, 4095, 4096, 9000])],
    }
}

/// A whole number of any width.
pub(super) fn whole_member(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] = &[
        0,
        1,
        -1,
        5,
        10,
        100,
        127,
        128,
        4095,
        4096,
        -4096,
        32_767,
        32_768,
        -32_768,
        -32_769,
        8_388_607,
        8_388_608,
        2_147_483_647,
        2_147_483_648,
        -2_147_483_649,
        i64::MAX,
        i64::MIN,
    ];
    if random.percent(50) { decimal(random.below(12)) } else { random.pick(EDGES).to_string().into_bytes() }
}

/// A score.
pub(super) fn score(random: &mut Random) -> Vec<u8> {
    const EDGES: &[&str] = &[
        "0",
        "-0",
        "1.5",
        "-1.5",
        "inf",
        "-inf",
        "+inf",
        "1e100",
        "-1e-7",
        "0.1",
        "3.14159265358979",
        "1e17",
        "123456789012",
        "9007199254740993",
        "nan",
        "x",
        "",
        "1e400",
        "0x10",
        "1e-320",
    ];
    if random.percent(70) {
        random.below(6).to_string().into_bytes()
    } else {
        random.pick(EDGES).as_bytes().to_vec()
    }
}

/// An end of a range of scores.
pub(super) fn score_end(random: &mut Random) -> Vec<u8> {
    const EDGES: &[&str] =
        &["-inf", "+inf", "inf", "(-inf", "(inf", "(1", "(2", "(0", "(1.5", "(", "nan", "x", "(x", ""];
    if random.percent(50) { random.pick(EDGES).as_bytes().to_vec() } else { score(random) }
}

/// An end of a range in the order of bytes.
pub(super) fn lex_end(random: &mut Random) -> Vec<u8> {
    const EDGES: &[&[u8]] = &[b"-", b"+", b"-", b"+", b"(", b"[", b"x", b"", b"--", b"(a\x00"];
    if random.percent(40) {
        return random.pick(EDGES).to_vec();
    }
    let mut end = vec![*random.pick(b"[(")];
    end.extend(member(random));
    end
}

/// A place in a short collection.
pub(super) fn place(random: &mut Random) -> Vec<u8> {
    const EDGES: &[i64] = &[0, 0, 1, 2, 3, 5, 9, 20, -1, -1, -2, -3, -5, -20, 100, i64::MAX, i64::MIN];
    if random.percent(96) { random.pick(EDGES).to_string().into_bytes() } else { not_a_number(random) }
}
