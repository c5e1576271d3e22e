//! A panic anywhere in a plugin becomes an error that names plugin and method, and the instance answers nothing else
//! from then on. That this process is alive to say so is the other half of the test.
#![allow(clippy::unwrap_used)]

mod harness;

use std::sync::{Arc, Mutex};

use dredis_contract::{
    Backend, Batch, DurabilityNeed, Error, ErrorKind, LogLevel, Logger, OptionValue, Scan,
};
use harness::{open, plugin, request};

fn panicking(at: &str) -> dredis_contract::Result<Arc<dyn Backend>> {
    open(&plugin("plugin_panicking"), &[("at", OptionValue::Text(at.to_owned()))])
}

fn check_message(error: &Error, method: &str, panic: &str) {
    assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
    let expected = format!("backend 'panicking' panicked in {method}: {panic}");
    assert!(error.message().starts_with(&expected), "{error}");
    assert_eq!(error.message().lines().count(), 1);
}

fn check_poisoned(backend: &dyn Backend, method: &str) {
    for error in [backend.sync().unwrap_err(), backend.view().map(|_| ()).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Poisoned);
        assert!(error.message().contains("takes no more calls"), "{error}");
        assert!(error.message().contains(&format!("panicked in {method}")), "{error}");
    }
}

/// Runs what is to panic, on an instance that panics there, and checks all that follows.
fn check(at: &str, method: &str, call: impl FnOnce(&dyn Backend) -> Option<Error>) {
    let backend = panicking(at).unwrap();
    let error = call(&*backend);
    let panic = if at.ends_with("payload") {
        "(a panic without a message)".to_owned()
    } else {
        format!("as told, in {at}")
    };
    if let Some(error) = error {
        check_message(&error, method, &panic);
    }
    check_poisoned(&*backend, method);
    // Other instances of the same plugin are none the worse.
    assert!(panicking("nowhere").unwrap().view().is_ok());
}

#[test]
fn opening() {
    check_message(&panicking("open").map(|_| ()).unwrap_err(), "open", "as told, in open");
    check_message(
        &panicking("capabilities").map(|_| ()).unwrap_err(),
        "capabilities",
        "as told, in capabilities",
    );
}

#[test]
fn methods_of_the_backend() {
    check("view", "view", |backend| backend.view().err());
    check("commit", "commit", |backend| backend.commit(&Batch::new(&[])).err());
    check("sync", "sync", |backend| backend.sync().err());
    check("need_durability", "need_durability", |backend| {
        backend.need_durability(DurabilityNeed::Relaxed).err()
    });
    check("checkpoint", "checkpoint", |backend| backend.checkpoint("x".as_ref()).err());
    check("compact", "compact", |backend| backend.compact(b"", None).err());
    check("approximate_size", "approximate_size", |backend| backend.approximate_size(b"", None).err());
    check("stats", "stats", |backend| {
        let stats = backend.stats();
        assert_eq!(stats[0].0, "stats_error");
        assert!(stats[0].1.contains("panicked in stats"), "{stats:?}");
        None
    });
}

#[test]
fn methods_of_views_and_cursors() {
    check("get", "get", |backend| backend.view().unwrap().get(b"k").map(|_| ()).err());
    check("get_many", "get_many", |backend| backend.view().unwrap().get_many(&[b"k"]).map(|_| ()).err());
    check("scan", "scan", |backend| backend.view().unwrap().scan(&Scan::all()).map(|_| ()).err());
    check("next", "the cursor's next", |backend| {
        let view = backend.view().unwrap();
        let mut cursor = view.scan(&Scan::all()).unwrap();
        let error = cursor.next().unwrap_err();
        // Asked again, the cursor is no wiser.
        assert_eq!(cursor.next().unwrap_err().kind(), ErrorKind::Poisoned);
        Some(error)
    });
    check("value", "get", |backend| backend.view().unwrap().get(b"k").map(|_| ()).err());
}

#[test]
fn drops() {
    check("drop of a view", "drop of a view", |backend| {
        drop(backend.view().unwrap());
        None
    });
    check("drop of a value", "drop of a value", |backend| {
        drop(backend.view().unwrap().get(b"k").unwrap());
        None
    });
    check("drop of a cursor", "drop of a cursor", |backend| {
        drop(backend.view().unwrap().scan(&Scan::all()).unwrap());
        None
    });
}

#[test]
fn a_payload_that_panics_when_dropped() {
    check("sync with a nasty payload", "sync", |backend| backend.sync().err());
    check("drop of a view with a nasty payload", "drop of a view", |backend| {
        drop(backend.view().unwrap());
        None
    });
}

#[test]
fn a_panic_while_closing_is_logged() {
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let sink = lines.clone();
    let mut request = request(&[("at", OptionValue::Text("drop".to_owned()))]);
    request.log = Logger::new(move |level, line| sink.lock().unwrap().push((level, line.to_owned())));
    drop(plugin("plugin_panicking").open(&request).unwrap());
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].0, LogLevel::Error);
    assert!(lines[0].1.contains("'panicking' panicked in drop: as told, in drop"), "{}", lines[0].1);
}

#[test]
fn views_of_a_poisoned_instance_can_still_be_dropped() {
    let backend = panicking("sync").unwrap();
    let view = backend.view().unwrap();
    let cursor = view.scan(&Scan::all()).unwrap();
    let value = view.get(b"k").unwrap();
    backend.sync().unwrap_err();
    assert_eq!(value.as_deref().map(<[u8]>::len), Some(1000));
    assert_eq!(view.get(b"k").map(|_| ()).unwrap_err().kind(), ErrorKind::Poisoned);
    drop(cursor);
    drop(value);
    drop(view);
    drop(backend);
}

#[test]
fn a_panic_in_the_hosts_log_stays_in_the_host() {
    let mut request = request(&[("at", OptionValue::Text("sync".to_owned()))]);
    request.log = Logger::new(|_, _| panic!("the log is broken"));
    let backend = plugin("plugin_panicking").open(&request).unwrap();
    assert_eq!(backend.sync().unwrap_err().kind(), ErrorKind::Poisoned);
}
