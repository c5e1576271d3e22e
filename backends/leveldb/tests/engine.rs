//! What LevelDB does beyond what the conformance kit asks of every engine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::Path;

use dredis_plugin::{Backend, Batch, ErrorKind, Operation};
use support::*;

#[test]
fn an_empty_key_is_refused_with_all_of_its_batch() {
    let dir = TestDir::new("empty-key");
    let db = open(dir.path());
    let operations = [Operation::Put { key: b"good", value: b"" }, Operation::Put { key: b"", value: b"" }];
    let error = db.commit(&Batch::new(&operations)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_holds(&db, &Model::new());
}

#[test]
fn sizes_and_figures_follow_the_data() {
    let dir = TestDir::new("figures");
    let db = open_with(dir.path(), &[("compression", text("none"))]).unwrap();
    assert_eq!(db.approximate_size(&[], None).unwrap(), Some(0));
    for number in 0..2000_u32 {
        put(&db, &number.to_be_bytes(), &[5; 1000]).unwrap();
    }
    db.compact(&[], None).unwrap();
    let all = db.approximate_size(&[], None).unwrap().unwrap();
    assert!((1_800_000..2_500_000).contains(&all), "{all} bytes of 2 MB");
    let half = db.approximate_size(&[], Some(&1000_u32.to_be_bytes())).unwrap().unwrap();
    assert!((all * 4 / 10..all * 6 / 10).contains(&half), "{half} of {all} bytes");
    assert_eq!(db.approximate_size(b"x", Some(b"y")).unwrap(), Some(0));

    let stats = db.stats();
    let figure = |name: &str| -> f64 {
        let (_, value) = stats.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}"));
        value.parse().unwrap()
    };
    assert_eq!(figure("writes_failing"), 0.0);
    assert_eq!(figure("opened_anew"), 0.0);
    assert!(figure("tables_megabytes") >= 1.0);
    assert!(figure("compaction_written_megabytes") >= 1.0);
    assert!(figure("memory_bytes") > 0.0);
    let files: f64 = (0..7).map(|level| figure(&format!("level_{level}_files"))).sum();
    assert!(files >= 1.0);
}

/// What the loss of power leaves of a database in its first moments.
fn cut_off_creation(dir: &Path) {
    drop(open(dir));
    fs::write(dir.join("CURRENT"), "MANIFEST-000001\n").unwrap();
    fs::write(dir.join("MANIFEST-000001"), "").unwrap();
}

#[test]
fn a_creation_that_was_cut_off_begins_anew() {
    let dir = TestDir::new("created");
    cut_off_creation(dir.path());
    let db = open(dir.path());
    put(&db, b"key", b"value").unwrap();
    drop(db);
    assert_holds(&open(dir.path()), &Model::from([(b"key".to_vec(), b"value".to_vec())]));
}

#[test]
fn a_manifest_that_was_lost_beside_data_is_damage() {
    for file in ["000007.log", "000007.ldb"] {
        let dir = TestDir::new("damaged");
        cut_off_creation(dir.path());
        fs::write(dir.path().join(file), "data").unwrap();
        let error = open_with(dir.path(), &[]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert_eq!(fs::read(dir.path().join(file)).unwrap(), b"data");
    }
}
