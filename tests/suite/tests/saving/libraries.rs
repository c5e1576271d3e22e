//! Libraries of functions in files: to Redis and from it, through `--rdb` and DEBUG RELOAD, and what they do to the version.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dredis_suite::normalise::agree;
use dredis_suite::{
    Backend, Client, RedisServer, Request, Server, Settings, TemporaryDirectory, on_durable_backends,
    on_every_backend, programs, request,
};

use crate::data::{check_same, digest, eventually, fill, loaded, refused};

on_every_backend!(functions_that_are_saved_load_in_redis, a_reload_keeps_functions);
on_durable_backends!(functions_that_redis_saved_load_here, a_bad_library_in_a_file_changes_nothing);

/// Libraries with one function and several, flags and descriptions, a long text that compresses, and bytes of all kinds.
fn libraries() -> Vec<Vec<u8>> {
    let long = "-- a comment that comes again and again\n".repeat(2000);
    vec![
        b"#!lua name=one\nredis.register_function('set', function(keys, args) \
          return redis.call('SET', keys[1], args[1]) end)"
            .to_vec(),
        format!("#!lua name=two\n{long}local count = 7\n\
             redis.register_function{{function_name='count', description='answers a number', \
             callback=function() return count end, flags={{'no-writes', 'allow-stale'}}}}\n\
             redis.register_function('twice', function(keys, args) return args[1] .. args[1] end)")
        .into_bytes(),
        b"#!lua name=three\n-- \xff\xfe \xc3\xa4 \x01\nredis.register_function('three', function() return {1, '2', 3.7, false} end)"
            .to_vec(),
    ]
}

const CALLS: [&str; 5] = [
    "FCALL set 1 called word",
    "FCALL_RO count 0",
    "FCALL twice 0 \"a\\x00b\"",
    "FCALL three 0",
    "FCALL_RO set 1 called no",
];

fn load_all(client: &mut Client) {
    for code in libraries() {
        let load: Request = vec![b"FUNCTION".to_vec(), b"LOAD".to_vec(), code];
        client.run(&[load]);
    }
}

/// Both list the same libraries, code and all, and answer calls alike.
#[track_caller]
fn check_same_functions(left: &mut Client, right: &mut Client, what: &str) {
    let list = request("FUNCTION LIST WITHCODE");
    let lists = [&mut *left, &mut *right].map(|client| client.call(&list).unwrap());
    assert_eq!(lists[0].value.elements().map(<[_]>::len), Some(libraries().len()), "{what}");
    assert!(agree(&list, &[], &lists[0], &lists[1], Duration::ZERO), "{what}: {lists:?}");
    for call in CALLS {
        let replies = [&mut *left, &mut *right].map(|client| client.ask(call));
        assert_eq!(replies[0], replies[1], "{what}: {call}");
        assert_eq!(replies[0].is_error(), call == CALLS[4], "{what}: {call}: {replies:?}");
    }
}

fn version(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap()[..9]).into_owned()
}

fn functions_that_are_saved_load_in_redis(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 51);
    client.check("CONFIG SET dbfilename f.rdb", "+OK");
    let file = server.data().join("f.rdb");
    client.check("SAVE", "+OK");
    assert_eq!(version(&file), "REDIS0007");
    load_all(&mut client);
    for (wanted, compression, written) in
        [(7, "no", "REDIS0010"), (9, "yes", "REDIS0010"), (10, "yes", "REDIS0010"), (11, "no", "REDIS0011")]
    {
        let settings = format!("CONFIG SET rdb-version {wanted} rdbcompression {compression}");
        client.check(&settings, "+OK");
        client.check("SAVE", "+OK");
        let what = format!("rdb-version {wanted}");
        assert_eq!(version(&file), written, "{what}");
        let again = loaded(backend, &file);
        assert_eq!(digest(&mut again.client()), digest(&mut client), "{what}");
        check_same_functions(&mut client, &mut again.client(), &what);
        client.check("DEL called", ":1");
        if written == "REDIS0011" {
            continue;
        }
        if let Some(program) = programs::on_path("redis-check-rdb") {
            let output = Command::new(program).arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("RDB looks OK"), "{what}: {said}");
        } else {
            programs::skip("redis-check-rdb", "there is none (Debian: redis-tools)");
        }
        let arguments = ["--dir", server.data().to_str().unwrap(), "--dbfilename", "f.rdb"];
        let Some(redis) = RedisServer::start_with_or_skip("functions in Redis", &arguments) else { return };
        check_same(redis.client(), server.client(), &what);
        check_same_functions(&mut client, &mut redis.client(), &what);
        client.check("DEL called", ":1");
    }
    client.check("CONFIG SET rdb-version 7", "+OK");
    client.check("FUNCTION FLUSH", "+OK");
    client.check("SAVE", "+OK");
    assert_eq!(version(&file), "REDIS0007", "without functions it is what was asked for again");
}

fn functions_that_redis_saved_load_here(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let path = directory.path().to_str().unwrap();
    for compression in ["yes", "no"] {
        let name = format!("{compression}.rdb");
        let arguments = ["--dir", path, "--dbfilename", &name, "--rdbcompression", compression];
        let Some(redis) = RedisServer::start_with_or_skip("functions of Redis", &arguments) else { return };
        let mut client = redis.client();
        fill(&mut client, 52);
        load_all(&mut client);
        client.check("SAVE", "+OK");
        let mut server = loaded(backend, &directory.join(&name));
        check_same(redis.client(), server.client(), compression);
        check_same_functions(&mut client, &mut server.client(), compression);
        // They are in the directory now: without the file, too.
        assert!(server.terminate().success());
        let kept = Server::with(&Settings::new(backend).data_in(server.data()));
        kept.client().check("FCALL twice 0 ab", "\"abab\"");
        assert_eq!(kept.info("number_of_libraries").as_deref(), Some("3"));
        // What is loaded in its place takes them away: an older file has none.
        kept.client().check("CONFIG SET dbfilename none.rdb", "+OK");
        kept.client().check("FUNCTION FLUSH", "+OK");
        kept.client().check("SAVE", "+OK");
        load_all(&mut kept.client());
        kept.client().check("DEBUG RELOAD NOSAVE", "+OK");
        kept.client().check("FUNCTION LIST", "[]");
        kept.client().check("FCALL twice 0 ab", "-ERR Function not found");
    }
}

fn a_reload_keeps_functions(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 53);
    load_all(&mut client);
    let whole = digest(&mut client);
    let list = client.ask("FUNCTION LIST WITHCODE");
    for _ in 0..2 {
        client.check("DEBUG RELOAD", "+OK");
        assert_eq!(digest(&mut client), whole);
        assert_eq!(client.ask("FUNCTION LIST WITHCODE"), list);
    }
    client.check("FCALL three 0", "[:1, \"2\", :3, $-1]");
    client.check("FCALL set 1 called word", "+OK");
    // From the last save: what was loaded since is gone, and what was removed is back.
    client.check("CONFIG SET dbfilename f.rdb", "+OK");
    client.check("BGSAVE", "+Background saving started");
    eventually("the end of BGSAVE", || server.info("rdb_bgsave_in_progress").as_deref() == Some("0"));
    client.check("FUNCTION DELETE two", "+OK");
    client.run(&[vec![
        b"FUNCTION".to_vec(),
        b"LOAD".to_vec(),
        b"#!lua name=new\nredis.register_function('new', function() return 1 end)".to_vec(),
    ]]);
    client.check("DEBUG RELOAD NOSAVE", "+OK");
    assert_eq!(client.ask("FUNCTION LIST WITHCODE"), list);
    client.check("FCALL new 0", "-ERR Function not found");
    client.check("FCALL twice 0 x", "\"xx\"");
    client.check("GET called", "\"word\"");
    if backend != Backend::Memory {
        server.restart();
        assert_eq!(server.client().ask("FUNCTION LIST WITHCODE"), list);
    }
}

/// Code that does not run, or a function of another library's name: refused as a whole.
fn a_bad_library_in_a_file_changes_nothing(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let file = directory.join("bad.rdb");
    let good = "#!lua name=good\nredis.register_function('good', function() return 1 end)";
    let same = good.replace("name=good", "name=other");
    for (code, words) in [
        ("#!lua name=bad\nthis is no Lua", "its functions cannot be loaded: ERR Error compiling function"),
        ("#!lua name=bad\nerror('oh')", "its functions cannot be loaded: ERR Error registering functions"),
        ("#!lua name=bad\nlocal x = 1", "its functions cannot be loaded: ERR No functions registered"),
        ("#!python name=bad\n", "its functions cannot be loaded: ERR Engine 'python' not found"),
        (&same, "its functions cannot be loaded: ERR Function good already exists"),
        ("#!lua name=bad\nwhile true do end", "its functions cannot be loaded: ERR"),
    ] {
        let mut bytes = b"REDIS0010".to_vec();
        for code in [good, code] {
            bytes.push(0xf5);
            bytes.extend_from_slice(&[0x40 | (code.len() >> 8) as u8, code.len() as u8]);
            bytes.extend_from_slice(code.as_bytes());
        }
        bytes.extend_from_slice(b"\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0");
        fs::write(&file, bytes).unwrap();
        let data = directory.join("data");
        let (said, code) = refused(backend, &data, &["--rdb", file.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("dredis: --rdb: cannot load") && last.contains(words), "{words}: {said}");
        assert!(!data.exists(), "{words}: a directory is left");
    }
}
