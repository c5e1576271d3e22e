//! Files to and from a real redis-server, compared by DEBUG DIGEST, which is the same in both.

use std::process::Command;

use dredis_suite::{Backend, RedisServer, Server, on_every_backend, programs};

use crate::data::{check_same, digest, files, fill, loaded};

on_every_backend!(what_is_saved_loads_in_redis, what_redis_saved_loads_here, fixtures_load_as_in_redis);

fn what_is_saved_loads_in_redis(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    fill(&mut client, 11);
    let whole = digest(&mut client);
    for (version, compression) in [(7, "no"), (7, "yes"), (9, "no"), (10, "yes"), (11, "yes")] {
        let name = format!("v{version}{compression}.rdb");
        client.check(
            &format!("CONFIG SET rdb-version {version} rdbcompression {compression} dbfilename {name}"),
            "+OK",
        );
        client.check("SAVE", "+OK");
        let file = server.data().join(&name);
        // Its own files it reads itself, whatever the version.
        let again = loaded(backend, &file);
        assert_eq!(digest(&mut again.client()), whole, "{name}");
        if version == 11 {
            // Redis 7.0 does not know it yet.
            continue;
        }
        if let Some(program) = programs::on_path("redis-check-rdb") {
            let output = Command::new(program).arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("RDB looks OK"), "{name}: {said}");
        } else {
            programs::skip("redis-check-rdb", "there is none (Debian: redis-tools)");
        }
        let arguments = ["--dir", server.data().to_str().unwrap(), "--dbfilename", &name];
        let Some(redis) = RedisServer::start_with_or_skip("files in Redis", &arguments) else { return };
        check_same(redis.client(), server.client(), &name);
    }
    client.check("CONFIG SET rdbchecksum no dbfilename unchecked.rdb rdb-version 7", "+OK");
    client.check("SAVE", "+OK");
    assert_eq!(digest(&mut loaded(backend, &server.data().join("unchecked.rdb")).client()), whole);
}

fn what_redis_saved_loads_here(backend: Backend) {
    let directory = dredis_suite::TemporaryDirectory::new();
    let path = directory.path().to_str().unwrap();
    for (number, settings) in [
        &["--rdbcompression", "no"][..],
        &["--rdbcompression", "yes", "--rdbchecksum", "no"],
        &[
            "--hash-max-listpack-entries",
            "2",
            "--list-max-listpack-size",
            "3",
            "--set-max-intset-entries",
            "9",
        ],
        &["--zset-max-listpack-value", "2", "--list-compress-depth", "1", "--list-max-listpack-size", "-1"],
    ]
    .iter()
    .enumerate()
    {
        let name = format!("redis{number}.rdb");
        let arguments = [&["--dir", path, "--dbfilename", &name], *settings].concat();
        let Some(redis) = RedisServer::start_with_or_skip("files of Redis", &arguments) else { return };
        let mut client = redis.client();
        fill(&mut client, 12 + number as u64);
        client.check("SAVE", "+OK");
        let server = loaded(backend, &directory.join(&name));
        check_same(redis.client(), server.client(), &name);
        assert_eq!(server.client().ask("PEXPIRETIME s1"), client.ask("PEXPIRETIME s1"));
    }
}

/// Files of many versions of Redis lie with the tests of the reader.
fn fixtures_load_as_in_redis(backend: Backend) {
    let fixtures = files(&programs::repository().join("core/data/tests/fixtures/rdb"), ".rdb");
    assert!(fixtures.len() > 10, "only {} fixtures were found", fixtures.len());
    let mut compared = 0;
    for file in fixtures {
        let server = loaded(backend, &file);
        let arguments = [
            "--dir",
            file.parent().unwrap().to_str().unwrap(),
            "--dbfilename",
            file.file_name().unwrap().to_str().unwrap(),
        ];
        let Some(redis) = RedisServer::start_with_or_skip("fixtures in Redis", &arguments) else { return };
        check_same(redis.client(), server.client(), &file.display().to_string());
        compared += 1;
    }
    assert!(compared > 10, "only {compared} were compared");
}
