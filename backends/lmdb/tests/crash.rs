//! What `kill -9` in the middle of commits leaves behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::*;

const KEYS_PER_BATCH: u32 = 50;

fn key(batch: u32, index: u32) -> Vec<u8> {
    // Spread over the tree, so that a batch touches many pages.
    let mixed = (batch * KEYS_PER_BATCH + index).wrapping_mul(0x9E37_79B1);
    [mixed.to_be_bytes(), batch.to_be_bytes(), index.to_be_bytes()].concat()
}

/// Runs in the child: commits numbered batches, and says each number once its commit has returned.
fn commit_for_ever(dir: &Path, first: u32) {
    use std::io::Write;
    let lmdb = open(dir);
    let mut out = std::io::stdout().lock();
    for batch in first.. {
        let mut keys: Vec<_> = (0..KEYS_PER_BATCH).map(|index| key(batch, index)).collect();
        keys.sort();
        let value = vec![batch as u8; 200];
        let mut puts: Vec<_> = keys.iter().map(|key| put(key, &value)).collect();
        let number = batch.to_be_bytes();
        puts.push(put(b"\xff\xff\xff\xff\xfflast", &number));
        puts.sort_by(|left, right| match (left, right) {
            (
                dredis_plugin::Operation::Put { key: left, .. },
                dredis_plugin::Operation::Put { key: right, .. },
            ) => left.cmp(right),
            _ => unreachable!("only puts"),
        });
        commit(&lmdb, &puts).unwrap();
        writeln!(out, "\ncommitted {batch}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn acknowledged_commits_survive_a_kill_and_batches_are_whole() {
    if let Ok(dir) = std::env::var("DREDIS_LMDB_CRASH") {
        let first = std::env::var("DREDIS_LMDB_FIRST").unwrap().parse().unwrap();
        commit_for_ever(Path::new(&dir), first);
        return;
    }
    let dir = Dir::new();
    let mut random = Random::from_environment();
    let mut first = 0;
    for _ in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "acknowledged_commits_survive_a_kill_and_batches_are_whole", "--nocapture"])
            .env("DREDIS_LMDB_CRASH", dir.path())
            .env("DREDIS_LMDB_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let enough = first + 50 + random.below(1000) as u32;
        let mut acknowledged = None;
        let mut killed = false;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(number) = line.unwrap().strip_prefix("committed ") {
                acknowledged = Some(number.parse::<u32>().unwrap());
            }
            if !killed && acknowledged >= Some(enough) {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        let acknowledged = acknowledged.expect("the child committed something");
        assert!(killed && acknowledged >= enough);

        let lmdb = open(dir.path());
        let last = get(&lmdb, b"\xff\xff\xff\xff\xfflast").unwrap();
        let last = u32::from_be_bytes(last.try_into().unwrap());
        assert!(last >= acknowledged, "batch {acknowledged} was acknowledged, {last} is there");
        let view = dredis_plugin::Backend::view(&lmdb).unwrap();
        for batch in 0..=last + 1 {
            for index in 0..KEYS_PER_BATCH {
                let found = view.get(&key(batch, index)).unwrap();
                assert_eq!(found.is_some(), batch <= last, "batch {batch}, record {index}, last {last}");
                assert!(found.is_none_or(|value| *value == vec![batch as u8; 200]));
            }
        }
        first = last + 1;
    }
}
