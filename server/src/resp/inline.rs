//! Inline requests: a line of words, with quotes and escapes as Redis reads them (`sdssplitargs`).

use super::requests::Span;

/// The line ends inside quotes, or something stands right after a closing quote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnbalancedQuotes;

/// Appends the words of `line` to `text`, resolved, and where each of them stands there to `spans`.
pub(super) fn split(line: &[u8], text: &mut Vec<u8>, spans: &mut Vec<Span>) -> Result<(), UnbalancedQuotes> {
    let mut rest = line;
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() {
            return Ok(());
        }
        let start = text.len();
        rest = word(rest, text)?;
        spans.push(Span { start, end: text.len() });
    }
}

/// Reads one word and returns what follows it. A quote may begin in the middle of a word; its end ends the word.
fn word<'l>(line: &'l [u8], text: &mut Vec<u8>) -> Result<&'l [u8], UnbalancedQuotes> {
    let mut rest = line;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            // Fewer than the blanks between words: Redis lets a vertical tab stand inside an unquoted one.
            b' ' | b'\n' | b'\r' | b'\t' => return Ok(rest),
            b'"' => return end_of_word(double_quoted(after, text)?),
            b'\'' => return end_of_word(single_quoted(after, text)?),
            _ => text.push(*byte),
        }
        rest = after;
    }
    Ok(rest)
}

fn double_quoted<'l>(line: &'l [u8], text: &mut Vec<u8>) -> Result<&'l [u8], UnbalancedQuotes> {
    let mut rest = line;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                text.push(hex_digit(*high) << 4 | hex_digit(*low));
                after
            }
            [b'\\', escaped, after @ ..] => {
                text.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                after
            }
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
            [] => return Err(UnbalancedQuotes),
        }
    }
}

fn single_quoted<'l>(line: &'l [u8], text: &mut Vec<u8>) -> Result<&'l [u8], UnbalancedQuotes> {
    let mut rest = line;
    loop {
        rest = match rest {
            [b'\'', after @ ..] => return Ok(after),
            [b'\\', b'\'', after @ ..] => {
                text.push(b'\'');
                after
            }
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
            [] => return Err(UnbalancedQuotes),
        }
    }
}

fn end_of_word(rest: &[u8]) -> Result<&[u8], UnbalancedQuotes> {
    match rest.first() {
        Some(byte) if !is_blank(*byte) => Err(UnbalancedQuotes),
        _ => Ok(rest),
    }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
    &line[blanks..]
}

/// C's `isspace`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// The value of an ASCII hexadecimal digit.
fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
