//! Scripts and functions that take long, want too much, are killed, crash or travel: what all of that does to others.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::{Duration, Instant};

use dredis_suite::notation::show_reply;
use dredis_suite::{
    Backend, Client, RedisServer, Server, Settings, Value, on_durable_backends, on_every_backend, request,
};

on_every_backend!(
    a_script_that_takes_too_long_makes_others_busy_until_it_is_killed,
    endless_readers_leave_the_server_alone,
    a_script_is_seen_whole_or_not_at_all,
    too_much_memory_is_the_scripts_own_trouble,
    a_write_that_comes_during_a_script_is_done_after_it,
);
on_durable_backends!(
    nothing_of_a_script_that_never_ended_is_kept,
    functions_survive_a_crash,
    an_orderly_end_waits_for_no_endless_script,
);

const BUSY: &str = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const BUSY_FUNCTION: &str =
    "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
const UNKILLABLE: &str = "-UNKILLABLE Sorry the script already executed write commands against the dataset. You can \
                          either wait the script termination or kill the server in a hard way using the SHUTDOWN \
                          NOSAVE command.";
/// How long to wait for what has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until the reply is this.
#[track_caller]
fn ask_until(client: &mut Client, text: &str, expected: &str) {
    let started = Instant::now();
    loop {
        let reply = show_reply(&client.ask(text));
        if reply == expected {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{text} answers {reply} and never {expected}");
    }
}

/// Sends EVAL (or another command) of a script that says in the log that it has begun, and waits for that.
fn begin(server: &mut Server, command: &str, script: &str) -> Client {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let mark = format!("begun:{}:", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let mut client = server.client();
    client.set_timeout(PATIENCE);
    let script = format!("redis.log(redis.LOG_WARNING, '{mark}') {script}");
    client.send(&dredis_suite::resp::encode(&[command.as_bytes(), script.as_bytes(), b"0"])).unwrap();
    server.process().wait_for_line(PATIENCE, |line| line.contains(&mark).then_some(())).unwrap();
    client
}

#[track_caller]
fn check_killed(client: &mut Client) {
    let reply = show_reply(&client.read().unwrap().value);
    assert!(reply.starts_with("-ERR Script killed by user with SCRIPT KILL... script: "), "{reply}");
}

fn a_script_that_takes_too_long_makes_others_busy_until_it_is_killed(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    client.check("SET k 1", "+OK");
    client.check("CONFIG SET lua-time-limit 300", "+OK");
    assert_eq!(
        client.ask("CONFIG GET busy-reply-threshold").elements().unwrap()[1].text(),
        "300",
        "one parameter, two names"
    );
    let endless = [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do redis.pcall('get', 'k') end",
        "coroutine.wrap(function() while true do end end)()",
    ];
    for script in endless {
        let mut waiting = server.client();
        let mut runner = begin(&mut server, "EVAL", script);
        // In the writer's queue already when the time is up.
        waiting.send(b"SET k 2\r\nPING\r\n").unwrap();
        ask_until(&mut client, "PING", BUSY);
        assert_eq!(show_reply(&waiting.read().unwrap().value), BUSY, "{script}");
        assert_eq!(show_reply(&waiting.read().unwrap().value), BUSY, "{script}");
        for text in ["GET k", "SET k 3", "EVAL 'return 1' 0", "FUNCTION STATS", "SHUTDOWN", "INFO"] {
            client.check(text, BUSY);
        }
        let mut other = server.client();
        other.check("MULTI", "+OK");
        other.check("SET k 4", BUSY);
        other.check("EXEC", &format!("-EXECABORT Transaction discarded because of: {}", &BUSY[1..]));
        other.check("WATCH k", "+OK");
        other.check("FUNCTION KILL", BUSY);
        other.check("SCRIPT KILL", "+OK");
        check_killed(&mut runner);
        ask_until(&mut client, "PING", "+PONG");
        client.check("GET k", "\"1\"");
        other.check("MULTI", "+OK");
        other.check("GET k", "+QUEUED");
        // What the script did before the WATCH is not known, so the transaction is not run.
        other.check("EXEC", "*-1");
        other.check("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.");
    }
    let code = "#!lua name=l\nredis.register_function('loop', function() while true do end end)";
    client.run(&[vec![b"FUNCTION".to_vec(), b"LOAD".to_vec(), code.as_bytes().to_vec()]]);
    let mut runner = server.client();
    runner.send(b"FCALL loop 0 word\r\n").unwrap();
    ask_until(&mut client, "PING", BUSY_FUNCTION);
    let stats = client.ask("FUNCTION STATS");
    let running = stats.elements().unwrap()[1].elements().unwrap().to_vec();
    assert_eq!(running[1].text(), "loop");
    assert_eq!(show_reply(&running[3]), "[\"FCALL\", \"loop\", \"0\", \"word\"]");
    assert!(running[5].integer().unwrap() >= 300, "{stats:?}");
    client.check("SCRIPT KILL", BUSY_FUNCTION);
    client.check("FUNCTION KILL", "+OK");
    check_killed(&mut runner);
    ask_until(&mut client, "SET k 5", "+OK");
}

fn endless_readers_leave_the_server_alone(backend: Backend) {
    // As many as the server runs at a time, and some more.
    let running = (2 * std::thread::available_parallelism().unwrap().get()).clamp(4, 64);
    let readers = running + 4;
    let server = Server::with(&Settings::new(backend).arguments(&["--io-threads", "1"]));
    let mut client = server.client();
    client.check("CONFIG SET busy-reply-threshold 200", "+OK");
    let (answered, answers) = std::sync::mpsc::channel();
    for _ in 0..readers {
        let mut reader = server.client();
        reader.set_timeout(PATIENCE);
        reader.send(&dredis_suite::resp::encode(&["EVAL_RO", "while true do end", "0"])).unwrap();
        let answered = answered.clone();
        // It ends with its reply, or with the server.
        std::thread::spawn(move || answered.send(reader.read().map(|reply| show_reply(&reply.value))).ok());
    }
    let next = || answers.recv_timeout(PATIENCE).unwrap().unwrap();
    for number in 0..50 {
        client.check(&format!("SET k {number}"), "+OK");
        client.check("GET k", &format!("\"{number}\""));
        server.client().check("PING", "+PONG");
    }
    // Those for which there was no room are told so; the others end when they are killed.
    for _ in running..readers {
        assert_eq!(next(), BUSY);
    }
    client.check("EVAL 'return 1' 0", ":1");
    let mut killed = 0;
    while killed < running {
        // One that began late is killed late.
        ask_until(&mut client, "SCRIPT KILL", "+OK");
        while let Ok(reply) = answers.recv_timeout(Duration::from_millis(300)) {
            let reply = reply.unwrap();
            assert!(reply.starts_with("-ERR Script killed by user"), "{reply}");
            killed += 1;
        }
    }
    client.check("EVAL_RO 'return 1' 0", ":1");
}

fn a_script_is_seen_whole_or_not_at_all(backend: Backend) {
    let server = Server::start(backend);
    let (mut writer, mut reader) = (server.client(), server.client());
    writer.check("MSET a 0 b 0", "+OK");
    let script = "redis.call('set', 'a', ARGV[1]) for i = 1, 100 do redis.call('incr', 'c') end \
                  redis.call('set', 'b', ARGV[1]) return redis.call('nonsense')";
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for number in 1..200 {
                let reply = writer.call(&["EVAL", script, "0", &number.to_string()]).unwrap();
                assert!(reply.value.is_error(), "{reply:?}");
            }
            writer.check("MGET a b c", "[\"199\", \"199\", \"19900\"]");
        });
        let mut seen = 0;
        while !writing.is_finished() {
            let pair = reader.ask("MGET a b");
            let pair = pair.elements().unwrap();
            assert_eq!(pair[0], pair[1]);
            seen += 1;
        }
        assert!(seen > 10, "only {seen} reads were made meanwhile");
        writing.join().unwrap();
    });
}

fn too_much_memory_is_the_scripts_own_trouble(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    client.check("CONFIG SET lua-memory-limit 8mb", "+OK");
    for script in [
        "local all = {} while true do all[#all + 1] = string.rep('x', 1000) .. #all end",
        "local text = 'x' while true do text = text .. text end",
        "for number = 1, 1000 do redis.call('set', 'k' .. number, string.rep('x', 100000)) end",
        "local function deep(n) return 1 + deep(n + 1) end return deep(1)",
    ] {
        let reply = client.call(&["EVAL", script, "0"]).unwrap();
        assert!(reply.value.is_error(), "{script}: {reply:?}");
        client.check("EVAL 'return 1' 0", ":1");
    }
    client.check(
        "CONFIG SET lua-memory-limit 1kb",
        "-ERR CONFIG SET failed (possibly related to argument \
                 'lua-memory-limit') - argument must be between 1048576 and 1099511627776 inclusive",
    );
    let keys = client.ask("DBSIZE").integer().unwrap();
    assert!((50..=100).contains(&keys), "{keys} keys of 100 kB were written before the limit of 8 MB");
}

fn nothing_of_a_script_that_never_ended_is_kept(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    client.check("CONFIG SET busy-reply-threshold 100", "+OK");
    client.check("SET before 1", "+OK");
    let _runner = begin(
        &mut server,
        "EVAL",
        "redis.call('set', 'half', 1) while true do redis.pcall('get', 'half') end",
    );
    ask_until(&mut client, "PING", BUSY);
    client.check("SCRIPT KILL", UNKILLABLE);
    client.check("FUNCTION KILL", UNKILLABLE);
    client.check("SHUTDOWN", BUSY);
    client.send(b"SHUTDOWN NOSAVE\r\n").unwrap();
    assert_eq!(client.read_to_close().unwrap(), b"");
    let status =
        server.process().wait(PATIENCE).unwrap_or_else(|error| panic!("the server goes on: {error}"));
    assert!(status.success(), "{status}");
    server.restart();
    server.client().check("MGET before half", "[\"1\", $-1]");
}

fn functions_survive_a_crash(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    let load =
        |client: &mut Client, code: &str| client.call(&["FUNCTION", "LOAD", "REPLACE", code]).unwrap().value;
    let code = "#!lua name=l\nredis.register_function('f', function() return 'one' end)";
    assert_eq!(show_reply(&load(&mut client, code)), "\"l\"");
    client.check("FCALL f 0", "\"one\"");
    assert_eq!(show_reply(&load(&mut client, &code.replace("one", "two"))), "\"l\"");
    client.check("FCALL f 0", "\"two\"");
    client.check("FLUSHALL", "+OK");
    client.check("SET k v", "+OK");
    server.restart();
    let mut client = server.client();
    client.check("FCALL f 0", "\"two\"");
    client.check("GET k", "\"v\"");
    assert_eq!(server.info("number_of_functions").as_deref(), Some("1"));
    client.check("FUNCTION DELETE l", "+OK");
    server.restart();
    server.client().check("FCALL f 0", "-ERR Function not found");
}

fn an_orderly_end_waits_for_no_endless_script(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    client.check("CONFIG SET busy-reply-threshold 100", "+OK");
    client.check("SET k v", "+OK");
    let _reader = begin(&mut server, "EVAL_RO", "while true do end");
    let _writer = begin(&mut server, "EVAL", "redis.call('set', 'k', 'x') while true do end");
    assert!(server.terminate().success());
    server.restart();
    server.client().check("GET k", "\"v\"");
}

#[test]
fn libraries_travel_between_redis_and_dredis() {
    let Some(redis) = RedisServer::start_or_skip("FUNCTION DUMP and RESTORE") else { return };
    let server = Server::start(Backend::Memory);
    let (mut redis, mut dredis) = (redis.client(), server.client());
    let long = "-- a comment that is repeated, so that Redis compresses it\n".repeat(400);
    let libraries = [
        "#!lua name=a\nredis.register_function('fa', function() return 'a' end)".to_owned(),
        format!("#!lua name=b\n{long}redis.register_function('fb', function() return 'b' end)"),
        "#!lua name=c\nredis.register_function('fc', function() return 1 end) \
         redis.register_function{function_name='fd', callback=function() return 2 end, flags={'no-writes'}}"
            .to_owned(),
    ];
    let check = |client: &mut Client| {
        for (call, expected) in
            [("FCALL fa 0", "\"a\""), ("FCALL fb 0", "\"b\""), ("FCALL fc 0", ":1"), ("FCALL_RO fd 0", ":2")]
        {
            client.check(call, expected);
        }
    };
    for code in &libraries {
        assert!(!redis.call(&["FUNCTION", "LOAD", code]).unwrap().value.is_error());
    }
    for to_redis in [false, true] {
        let (from, to) = if to_redis { (&mut dredis, &mut redis) } else { (&mut redis, &mut dredis) };
        let Value::Bulk(payload) = from.ask("FUNCTION DUMP") else { panic!("a payload was expected") };
        let words: [&[u8]; 4] = [b"FUNCTION", b"RESTORE", &payload, b"FLUSH"];
        assert_eq!(show_reply(&to.call(&words).unwrap().value), "+OK");
        check(to);
    }
    // Whatever else is restored, both refuse.
    let Value::Bulk(payload) = dredis.ask("FUNCTION DUMP") else { panic!("a payload was expected") };
    for at in (0..payload.len()).step_by(1 + payload.len() / 200) {
        let mut flipped = payload.clone();
        flipped[at] ^= 0x11;
        let words: [&[u8]; 4] = [b"FUNCTION", b"RESTORE", &flipped, b"FLUSH"];
        for client in [&mut redis, &mut dredis] {
            let reply = show_reply(&client.call(&words).unwrap().value);
            assert_eq!(reply, "-ERR DUMP payload version or checksum are wrong", "byte {at}");
        }
    }
    check(&mut dredis);
    assert!(!dredis.run(&[request("FUNCTION LIST")]).is_empty());
}

// The write finds the writer's turn taken, and no other write comes that would take the turn after the script.
fn a_write_that_comes_during_a_script_is_done_after_it(backend: Backend) {
    let mut server = Server::start(backend);
    let mut other = server.client();
    other.set_timeout(PATIENCE);
    for round in 1..=5 {
        let script = "for i = 1, 10000000 do end return redis.call('SET', 'k', 'script')";
        let mut running = begin(&mut server, "EVAL", script);
        other.check(&format!("APPEND k :{round}"), ":8");
        assert_eq!(show_reply(&running.read().unwrap().value), "+OK");
    }
}
