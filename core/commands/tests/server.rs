//! The server family: commands in, replies out.

mod common;

use std::time::Duration;

use common::server::Distribution;
use common::{Fixture, START_MS, show};
use dredis_commands::{
    Afterwards, LatencyEvent, LatencySample, MemoryFigures, Registry, ReloadFrom, SlowCall,
};

#[test]
fn databases_are_counted_emptied_and_exchanged() {
    let mut server = Fixture::new();
    for command in ["set a 1", "set b 2", "select 1", "set c 3"] {
        server.run(command);
    }
    server.check("dbsize", ":1");
    server.check("swapdb 0 1", "+OK");
    server.check("dbsize", ":2");
    server.check("get a", "\"1\"");
    server.check("flushdb async", "+OK");
    server.check("dbsize", ":0");
    server.check("select 0", "+OK");
    server.check("get c", "\"3\"");
    server.check("flushall", "+OK");
    server.check("get c", "nil");
    server.check("flushall sync", "+OK");
}

#[test]
fn databases_as_wholes_refuse_what_makes_no_sense() {
    let mut server = Fixture::new();
    server.run("set a 1");
    server.check("flushall foo", "-ERR syntax error");
    server.check("flushdb async sync", "-ERR syntax error");
    server.check("swapdb 0 16", "-ERR DB index is out of range");
    server.check("swapdb a 16", "-ERR invalid first DB index");
    server.check("swapdb 0 b", "-ERR invalid second DB index");
    server.check("swapdb 4294967296 b", "-ERR invalid first DB index");
    server.check("dbsize", ":1");
}

#[test]
fn config_get_takes_patterns_and_names() {
    let mut server = Fixture::new();
    server.host.server.parts().parameters =
        vec![("maxclients", b"10".to_vec()), ("maxmemory", b"0".to_vec()), ("port", b"1".to_vec())];
    server.check("config get max*", "{\"maxclients\": \"10\", \"maxmemory\": \"0\"}");
    server.check("config get PORT port p* foo", "{\"PORT\": \"1\"}");
    server.check("config get max* MAXCLIENTS", "{\"maxclients\": \"10\", \"maxmemory\": \"0\"}");
    server.check("config get", "-ERR wrong number of arguments for 'config|get' command");
}

#[test]
fn config_set_words_its_refusals_as_redis_does() {
    let mut server = Fixture::new();
    server.host.server.parts().parameters = vec![("maxclients", b"10".to_vec()), ("port", b"1".to_vec())];
    server.check("config set maxclients 5 PORT 6", "+OK");
    assert_eq!(server.host.server.take_asked(), ["set maxclients=5", "set PORT=6"]);
    server.check("config set foo 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
    server.check("config set maxclients 1 foo", "-ERR syntax error");
    server.check("config set maxclients", "-ERR wrong number of arguments for 'config|set' command");
    server.check_words(
        &[b"config", b"set", b"port", b""],
        "-ERR CONFIG SET failed (possibly related to argument 'port') - it cannot be empty",
    );
    assert!(server.host.server.take_asked().is_empty());
    server.check("config resetstat", "+OK");
    assert_eq!(server.host.server.take_asked(), ["reset statistics"]);
    server.check("config rewrite", "-ERR The server is running without a config file");
}

#[test]
fn info_shows_the_sections_asked_for() {
    let mut server = Fixture::new();
    server.run("set a 1");
    server.run("set b 1 px 60000");
    let text = |server: &mut Fixture, command: &str| show(&server.run(command));
    assert_eq!(
        text(&mut server, "info keyspace"),
        "txt:\"# Keyspace\\r\\ndb0:keys=2,expires=1,avg_ttl=60000\\r\\n\""
    );
    assert_eq!(text(&mut server, "info foo"), "txt:\"\"");
    assert_eq!(
        text(&mut server, "info SERVER cluster server"),
        "txt:\"# Server\\r\\nkind:stand-in\\r\\n\\r\\n# Cluster\\r\\n\""
    );
    let default = text(&mut server, "info");
    assert!(default.contains("# Backend\\r\\n") && default.contains("# Keyspace"));
    assert!(!default.contains("# Commandstats"));
    assert_eq!(text(&mut server, "info default foo"), default);
    for everything in ["all", "everything"] {
        let all = text(&mut server, &format!("info {everything}"));
        assert!(all.contains("# Commandstats") && all.contains("# Latencystats"));
    }
}

#[test]
fn time_and_role() {
    let mut server = Fixture::new();
    server.check("time", &format!("[\"{}\", \"0\"]", START_MS / 1000));
    server.check("role", "[\"master\", :0, []]");
}

#[test]
fn shutdown_ends_the_session_without_an_answer() {
    for command in ["shutdown", "shutdown nosave", "SHUTDOWN NOW FORCE"] {
        let mut server = Fixture::new();
        server.check(command, "nothing");
        assert!(server.session.closing);
        assert_eq!(server.host.server.take_asked(), ["end without saving", "shut down"], "{command}");
    }
    let mut server = Fixture::new();
    for command in ["shutdown foo", "shutdown save nosave", "shutdown abort now", "shutdown abort nosave"] {
        server.check(command, "-ERR syntax error");
    }
    server.check("shutdown abort", "-ERR No shutdown in progress.");
    server.run("multi");
    server.check("shutdown", "-ERR Command not allowed inside a transaction");
    assert!(!server.session.closing);
    assert!(server.host.server.take_asked().is_empty());
}

/// What is asked of the server is done once everything is committed; until then there is no answer.
#[test]
fn saving_is_left_to_the_server() {
    for (command, reply, what) in [
        ("save", "nothing", Some(Afterwards::Save)),
        ("bgsave", "nothing", Some(Afterwards::BackgroundSave)),
        ("bgsave schedule", "nothing", Some(Afterwards::BackgroundSave)),
        ("bgsave later", "-ERR syntax error", None),
        ("debug reload", "nothing", Some(Afterwards::Reload(ReloadFrom::Data))),
        ("debug reload nosave", "nothing", Some(Afterwards::Reload(ReloadFrom::LastSave))),
        ("shutdown save force", "nothing", Some(Afterwards::SaveAndShutDown { force: true })),
    ] {
        let mut server = Fixture::new();
        server.check(command, reply);
        assert_eq!(server.session.take_afterwards(), what, "{command}");
        assert!(!server.session.closing);
    }
    let mut server = Fixture::new();
    server.host.server.parts().last_save_s = 1234;
    server.check("lastsave", ":1234");
    for command in ["multi", "set k v", "bgsave", "debug reload"] {
        server.run(command);
    }
    server.check(
        "exec",
        "[+OK, +Background saving scheduled, -ERR DEBUG RELOAD is not allowed inside a transaction]",
    );
    assert_eq!(server.session.take_afterwards(), Some(Afterwards::ScheduledSave));
    server.host.server.parts().is_saving = true;
    for command in ["save", "bgsave", "bgsave schedule"] {
        server.check(command, "-ERR Background save already in progress");
    }
    server.host.server.parts().saves_at_end = true;
    server.check("shutdown", "nothing");
    assert_eq!(server.session.take_afterwards(), Some(Afterwards::SaveAndShutDown { force: false }));
    server.check("shutdown nosave", "nothing");
    assert!(server.session.closing);
    server.host.is_readonly = true;
    server.check("debug reload", "-READONLY You can't write against a read only replica.");
}

#[test]
fn digests_are_the_same_for_the_same_data() {
    let (mut one, mut other) = (Fixture::new(), Fixture::new());
    one.check("debug digest", &format!("+{}", "0".repeat(40)));
    one.check("debug digest-value absent", &format!("[+{}]", "0".repeat(40)));
    let commands =
        ["set a 1", "sadd s x y z", "zadd z 1.5 m 2 n", "hset h f v g w", "pexpireat a 1800000000000"];
    commands.iter().for_each(|command| drop(one.run(command)));
    commands[..4].iter().rev().for_each(|command| drop(other.run(command)));
    assert_ne!(one.run("debug digest"), other.run("debug digest"));
    other.run("expire a 100");
    assert_eq!(one.run("debug digest"), other.run("debug digest"));
    assert_eq!(one.run("debug digest-value a s z h"), other.run("debug digest-value a s z h"));
    // The same bits as redis-server 7.0.15.
    one.check("debug digest", "+cab6b1f19d9bd702e53604097507453a72463d03");
}

#[test]
fn debug_is_harmless() {
    let mut server = Fixture::new();
    server.check("debug sleep 0.5", "+OK");
    assert_eq!(server.session.take_pause(), Some(Duration::from_millis(500)));
    assert_eq!(server.session.take_pause(), None);
    for bad in ["-1", "x", "nan"] {
        server.check(&format!("debug sleep {bad}"), "-ERR value is not a valid float");
    }
    server.check("debug sleep 1e300", "+OK");
    assert_eq!(server.session.take_pause(), Some(Duration::from_secs(24 * 3600)));
    server.check("debug set-active-expire 0", "+OK");
    assert_eq!(server.host.server.take_asked(), ["active expiry false"]);
    server.check("debug object a", "-ERR no such key");
    server.run("set a 12");
    server.check("debug object a", "+Value in:backend refcount:1 encoding:int storedlength:9");
    server.check("debug error CODE", "-CODE");
    server.check("debug protocol map", "{:0: #false, :1: #true, :2: #false}");
    for refused in ["foo", "sleep", "jmap"] {
        server.check(
            &format!("debug {refused}"),
            &format!("-ERR unknown subcommand or wrong number of arguments for '{refused}'. Try DEBUG HELP."),
        );
    }
}

#[test]
fn memory_tells_what_a_key_takes_on_disk() {
    let mut server = Fixture::new();
    server.run("set key 12345");
    server.check("memory usage key", ":14");
    server.check("memory usage key samples 5", ":14");
    server.check("memory usage absent", "nil");
    server.check("memory usage key samples", "-ERR syntax error");
    server.check("memory usage key samples -1", "-ERR syntax error");
    server.check("memory usage key samples a", "-ERR value is not an integer or out of range");
    server.check("memory usage key foo 1", "-ERR syntax error");
    let large = vec![b'x'; 100_000];
    server.run_words(&[b"set", b"key", &large]);
    let records = server.backend.records();
    let taken = records.iter().filter(|(key, _)| matches!(key[0], 0x10 | 0x20));
    let taken: usize = taken.map(|(key, value)| key.len() + value.len()).sum();
    server.check("memory usage key", &format!(":{taken}"));
}

#[test]
fn memory_of_the_process() {
    let mut server = Fixture::new();
    server.host.server.parts().memory = MemoryFigures { resident: 50, peak: 200, at_start: 10, clients: 20 };
    server.run("set key 1");
    server.check(
        "memory stats",
        "{\"peak.allocated\": :200, \"total.allocated\": :50, \"startup.allocated\": :10, \"clients.normal\": :20, \
         \"keys.count\": :1, \"peak.percentage\": ,25}",
    );
    let report = show(&server.run("memory doctor"));
    assert!(report.contains("more than a quarter") && report.contains("twice as much"), "{report}");
    server.host.server.parts().memory = MemoryFigures { resident: 50, peak: 60, at_start: 10, clients: 2 };
    let report = show(&server.run("memory doctor"));
    assert!(!report.contains("more than a quarter") && !report.contains("twice as much"), "{report}");
    server.check("memory purge", "+OK");
}

#[test]
fn the_slow_log_is_shown_newest_first() {
    let mut server = Fixture::new();
    let call = |id: u64| SlowCall {
        id,
        at_s: 100 + id,
        micros: 20_000,
        arguments: vec![b"get".to_vec(), b"a".to_vec()],
        address: "1.2.3.4:5".to_owned(),
        client_name: b"me".to_vec(),
    };
    server.host.server.parts().slow_calls = (0..12).rev().map(call).collect();
    server.check("slowlog len", ":12");
    server.check("slowlog get 1", "[[:11, :111, :20000, [\"get\", \"a\"], \"1.2.3.4:5\", \"me\"]]");
    let count = |server: &mut Fixture, command: &str| show(&server.run(command)).matches("[:").count();
    assert_eq!(count(&mut server, "slowlog get"), 10);
    assert_eq!(count(&mut server, "slowlog get -1"), 12);
    assert_eq!(count(&mut server, "slowlog get 0"), 0);
    server.check("slowlog get -2", "-ERR count should be greater than or equal to -1");
    server.check("slowlog get a", "-ERR count should be greater than or equal to -1");
    server.check(
        "slowlog get 1 2",
        "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.",
    );
    server.check("slowlog reset", "+OK");
    server.check("slowlog len", ":0");
}

#[test]
fn latency_events_are_told_and_forgotten() {
    let mut server = Fixture::new();
    assert!(show(&server.run("latency doctor")).contains("latency-monitor-threshold"));
    server.check("latency latest", "[]");
    server.check("latency history command", "[]");
    server.check("latency graph command", "-ERR No samples available for event 'command'");
    let at_s = START_MS / 1000;
    let sample = |ago_s: u64, ms: u64| LatencySample { at_s: at_s - ago_s, ms };
    let event = |name| LatencyEvent { name, samples: vec![sample(120, 10), sample(5, 40)], worst_ms: 90 };
    server.host.server.parts().latency_threshold_ms = 10;
    assert!(show(&server.run("latency doctor")).contains("Nothing has taken 10 ms"));
    server.host.server.parts().latency_events = vec![event("command"), event("sync")];
    server
        .check("latency latest", "[[\"command\", :1699999995, :40, :90], [\"sync\", :1699999995, :40, :90]]");
    server.check("latency history command", "[[:1699999880, :10], [:1699999995, :40]]");
    let graph = show(&server.run("latency graph command"));
    assert!(graph.ends_with("\\n #\\n #\\n #\\n##\\n25\\nms\\n\""), "{graph}");
    assert!(
        show(&server.run("latency doctor"))
            .contains("1. command: 2 samples, 25 ms on average, 90 ms at worst.")
    );
    server.check("latency reset command foo", ":1");
    server.check("latency reset", ":1");
    server.check("latency latest", "[]");
}

#[test]
fn latency_histograms_are_told_for_commands_and_their_subcommands() {
    let mut server = Fixture::new();
    let id = Registry::get().find(&[b"config", b"get"]).expect("it is in the table");
    server.host.server.parts().distribution =
        Some(Distribution { command: id, calls: 3, counts: vec![(1, 1), (4, 3)] });
    let expected = "{\"config|get\": {\"calls\": :3, \"histogram_usec\": {:1: :1, :4: :3}}}";
    for command in ["latency histogram", "latency histogram config", "latency histogram CONFIG|get foo"] {
        server.check(command, expected);
    }
    server.check("latency histogram config|set", "{}");
}

#[test]
fn lolwut_draws_and_tells_the_version() {
    let mut server = Fixture::new();
    for command in ["lolwut", "lolwut version 5", "lolwut version", "lolwut foo"] {
        let text = show(&server.run(command));
        assert!(text.contains("a Redis 7.0.15") && text.contains("^"), "{text}");
    }
    server.check("lolwut version a", "-ERR value is not an integer or out of range");
}

#[test]
fn writes_are_refused_on_a_server_that_only_reads() {
    let mut server = Fixture::new();
    server.host.is_readonly = true;
    for command in ["flushall", "flushdb", "swapdb 0 1"] {
        server.check(command, "-READONLY You can't write against a read only replica.");
    }
    server.check("dbsize", ":0");
}
