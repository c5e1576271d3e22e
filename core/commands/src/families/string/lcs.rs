//! LCS: the longest common subsequence of two strings.

use dredis_data::{Entry, Kind, string};

use super::access::STRING_BYTES_MAX;
use crate::errors::{self, fixed};
use crate::numbers;
use crate::{Arguments, CommandError, CommandResult, Context, Reply};

const NOT_STRINGS: CommandError = fixed("ERR The specified keys must contain string values");
const LENGTH_AND_INDEXES: CommandError =
    fixed("ERR If you want both the length and indexes, please just use IDX.");
const TOO_LARGE: CommandError =
    fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");

/// The options of LCS.
#[derive(Default)]
struct Options {
    length_only: bool,
    indexes: bool,
    with_lengths: bool,
    /// Matches shorter than this are not told.
    match_bytes_min: i64,
}

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]`.
pub fn lcs(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let left = find(context, arguments[1])?;
    let right = find(context, arguments[2])?;
    let options = parse_options(&arguments[3..])?;
    let cells = (length(&left)? + 1) * (length(&right)? + 1);
    if cells * size_of::<u32>() as u64 > STRING_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    let (left, right) = (value(context, left)?, value(context, right)?);
    if options.length_only {
        return Ok(Reply::Integer(i64::from(common_length(&left, &right))));
    }
    let table = Table::new(&left, &right);
    if options.indexes {
        return Ok(indexes(&table, &options));
    }
    let mut common: Vec<u8> =
        table.matches().flat_map(|found| left[found.left()].iter().rev()).copied().collect();
    common.reverse();
    Ok(Reply::Bulk(common))
}

fn find<'t>(context: &'t Context<'_, '_>, key: &[u8]) -> Result<Option<Entry<'t>>, CommandError> {
    match context.txn.find(context.db(), key)? {
        Some(entry) if entry.kind() != Kind::String => Err(NOT_STRINGS),
        entry => Ok(entry),
    }
}

/// An absent string is empty.
fn length(entry: &Option<Entry<'_>>) -> Result<u64, CommandError> {
    Ok(entry.as_ref().map(string::length).transpose()?.unwrap_or(0))
}

fn value(context: &Context<'_, '_>, entry: Option<Entry<'_>>) -> Result<Vec<u8>, CommandError> {
    Ok(entry.map(|entry| context.txn.string_value(&entry)).transpose()?.unwrap_or_default())
}

fn parse_options(mut words: &[&[u8]]) -> Result<Options, CommandError> {
    let mut options = Options::default();
    while let [word, rest @ ..] = words {
        words = rest;
        if word.eq_ignore_ascii_case(b"IDX") {
            options.indexes = true;
        } else if word.eq_ignore_ascii_case(b"LEN") {
            options.length_only = true;
        } else if word.eq_ignore_ascii_case(b"WITHMATCHLEN") {
            options.with_lengths = true;
        } else if word.eq_ignore_ascii_case(b"MINMATCHLEN")
            && let [bytes, rest @ ..] = words
        {
            options.match_bytes_min = numbers::integer(bytes)?;
            words = rest;
        } else {
            return Err(errors::SYNTAX);
        }
    }
    if options.indexes && options.length_only {
        return Err(LENGTH_AND_INDEXES);
    }
    Ok(options)
}

fn indexes(table: &Table<'_>, options: &Options) -> Reply {
    let span =
        |start: usize, count: usize| Reply::Array(vec![Reply::count(start), Reply::count(start + count - 1)]);
    let mut matches = Vec::new();
    for found in table.matches().filter(|found| found.count as i64 >= options.match_bytes_min) {
        let mut told = vec![span(found.left_start, found.count), span(found.right_start, found.count)];
        if options.with_lengths {
            told.push(Reply::count(found.count));
        }
        matches.push(Reply::Array(told));
    }
    Reply::Map(vec![
        (Reply::Text("matches"), Reply::Array(matches)),
        (Reply::Text("len"), Reply::Integer(i64::from(table.length()))),
    ])
}

/// The length alone, for which one row of the table at a time is enough.
fn common_length(left: &[u8], right: &[u8]) -> u32 {
    let mut row = vec![0_u32; right.len() + 1];
    for l in left {
        let mut diagonal = 0;
        for (at, r) in right.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if l == r { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[right.len()]
}

/// For each pair of prefixes, the length of their longest common subsequence (Wagner and Fischer, 1974).
struct Table<'s> {
    left: &'s [u8],
    right: &'s [u8],
    lengths: Vec<u32>,
}

/// Bytes that follow each other in both strings, and belong to the common subsequence.
struct Match {
    left_start: usize,
    right_start: usize,
    count: usize,
}

impl Match {
    fn left(&self) -> std::ops::Range<usize> {
        self.left_start..self.left_start + self.count
    }
}

impl<'s> Table<'s> {
    fn new(left: &'s [u8], right: &'s [u8]) -> Self {
        let width = right.len() + 1;
        let mut lengths = vec![0_u32; (left.len() + 1) * width];
        for (l, left_byte) in left.iter().enumerate() {
            let (above, below) = lengths[l * width..].split_at_mut(width);
            for (r, right_byte) in right.iter().enumerate() {
                below[r + 1] =
                    if left_byte == right_byte { above[r] + 1 } else { above[r + 1].max(below[r]) };
            }
        }
        Table { left, right, lengths }
    }

    fn at(&self, left: usize, right: usize) -> u32 {
        self.lengths[left * (self.right.len() + 1) + right]
    }

    fn length(&self) -> u32 {
        self.at(self.left.len(), self.right.len())
    }

    /// The runs of matching bytes, the last one first. Of equally long ways Redis's is taken: it gives up a byte of
    /// the second string, unless the first one's loses less.
    fn matches(&self) -> impl Iterator<Item = Match> + '_ {
        let (mut l, mut r) = (self.left.len(), self.right.len());
        std::iter::from_fn(move || {
            while l > 0 && r > 0 && self.left[l - 1] != self.right[r - 1] {
                if self.at(l - 1, r) > self.at(l, r - 1) { l -= 1 } else { r -= 1 }
            }
            let mut count = 0;
            while l > 0 && r > 0 && self.left[l - 1] == self.right[r - 1] {
                (l, r, count) = (l - 1, r - 1, count + 1);
            }
            (count > 0).then_some(Match { left_start: l, right_start: r, count })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_alone_is_the_tables() {
        for (left, right) in [("ohmytext", "mynewtext"), ("", "a"), ("abcabc", "cba"), ("aaaa", "aa")] {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            let table = Table::new(left, right);
            assert_eq!(common_length(left, right), table.length());
            let told: usize = table.matches().map(|found| found.count).sum();
            assert_eq!(told, table.length() as usize);
        }
    }
}
