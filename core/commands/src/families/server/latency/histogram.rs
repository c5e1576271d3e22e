//! LATENCY HISTOGRAM.

use crate::{Arguments, CommandId, CommandResult, Context, Registry, Reply};

pub(crate) fn histogram(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let registry = Registry::get();
    let ids: Vec<CommandId> = match &arguments[2..] {
        [] => (0..registry.commands().len()).collect(),
        names => names.iter().flat_map(|name| with_subcommands(name)).collect(),
    };
    let told = ids.into_iter().filter_map(|id| {
        let (calls, distribution) = context.host.measurements().latency_distribution(id)?;
        Some((Reply::Text(&registry.entry(id).full_name), described(calls, distribution)))
    });
    Ok(Reply::Map(told.collect()))
}

/// A command, and its subcommands if it is a container. Names that are no command's are passed over.
fn with_subcommands(name: &[u8]) -> Vec<CommandId> {
    let Some(id) = crate::families::server::command::find(name) else { return Vec::new() };
    let subcommands = Registry::get().entry(id).command.subcommands.len();
    (id..=id + subcommands).collect()
}

fn described(calls: u64, distribution: Vec<(u64, u64)>) -> Reply {
    let integer = |number: u64| Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let counts = distribution.into_iter().map(|(micros, count)| (integer(micros), integer(count)));
    Reply::Map(vec![
        (Reply::Text("calls"), integer(calls)),
        (Reply::Text("histogram_usec"), Reply::Map(counts.collect())),
    ])
}
