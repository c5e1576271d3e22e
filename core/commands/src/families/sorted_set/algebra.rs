//! Unions, intersections and differences, of sets and of sorted sets.

use dredis_data::sorted_set::{Aggregate, Algebra, Combination, SortedSetBuilder, Source};

use super::access::{self, Scores};
use super::number;
use crate::errors::{self, CommandError, fixed};
use crate::numbers;
use crate::{Arguments, CommandResult, Context, Reply};

const NO_WEIGHT: CommandError = fixed("ERR weight value is not a float");

/// What a command of this family is asked to do with its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Answer,
    Store,
    Count,
}

/// What follows the keys.
struct Options {
    weights: Vec<f64>,
    aggregate: Aggregate,
    scores: Scores,
    /// For counting; 0 for none.
    limit: u64,
}

/// `ZUNION numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`.
pub fn zunion(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, Combination::Union, "zunion")
}

/// `ZINTER numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`.
pub fn zinter(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, Combination::Intersection, "zinter")
}

/// `ZDIFF numkeys key [key ...] [WITHSCORES]`.
pub fn zdiff(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    answer(context, arguments, Combination::Difference, "zdiff")
}

/// `ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]`.
pub fn zunionstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, Combination::Union, "zunionstore")
}

/// `ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]`.
pub fn zinterstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, Combination::Intersection, "zinterstore")
}

/// `ZDIFFSTORE destination numkeys key [key ...]`.
pub fn zdiffstore(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    store(context, arguments, Combination::Difference, "zdiffstore")
}

/// `ZINTERCARD numkeys key [key ...] [LIMIT limit]`.
pub fn zintercard(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let combination = Combination::Intersection;
    let (mut algebra, options) =
        prepare(context, &arguments[1..], combination, Purpose::Count, "zintercard")?;
    let mut count = 0;
    loop {
        let found = algebra.next(context.txn)?.len() as u64;
        count += found;
        if found == 0 || (options.limit > 0 && count >= options.limit) {
            break;
        }
    }
    let count = if options.limit > 0 { count.min(options.limit) } else { count };
    Ok(Reply::Integer(count as i64))
}

fn answer(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    combination: Combination,
    name: &str,
) -> CommandResult {
    let (algebra, options) = prepare(context, &arguments[1..], combination, Purpose::Answer, name)?;
    let members = algebra.sorted(context.txn)?;
    Ok(access::list(members, options.scores, context.session.protocol))
}

fn store(
    context: &mut Context<'_, '_>,
    arguments: Arguments<'_>,
    combination: Combination,
    name: &str,
) -> CommandResult {
    let (mut algebra, _) = prepare(context, &arguments[2..], combination, Purpose::Store, name)?;
    let mut builder = SortedSetBuilder::new(context.host.packed_limits());
    loop {
        let found = algebra.next(context.txn)?;
        if found.is_empty() {
            break;
        }
        for member in found {
            builder.add(context.txn, member)?;
        }
    }
    let place = (context.db(), arguments[1]);
    let old = context.txn.find_for_write(place.0, place.1)?;
    let count = builder.finish(context.txn, place, old)?;
    Ok(Reply::Integer(count as i64))
}

/// Reads everything from the count of keys on, and looks the keys up before what follows them is read, as Redis does.
fn prepare(
    context: &Context<'_, '_>,
    words: &[&[u8]],
    combination: Combination,
    purpose: Purpose,
    name: &str,
) -> Result<(Algebra, Options), CommandError> {
    let count = numbers::integer(words[0])?;
    if count < 1 {
        return Err(CommandError::reply(format!("ERR at least 1 input key is needed for '{name}' command")));
    }
    let split = usize::try_from(count).ok().and_then(|count| words[1..].split_at_checked(count));
    let (keys, rest) = split.ok_or(errors::SYNTAX)?;
    let mut sources = Vec::with_capacity(keys.len());
    for key in keys {
        sources.push(match context.txn.find(context.db(), key)? {
            Some(entry) => Source::open(context.txn, &entry)?.ok_or(errors::WRONG_TYPE)?,
            None => Source::empty(),
        });
    }
    let options = parse_options(rest, keys.len(), combination, purpose)?;
    let sources = sources.into_iter().zip(options.weights.iter().copied()).collect();
    Ok((Algebra::new(sources, combination, options.aggregate), options))
}

fn parse_options(
    mut words: &[&[u8]],
    key_count: usize,
    combination: Combination,
    purpose: Purpose,
) -> Result<Options, CommandError> {
    let mut options = Options {
        weights: vec![1.0; key_count],
        aggregate: Aggregate::Sum,
        scores: Scores::Hidden,
        limit: 0,
    };
    let is_weighted = combination != Combination::Difference && purpose != Purpose::Count;
    while let [word, rest @ ..] = words {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        words = if is_weighted
            && is("WEIGHTS")
            && let Some((weights, rest)) = rest.split_at_checked(key_count)
        {
            for (weight, argument) in options.weights.iter_mut().zip(weights) {
                *weight = number::parse_score(argument).ok_or(NO_WEIGHT)?;
            }
            rest
        } else if is_weighted
            && is("AGGREGATE")
            && let [aggregate, rest @ ..] = rest
        {
            options.aggregate = parse_aggregate(aggregate)?;
            rest
        } else if purpose == Purpose::Answer && is("WITHSCORES") {
            options.scores = Scores::Shown;
            rest
        } else if purpose == Purpose::Count
            && is("LIMIT")
            && let [limit, rest @ ..] = rest
        {
            let limit = numbers::parse_integer(limit).and_then(|limit| u64::try_from(limit).ok());
            options.limit = limit.ok_or(errors::LIMIT_NEGATIVE)?;
            rest
        } else {
            return Err(errors::SYNTAX);
        };
    }
    Ok(options)
}

fn parse_aggregate(word: &[u8]) -> Result<Aggregate, CommandError> {
    let known = [("SUM", Aggregate::Sum), ("MIN", Aggregate::Min), ("MAX", Aggregate::Max)];
    let found = known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, aggregate)| aggregate).ok_or(errors::SYNTAX)
}
