//! Scripts and functions. What is expected was seen in a Redis 7.0.15.

mod common;

#[path = "scripting/functions.rs"]
mod functions;
#[path = "scripting/runs.rs"]
mod runs;

use common::Fixture;

/// The SHA-1 of `return 1`.
const RETURN_1: &str = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";

/// Runs EVAL with these words after the script.
fn eval(server: &mut Fixture, script: &str, given: &[&str], expected: &str) {
    call(server, "eval", script, given, expected);
}

fn call(server: &mut Fixture, command: &str, what: &str, given: &[&str], expected: &str) {
    let mut words = vec![command.as_bytes(), what.as_bytes()];
    words.extend(given.iter().map(|word| word.as_bytes()));
    let shown = common::show(&server.run_words(&words));
    assert_eq!(shown, expected, "{command} {what} {given:?}");
}

#[test]
fn keys_and_arguments_are_counted_as_in_redis() {
    let mut server = Fixture::new();
    eval(&mut server, "return {KEYS, ARGV}", &["2", "a", "b", "c"], "[[\"a\", \"b\"], [\"c\"]]");
    eval(&mut server, "return #KEYS", &["0"], ":0");
    for command in ["eval", "eval_ro", "evalsha", "evalsha_ro"] {
        let what = if command.starts_with("evalsha") { RETURN_1 } else { "return 1" };
        call(&mut server, "eval", "return 1", &["0"], ":1");
        call(&mut server, command, what, &["x"], "-ERR value is not an integer or out of range");
        call(&mut server, command, what, &["-1"], "-ERR Number of keys can't be negative");
        call(
            &mut server,
            command,
            what,
            &["2", "a"],
            "-ERR Number of keys can't be greater than number of args",
        );
        call(
            &mut server,
            command,
            what,
            &["9223372036854775807", "a"],
            "-ERR Number of keys can't be greater than number of args",
        );
        server.check(command, &format!("-ERR wrong number of arguments for '{command}' command"));
        call(&mut server, command, what, &["0"], ":1");
    }
    for (request, keys) in [
        ("eval x 1 k", "[\"k\"]"),
        ("eval x 2 k l m", "[\"k\", \"l\"]"),
        ("fcall_ro x 1 k", "[\"k\"]"),
        ("eval x 0", "[]"),
        ("eval x 5 k", "[]"),
        ("fcall x a k", "[]"),
    ] {
        server.check(&format!("command getkeys {request}"), keys);
    }
}

#[test]
fn scripts_are_cached_by_their_sha1() {
    let mut server = Fixture::new();
    let missing = "-NOSCRIPT No matching script. Please use EVAL.";
    server.check(&format!("evalsha {RETURN_1} 0"), missing);
    server.check("evalsha short 0", missing);
    server.check("evalsha short x", missing);
    server.check_words(&[b"script", b"load", b"return 1"], &format!("\"{RETURN_1}\""));
    server.check(&format!("evalsha {RETURN_1} 0"), ":1");
    server.check(&format!("evalsha_ro {} 0", RETURN_1.to_uppercase()), ":1");
    server.check(&format!("script exists {RETURN_1} {} x", RETURN_1.to_uppercase()), "[:1, :1, :0]");
    server.check("script flush foo", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    server.check("script flush sync async", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    server.check("script flush async", "+OK");
    server.check(&format!("script exists {RETURN_1}"), "[:0]");
    server.check(&format!("evalsha {RETURN_1} 0"), missing);
    let broken = "-ERR Error compiling script (new function): user_script:1: '=' expected near 'x'";
    server.check_words(&[b"script", b"load", b"x x"], broken);
    server.check_words(&[b"eval", b"x x", b"0"], broken);
    assert!(server.host.scripts.parts().sources.is_empty(), "what does not compile is not kept");
    server.check(
        "script debug yes",
        "-ERR SCRIPT DEBUG is not supported: this server has no debugger for scripts",
    );
    server.check("script debug no", "+OK");
    server.check("script debug foo", "-ERR Use SCRIPT DEBUG YES/SYNC/NO");
    server.check("script foo", "-ERR unknown subcommand 'foo'. Try SCRIPT HELP.");
    server.check("script kill", "-NOTBUSY No scripts in execution right now.");
}

#[test]
fn the_first_line_says_what_a_script_may() {
    let mut server = Fixture::new();
    eval(&mut server, "#!lua\nreturn redis.call('set', 'a', 1)", &["0"], "+OK");
    let call_ro = |server: &mut Fixture, script: &str, expected: &str| {
        call(server, "eval_ro", script, &["0"], expected)
    };
    call_ro(
        &mut server,
        "#!lua\nreturn 1",
        "-ERR Can not execute a script with write flag using *_ro command.",
    );
    call_ro(&mut server, "#!lua flags=no-writes\nreturn 1", ":1");
    call_ro(&mut server, "return redis.call('get', 'a')", "\"1\"");
    eval(
        &mut server,
        "#!lua flags=no-writes\nreturn redis.call('set','a',1)",
        &["0"],
        "-ERR Write commands are not allowed from read-only scripts. script: \
         36dfcf40eac5d9221c568698818560e04c0903bd, on @user_script:2.",
    );
    for (line, expected) in [
        ("#!lua flags=foo", "-ERR Unexpected flag in script shebang: foo"),
        ("#!foo", "-ERR Unexpected engine in script shebang: #!foo"),
        ("#!lua name=x", "-ERR Unknown lua shebang option: name=x"),
    ] {
        eval(&mut server, &format!("{line}\nreturn 1"), &["0"], expected);
        server.check_words(&[b"script", b"load", format!("{line}\nreturn 1").as_bytes()], expected);
    }
    eval(&mut server, "#!lua", &["0"], "-ERR Invalid script shebang");
    server.host.is_readonly = true;
    let refusal = "-READONLY You can not run script with write flag on readonly replica.";
    eval(&mut server, "#!lua\nreturn 1", &["0"], refusal);
    eval(&mut server, "#!lua flags=no-writes\nreturn 1", &["0"], ":1");
    eval(&mut server, "return redis.pcall('get', 'a')", &["0"], "\"1\"");
    eval(
        &mut server,
        "return redis.pcall('set', 'a', 2)",
        &["0"],
        "-READONLY You can't write against a read only replica.",
    );
}

#[test]
fn what_scripts_may_not_call_is_refused_as_in_redis() {
    let mut server = Fixture::new();
    for (called, expected) in [
        ("'nope'", "ERR Unknown Redis command called from script"),
        ("'config', 'foo'", "ERR Unknown Redis command called from script"),
        ("'config'", "ERR Wrong number of args calling Redis command from script"),
        ("'get'", "ERR Wrong number of args calling Redis command from script"),
        ("'multi'", "ERR This Redis command is not allowed from script"),
        ("'eval', 'return 1', 0", "ERR This Redis command is not allowed from script"),
        ("'function', 'flush'", "ERR This Redis command is not allowed from script"),
        ("'script', 'flush'", "ERR This Redis command is not allowed from script"),
        ("'watch', 'x'", "ERR This Redis command is not allowed from script"),
        ("'shutdown'", "ERR This Redis command is not allowed from script"),
    ] {
        eval(&mut server, &format!("return redis.pcall({called})"), &["0"], &format!("-{expected}"));
        let shown = common::show(&server.run_words(&[
            b"eval",
            format!("return redis.call({called})").as_bytes(),
            b"0",
        ]));
        assert!(shown.starts_with(&format!("-{expected} script: ")), "{called}: {shown}");
        assert!(shown.ends_with(", on @user_script:1."), "{called}: {shown}");
    }
    call(
        &mut server,
        "eval_ro",
        "return redis.pcall('set', 'a', 1)",
        &["0"],
        "-ERR Write commands are not allowed from read-only scripts.",
    );
    server.check("exists a", ":0");
}

#[test]
fn a_script_that_fails_keeps_what_it_wrote_before() {
    let mut server = Fixture::new();
    let reply = server.run_words(&[
        b"eval",
        b"redis.call('set', 'a', 1) redis.call('lpush', 'a', 'x') redis.call('set', 'b', 1)",
        b"0",
    ]);
    let shown = common::show(&reply);
    assert!(
        shown.starts_with("-WRONGTYPE Operation against a key holding the wrong kind of value script: "),
        "{shown}"
    );
    server.check("get a", "\"1\"");
    server.check("exists b", ":0");
}

#[test]
fn selecting_and_setting_the_protocol_end_with_the_script() {
    let mut server = Fixture::new();
    eval(&mut server, "redis.call('select', 3) redis.call('set', 'a', 'three') return 'x'", &["0"], "\"x\"");
    server.check("get a", "nil");
    eval(&mut server, "return redis.call('get', 'a')", &["0"], "nil");
    server.check("select 3", "+OK");
    eval(&mut server, "return redis.call('get', 'a')", &["0"], "\"three\"");
    server.check("hset h f v", ":1");
    server.check("zadd z 1.5 m", ":1");
    eval(&mut server, "redis.setresp(3) return redis.call('hgetall', 'h')", &["0"], "{\"f\": \"v\"}");
    eval(&mut server, "return redis.call('hgetall', 'h')", &["0"], "[\"f\", \"v\"]");
    eval(&mut server, "return redis.call('zscore', 'z', 'm')", &["0"], "\"1.5\"");
    eval(&mut server, "redis.setresp(3) return redis.call('zscore', 'z', 'm')", &["0"], ",1.5");
    eval(&mut server, "redis.setresp(3) return redis.call('smembers', 'none')", &["0"], "<>");
    eval(&mut server, "redis.setresp(3) return redis.call('lpop', 'none', 2) == nil", &["0"], "#true");
    eval(&mut server, "return redis.call('lpop', 'none', 2) == false", &["0"], ":1");
    eval(
        &mut server,
        "redis.setresp(3) return {redis.call('get', 'none') == nil, redis.call('zadd', 'z', 'xx', 'incr', 1, 'none') == nil}",
        &["0"],
        "[#true, #true]",
    );
}

#[test]
fn a_script_is_one_of_the_commands_of_a_transaction() {
    let mut server = Fixture::new();
    server.check("multi", "+OK");
    server.check("set a 1", "+QUEUED");
    eval(&mut server, "return redis.call('incr', 'a')", &["0"], "+QUEUED");
    eval(&mut server, "return redis.call('nope')", &["0"], "+QUEUED");
    server.check("incr a", "+QUEUED");
    let shown = common::show(&server.run("exec"));
    assert!(shown.starts_with("[+OK, :2, -ERR Unknown Redis command called from script script: "), "{shown}");
    assert!(shown.ends_with(", :3]"), "{shown}");
    server.check("multi", "+OK");
    call(&mut server, "eval_ro", "return redis.call('get', 'a')", &["0"], "+QUEUED");
    server.check("exec", "[\"3\"]");
}

#[test]
fn an_error_is_counted_once() {
    let mut server = Fixture::new();
    let errors = |server: &mut Fixture, script: &str| {
        server.run_words(&[b"eval", script.as_bytes(), b"0"]);
        std::mem::take(&mut server.host.server.parts().errors)
    };
    assert_eq!(errors(&mut server, "return redis.call('nope')"), ["ERR"]);
    assert_eq!(errors(&mut server, "return redis.pcall('nope')"), ["ERR"]);
    assert_eq!(errors(&mut server, "redis.pcall('nope') return 1"), ["ERR"]);
    assert_eq!(
        errors(&mut server, "redis.call('lpush', 'l', 1) return redis.call('get', 'l')"),
        ["WRONGTYPE"]
    );
    assert_eq!(errors(&mut server, "return redis.error_reply('MINE it is')"), ["MINE"]);
    assert_eq!(errors(&mut server, "error({err='OWN one'})"), ["OWN"]);
    assert_eq!(errors(&mut server, "x x"), ["ERR"]);
}
