//! What goes through the boundary arrives unchanged, and what is made behind it is given back.
#![allow(clippy::unwrap_used)]

mod harness;

use std::path::Path;
use std::sync::{Arc, Mutex};

use dredis_contract::{
    Backend, Basis, Batch, Commit, Durability, DurabilityNeed, ErrorKind, Limits, LogLevel, Logger, Moment,
    Operation, OptionKind, OptionValue, Scan, Sharing, Value,
};
use harness::{open, plugin, request};

fn probing(options: &[(&str, OptionValue)]) -> Arc<dyn Backend> {
    open(&plugin("plugin_probing"), options).unwrap()
}

fn integer(value: i64) -> OptionValue {
    OptionValue::Integer(value)
}

/// The last thing noted under `name`.
fn stat(backend: &dyn Backend, name: &str) -> String {
    backend.stats().into_iter().rfind(|(candidate, _)| candidate == name).unwrap().1
}

fn count(backend: &dyn Backend, name: &str) -> i64 {
    stat(backend, name).parse().unwrap()
}

#[test]
fn the_schema_arrives() {
    let plugin = plugin("plugin_probing");
    let label = &plugin.options()[5];
    assert_eq!(label.name, "label");
    assert_eq!(label.kind, OptionKind::Text);
    assert_eq!(label.default, OptionValue::Text("none".to_owned()));
    assert_eq!(label.help, "a label");
    assert_eq!(plugin.options()[4].default, OptionValue::Float(0.5));
    assert_eq!(plugin.options()[2].default, OptionValue::Null);
}

#[test]
fn options_arrive_and_are_checked_before() {
    let backend = probing(&[
        ("flag", OptionValue::Bool(false)),
        ("share", OptionValue::Float(0.25)),
        ("label", OptionValue::Text("ü \0 x".to_owned())),
        ("records", integer(-3)),
        ("fail_at", OptionValue::Null),
    ]);
    assert_eq!(stat(&*backend, "options"), "fail_at=null flag=false label=\"ü \\0 x\" records=-3 share=0.25");

    let error = open(&plugin("plugin_probing"), &[("lable", integer(1))]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.message(), "backend 'probing': unknown option 'lable': did you mean 'label'?");
}

#[test]
fn a_refusal_to_open_arrives() {
    let refused = [("label", OptionValue::Text("refuse me".to_owned()))];
    let error = open(&plugin("plugin_probing"), &refused).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.message(), "label says to refuse; say something else");
}

#[test]
fn capabilities_and_errors_arrive() {
    let backend = probing(&[]);
    let capabilities = backend.capabilities();
    assert_eq!(capabilities.sharing, Sharing::Shared);
    assert_eq!(capabilities.durability, Durability::OnSync);
    assert!(capabilities.checkpoint && capabilities.cheap_range_delete);
    assert_eq!(capabilities.view_age_max_ms, 1);
    assert_eq!(
        capabilities.limits,
        Limits::NONE.with_key_bytes_max(2).with_value_bytes_max(3).with_batch_bytes_max(4)
    );
    let error = backend.sync().unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::NoSpace, "the disk is full; free some space"));
}

#[test]
fn batches_arrive_with_what_they_rest_on() {
    let backend = probing(&[]);
    let operations = [
        Operation::Delete { key: b"a" },
        Operation::Put { key: b"b", value: b"" },
        Operation::Put { key: b"c", value: b"3" },
        Operation::DeleteRange { start: b"d", end: b"e" },
    ];
    let batch = Batch::new(&operations);
    assert_eq!(backend.commit(&batch).unwrap(), Commit::Done);
    assert_eq!(stat(&*backend, "commit"), format!("{operations:?} None"));
    let views: Vec<_> = (0..3).map(|_| backend.view().unwrap()).collect();
    let moment = views[0].moment().unwrap();
    assert_eq!(moment, Moment(3));
    for (reads, end) in
        [(&[][..], Commit::Done), (&[&b"r"[..]], Commit::Conflict), (&[&b"r"[..], b""], Commit::Unknown)]
    {
        assert_eq!(backend.commit(&batch.resting_on(moment, reads)).unwrap(), end);
        let basis = Some(Basis { moment, reads });
        assert_eq!(stat(&*backend, "commit"), format!("{operations:?} {basis:?}"));
    }
}

#[test]
fn the_optional_powers_arrive() {
    let backend = probing(&[]);
    for need in [DurabilityNeed::EveryCommit, DurabilityNeed::Periodic, DurabilityNeed::Relaxed] {
        backend.need_durability(need).unwrap();
        assert_eq!(stat(&*backend, "need_durability"), format!("{need:?}"));
    }
    backend.checkpoint(Path::new("/copies/of ü")).unwrap();
    assert_eq!(stat(&*backend, "checkpoint"), "/copies/of ü");
    backend.compact(b"a", None).unwrap();
    assert_eq!(stat(&*backend, "compact"), "[97] None");
    backend.compact(b"", Some(b"b")).unwrap();
    assert_eq!(stat(&*backend, "compact"), "[] Some([98])");
    assert_eq!(backend.approximate_size(b"aaa", Some(b"bb")).unwrap(), Some(302));
    assert_eq!(backend.approximate_size(b"aaa", None).unwrap(), None);
}

#[test]
fn values_of_every_kind_and_size_arrive_and_are_given_back() {
    for size in [0, 1, 255, 256, 257, 100_000] {
        let backend = probing(&[("value_bytes", integer(size))]);
        let view = backend.view().unwrap();
        for (key, fill) in [("borrowed", b'b'), ("owned", b'o'), ("held", b'h')] {
            let value = view.get(key.as_bytes()).unwrap().unwrap();
            assert_eq!(*value, vec![fill; size as usize], "{key} of {size} bytes");
            assert_eq!(matches!(value, Value::Borrowed(_)), key == "borrowed");
            assert_eq!(value.into_vec().len(), size as usize);
        }
        assert!(view.get(b"absent").unwrap().is_none());
        let error = view.get(b"corrupt").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(count(&*backend, "values"), 0);
        assert_eq!(count(&*backend, "views"), 1);
        drop(view);
        assert_eq!(count(&*backend, "views"), 0);
    }
}

#[test]
fn a_held_value_lives_exactly_as_long_as_it_is_held() {
    let backend = probing(&[("value_bytes", integer(1000))]);
    let view = backend.view().unwrap();
    let value = view.get(b"held").unwrap();
    assert_eq!(count(&*backend, "values"), 1);
    // It may be dropped by another thread than the one that read it.
    std::thread::scope(|scope| scope.spawn(move || drop(value)).join().unwrap());
    assert_eq!(count(&*backend, "values"), 0);
}

#[test]
fn many_values_arrive_in_order() {
    let backend = probing(&[("value_bytes", integer(300))]);
    let view = backend.view().unwrap();
    let values = view.get_many(&[b"held", b"absent", b"owned", b"held", b"borrowed"]).unwrap();
    let firsts: Vec<Option<u8>> = values.iter().map(|value| value.as_ref().map(|value| value[0])).collect();
    assert_eq!(firsts, [Some(b'h'), None, Some(b'o'), Some(b'h'), Some(b'b')]);
    assert_eq!(count(&*backend, "values"), 2);
    drop(values);
    assert_eq!(count(&*backend, "values"), 0);
    assert!(view.get_many(&[]).unwrap().is_empty());
    // One that fails takes the others with it, and nothing is left behind.
    assert_eq!(view.get_many(&[b"held", b"corrupt"]).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(count(&*backend, "values"), 0);
}

#[test]
fn the_log_arrives_until_the_engine_is_gone() {
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let sink = lines.clone();
    let mut request = request(&[]);
    request.dir = "/data/here".into();
    request.log = Logger::new(move |level, line| sink.lock().unwrap().push((level, line.to_owned())));
    let backend = plugin("plugin_probing").open(&request).unwrap();
    drop(request);
    assert_eq!(Arc::strong_count(&lines), 2, "the plugin holds the log");
    drop(backend);
    let expected = [
        (LogLevel::Warning, "probing opens /data/here".to_owned()),
        (LogLevel::Debug, "probing closes".to_owned()),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
    assert_eq!(Arc::strong_count(&lines), 1, "the plugin gave the log back");
}

#[test]
fn a_refused_opening_gives_the_log_back() {
    let witness = Arc::new(());
    let held = witness.clone();
    let mut request = request(&[("label", OptionValue::Text("refuse me".to_owned()))]);
    request.log = Logger::new(move |_, _| {
        let _ = &held;
    });
    plugin("plugin_probing").open(&request).map(|_| ()).unwrap_err();
    drop(request);
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[test]
fn a_scan_asks_for_little_first() {
    let backend = probing(&[("records", integer(1_000_000))]);
    let view = backend.view().unwrap();
    let mut cursor = view.scan(&Scan::all()).unwrap();
    assert_eq!(count(&*backend, "steps"), 0, "an unused cursor reads nothing");
    cursor.next().unwrap().unwrap();
    assert!(count(&*backend, "steps") <= 16, "one record costs a few");
    drop(cursor);
    assert_eq!(count(&*backend, "cursors"), 0);

    let before = count(&*backend, "steps");
    let mut cursor = view.scan(&Scan::all().expecting(100).keys()).unwrap();
    assert_eq!(stat(&*backend, "scan"), "[] None Keys 100");
    for _ in 0..100 {
        assert!(cursor.next().unwrap().unwrap().value.is_empty());
    }
    assert_eq!(count(&*backend, "steps") - before, 100, "what is expected comes in one page, and no more");
}

#[test]
fn large_values_do_not_pile_up_in_a_page() {
    let backend = probing(&[("records", integer(1000)), ("value_bytes", integer(1_000_000))]);
    let view = backend.view().unwrap();
    let mut cursor = view.scan(&Scan::all().expecting(1000)).unwrap();
    assert_eq!(cursor.next().unwrap().unwrap().value.len(), 1_000_000);
    assert_eq!(count(&*backend, "steps"), 1);
}

#[test]
fn an_error_in_a_scan_comes_behind_the_records_before_it_and_stays() {
    for fail_at in [0, 1, 7, 8, 9, 40] {
        let backend = probing(&[("records", integer(100)), ("fail_at", integer(fail_at))]);
        let view = backend.view().unwrap();
        let mut cursor = view.scan(&Scan::all()).unwrap();
        for number in 0..fail_at {
            assert_eq!(cursor.next().unwrap().unwrap().key, (number as u32).to_be_bytes());
        }
        for _ in 0..3 {
            assert_eq!(cursor.next().unwrap_err().kind(), ErrorKind::Io);
        }
    }
}

#[test]
fn every_length_of_scan_ends_where_it_should() {
    // Around the sizes of pages: 8, 8 + 32, 8 + 32 + 128, and what 64 KiB hold.
    for records in [0, 1, 7, 8, 9, 39, 40, 41, 167, 168, 169, 20_000] {
        let backend = probing(&[("records", integer(records)), ("value_bytes", integer(20))]);
        let view = backend.view().unwrap();
        for reverse in [false, true] {
            let scan = if reverse { Scan::all().reverse() } else { Scan::all() };
            let mut cursor = view.scan(&scan).unwrap();
            for step in 0..records {
                let number = if reverse { records - 1 - step } else { step } as u32;
                let record = cursor.next().unwrap().unwrap();
                assert_eq!(record.key, number.to_be_bytes());
                assert_eq!(record.value, [number as u8; 20]);
            }
            assert_eq!(cursor.next().unwrap(), None);
            assert_eq!(cursor.next().unwrap(), None);
        }
    }
}
