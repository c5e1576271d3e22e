//! COMMAND and COMMAND INFO: arity, flags, keys, categories.

use crate::command::{BeginSearch, FindKeys, KeySpec};
use crate::{Arguments, Command, CommandId, CommandResult, Context, Registry, Reply, categories};

pub(super) fn all(_: &mut Context<'_, '_>, _: Arguments<'_>) -> CommandResult {
    let commands = Registry::get().top_level();
    Ok(Reply::Array(commands.map(|(id, _)| describe(id)).collect()))
}

pub(super) fn info(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let [_, _, names @ ..] = arguments else { return all(context, arguments) };
    if names.is_empty() {
        return all(context, arguments);
    }
    let named = names.iter().map(|name| super::find(name).map_or(Reply::Null, describe));
    Ok(Reply::Array(named.collect()))
}

fn describe(id: CommandId) -> Reply {
    let registry = Registry::get();
    let entry = registry.entry(id);
    let command = entry.command;
    let range = LegacyRange::of(command.keys);
    let status = |text: &'static str| Reply::Status(text.into());
    // Redis gives categories with their @.
    let category = |name: &'static str| Reply::Status(format!("@{name}").into());
    Reply::Array(vec![
        Reply::Text(&entry.full_name),
        Reply::Integer(command.arity.into()),
        Reply::Set(command.flags.names().map(status).collect()),
        Reply::Integer(range.first.into()),
        Reply::Integer(range.last.into()),
        Reply::Integer(range.step.into()),
        Reply::Set(categories::categories(command).map(category).collect()),
        Reply::Set(command.tips.iter().map(|tip| Reply::Text(tip)).collect()),
        Reply::Set(command.keys.iter().map(key_spec).collect()),
        match command.subcommands {
            // Redis answers a set here if there are none, and only then.
            [] => Reply::Set(Vec::new()),
            _ => Reply::Array(subcommands(id, command).map(describe).collect()),
        },
    ])
}

/// Places of a command's subcommands: they stand right after it.
pub(super) fn subcommands(id: CommandId, command: &Command) -> impl Iterator<Item = CommandId> {
    id + 1..=id + command.subcommands.len()
}

fn key_spec(spec: &KeySpec) -> Reply {
    let begin = match spec.begin {
        BeginSearch::Index(index) => typed("index", vec![("index", index.into())]),
        BeginSearch::Keyword { word, start_from } => Reply::Map(vec![
            (Reply::Text("type"), Reply::Text("keyword")),
            (
                Reply::Text("spec"),
                Reply::Map(vec![
                    (Reply::Text("keyword"), Reply::Text(word)),
                    (Reply::Text("startfrom"), Reply::Integer(start_from.into())),
                ]),
            ),
        ]),
        BeginSearch::Unknown => typed("unknown", Vec::new()),
    };
    let find = match spec.find {
        FindKeys::Range { last, step, limit } => {
            typed("range", vec![("lastkey", last.into()), ("keystep", step.into()), ("limit", limit.into())])
        }
        FindKeys::Count { count_at, first, step } => typed(
            "keynum",
            vec![("keynumidx", count_at.into()), ("firstkey", first.into()), ("keystep", step.into())],
        ),
        FindKeys::Unknown => typed("unknown", Vec::new()),
    };
    let flags = spec.flags.iter().map(|flag| Reply::Status((*flag).into())).collect();
    Reply::Map(vec![
        (Reply::Text("flags"), Reply::Set(flags)),
        (Reply::Text("begin_search"), begin),
        (Reply::Text("find_keys"), find),
    ])
}

fn typed(kind: &'static str, numbers: Vec<(&'static str, i64)>) -> Reply {
    let numbers = numbers.into_iter().map(|(name, number)| (Reply::Text(name), Reply::Integer(number)));
    Reply::Map(vec![
        (Reply::Text("type"), Reply::Text(kind)),
        (Reply::Text("spec"), Reply::Map(numbers.collect())),
    ])
}

/// Where keys stand, as it was told before there were key specifications: from the first to the last, every
/// so many arguments. Zeros where that cannot be said so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LegacyRange {
    first: i32,
    last: i32,
    step: i32,
}

impl LegacyRange {
    /// One range is taken as it is; several only as far as they follow upon each other without a gap.
    fn of(specs: &[KeySpec]) -> LegacyRange {
        let ranges = specs.iter().filter_map(|spec| match (spec.begin, spec.find) {
            (BeginSearch::Index(first), FindKeys::Range { last, step, .. }) => {
                let last = if last >= 0 { first + last } else { last };
                Some(LegacyRange { first, last, step })
            }
            _ => None,
        });
        let mut joined: Option<LegacyRange> = None;
        for range in ranges {
            joined = match joined {
                None if range.step == 1 || specs.len() == 1 => Some(range),
                Some(before) if range.step == 1 && before.last == range.first - 1 => {
                    Some(LegacyRange { last: range.last, ..before })
                }
                _ => return LegacyRange::default(),
            };
        }
        joined.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(specs: &[KeySpec]) -> (i32, i32, i32) {
        let LegacyRange { first, last, step } = LegacyRange::of(specs);
        (first, last, step)
    }

    #[test]
    fn ranges_that_follow_upon_each_other_are_one() {
        let source = KeySpec::range(&[], 1, 0, 1);
        let destination = KeySpec::range(&[], 2, 0, 1);
        assert_eq!(range(&[]), (0, 0, 0));
        assert_eq!(range(&[KeySpec::range(&[], 1, -1, 2)]), (1, -1, 2));
        assert_eq!(range(&[source, destination]), (1, 2, 1));
        assert_eq!(range(&[source, KeySpec::range(&[], 2, -1, 1)]), (1, -1, 1));
        assert_eq!(range(&[source, KeySpec::range(&[], 3, 0, 1)]), (0, 0, 0));
        let counted =
            KeySpec { find: FindKeys::Count { count_at: 0, first: 1, step: 1 }, ..KeySpec::first(&[]) };
        assert_eq!(range(&[counted]), (0, 0, 0));
        assert_eq!(range(&[source, KeySpec { begin: BeginSearch::Index(2), ..counted }]), (1, 1, 1));
    }
}
