//! SORT and SORT_RO, spoken to as a client does. Expected replies are those of redis-server 7.0.15.

mod common;

use common::Fixture;
use dredis_commands::Reply;

const NOT_A_NUMBER: &str = "-ERR One or more scores can't be converted into double";
const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

/// Servers whose collections are packed, and spread at once.
fn servers() -> impl Iterator<Item = Fixture> {
    [false, true].into_iter().map(|is_spread| {
        let mut server = Fixture::new();
        if is_spread {
            let limits = &mut server.host.packed_limits;
            limits.list_size = 2;
            limits.set_intset_entries = 0;
            limits.zset_entries = 0;
            limits.hash_entries = 0;
        }
        server
    })
}

/// With weights, texts and hashes for the elements 1 to 4.
fn with_weights(mut server: Fixture) -> Fixture {
    server.check("RPUSH l 1 2 3 4", ":4");
    server.check("MSET w_1 40 w_2 30 w_3 20 w_4 10 t_1 one t_2 two t_3 three", "+OK");
    server.check("HSET h_1 f 5 n x", ":2");
    server.check("HSET h_2 f 1 n y", ":2");
    server.check("HSET h_3 f 9", ":1");
    server
}

#[test]
fn numbers_and_texts() {
    for mut server in servers() {
        server.check("RPUSH l 3 1 2 10 -5 1.5 1e2", ":7");
        for (options, expected) in [
            ("", r#"["-5", "1", "1.5", "2", "3", "10", "1e2"]"#),
            ("DESC", r#"["1e2", "10", "3", "2", "1.5", "1", "-5"]"#),
            ("ALPHA", r#"["-5", "1", "1.5", "10", "1e2", "2", "3"]"#),
            ("alpha desc limit 1 2", r#"["2", "1e2"]"#),
            ("LIMIT 0 -1 ASC", r#"["-5", "1", "1.5", "2", "3", "10", "1e2"]"#),
            ("LIMIT -5 3", r#"["-5", "1", "1.5"]"#),
            ("LIMIT 2 0", "[]"),
            ("LIMIT 100 3", "[]"),
            ("LIMIT 5 9223372036854775807", r#"["10", "1e2"]"#),
            ("LIMIT 9223372036854775807 9223372036854775807", "[]"),
            ("LIMIT -9223372036854775808 1", r#"["-5"]"#),
            ("LIMIT 1 2 LIMIT 0 1 DESC ASC", r#"["-5"]"#),
        ] {
            server.check(&format!("SORT l {options}"), expected);
            server.check(&format!("SORT_RO l {options}"), expected);
        }
        server.check("SORT none", "[]");
        server.check("RPUSH n inf -inf 0x10 +5 infinity .5 5. 1e5 -0 0 -0.0 0x1p3 INF", ":13");
        server.check(
            "SORT n",
            r#"["-inf", "-0", "-0.0", "0", ".5", "+5", "5.", "0x1p3", "0x10", "1e5", "INF", "inf", "infinity"]"#,
        );
        for bad in ["x", "1x", "nan", "1e400", "1e-400"] {
            server.run("DEL n");
            server.run(&format!("RPUSH n 1 {bad}"));
            server.check("SORT n", NOT_A_NUMBER);
            server.check("SORT n LIMIT 0 0 STORE d", NOT_A_NUMBER);
        }
        server.check("SORT n BY nosort", r#"["1", "1e-400"]"#);
        server.check_words(&[b"RPUSH", b"b", b"", b" 1"], ":2");
        server.check("SORT b", r#"["", " 1"]"#);
    }
}

#[test]
fn by_other_values() {
    for mut server in servers().map(with_weights) {
        for (options, expected) in [
            ("BY w_*", r#"["4", "3", "2", "1"]"#),
            ("BY w_* DESC LIMIT 1 2", r#"["2", "3"]"#),
            ("BY h_*->f", r#"["4", "2", "1", "3"]"#),
            ("BY h_*->f DESC", r#"["3", "1", "2", "4"]"#),
            ("BY none_*", r#"["1", "2", "3", "4"]"#),
            ("BY none_* DESC", r#"["4", "3", "2", "1"]"#),
            ("BY none_* ALPHA DESC", r#"["1", "2", "3", "4"]"#),
            ("BY w_*->f", r#"["1", "2", "3", "4"]"#),
            ("BY h_*", r#"["1", "2", "3", "4"]"#),
            ("BY t_*", NOT_A_NUMBER),
            ("BY t_* ALPHA", r#"["4", "1", "3", "2"]"#),
            ("BY t_* ALPHA DESC", r#"["2", "3", "1", "4"]"#),
            ("BY nosort", r#"["1", "2", "3", "4"]"#),
            ("BY nosort DESC", r#"["4", "3", "2", "1"]"#),
            ("BY nosort DESC LIMIT 1 2", r#"["3", "2"]"#),
            ("BY nosort LIMIT 1 2", r#"["2", "3"]"#),
            ("BY w_* BY nosort", r#"["1", "2", "3", "4"]"#),
            ("BY nosort BY w_*", r#"["1", "2", "3", "4"]"#),
        ] {
            server.check(&format!("SORT l {options}"), expected);
        }
    }
}

#[test]
fn get_answers_other_values() {
    for mut server in servers().map(with_weights) {
        server.check(
            "SORT l BY w_* GET # GET t_* GET h_*->n",
            r#"["4", nil, nil, "3", "three", nil, "2", "two", "y", "1", "one", "x"]"#,
        );
        server.check("SORT l LIMIT 0 1 GET w_* GET constant GET h_* GET h_*->", r#"["40", nil, nil, nil]"#);
        server.check("SET x_1_* star", "+OK");
        server.check("SORT l GET x_*_* LIMIT 0 2", r#"["star", nil]"#);
        server.check("SORT_RO l GET t_* DESC LIMIT 0 2", r#"[nil, "three"]"#);
        server.check("SORT l GET t_* STORE d", ":4");
        server.check("LRANGE d 0 -1", r#"["one", "two", "three", ""]"#);
        server.check("SORT l GET # GET w_* LIMIT 1 1 STORE d", ":2");
        server.check("LRANGE d 0 -1", r#"["2", "30"]"#);
    }
}

#[test]
fn results_are_stored() {
    for mut server in servers() {
        server.check("RPUSH l 3 1 2", ":3");
        server.check("SET d x PX 1000", "+OK");
        server.check("SORT l STORE d", ":3");
        server.check("LRANGE d 0 -1", r#"["1", "2", "3"]"#);
        server.check("PTTL d", ":-1");
        server.check("SORT l DESC STORE none STORE l", ":3");
        server.check("LRANGE l 0 -1", r#"["3", "2", "1"]"#);
        server.check("EXISTS none", ":0");
        server.check("SORT l LIMIT 5 1 STORE d", ":0");
        server.check("EXISTS d", ":0");
        server.check("SET s x", "+OK");
        server.check("SORT none STORE s", ":0");
        server.check("EXISTS s", ":0");
        server.check("SORT_RO l STORE d", "-ERR syntax error");
        server.sweep();
        server.check("SORT l", r#"["1", "2", "3"]"#);
    }
}

#[test]
fn sets_and_sorted_sets() {
    for mut server in servers() {
        server.check("SADD s 3 1 2 10", ":4");
        server.check("SORT s DESC LIMIT 1 2", r#"["3", "2"]"#);
        server.check("SORT s ALPHA", r#"["1", "10", "2", "3"]"#);
        let Reply::Array(members) = server.run("SORT s BY nosort LIMIT 1 2 DESC") else { panic!("an array") };
        assert_eq!(members.len(), 2);
        // What is stored does not depend on the order in which a set is kept.
        server.check("SORT s BY nosort STORE d", ":4");
        server.check("LRANGE d 0 -1", r#"["1", "10", "2", "3"]"#);
        server.check("SORT s BY nosort DESC LIMIT 0 2 STORE d", ":2");
        server.check("LRANGE d 0 -1", r#"["3", "2"]"#);
        server.check("ZADD z 1 c 2 b 3 a 4 d 5 e", ":5");
        for (options, expected) in [
            ("BY nosort", r#"["c", "b", "a", "d", "e"]"#),
            ("BY nosort DESC", r#"["e", "d", "a", "b", "c"]"#),
            ("BY nosort LIMIT 1 2", r#"["b", "a"]"#),
            ("BY nosort DESC LIMIT 1 2", r#"["d", "a"]"#),
            ("BY nosort LIMIT 10 2", "[]"),
            ("BY nosort LIMIT -1 2", r#"["c", "b"]"#),
            ("BY nosort LIMIT 2 -5", r#"["a", "d", "e"]"#),
            ("ALPHA", r#"["a", "b", "c", "d", "e"]"#),
            ("", NOT_A_NUMBER),
        ] {
            server.check(&format!("SORT z {options}"), expected);
        }
        server.check("SORT z BY nosort STORE d", ":5");
        server.check("LRANGE d 0 -1", r#"["c", "b", "a", "d", "e"]"#);
    }
}

#[test]
fn complaints_come_in_redis_order() {
    let mut server = Fixture::new();
    server.check("SET s x", "+OK");
    server.check("HSET h f v", ":1");
    for (command, expected) in [
        ("SORT s", WRONG_TYPE),
        ("SORT s BY nosort", WRONG_TYPE),
        ("SORT s STORE s", WRONG_TYPE),
        ("SORT h", WRONG_TYPE),
        ("SORT h FOO", "-ERR syntax error"),
        ("SORT s LIMIT a b", "-ERR value is not an integer or out of range"),
        ("SORT s LIMIT 1 b FOO", "-ERR value is not an integer or out of range"),
        ("SORT s LIMIT 1", "-ERR syntax error"),
        ("SORT s BY", "-ERR syntax error"),
        ("SORT s GET", "-ERR syntax error"),
        ("SORT s STORE", "-ERR syntax error"),
        ("SORT", "-ERR wrong number of arguments for 'sort' command"),
    ] {
        server.check(command, expected);
    }
}

#[test]
fn texts_end_at_a_zero_byte_for_readers_only() {
    let mut server = Fixture::new();
    server.check_words(&[b"RPUSH", b"l", b"a\0b", b"a\0a", b"A"], ":3");
    server.check("SORT l ALPHA", r#"["A", "a\x00b", "a\x00a"]"#);
    server.check("SORT l ALPHA STORE d", ":3");
    server.check("LRANGE d 0 -1", r#"["A", "a\x00a", "a\x00b"]"#);
}

#[test]
fn keys_are_found_among_options() {
    let mut server = Fixture::new();
    let (source, target) =
        (r#"["l", <+RO, +access>]"#, |key: &str| format!(r#", ["{key}", <+OW, +update>]"#));
    for (request, destination) in [
        ("sort l", None),
        ("sort l by w_* store d", Some("d")),
        ("sort l store a store b", Some("b")),
        ("sort l by store store b", Some("b")),
        ("sort l get store x limit 1 store STORE q", Some("q")),
        ("sort l store", None),
        ("sort_ro l store x", None),
    ] {
        let expected = format!("[{source}{}]", destination.map(target).unwrap_or_default());
        server.check(&format!("command getkeysandflags {request}"), &expected);
    }
}

#[test]
fn a_large_result_is_stored_in_several_commits() {
    let mut server = Fixture::new();
    let values: Vec<String> =
        (0..9000).map(|number| format!("{:05}{}", 9000 - number, "x".repeat(1200))).collect();
    for page in values.chunks(500) {
        let mut words: Vec<&[u8]> = vec![b"RPUSH", b"l"];
        words.extend(page.iter().map(String::as_bytes));
        server.run_words(&words);
    }
    server.check("SORT l ALPHA STORE d", ":9000");
    assert_eq!(server.run("LINDEX d 0"), Reply::text(values[8999].clone()));
    assert_eq!(server.run("LINDEX d 8999"), Reply::text(values[0].clone()));
    server.check("DEL l d", ":2");
    server.sweep();
    assert_eq!(server.backend.count(0x25) + server.backend.count(0x26), 0);
}
