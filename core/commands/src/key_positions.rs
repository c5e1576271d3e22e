//! Finds the keys of a request by the key specifications of its command.

use crate::command::{BeginSearch, FindKeys, KeySpec};
use crate::numbers::parse_integer;
use crate::{Arguments, Command};

/// A key of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPosition {
    /// Which argument it is.
    pub index: usize,
    /// What the command does to it, in Redis's words.
    pub flags: &'static [&'static str],
}

/// The request's specifications do not fit it: a count of keys that is no count, or goes beyond its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misplaced;

/// The keys of a request of this command, in the order of its specifications.
pub fn find(command: &Command, arguments: Arguments<'_>) -> Result<Vec<KeyPosition>, Misplaced> {
    let mut found = Vec::new();
    for spec in command.keys {
        if let Some(first) = first(spec, arguments) {
            follow(spec, first, arguments, &mut found)?;
        }
    }
    if let Some(other_keys) = command.other_keys {
        other_keys(arguments, &mut found);
    }
    if let Some(key_flags) = command.key_flags {
        let flags = key_flags(arguments);
        found.iter_mut().for_each(|key| key.flags = flags);
    }
    Ok(found)
}

/// Where a specification's first key is, if the request has it.
fn first(spec: &KeySpec, arguments: Arguments<'_>) -> Option<usize> {
    let first = match spec.begin {
        BeginSearch::Index(index) => usize::try_from(index).ok()?,
        BeginSearch::Keyword { word, start_from } => {
            let is_word = |index: &usize| arguments[*index].eq_ignore_ascii_case(word.as_bytes());
            let start = usize::try_from(start_from.unsigned_abs()).ok()?;
            let at = if start_from >= 0 {
                (start..arguments.len()).find(is_word)
            } else {
                (1..=arguments.len().checked_sub(start)?).rev().find(is_word)
            };
            at? + 1
        }
        BeginSearch::Unknown => return None,
    };
    (first < arguments.len()).then_some(first)
}

fn follow(
    spec: &KeySpec,
    first: usize,
    arguments: Arguments<'_>,
    found: &mut Vec<KeyPosition>,
) -> Result<(), Misplaced> {
    let (start, last, step) = match spec.find {
        FindKeys::Range { last, step, limit } => {
            let last = match usize::try_from(last) {
                Ok(last) => first + last,
                // From the end; -1 over the first of `limit` equal parts.
                Err(_) if last == -1 && limit > 1 => {
                    first + (arguments.len() - first) / limit.unsigned_abs() as usize - 1
                }
                Err(_) => arguments.len().checked_sub(last.unsigned_abs() as usize).ok_or(Misplaced)?,
            };
            (first, last, step)
        }
        FindKeys::Count { count_at, first: after, step } => {
            let at = |relative: i32| first.checked_add_signed(relative as isize).ok_or(Misplaced);
            let count =
                arguments.get(at(count_at)?).and_then(|count| parse_integer(count)).ok_or(Misplaced)?;
            let count = usize::try_from(count).map_err(|_| Misplaced)?;
            if count == 0 {
                return Ok(());
            }
            let start = at(after)?;
            let steps = (count - 1).checked_mul(step.unsigned_abs() as usize).ok_or(Misplaced)?;
            (start, start.checked_add(steps).ok_or(Misplaced)?, step)
        }
        FindKeys::Unknown => return Ok(()),
    };
    if last >= arguments.len() {
        return Err(Misplaced);
    }
    let step = step.unsigned_abs().max(1) as usize;
    found.extend((start..=last).step_by(step).map(|index| KeyPosition { index, flags: spec.flags }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexes(spec: KeySpec, request: &str) -> Result<Vec<usize>, Misplaced> {
        let words: Vec<&[u8]> = request.split_ascii_whitespace().map(str::as_bytes).collect();
        let specs: &'static [KeySpec] = Box::leak(Box::new([spec]));
        let command = Command { keys: specs, ..Command::BLANK };
        Ok(find(&command, &words)?.into_iter().map(|key| key.index).collect())
    }

    #[test]
    fn ranges_end_where_they_say() {
        assert_eq!(indexes(KeySpec::first(&[]), "get a"), Ok(vec![1]));
        assert_eq!(indexes(KeySpec::range(&[], 1, -1, 2), "mset a 1 b 2"), Ok(vec![1, 3]));
        assert_eq!(indexes(KeySpec::range(&[], 1, -2, 1), "blpop a b 0"), Ok(vec![1, 2]));
        assert_eq!(indexes(KeySpec::range(&[], 1, 1, 1), "x a"), Err(Misplaced));
    }

    #[test]
    fn counts_are_believed_as_far_as_the_request_goes() {
        let counted = |begin| KeySpec {
            begin,
            find: FindKeys::Count { count_at: 0, first: 1, step: 1 },
            ..KeySpec::first(&[])
        };
        let second = counted(BeginSearch::Index(2));
        assert_eq!(indexes(second, "eval s 2 a b c"), Ok(vec![3, 4]));
        assert_eq!(indexes(second, "eval s 0 a"), Ok(vec![]));
        assert_eq!(indexes(second, "eval s 3 a b"), Err(Misplaced));
        assert_eq!(indexes(second, "eval s -1 a b"), Err(Misplaced));
        assert_eq!(indexes(second, "eval s 9223372036854775807 a b"), Err(Misplaced));
        assert_eq!(indexes(second, "eval s x a b"), Err(Misplaced));
    }

    #[test]
    fn keywords_are_looked_for_from_either_end() {
        let after = |word, start_from, last, limit| KeySpec {
            begin: BeginSearch::Keyword { word, start_from },
            find: FindKeys::Range { last, step: 1, limit },
            ..KeySpec::first(&[])
        };
        assert_eq!(indexes(after("STREAMS", 1, -1, 2), "xread count 1 streams a b 0 0"), Ok(vec![4, 5]));
        assert_eq!(indexes(after("KEYS", -2, -1, 0), "migrate h p keys 0 1 KEYS a b"), Ok(vec![7, 8]));
        assert_eq!(indexes(after("KEYS", -2, -1, 0), "migrate h p k 0 1"), Ok(vec![]));
    }
}
