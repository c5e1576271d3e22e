//! The sorted-set family, spoken to as a client does. Expected replies are those of redis-server 7.0.15.

mod common;
#[path = "sorted_sets/edges.rs"]
mod edges;

use common::{Fixture, show};
use dredis_commands::{Protocol, Reply};
use dredis_data::{Form, Head, Listpack};

const NOT_A_FLOAT: &str = "-ERR value is not a valid float";
const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";
const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

/// One where small sorted sets are packed, and one where none is.
fn both() -> [Fixture; 2] {
    let mut spread = Fixture::new();
    spread.host.packed_limits.zset_entries = 0;
    [Fixture::new(), spread]
}

/// Members and their scores, in the words of ZADD: five of them under `z`, and a string under `str`.
fn filled() -> [Fixture; 2] {
    let mut servers = both();
    for server in &mut servers {
        server.check("ZADD z 1 a 2 b 3 c 4 d 5 e", ":5");
        server.check("SET str x", "+OK");
    }
    servers
}

fn set_of(server: &mut Fixture, key: &[u8], form: Form, body: &[u8]) {
    let mut txn = server.writable();
    txn.write_key(0, key, None, Head::new(form), body).expect("the map never fails");
    txn.commit().expect("the map never fails");
}

#[test]
fn zadd_and_its_options() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZADD z 1 a 6 f", ":1"),
            ("ZADD z CH 7 b 8 newx 1 a", ":2"),
            ("ZADD z NX 9 a 9 g", ":1"),
            ("ZADD z XX CH 2 a 9 h", ":1"),
            ("ZADD z GT CH 1 a 3 b 9 c 1 gg", ":2"),
            ("ZADD z LT CH 3 a 3 b", ":1"),
            ("ZADD z XX GT CH 4 a 1 none", ":1"),
            ("ZADD z INCR 1.5 a", ",5.5"),
            ("ZADD z INCR 0 a", ",5.5"),
            ("ZADD z NX INCR 1 a", "nil"),
            ("ZADD z XX INCR 1 none", "nil"),
            ("ZADD z GT INCR -1 a", "nil"),
            ("ZADD z LT INCR -1 a", ",4.5"),
            ("ZADD absent XX 1 a", ":0"),
            ("ZADD absent XX INCR 1 a", "nil"),
            ("EXISTS absent", ":0"),
            ("ZADD z 0x10 a", ":0"),
            ("ZSCORE z a", ",16"),
            ("ZADD z +inf a", ":0"),
            ("ZADD z INCR -inf a", "-ERR resulting score is not a number (NaN)"),
            ("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)"),
            ("ZSCORE z a", ",inf"),
            ("ZINCRBY z 2.25 b", ",5.25"),
            ("ZINCRBY fresh 2 m", ",2"),
            ("ZADD twice 1 a 2 a 3 a", ":1"),
            ("ZRANGE twice 0 -1 WITHSCORES", "[\"a\", ,3]"),
            ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
            ("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z NX GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z NX XX GT 1 a", "-ERR XX and NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
            ("ZADD z INCR NX XX 1", SYNTAX),
            ("ZADD z 1 a 2", SYNTAX),
            ("ZADD z 1", "-ERR wrong number of arguments for 'zadd' command"),
            ("ZADD z 1 new x a", NOT_A_FLOAT),
            ("ZADD z nan a", NOT_A_FLOAT),
            ("ZADD z 1e400 a", NOT_A_FLOAT),
            ("ZADD z 1e-400 a", NOT_A_FLOAT),
            ("ZADD str x a", NOT_A_FLOAT),
            ("ZINCRBY str x a", NOT_A_FLOAT),
            ("ZADD str 1 a", WRONG_TYPE),
            ("ZINCRBY str 1 a", WRONG_TYPE),
            ("ZSCORE z new", "nil"),
        ] {
            server.check(command, reply);
        }
    }
}

#[test]
fn members_are_found_and_counted() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZCARD z", ":5"),
            ("ZCARD absent", ":0"),
            ("ZCARD str", WRONG_TYPE),
            ("ZSCORE z c", ",3"),
            ("ZSCORE z none", "nil"),
            ("ZSCORE absent a", "nil"),
            ("ZSCORE str a", WRONG_TYPE),
            ("ZMSCORE z a none c", "[,1, nil, ,3]"),
            ("ZMSCORE absent a b", "[nil, nil]"),
            ("ZMSCORE str a", WRONG_TYPE),
            ("ZRANK z c", ":2"),
            ("ZREVRANK z a", ":4"),
            ("ZRANK z none", "nil"),
            ("ZREVRANK absent a", "nil"),
            ("ZRANK str a", WRONG_TYPE),
            ("ZCOUNT z 2 4", ":3"),
            ("ZCOUNT z (2 (4", ":1"),
            ("ZCOUNT z -inf +inf", ":5"),
            ("ZCOUNT z 5 1", ":0"),
            ("ZCOUNT absent 1 5", ":0"),
            ("ZCOUNT str x 1", "-ERR min or max is not a float"),
            ("ZCOUNT str 1 2", WRONG_TYPE),
            ("ZLEXCOUNT z - +", ":5"),
            ("ZLEXCOUNT z + -", ":0"),
            ("ZLEXCOUNT z x y", "-ERR min or max not valid string range item"),
        ] {
            server.check(command, reply);
        }
    }
}

#[test]
fn ranges_by_rank_score_and_member() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZRANGE z 0 -1", "[\"a\", \"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGE z 1 2 WITHSCORES", "[\"b\", ,2, \"c\", ,3]"),
            ("ZRANGE z 1 2 REV WITHSCORES", "[\"d\", ,4, \"c\", ,3]"),
            ("ZRANGE z -2 -1", "[\"d\", \"e\"]"),
            ("ZRANGE z 3 1", "[]"),
            ("ZRANGE z -100 100 REV", "[\"e\", \"d\", \"c\", \"b\", \"a\"]"),
            ("ZRANGE z -9223372036854775808 9223372036854775807", "[\"a\", \"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGE z 9223372036854775807 9223372036854775807", "[]"),
            ("ZRANGE z 1 2 LIMIT 5 -1", "[\"b\", \"c\"]"),
            ("ZRANGE z (1 4 BYSCORE", "[\"b\", \"c\", \"d\"]"),
            ("ZRANGE z (4 1 BYSCORE REV", "[\"c\", \"b\", \"a\"]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 1 2", "[\"b\", \"c\"]"),
            ("ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2 WITHSCORES", "[\"d\", ,4, \"c\", ,3]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT -1 10", "[]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 1 -5", "[\"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 1 0", "[]"),
            ("ZRANGE z -1e400 1e400 BYSCORE LIMIT 4 9", "[\"e\"]"),
            ("ZRANGE z - + BYLEX", "[\"a\", \"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGE z + - BYLEX REV", "[\"e\", \"d\", \"c\", \"b\", \"a\"]"),
            ("ZRANGE absent 0 -1", "[]"),
            ("ZREVRANGE z 0 1 WITHSCORES", "[\"e\", ,5, \"d\", ,4]"),
            ("ZRANGEBYSCORE z 2 3 WITHSCORES", "[\"b\", ,2, \"c\", ,3]"),
            ("ZREVRANGEBYSCORE z 8 1 WITHSCORES LIMIT 1 2", "[\"d\", ,4, \"c\", ,3]"),
            ("ZADD lex 0 a 0 b 0 c 0 d", ":4"),
            ("ZRANGEBYLEX lex [b (d", "[\"b\", \"c\"]"),
            ("ZRANGEBYLEX lex (a + LIMIT 1 1", "[\"c\"]"),
            ("ZREVRANGEBYLEX lex [c -", "[\"c\", \"b\", \"a\"]"),
            ("ZREVRANGEBYLEX lex (c [b", "[\"b\"]"),
            ("ZRANGEBYLEX lex (b (b", "[]"),
            ("ZRANGEBYLEX lex [bb [bz", "[]"),
            ("ZRANGEBYLEX lex + +", "[]"),
            ("ZLEXCOUNT lex (a [c", ":2"),
        ] {
            server.check(command, reply);
        }
        // An empty number is 0, and blanks before one do not matter.
        server.check_words(&[b"ZRANGEBYSCORE", b"z", b"", b" 2"], "[\"a\", \"b\"]");
    }
}

#[test]
fn ranges_are_read_before_keys() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZRANGE str a b", NOT_AN_INTEGER),
            ("ZRANGE str 0 1", WRONG_TYPE),
            ("ZRANGE absent a b", NOT_AN_INTEGER),
            ("ZRANGE z 1 2 LIMIT 0", SYNTAX),
            ("ZRANGE z 1 2 LIMIT a b", NOT_AN_INTEGER),
            ("ZRANGE z 1 2 FOO", SYNTAX),
            ("ZRANGE z 1 2 BYLEX BYSCORE", SYNTAX),
            ("ZRANGE z 1 2 REV REV", SYNTAX),
            (
                "ZRANGE z 1 2 LIMIT 0 1",
                "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ),
            (
                "ZRANGE z 1 2 BYLEX WITHSCORES",
                "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
            ("ZRANGE z 1 a BYSCORE", "-ERR min or max is not a float"),
            ("ZRANGE z nan 1 BYSCORE", "-ERR min or max is not a float"),
            ("ZRANGE z [a c BYLEX", "-ERR min or max not valid string range item"),
            ("ZRANGEBYSCORE z 1 2 REV", SYNTAX),
            ("ZREVRANGE z 0 1 REV", SYNTAX),
            ("ZRANGEBYLEX z -x +", "-ERR min or max not valid string range item"),
            ("ZRANGESTORE d z 0 1 WITHSCORES", SYNTAX),
            ("ZRANGESTORE d z a 1", NOT_AN_INTEGER),
            ("ZRANGESTORE d str 0 1", WRONG_TYPE),
            ("ZREMRANGEBYRANK str x y", NOT_AN_INTEGER),
            ("ZREMRANGEBYSCORE str x y", "-ERR min or max is not a float"),
            ("ZREMRANGEBYLEX str x y", "-ERR min or max not valid string range item"),
            ("ZREMRANGEBYRANK str 0 1", WRONG_TYPE),
        ] {
            server.check(command, reply);
        }
    }
}

#[test]
fn ranges_are_stored_and_removed() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZRANGESTORE d z 1 2", ":2"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"b\", ,2, \"c\", ,3]"),
            ("ZRANGESTORE d z 5 2 BYSCORE REV LIMIT 1 2", ":2"),
            ("ZRANGE d 0 -1", "[\"c\", \"d\"]"),
            ("ZRANGESTORE z z 0 3", ":4"),
            ("ZRANGE z 0 -1", "[\"a\", \"b\", \"c\", \"d\"]"),
            ("ZRANGESTORE d absent 0 1", ":0"),
            ("EXISTS d", ":0"),
            ("ZRANGESTORE str z 5 1", ":0"),
            ("EXISTS str", ":0"),
            ("ZREMRANGEBYRANK z 1 -3", ":1"),
            ("ZREMRANGEBYSCORE z (3 10", ":1"),
            ("ZRANGE z 0 -1", "[\"a\", \"c\"]"),
            ("ZREMRANGEBYRANK z 5 10", ":0"),
            ("ZREMRANGEBYLEX z [a (b", ":1"),
            ("ZREM z a c c", ":1"),
            ("EXISTS z", ":0"),
            ("ZREM z a", ":0"),
            ("ZREMRANGEBYRANK z 0 -1", ":0"),
            ("ZADD z 1 a 2 b", ":2"),
            ("ZREMRANGEBYRANK z -100 100", ":2"),
            ("EXISTS z", ":0"),
        ] {
            server.check(command, reply);
        }
        server.sweep();
        assert!((0x20..0x28).all(|kind| server.backend.count(kind) == 0), "nothing is left behind");
    }
}

#[test]
fn pops_take_from_the_ends() {
    for mut server in filled() {
        for (command, reply) in [
            ("ZPOPMIN z", "[\"a\", ,1]"),
            ("ZPOPMAX z 2", "[\"e\", ,5, \"d\", ,4]"),
            ("ZPOPMIN z 0", "[]"),
            ("ZPOPMIN absent", "[]"),
            ("ZPOPMIN absent 5", "[]"),
            ("ZPOPMIN z -1", "-ERR value is out of range, must be positive"),
            ("ZPOPMIN z x", "-ERR value is out of range, must be positive"),
            ("ZPOPMIN z 1 2", SYNTAX),
            ("ZPOPMIN str 0", WRONG_TYPE),
            ("ZPOPMAX z 4294967296", "[\"c\", ,3, \"b\", ,2]"),
            ("EXISTS z", ":0"),
            ("ZADD z 1 a 2 b 3 c", ":3"),
            ("ZMPOP 2 absent z MAX COUNT 2", "[\"z\", [[\"c\", ,3], [\"b\", ,2]]]"),
            ("ZMPOP 1 z MIN", "[\"z\", [[\"a\", ,1]]]"),
            ("ZMPOP 1 z MIN", "nil array"),
            ("ZMPOP 2 absent str MIN", WRONG_TYPE),
            ("ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0"),
            ("ZMPOP x z MIN", "-ERR numkeys should be greater than 0"),
            ("ZMPOP 2 z MIN", SYNTAX),
            ("ZMPOP 1 z FOO", SYNTAX),
            ("ZMPOP 1 z MIN COUNT", SYNTAX),
            ("ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0"),
            ("ZMPOP 1 z MIN COUNT 1 COUNT 2", SYNTAX),
        ] {
            server.check(command, reply);
        }
    }
}

#[test]
fn unions_intersections_and_differences() {
    for mut server in both() {
        server.run("SET str x");
        server.run("ZADD a 1 x 2 y 3 z");
        server.run("ZADD b 10 y 20 z 30 w");
        let mut members = Listpack::default();
        ["x", "y", "5"].iter().for_each(|member| members.push_back(member.as_bytes()));
        set_of(&mut server, b"s", Form::SetPacked, &members);
        set_of(&mut server, b"i", Form::SetIntset, &[2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 5, 0]);
        for (command, reply) in [
            ("ZUNION 2 a b", "[\"x\", \"y\", \"z\", \"w\"]"),
            ("ZUNION 2 a b WITHSCORES", "[\"x\", ,1, \"y\", ,12, \"z\", ,23, \"w\", ,30]"),
            ("ZUNION 2 a b WEIGHTS 2 3 WITHSCORES", "[\"x\", ,2, \"y\", ,34, \"z\", ,66, \"w\", ,90]"),
            ("ZUNION 2 a b AGGREGATE MIN WITHSCORES", "[\"x\", ,1, \"y\", ,2, \"z\", ,3, \"w\", ,30]"),
            (
                "ZUNION 2 a b AGGREGATE max WEIGHTS 1 -1 WITHSCORES",
                "[\"w\", ,-30, \"x\", ,1, \"y\", ,2, \"z\", ,3]",
            ),
            ("ZUNION 2 a b WEIGHTS inf -inf WITHSCORES", "[\"w\", ,-inf, \"y\", ,0, \"z\", ,0, \"x\", ,inf]"),
            ("ZUNION 2 a s WITHSCORES", "[\"5\", ,1, \"x\", ,2, \"y\", ,3, \"z\", ,3]"),
            ("ZUNION 2 i s WITHSCORES", "[\"-1\", ,1, \"x\", ,1, \"y\", ,1, \"5\", ,2]"),
            ("ZUNION 3 a a a WITHSCORES", "[\"x\", ,3, \"y\", ,6, \"z\", ,9]"),
            ("ZINTER 2 a b WITHSCORES", "[\"y\", ,12, \"z\", ,23]"),
            ("ZINTER 2 a b AGGREGATE MAX WITHSCORES", "[\"y\", ,10, \"z\", ,20]"),
            ("ZINTER 2 a s", "[\"x\", \"y\"]"),
            ("ZINTER 2 a absent", "[]"),
            ("ZDIFF 2 a b WITHSCORES", "[\"x\", ,1]"),
            ("ZDIFF 2 a absent", "[\"x\", \"y\", \"z\"]"),
            ("ZDIFF 3 a a a", "[]"),
            ("ZDIFF 2 a b WEIGHTS 1 2", SYNTAX),
            ("ZINTERCARD 2 a b", ":2"),
            ("ZINTERCARD 2 a b LIMIT 1", ":1"),
            ("ZINTERCARD 2 a b LIMIT 0", ":2"),
            ("ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative"),
            ("ZINTERCARD 2 a b WITHSCORES", SYNTAX),
            ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", ":4"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"x\", ,1, \"y\", ,22, \"z\", ,43, \"w\", ,60]"),
            ("ZINTERSTORE d 2 a b", ":2"),
            ("ZDIFFSTORE d 2 a b", ":1"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"x\", ,1]"),
            ("ZUNIONSTORE a 2 a b", ":4"),
            ("ZRANGE a 0 -1 WITHSCORES", "[\"x\", ,1, \"y\", ,12, \"z\", ,23, \"w\", ,30]"),
            ("ZUNIONSTORE d 1 absent", ":0"),
            ("EXISTS d", ":0"),
            ("ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command"),
            ("ZDIFFSTORE d -1 a", "-ERR at least 1 input key is needed for 'zdiffstore' command"),
            ("ZUNION x a", NOT_AN_INTEGER),
            ("ZUNION 3 a b", SYNTAX),
            ("ZUNION 99999999999 a", SYNTAX),
            ("ZUNION 2 a b WEIGHTS 1", SYNTAX),
            ("ZUNION 2 a b WEIGHTS 1 x", "-ERR weight value is not a float"),
            ("ZUNION 2 a b AGGREGATE foo", SYNTAX),
            ("ZUNIONSTORE d 2 a b WITHSCORES", SYNTAX),
            ("ZUNION 2 a str FOO", WRONG_TYPE),
        ] {
            // Infinities are shown as Rust writes them.
            server.check(command, reply);
        }
    }
}

#[test]
fn forms_are_those_of_redis() {
    let mut server = Fixture::new();
    server.host.packed_limits.zset_entries = 2;
    let long = "m".repeat(65);
    for (command, encoding) in [
        ("ZADD z 1 a 2 b".to_owned(), "listpack"),
        ("ZADD z 1 c".to_owned(), "skiplist"),
        ("ZREM z b c".to_owned(), "skiplist"),
        ("ZRANGESTORE z z 0 -1".to_owned(), "listpack"),
        (format!("ZADD z 1 {long}"), "skiplist"),
        ("ZUNIONSTORE z 1 z".to_owned(), "skiplist"),
        (format!("ZREM z {long}"), "skiplist"),
        ("ZUNIONSTORE z 1 z".to_owned(), "listpack"),
        ("ZADD z 2 a".to_owned(), "listpack"),
        ("ZINCRBY z 1 b".to_owned(), "listpack"),
        ("ZINCRBY z 1 c".to_owned(), "skiplist"),
    ] {
        assert!(!server.run(&command).is_error(), "{command}");
        server.check("OBJECT ENCODING z", &format!("\"{encoding}\""));
    }
}

#[test]
fn pairs_in_the_newer_protocol() {
    for mut server in filled() {
        server.session.protocol = Protocol::Resp3;
        server.check("ZRANGE z 0 1 WITHSCORES", "[[\"a\", ,1], [\"b\", ,2]]");
        let all = show(&server.run("ZRANGE z 0 -1 WITHSCORES"));
        server.check("ZUNION 1 z WITHSCORES", &all);
        let all = show(&server.run("ZREVRANGE z 0 -1 WITHSCORES"));
        server.check("ZRANDMEMBER z 9 WITHSCORES", &all);
        server.check("ZPOPMIN z", "[\"a\", ,1]");
        server.check("ZPOPMIN z 1", "[[\"b\", ,2]]");
        server.check("ZMPOP 1 z MIN", "[\"z\", [[\"c\", ,3]]]");
    }
}

#[test]
fn random_members() {
    for mut server in filled() {
        let range = "-ERR value is out of range";
        for (command, reply) in [
            ("ZRANDMEMBER absent", "nil"),
            ("ZRANDMEMBER absent 3", "[]"),
            ("ZRANDMEMBER z 0", "[]"),
            ("ZRANDMEMBER str", WRONG_TYPE),
            ("ZRANDMEMBER str x", NOT_AN_INTEGER),
            ("ZRANDMEMBER z 1 FOO", SYNTAX),
            ("ZRANDMEMBER z 4611686018427387904 WITHSCORES", range),
            ("ZRANDMEMBER z 9223372036854775807", "[\"e\", \"d\", \"c\", \"b\", \"a\"]"),
            (
                "ZRANDMEMBER z -9223372036854775808",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ),
            // Redis would try.
            ("ZRANDMEMBER z -9223372036854775807", "-ERR the reply would be larger than 1 GB"),
        ] {
            server.check(command, reply);
        }
        let mut counts = [0; 5];
        for _ in 0..400 {
            let Reply::Array(members) = server.run("ZRANDMEMBER z 3") else {
                panic!("an array was expected")
            };
            let mut names: Vec<String> = members.iter().map(show).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 3);
            for name in names {
                counts[usize::from(name.as_bytes()[1] - b'a')] += 1;
            }
        }
        assert!(counts.iter().all(|count| (180..=300).contains(count)), "{counts:?}");
        let Reply::Array(members) = server.run("ZRANDMEMBER z -40 WITHSCORES") else { panic!("an array") };
        assert_eq!(members.len(), 80);
    }
}

#[test]
fn scans_meet_every_member_once() {
    for mut server in both() {
        let mut expected = Vec::new();
        for number in 0..100 {
            server.run(&format!("ZADD z {number} m{number}"));
            expected.push(format!("\"m{number}\" \"{number}\""));
        }
        let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
        loop {
            let Reply::Array(parts) = server.run(&format!("ZSCAN z {cursor} COUNT 7")) else {
                panic!("an array was expected");
            };
            let [Reply::Bulk(next), Reply::Array(items)] = parts.as_slice() else {
                panic!("a cursor and items")
            };
            found.extend(items.chunks(2).map(|pair| format!("{} {}", show(&pair[0]), show(&pair[1]))));
            cursor = String::from_utf8_lossy(next).into_owned();
            if cursor == "0" {
                break;
            }
        }
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        server.check("ZSCAN z 0 MATCH m42 COUNT 1000", "[\"0\", [\"m42\", \"42\"]]");
        server.check("ZSCAN absent 0", "[\"0\", []]");
        server.check("ZSCAN z x", "-ERR invalid cursor");
    }
}
