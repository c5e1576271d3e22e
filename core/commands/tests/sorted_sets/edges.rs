//! Long members, the sign of zero, who is told of changes, and expiry.

use super::*;

#[test]
fn long_members_stand_in_order_too() {
    // Keys of records are cut after 46 bytes of a member here, and end in a hash.
    let mut server = Fixture::with_key_bytes_max(80);
    let mut members: Vec<String> =
        (0..40).map(|number| format!("{}{number:02}", "p".repeat(40 + number % 3 * 12))).collect();
    for member in &members {
        server.check(&format!("ZADD z 1 {member}"), ":1");
    }
    members.sort();
    server.check("OBJECT ENCODING z", "\"skiplist\"");
    let quoted = |members: &[String]| {
        let quoted: Vec<String> = members.iter().map(|member| format!("\"{member}\"")).collect();
        format!("[{}]", quoted.join(", "))
    };
    server.check("ZRANGE z 0 -1", &quoted(&members));
    for (rank, member) in members.iter().enumerate() {
        server.check(&format!("ZRANK z {member}"), &format!(":{rank}"));
        server.check(&format!("ZRANGE z {rank} {rank} REV"), &quoted(&members[39 - rank..=39 - rank]));
        let next = &members[rank + 1..(rank + 4).min(40)];
        server.check(&format!("ZRANGE z [{member} + BYLEX LIMIT 1 3"), &quoted(next));
        server.check(&format!("ZLEXCOUNT z - ({member}"), &format!(":{rank}"));
    }
}

#[test]
fn the_sign_of_zero_is_as_in_redis() {
    let [mut packed, mut spread] = both();
    packed.check("ZADD z -0 a", ":1");
    packed.check("ZSCORE z a", ",0");
    spread.check("ZADD z -0 a 0 b", ":2");
    spread.check("ZSCORE z a", ",-0");
    spread.check("ZRANGE z 0 0 BYSCORE WITHSCORES", "[\"a\", ,-0, \"b\", ,0]");
    spread.check("ZADD z CH 0 a", ":0");
    spread.check("ZREM z a b", ":2");
    spread.check("EXISTS z", ":0");
}

#[test]
fn watched_keys_are_touched_by_changes_alone() {
    for mut server in filled() {
        for (command, is_touched) in [
            ("ZADD z 3 c", false),
            ("ZADD z NX 9 c", false),
            ("ZREM z none", false),
            ("ZREMRANGEBYSCORE z 100 200", false),
            ("ZPOPMIN z 0", false),
            ("ZADD z 3.5 c", true),
            ("ZINCRBY z 0 c", false),
            ("ZREM z c", true),
            ("ZPOPMAX z", true),
        ] {
            server.run("WATCH z");
            server.run(command);
            server.run("MULTI");
            let reply = server.run("EXEC");
            let expected = if is_touched { Reply::NullArray } else { Reply::Array(Vec::new()) };
            assert_eq!(reply, expected, "{command}");
        }
    }
}

#[test]
fn expiry_stays_with_changes_and_goes_with_stores() {
    for mut server in filled() {
        server.run("EXPIRE z 100");
        server.check("ZADD z 9 new", ":1");
        server.check("ZPOPMIN z", "[\"a\", ,1]");
        server.check("TTL z", ":100");
        server.check("ZUNIONSTORE z 1 z", ":5");
        server.check("TTL z", ":-1");
    }
}
