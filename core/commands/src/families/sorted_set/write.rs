//! Members added, counted up and removed.

use super::{access, number};
use crate::errors::{self, CommandError, fixed};
use crate::{Arguments, CommandResult, Context, Reply};

const NX_WITH_XX: CommandError = fixed("ERR XX and NX options at the same time are not compatible");
const GT_WITH_LT_OR_NX: CommandError =
    fixed("ERR GT, LT, and/or NX options at the same time are not compatible");
const SEVERAL_INCREMENTS: CommandError = fixed("ERR INCR option supports a single increment-element pair");
const NO_NUMBER: CommandError = fixed("ERR resulting score is not a number (NaN)");

/// ZADD's options.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    ch: bool,
    incr: bool,
}

/// What became of one member.
enum Outcome {
    /// An option forbade it.
    Refused,
    Added(f64),
    Changed(f64),
    Same(f64),
}

/// `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]`.
pub fn zadd(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let (options, pairs) = parse_options(&arguments[2..]);
    if pairs.is_empty() || pairs.len() % 2 != 0 {
        return Err(errors::SYNTAX);
    }
    if options.nx && options.xx {
        return Err(NX_WITH_XX);
    }
    if [options.nx, options.gt, options.lt].into_iter().filter(|is_given| *is_given).count() > 1 {
        return Err(GT_WITH_LT_OR_NX);
    }
    if options.incr && pairs.len() > 2 {
        return Err(SEVERAL_INCREMENTS);
    }
    add(context, arguments[1], options, pairs)
}

/// `ZINCRBY key increment member`.
pub fn zincrby(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let options = Options { incr: true, ..Options::default() };
    add(context, arguments[1], options, &arguments[2..])
}

/// `ZREM key member [member ...]`.
pub fn zrem(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let key = arguments[1];
    let Some(stored) = access::load(context, key)? else { return Ok(Reply::Integer(0)) };
    let mut editor = access::edit(context, key, Some(stored))?;
    let removed = editor.remove_all(context.txn, &arguments[2..])?;
    editor.finish(context.txn)?;
    Ok(Reply::Integer(removed as i64))
}

fn parse_options<'w, 'a>(mut words: &'w [&'a [u8]]) -> (Options, &'w [&'a [u8]]) {
    let mut options = Options::default();
    while let [word, rest @ ..] = words {
        let known = [
            ("NX", &mut options.nx),
            ("XX", &mut options.xx),
            ("GT", &mut options.gt),
            ("LT", &mut options.lt),
            ("CH", &mut options.ch),
            ("INCR", &mut options.incr),
        ];
        let option = known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let Some((_, option)) = option else { break };
        *option = true;
        words = rest;
    }
    (options, words)
}

fn add(context: &mut Context<'_, '_>, key: &[u8], options: Options, pairs: &[&[u8]]) -> CommandResult {
    let (mut scores, mut members) = (Vec::new(), Vec::new());
    for pair in pairs.chunks_exact(2) {
        scores.push(number::score(pair[0])?);
        members.push(pair[1]);
    }
    let stored = access::load(context, key)?;
    if stored.is_none() && options.xx {
        return Ok(if options.incr { Reply::Null } else { Reply::Integer(0) });
    }
    let mut editor = access::edit(context, key, stored)?;
    let (mut added, mut changed, mut last) = (0, 0, None);
    editor.set_each(context.txn, &members, |at, before| {
        let outcome = decide(options, scores[at], before)?;
        match outcome {
            Outcome::Refused => {}
            Outcome::Same(score) => last = Some(score),
            Outcome::Added(score) => (added, last) = (added + 1, Some(score)),
            Outcome::Changed(score) => (changed, last) = (changed + 1, Some(score)),
        }
        Ok::<_, CommandError>(outcome.new_score())
    })?;
    editor.finish(context.txn)?;
    if options.incr {
        return Ok(last.map_or(Reply::Null, Reply::Double));
    }
    Ok(Reply::Integer(if options.ch { added + changed } else { added }))
}

/// What becomes of a member that has the score `before`, if it is there.
fn decide(options: Options, score: f64, before: Option<f64>) -> Result<Outcome, CommandError> {
    let Some(before) = before else {
        return Ok(if options.xx { Outcome::Refused } else { Outcome::Added(score) });
    };
    if options.nx {
        return Ok(Outcome::Refused);
    }
    let score = if options.incr { before + score } else { score };
    // Only an increment can get there, and it comes alone: nothing has been written yet.
    if score.is_nan() {
        return Err(NO_NUMBER);
    }
    if (options.gt && score <= before) || (options.lt && score >= before) {
        return Ok(Outcome::Refused);
    }
    Ok(if score == before { Outcome::Same(score) } else { Outcome::Changed(score) })
}

impl Outcome {
    /// The score to write, if one is to be written.
    fn new_score(&self) -> Option<f64> {
        match *self {
            Outcome::Added(score) | Outcome::Changed(score) => Some(score),
            Outcome::Refused | Outcome::Same(_) => None,
        }
    }
}
