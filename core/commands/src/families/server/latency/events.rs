//! Latency events: LATEST, HISTORY, RESET, GRAPH, DOCTOR.

use std::fmt::Write as _;

use crate::{Arguments, CommandResult, Context, LatencyEvent, Reply, errors};

/// Widest graph, in samples.
const GRAPH_WIDTH: usize = 80;
/// Height of a graph's bars, in lines.
const GRAPH_HEIGHT: u64 = 4;

pub(crate) fn latest(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let events = context.host.measurements().latency_events();
    let described = events.iter().filter_map(|event| {
        let latest = event.samples.last()?;
        Some(Reply::Array(vec![
            Reply::Text(event.name),
            integer(latest.at_s),
            integer(latest.ms),
            integer(event.worst_ms),
        ]))
    });
    Ok(Reply::Array(described.collect()))
}

pub(crate) fn history(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let samples = find(context, arguments[2]).map(|event| event.samples).unwrap_or_default();
    let samples = samples.iter().map(|sample| Reply::Array(vec![integer(sample.at_s), integer(sample.ms)]));
    Ok(Reply::Array(samples.collect()))
}

pub(crate) fn reset(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    Ok(Reply::count(context.host.measurements().forget_latency_events(&arguments[2..])))
}

pub(crate) fn graph(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let Some(event) = find(context, arguments[2]) else {
        return Err(errors::quoting("ERR No samples available for event '", arguments[2], "'"));
    };
    let now_s = context.host.unix_time_us() / 1_000_000;
    Ok(Reply::Verbatim(*b"txt", drawn(&event, now_s).into_bytes()))
}

pub(crate) fn doctor(context: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let measurements = context.host.measurements();
    let threshold_ms = measurements.latency_threshold_ms();
    let report = if threshold_ms == 0 {
        "Latency is not watched. CONFIG SET latency-monitor-threshold <milliseconds> makes the server note what takes that long.\n"
            .to_owned()
    } else {
        diagnosis(&measurements.latency_events(), threshold_ms)
    };
    Ok(Reply::Verbatim(*b"txt", report.into_bytes()))
}

fn find(context: &Context<'_, '_>, name: &[u8]) -> Option<LatencyEvent> {
    let events = context.host.measurements().latency_events();
    events.into_iter().find(|event| event.name.as_bytes() == name)
}

fn integer(number: u64) -> Reply {
    Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Bars from left (oldest) to right, as high as their share of the range, and under each its age.
fn drawn(event: &LatencyEvent, now_s: u64) -> String {
    let shown = &event.samples[event.samples.len().saturating_sub(GRAPH_WIDTH)..];
    let high = shown.iter().map(|sample| sample.ms).max().unwrap_or(0);
    let low = shown.iter().map(|sample| sample.ms).min().unwrap_or(0);
    let mut text = format!(
        "{}: from {low} to {high} ms here, at worst {} ms ever\n{}\n",
        event.name,
        event.worst_ms,
        "-".repeat(GRAPH_WIDTH)
    );
    for row in (1..=GRAPH_HEIGHT).rev() {
        let bar = |ms: u64| {
            let height = if high == low { 1 } else { 1 + (ms - low) * (GRAPH_HEIGHT - 1) / (high - low) };
            if height >= row { '#' } else { ' ' }
        };
        text.extend(shown.iter().map(|sample| bar(sample.ms)));
        text.push('\n');
    }
    let ages: Vec<String> = shown.iter().map(|sample| age(now_s.saturating_sub(sample.at_s))).collect();
    for at in 0..ages.iter().map(String::len).max().unwrap_or(0) {
        text.extend(ages.iter().map(|age| age.as_bytes().get(at).map_or(' ', |byte| char::from(*byte))));
        text.push('\n');
    }
    text
}

/// A span of time in its largest unit.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn diagnosis(events: &[LatencyEvent], threshold_ms: u64) -> String {
    if events.is_empty() {
        return format!("Nothing has taken {threshold_ms} ms or more.\n");
    }
    let mut text = format!("These took {threshold_ms} ms or more:\n\n");
    for (number, event) in (1..).zip(events) {
        let count = event.samples.len() as u64;
        let mean = event.samples.iter().map(|sample| sample.ms).sum::<u64>() / count.max(1);
        writeln!(
            text,
            "{number}. {}: {count} samples, {mean} ms on average, {} ms at worst.",
            event.name, event.worst_ms
        )
        .expect("a string takes everything");
    }
    text.push_str(
        "\nSLOWLOG GET shows which requests took long. Requests that read many elements at once, and a backend whose \
         disk is slow to sync (appendfsync always), are the usual reasons.\n",
    );
    text
}
