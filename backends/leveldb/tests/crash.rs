//! A process that is killed between and during commits: what was acknowledged is there, and batches are whole.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dredis_plugin::{Backend, Batch, Operation, Scan};
use support::*;

const CHILD: &str = "DREDIS_TEST_COMMIT_UNTIL_KILLED";
const BATCH_RECORDS: u64 = 10;

fn key(batch: u64, record: u64) -> Vec<u8> {
    // Batches scatter over the key space, so that compactions have work.
    [batch.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(), record.to_be_bytes()].concat()
}

/// Commits batch after batch, each acknowledged by its number on the output, until killed.
fn commit_until_killed(dir: &Path) {
    let db = open_with(dir, &[("write_buffer_size", integer(65_536))]).unwrap();
    let mut output = std::io::stdout().lock();
    for batch in 0_u64.. {
        let value = [batch.to_be_bytes().as_slice(), &[b'.'; 90]].concat();
        let keys: Vec<Vec<u8>> = (0..BATCH_RECORDS).map(|record| key(batch, record)).collect();
        let operations: Vec<Operation<'_>> =
            keys.iter().map(|key| Operation::Put { key, value: &value }).collect();
        db.commit(&Batch::new(&operations)).unwrap();
        writeln!(output, "\nack {batch}").unwrap();
        output.flush().unwrap();
    }
}

#[test]
fn acknowledged_commits_survive_a_kill_and_batches_are_whole() {
    if let Ok(dir) = std::env::var(CHILD) {
        commit_until_killed(Path::new(&dir));
    }
    let mut random = Random::seeded("kill");
    for _round in 0..3 {
        let dir = TestDir::new("kill");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "acknowledged_commits_survive_a_kill_and_batches_are_whole"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledgements =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("ack ")?.parse::<u64>().ok());
        let kill_at = 500 + random.below(2500);
        let mut last = 0;
        for batch in acknowledgements {
            last = batch;
            if batch == kill_at {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(last >= kill_at, "the child ended by itself after batch {last}");

        let db = open(dir.path());
        let view = db.view().unwrap();
        for batch in 0..=last {
            for record in 0..BATCH_RECORDS {
                let value = get(&*view, &key(batch, record));
                assert!(
                    value.is_some_and(|value| value.starts_with(&batch.to_be_bytes())),
                    "batch {batch} is lost"
                );
            }
        }
        let records = collect(&*view, &Scan::all().keys()).len() as u64;
        assert_eq!(records % BATCH_RECORDS, 0, "a batch is torn");
        assert!(records <= (last + 2) * BATCH_RECORDS, "more than one unacknowledged batch");
    }
}
