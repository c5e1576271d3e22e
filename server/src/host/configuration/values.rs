//! What the values of parameters look like, with Redis's words for those that do not.

use crate::units::memory;
use std::ops::RangeInclusive;

use super::{OUTPUT_CLASSES, OutputLimit};

/// An integer within a range.
pub(super) fn integer(text: &[u8], range: &RangeInclusive<i64>) -> Result<i64, String> {
    let value = parsed(text).ok_or("argument couldn't be parsed into an integer")?;
    within(value, range)
}

/// A number of bytes within a range: digits, and perhaps a unit.
pub(super) fn bytes(text: &[u8], range: &RangeInclusive<i64>) -> Result<i64, String> {
    let value = memory(text).ok_or("argument must be a memory value")?;
    within(value, range)
}

/// Yes or no.
pub(super) fn boolean(text: &[u8]) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err("argument must be 'yes' or 'no'".to_owned()),
    }
}

/// What the word that `text` is stands for.
pub(super) fn choice<T: Copy>(text: &[u8], words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(text));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("argument(s) must be one of the following: {}", words.join(", "))
    })
}

/// Percentages.
pub(super) fn percentiles(text: &[u8]) -> Result<Vec<f64>, String> {
    let refused = || "argument(s) must be numbers from 0 to 100".to_owned();
    let text = std::str::from_utf8(text).map_err(|_| refused())?;
    let parse =
        |word: &str| word.parse().ok().filter(|value| (0.0..=100.0).contains(value)).ok_or_else(refused);
    text.split_ascii_whitespace().map(parse).collect()
}

/// Limits of classes of clients: four words for each class that changes.
pub(super) fn output_limits(text: &[u8], before: [OutputLimit; 3]) -> Result<[OutputLimit; 3], String> {
    let mut limits = before;
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
    }
    for group in words.chunks(4) {
        let class = OUTPUT_CLASSES.iter().position(|(name, _)| {
            name.as_bytes().eq_ignore_ascii_case(group[0])
                || (*name == "slave" && group[0].eq_ignore_ascii_case(b"replica"))
        });
        let class = class.ok_or("Invalid client class specified in buffer limit configuration.")?;
        let numbers = (memory(group[1]), memory(group[2]), parsed(group[3]));
        let (Some(hard), Some(soft), Some(seconds @ 0..)) = numbers else {
            return Err(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.".to_owned()
            );
        };
        limits[class] =
            OutputLimit { hard_bytes: hard as u64, soft_bytes: soft as u64, soft_s: seconds as u64 };
    }
    Ok(limits)
}

fn parsed(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn within(value: i64, range: &RangeInclusive<i64>) -> Result<i64, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("argument must be between {} and {} inclusive", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_limits_change_one_class_and_keep_the_others() {
        let before = OUTPUT_CLASSES.map(|(_, limit)| limit);
        let after = output_limits(b"normal 1mb 512kb 10", before).expect("it is well formed");
        assert_eq!(after[0], OutputLimit { hard_bytes: 1 << 20, soft_bytes: 1 << 19, soft_s: 10 });
        assert_eq!(after[1..], before[1..]);
        assert!(output_limits(b"normal 1 2", before).is_err());
        assert!(output_limits(b"other 1 2 3", before).is_err());
    }
}
