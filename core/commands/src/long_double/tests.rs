//! Sums and texts of 80-bit numbers, with answers taken from Redis.

use super::*;

fn sum(left: &str, right: &str) -> Option<String> {
    let [left, right] = [left, right].map(|text| LongDouble::parse(text.as_bytes()).expect(text));
    left.checked_add(right).map(|sum| sum.to_string())
}

/// What redis-server 7.0.15 answers to INCRBYFLOAT on x86-64.
#[test]
fn sums_as_redis_answers_them() {
    for (left, right, expected) in [
        ("0.1", "0.2", "0.3"),
        ("10.50", "0.1", "10.6"),
        ("5.0e3", "2.0e2", "5200"),
        ("3", "-3", "0"),
        ("-0.0", "0", "0"),
        ("1", "1e-30", "1"),
        ("-1e-30", "0", "0"),
        ("0", "0.1", "0.1"),
        ("1e17", "0.1", "100000000000000000.1015625"),
        ("1e20", "1", "100000000000000000000"),
        ("18446744073709551615", "1", "18446744073709551616"),
        ("0x1.8p1", "0xA", "13"),
        (".5", "5.", "5.5"),
        ("1e400", "-1e400", "0"),
    ] {
        assert_eq!(sum(left, right).as_deref(), Some(expected), "{left} + {right}");
    }
}

#[test]
fn sums_without_a_number() {
    assert_eq!(sum("inf", "1"), None);
    assert_eq!(sum("-INFINITY", "inf"), None);
    assert_eq!(sum("1e4932", "1e4932"), None);
}

#[test]
fn what_is_not_a_number() {
    for text in [
        "",
        " 1",
        "1 ",
        ".",
        "-",
        "+",
        "e5",
        "1e",
        "1e+",
        "0x",
        "0xg",
        "0x1p",
        "1_0",
        "1d5",
        "1.5e3f",
        "nan",
        "--1",
        "1.2.3",
        "1e5000",
        "-1e5000",
        "1e-5000",
        "1e-99999999999999999999",
        "1e99999999999999999999",
        "0x1p16384",
        "0x1p-16446",
        "infinit",
    ] {
        assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(LongDouble::parse(&[b'1'; TEXT_BYTES_MAX + 1]), None);
    assert_eq!(LongDouble::parse(b"1\0"), None);
}

#[test]
fn the_edges_of_the_range_are_numbers() {
    assert!(LongDouble::parse(b"1.18973149535723176502e4932").is_some());
    assert_eq!(LongDouble::parse(b"1.18973149535723176509e4932"), None);
    assert!(LongDouble::parse(b"0x1p-16445").is_some());
    assert!(LongDouble::parse(b"0x1.8p-16446").is_some());
    assert_eq!(LongDouble::parse(b"0e99999999999999"), Some(LongDouble::ZERO));
    let long = [&b"0."[..], &[b'0'; 4000], &[b'9'; 1000], b"e4001"].concat();
    assert_eq!(LongDouble::parse(&long).map(|number| number.to_string()).as_deref(), Some("10"));
}

#[test]
fn large_numbers_keep_all_digits() {
    let number = LongDouble::parse(b"0x1p100").expect("a number");
    assert_eq!(number.to_string(), "1267650600228229401496703205376");
}
