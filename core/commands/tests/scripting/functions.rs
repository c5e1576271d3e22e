//! FUNCTION and FCALL.

use super::call;
use super::common::{Fixture, show};

const LIBRARY: &str = "#!lua name=mylib\n\
    redis.register_function('f1', function(keys, args) return args[1] end)\n\
    redis.register_function{function_name='f2', callback=function(keys, args) return redis.call('set', keys[1], args[1]) end, \
    description='desc', flags={'no-writes'}}\n";

/// Runs FUNCTION LOAD.
fn load(server: &mut Fixture, code: &str, expected: &str) {
    server.check_words(&[b"function", b"load", code.as_bytes()], expected);
}

#[test]
fn functions_are_called_by_name() {
    let mut server = Fixture::new();
    server.check("fcall f1 0", "-ERR Function not found");
    server.check("fcall nope x", "-ERR Function not found");
    load(&mut server, LIBRARY, "\"mylib\"");
    server.check("fcall f1 0 x", "\"x\"");
    server.check("fcall F1 0 x", "\"x\"");
    server.check("fcall f1 x", "-ERR Bad number of keys provided");
    server.check("fcall f1 -1", "-ERR Number of keys can't be negative");
    server.check("fcall f1 3 x", "-ERR Number of keys can't be greater than number of args");
    server.check("fcall_ro f1 0 x", "-ERR Can not execute a script with write flag using *_ro command.");
    let refusal =
        "-ERR Write commands are not allowed from read-only scripts. script: f2, on @user_function:3.";
    server.check("fcall_ro f2 1 k x", refusal);
    server.check("fcall f2 1 k x", refusal);
    server.host.is_readonly = true;
    server.check("fcall f1 0 x", "-READONLY You can not run script with write flag on readonly replica.");
    server.check("function flush", "-READONLY You can't write against a read only replica.");
}

#[test]
fn libraries_are_listed_and_removed() {
    let mut server = Fixture::new();
    load(&mut server, LIBRARY, "\"mylib\"");
    let library = "\"library_name\": \"mylib\", \"engine\": \"LUA\", \"functions\": [{\"name\": \"f1\", \"description\": \
                   nil, \"flags\": <>}, {\"name\": \"f2\", \"description\": \"desc\", \"flags\": <+no-writes>}]";
    server.check("function list", &format!("[{{{library}}}]"));
    server.check("function list libraryname MY*", &format!("[{{{library}}}]"));
    server.check("function list libraryname x*", "[]");
    let with_code = show(&server.run("function list withcode libraryname *"));
    assert!(with_code.contains("\"library_code\": \"#!lua name=mylib\\n"), "{with_code}");
    server.check("function list foo", "-ERR Unknown argument foo");
    server.check("function list libraryname", "-ERR library name argument was not given");
    server.check("function list withcode withcode", "-ERR Unknown argument withcode");
    server.check(
        "function stats",
        "{\"running_script\": nil, \"engines\": {\"LUA\": {\"libraries_count\": :1, \"functions_count\": :2}}}",
    );
    server.check("flushall", "+OK");
    server.check("fcall f1 0 kept", "\"kept\"");
    server.check("function delete MYLIB", "-ERR Library not found");
    server.check("function delete mylib", "+OK");
    server.check("function delete mylib", "-ERR Library not found");
    server.check("fcall f1 0 x", "-ERR Function not found");
    server.check("function flush foo", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    server.check(
        "function flush sync x",
        "-ERR unknown subcommand or wrong number of arguments for 'flush'. Try FUNCTION HELP.",
    );
    server.check("function flush sync", "+OK");
    server.check("function list", "[]");
    server.check("function foo", "-ERR unknown subcommand 'foo'. Try FUNCTION HELP.");
    server.check("function kill", "-NOTBUSY No scripts in execution right now.");
}

#[test]
fn what_is_wrong_with_a_library_is_said_as_in_redis() {
    let mut server = Fixture::new();
    load(&mut server, LIBRARY, "\"mylib\"");
    load(&mut server, LIBRARY, "-ERR Library 'mylib' already exists");
    server.check_words(&[b"function", b"load", b"replace", LIBRARY.as_bytes()], "\"mylib\"");
    server.check_words(&[b"function", b"load", b"foo", LIBRARY.as_bytes()], "-ERR Unknown option given: foo");
    server.check_words(&[b"function", b"load", b"a\nb\r\n", b"x"], "-ERR Unknown option given: a b");
    for (code, expected) in [
        ("return 1", "Missing library metadata"),
        ("#!", "Invalid library metadata"),
        ("#!lua name=", "Invalid library metadata"),
        ("#!lua\nx", "Library name was not given"),
        ("#!lua name=x flags=x\n", "Invalid metadata value given: flags=x"),
        ("#!js name=x\n", "Engine 'js' not found"),
        (
            "#!lua name=bad-name\n",
            "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
        ),
        ("#!lua name=empty\n", "No functions registered"),
        ("#!lua name=other\nredis.register_function('F1', function() end)", "Function F1 already exists"),
        ("#!lua name=x\nx x", "Error compiling function: user_function:2: '=' expected near 'x'"),
        (
            "#!lua name=x\nredis.call('get', 'x')",
            "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable \
             'call'",
        ),
    ] {
        load(&mut server, code, &format!("-ERR {expected}"));
    }
    server.check("function list libraryname x", "[]");
    server.check("fcall f1 0 still", "\"still\"");
}

#[test]
fn libraries_survive_a_restart_and_nothing_else_does() {
    let mut server = Fixture::new();
    load(&mut server, LIBRARY, "\"mylib\"");
    load(
        &mut server,
        "#!lua name=other\nredis.register_function('other', function() return 'old' end)",
        "\"other\"",
    );
    server.check_words(
        &[
            b"function",
            b"load",
            b"replace",
            b"#!lua name=other\nredis.register_function('other', function() return 'new' end)",
        ],
        "\"other\"",
    );
    server.check("function delete mylib", "+OK");
    let mut again = Fixture::on(server.backend.clone());
    again.check("fcall other 0", "\"new\"");
    again.check("fcall f1 0 x", "-ERR Function not found");
    again.check("function flush", "+OK");
    assert_eq!(again.backend.count(0x03), 0);
    Fixture::on(again.backend.clone()).check("function list", "[]");
}

#[test]
fn a_library_that_is_loaded_again_begins_anew() {
    let mut server = Fixture::new();
    let code = "#!lua name=l\nlocal count = 0
                redis.register_function('count', function() count = count + 1 return count end)";
    load(&mut server, code, "\"l\"");
    server.check("fcall count 0", ":1");
    server.check("fcall count 0", ":2");
    server.check_words(&[b"function", b"load", b"replace", code.as_bytes()], "\"l\"");
    server.check("fcall count 0", ":1");
    server.check("function flush", "+OK");
    load(&mut server, code, "\"l\"");
    server.check("fcall count 0", ":1");
}

/// A fold that is given up takes its libraries with it.
#[test]
fn what_was_not_committed_was_never_loaded() {
    let mut server = Fixture::new();
    let code = b"#!lua name=l\nredis.register_function('f', function() return 1 end)";
    {
        let mut txn = dredis_data::Transaction::writable(&server.store, &mut server.writer, &server.host, 0);
        let mut context = dredis_commands::Context {
            txn: &mut txn,
            session: &mut server.session,
            host: &server.host,
            random: &mut server.random,
            busy: None,
        };
        let mut run = |words: &[&[u8]]| {
            show(&dredis_commands::execute(&mut context, words).expect("the map never fails"))
        };
        assert_eq!(run(&[b"function", b"load", code]), "\"l\"");
        assert_eq!(run(&[b"fcall", b"f", b"0"]), ":1", "what comes after in the same turn sees it");
        drop(txn);
    }
    server.check("fcall f 0", "-ERR Function not found");
    assert_eq!(server.backend.count(0x03), 0);
    server.check_words(&[b"function", b"load", code], "\"l\"");
    server.check("fcall f 0", ":1");
}

#[test]
fn payloads_are_restored_by_policy() {
    let mut server = Fixture::new();
    load(&mut server, LIBRARY, "\"mylib\"");
    let dredis_commands::Reply::Bulk(payload) = server.run("function dump") else {
        panic!("a text was expected")
    };
    let restore = |server: &mut Fixture, policy: &[&[u8]], expected: &str| {
        let mut words: Vec<&[u8]> = vec![b"function", b"restore", &payload];
        words.extend(policy);
        server.check_words(&words, expected);
    };
    restore(&mut server, &[], "-ERR Library mylib already exists");
    restore(&mut server, &[b"append"], "-ERR Library mylib already exists");
    restore(&mut server, &[b"replace"], "+OK");
    restore(&mut server, &[b"flush"], "+OK");
    restore(
        &mut server,
        &[b"foo"],
        "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
    );
    restore(
        &mut server,
        &[b"flush", b"x"],
        "-ERR unknown subcommand or wrong number of arguments for 'restore'. Try FUNCTION HELP.",
    );
    server.check("function delete mylib", "+OK");
    restore(&mut server, &[], "+OK");
    server.check("fcall f1 0 restored", "\"restored\"");
    server.check("function delete mylib", "+OK");
    load(
        &mut server,
        "#!lua name=other\nredis.register_function('f1', function() return 1 end)",
        "\"other\"",
    );
    restore(&mut server, &[], "-ERR Function f1 already exists");
    restore(&mut server, &[b"replace"], "-ERR Function f1 already exists");
    server.check("fcall f1 0", ":1");
    restore(&mut server, &[b"flush"], "+OK");
    server.check("function list libraryname other", "[]");
    server.check("function restore x", "-ERR DUMP payload version or checksum are wrong");
    call(&mut server, "fcall", "f1", &["0", "x"], "\"x\"");
}
