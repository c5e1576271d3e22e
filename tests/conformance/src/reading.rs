//! Reading an engine and comparing what it shows with what it should.

use dredis_contract::{Backend, Direction, Projection, Scan, View};

use crate::bytes::{show, show_option};
use crate::changes::{Model, Records, expected};
use crate::check::{During, Ending, Proof, ensure};

/// The value of a key, copied.
pub(crate) fn get(view: &dyn View, key: &[u8]) -> Result<Option<Vec<u8>>, Ending> {
    let value = view.get(key).during(format_args!("reading {}", show(key)))?;
    Ok(value.map(|value| value.to_vec()))
}

/// Checks the value of one key.
pub(crate) fn expect_value(view: &dyn View, key: &[u8], value: Option<&[u8]>) -> Proof {
    let found = get(view, key)?;
    ensure!(
        found.as_deref() == value,
        "key {} holds {}, not {}",
        show(key),
        show_option(found.as_deref()),
        show_option(value)
    );
    Ok(())
}

/// Everything that a scan brings. The end of a cursor has to stay its end.
pub(crate) fn collect(view: &dyn View, scan: &Scan<'_>) -> Result<Records, Ending> {
    let mut cursor = view.scan(scan).during("beginning a scan")?;
    let mut records = Vec::new();
    while let Some(record) = cursor.next().during("going on with a scan")? {
        records.push((record.key.to_vec(), record.value.to_vec()));
    }
    for _ in 0..2 {
        let again = cursor.next().during("asking on at the end of a scan")?;
        ensure!(again.is_none(), "a cursor that was at its end goes on with {}", show_key(again));
    }
    Ok(records)
}

fn show_key(record: Option<dredis_contract::Record<'_>>) -> String {
    show_option(record.map(|record| record.key))
}

/// Checks one scan against the model.
pub(crate) fn expect_scan(view: &dyn View, model: &Model, scan: &Scan<'_>) -> Proof {
    let found = collect(view, scan).during(describe(scan))?;
    let expected = expected(model, scan);
    match first_difference(&found, &expected) {
        None => Ok(()),
        Some(difference) => Err(Ending::failed(format!("{}: {difference}", describe(scan)))),
    }
}

/// Checks everything that a view shows, both ways and key by key.
pub(crate) fn expect_model(view: &dyn View, model: &Model) -> Proof {
    expect_scan(view, model, &Scan::all())?;
    expect_scan(view, model, &Scan::all().reverse())?;
    expect_scan(view, model, &Scan::all().keys())?;
    // Of many keys, some hundred spread evenly will do.
    let step = model.len() / 200 + 1;
    for (key, value) in model.iter().step_by(step) {
        expect_value(view, key, Some(value))?;
    }
    Ok(())
}

/// The same for a view of everything committed.
pub(crate) fn expect_now(backend: &dyn Backend, model: &Model) -> Proof {
    let view = backend.view().during("taking a view")?;
    expect_model(&*view, model)
}

/// Where two lists of records differ first.
pub(crate) fn first_difference(found: &Records, expected: &Records) -> Option<String> {
    let at = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let at = match at {
        Some(at) => at,
        None if found.len() == expected.len() => return None,
        None => found.len().min(expected.len()),
    };
    let line = |records: &Records| match records.get(at) {
        Some((key, value)) => format!("{} = {}", show(key), show(value)),
        None => "the end".to_owned(),
    };
    Some(format!(
        "record {at} is {}, not {} ({} records, not {})",
        line(found),
        line(expected),
        found.len(),
        expected.len()
    ))
}

/// A scan in words.
pub(crate) fn describe(scan: &Scan<'_>) -> String {
    format!(
        "scan of {}..{}{}{}{}",
        if scan.start.is_empty() { String::new() } else { show(scan.start) },
        scan.end.map_or_else(String::new, show),
        if scan.direction == Direction::Reverse { ", reverse" } else { "" },
        if scan.projection == Projection::Keys { ", keys only" } else { "" },
        if scan.expected > 0 { format!(", expecting {}", scan.expected) } else { String::new() },
    )
}
