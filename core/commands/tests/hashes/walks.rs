//! Fields of a hash walked over and picked at random.

use std::collections::BTreeMap;

use dredis_commands::{Protocol, Reply};

use crate::common::show;
use crate::{NOT_AN_INTEGER, both, check_sorted};

#[test]
fn scans_go_through_all() {
    for (mut server, is_packed) in both().into_iter().zip([true, false]) {
        let mut expected = BTreeMap::new();
        for number in 0..100 {
            server.check(&format!("HSET h field:{number} {number}"), ":1");
            expected.insert(format!("\"field:{number}\""), format!("\"{number}\""));
        }
        for (options, pattern) in [
            ("", ""),
            ("COUNT 1", ""),
            ("COUNT 33 MATCH *7 COUNT 3", "7"),
            ("MATCH field:1 MATCH *", ""),
            ("MATCH nothing COUNT 1000000", "nothing"),
        ] {
            let mut found = BTreeMap::new();
            let (mut cursor, mut steps) = ("0".to_owned(), 0);
            loop {
                let Reply::Array(reply) = server.run(&format!("HSCAN h {cursor} {options}")) else {
                    panic!("an array")
                };
                let [Reply::Bulk(next), Reply::Array(elements)] = &reply[..] else {
                    panic!("a cursor and an array")
                };
                for pair in elements.as_chunks::<2>().0 {
                    assert_eq!(found.insert(show(&pair[0]), show(&pair[1])), None, "met once");
                }
                steps += 1;
                cursor = String::from_utf8(next.clone()).expect("a number");
                if cursor == "0" {
                    break;
                }
            }
            let wanted = expected.iter().filter(|(name, _)| name.trim_matches('"').ends_with(pattern));
            assert!(found.iter().eq(wanted), "{options}");
            let expected_steps = match options {
                _ if is_packed => 1,
                "COUNT 1" => 100,
                "COUNT 33 MATCH *7 COUNT 3" => 34,
                "MATCH nothing COUNT 1000000" => 1,
                _ => 10,
            };
            assert_eq!(steps, expected_steps, "{options}");
        }
    }
}

#[test]
fn random_fields() {
    for mut server in both() {
        server.check("HRANDFIELD absent", "nil");
        for count in ["0", "5", "-5 WITHVALUES", "-4611686018427387903 WITHVALUES"] {
            server.check(&format!("HRANDFIELD absent {count}"), "[]");
        }
        server.check("HSET h a 1 b 2 c 3", ":3");
        server.check("HRANDFIELD h 0", "[]");
        server.check("HRANDFIELD h 0 WITHVALUES", "[]");
        check_sorted(&mut server, "HRANDFIELD h 3", "[\"a\", \"b\", \"c\"]");
        check_sorted(&mut server, "HRANDFIELD h 9223372036854775807", "[\"a\", \"b\", \"c\"]");
        check_sorted(
            &mut server,
            "HRANDFIELD h 4611686018427387903 withvalues",
            "[\"1\", \"2\", \"3\", \"a\", \"b\", \"c\"]",
        );
        server.check("HRANDFIELD h 4611686018427387904 WITHVALUES", "-ERR value is out of range");
        server.check("HRANDFIELD h -4611686018427387905 WITHVALUES", "-ERR value is out of range");
        // Redis dies of this one.
        server.check("HRANDFIELD h -9223372036854775807", "-ERR value is out of range");
        server.check("HRANDFIELD h 9223372036854775808", NOT_AN_INTEGER);
        let limits = "-9223372036854775807 and 9223372036854775807";
        for options in ["", " WITHVALUES", " FOO"] {
            server.check(
                &format!("HRANDFIELD h -9223372036854775808{options}"),
                &format!("-ERR value is out of range, value must between {limits}"),
            );
        }
        server.session.protocol = Protocol::Resp3;
        check_sorted(
            &mut server,
            "HRANDFIELD h 3 WITHVALUES",
            "[[\"a\", \"1\"], [\"b\", \"2\"], [\"c\", \"3\"]]",
        );
        let Reply::Array(picked) = server.run("HRANDFIELD h -50") else { panic!("an array was expected") };
        assert_eq!(picked.len(), 50);
        let all = ["a", "b", "c"].map(|name| Reply::Bulk(name.into()));
        assert!(all.iter().all(|name| picked.contains(name)));
        assert!((0..50).map(|_| server.run("HRANDFIELD h")).all(|name| all.contains(&name)));
    }
}
