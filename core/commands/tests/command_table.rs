//! COMMAND: what the server tells of its own commands. Compared with a real Redis in the end-to-end tests.

mod common;

use common::{Fixture, show};
use dredis_commands::{Registry, Reply};

#[test]
fn info_is_that_of_redis() {
    let mut server = Fixture::new();
    server.check(
        "command info SET",
        "[[\"set\", :-3, <+write, +denyoom>, :1, :1, :1, <+@write, +@string, +@slow>, <>, <{\"flags\": <+RW, +access, \
         +update, +variable_flags>, \"begin_search\": {\"type\": \"index\", \"spec\": {\"index\": :1}}, \"find_keys\": \
         {\"type\": \"range\", \"spec\": {\"lastkey\": :0, \"keystep\": :1, \"limit\": :0}}}>, <>]]",
    );
    server.check(
        "command info shutdown",
        "[[\"shutdown\", :-1, <+admin, +noscript, +loading, +stale, +no_multi, +allow_busy>, :0, :0, :0, <+@admin, \
         +@slow, +@dangerous>, <>, <>, <>]]",
    );
    server.check(
        "command info config|GET foo config|foo",
        "[[\"config|get\", :-3, <+admin, +noscript, +loading, +stale>, :0, :0, :0, <+@admin, +@slow, +@dangerous>, \
         <>, <>, <>], nil, nil]",
    );
    server.check("command foo", "-ERR unknown subcommand 'foo'. Try COMMAND HELP.");
}

#[test]
fn all_and_count_agree() {
    let mut server = Fixture::new();
    let (Reply::Array(all), Reply::Array(info), Reply::Integer(count)) =
        (server.run("command"), server.run("command info"), server.run("command count"))
    else {
        panic!("arrays and a number were expected");
    };
    assert_eq!(all, info);
    assert_eq!(i64::try_from(all.len()), Ok(count));
}

#[test]
fn docs_show_the_grammar() {
    let mut server = Fixture::new();
    let docs = show(&server.run("command docs client|pause foo"));
    for part in [
        "{\"client|pause\": {\"summary\": ",
        "\"since\": \"2.9.50\", \"group\": \"connection\", \"complexity\": \"O(1)\", \"history\": <[\"6.2.0\", ",
        "\"arguments\": [{\"name\": \"timeout\", \"type\": \"integer\"}, {\"name\": \"mode\", \"type\": \"oneof\", \
         \"since\": \"6.2.0\", \"flags\": <+optional>, \"arguments\": [{\"name\": \"write\", \"type\": \"pure-token\", \
         \"token\": \"WRITE\"}, ",
    ] {
        assert!(docs.contains(part), "{part} is not in {docs}");
    }
    server.check("command docs foo", "{}");
    assert!(show(&server.run("command docs debug")).contains("\"doc_flags\": <+syscmd>"));
}

#[test]
fn every_row_is_filled_in() {
    let mut names = std::collections::HashSet::new();
    for entry in Registry::get().commands() {
        let command = entry.command;
        assert!(names.insert(&entry.full_name), "{} stands there twice", entry.full_name);
        assert!(!command.summary.is_empty(), "{} has no summary", entry.full_name);
        for argument in command.arguments {
            if let Some(spec) = argument.key_spec {
                assert!(usize::from(spec) < command.keys.len(), "{}: {}", entry.full_name, argument.name);
            }
        }
    }
}

#[test]
fn list_filters() {
    let mut server = Fixture::new();
    server.check("command list filterby pattern GETR*", "[\"getrange\"]");
    server.check("command list filterby pattern dbsiz?", "[\"dbsize\"]");
    server.check("command list filterby module foo", "[]");
    server.check("command list filterby aclcat nonsense", "[]");
    let transaction = show(&server.run("command list filterby aclcat TRANSACTION"));
    assert_eq!(transaction, "[\"multi\", \"exec\", \"discard\", \"watch\", \"unwatch\"]");
    for bad in ["filterby foo", "filterby foo bar", "filterby aclcat string foo", "foo"] {
        server.check(&format!("command list {bad}"), "-ERR syntax error");
    }
    let Reply::Array(names) = server.run("command list") else { panic!("an array was expected") };
    assert_eq!(names.len(), Registry::get().commands().len());
}

#[test]
fn getkeys_finds_keys() {
    let mut server = Fixture::new();
    server.check("command getkeys mset a 1 b 2", "[\"a\", \"b\"]");
    server.check("command getkeys memory usage foo", "[\"foo\"]");
    server.check(
        "command getkeysandflags rename a b",
        "[[\"a\", <+RW, +access, +delete>], [\"b\", <+OW, +update>]]",
    );
    server.check("command getkeysandflags set a b", "[[\"a\", <+OW, +update>]]");
    server.check("command getkeysandflags set a b nx get", "[[\"a\", <+RW, +access, +update>]]");
    server.check("command getkeys foo bar", "-ERR Invalid command specified");
    server.check("command getkeys config foo bar", "-ERR Invalid command specified");
    server.check("command getkeys get a b", "-ERR Invalid number of arguments specified for command");
    server.check("command getkeys ping a", "-ERR The command has no key arguments");
    server.check("command getkeys get", "-ERR wrong number of arguments for 'command|getkeys' command");
}

#[test]
fn a_word_that_no_text_is_is_no_command() {
    let mut server = Fixture::new();
    server.check_words(&[b"command", b"info", b"\xff\xfe", b"config|\xff"], "[nil, nil]");
    server.check_words(&[b"command", b"docs", b"\xff"], "{}");
}
