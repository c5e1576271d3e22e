//! Glob patterns, bit for bit as Redis matches them (`stringmatchlen` in its `util.c`), slips included: a
//! bracket that is never closed ends with the pattern, a star alone does not match the empty string, and a
//! range compares bytes as signed numbers. A match costs at most the product of both lengths.

/// Whether letters of both cases are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    Sensitive,
    /// They are the same, for ASCII letters.
    Insensitive,
}

/// Whether all of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if pattern.is_empty() || text.is_empty() {
        return pattern.is_empty() && text.is_empty();
    }
    let mut pattern_at = 0;
    let mut text_at = 0;
    // After the last star: what follows it, and where in the text that is tried. An earlier star never has to
    // be tried again, because the part between the two has been matched as early as it can be.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = &pattern[pattern_at..];
        let step = match rest.first() {
            Some(b'*') => {
                let after = pattern_at + stars(rest);
                if after == pattern.len() {
                    return true;
                }
                retry = Some((after, text_at));
                pattern_at = after;
                continue;
            }
            Some(_) => element(rest, text[text_at], case),
            None => None,
        };
        if let Some(width) = step {
            pattern_at += width;
            text_at += 1;
            if text_at < text.len() {
                continue;
            }
            if pattern_at + stars(&pattern[pattern_at..]) == pattern.len() {
                return true;
            }
        }
        let Some((after, tried)) = retry else { return false };
        if tried + 1 == text.len() {
            return false;
        }
        retry = Some((after, tried + 1));
        pattern_at = after;
        text_at = tried + 1;
    }
}

/// How many stars `pattern` begins with.
fn stars(pattern: &[u8]) -> usize {
    pattern.iter().take_while(|byte| **byte == b'*').count()
}

/// Matches one byte with the element (anything but a star) that `pattern` begins with, and gives the element's
/// width.
fn element(pattern: &[u8], byte: u8, case: Case) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', ..] => {
            let (matched, width) = bracket(pattern, byte, case);
            matched.then_some(width)
        }
        [b'\\', literal, ..] => same(*literal, byte, case).then_some(2),
        [literal, ..] => same(*literal, byte, case).then_some(1),
        [] => None,
    }
}

/// Whether `byte` is in the class that `pattern` begins with, and how wide the class is.
fn bracket(pattern: &[u8], byte: u8, case: Case) -> (bool, usize) {
    let is_negated = pattern.get(1) == Some(&b'^');
    let mut at = if is_negated { 2 } else { 1 };
    let mut found = false;
    loop {
        match &pattern[at..] {
            [] => break,
            // An escaped byte is compared as it is, whatever the case.
            [b'\\', literal, ..] => {
                found |= *literal == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [first, b'-', last, ..] => {
                found |= in_range(*first, *last, byte, case);
                at += 3;
            }
            [literal, ..] => {
                found |= same(*literal, byte, case);
                at += 1;
            }
        }
    }
    (found != is_negated, at)
}

fn in_range(first: u8, last: u8, byte: u8, case: Case) -> bool {
    let (low, high) = if first as i8 <= last as i8 { (first, last) } else { (last, first) };
    let signed = |byte: u8| fold(byte, case) as i8;
    (signed(low)..=signed(high)).contains(&signed(byte))
}

fn same(left: u8, right: u8, case: Case) -> bool {
    fold(left, case) == fold(right, case)
}

fn fold(byte: u8, case: Case) -> u8 {
    match case {
        Case::Sensitive => byte,
        Case::Insensitive => byte.to_ascii_lowercase(),
    }
}

/// What every match of a pattern begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The bytes, escapes resolved.
    pub prefix: Vec<u8>,
    /// Whether the prefix is all that the pattern matches.
    pub is_whole: bool,
}

/// The literal bytes that a (case-sensitive) pattern begins with.
pub fn literal(pattern: &[u8]) -> Literal {
    let mut prefix = Vec::new();
    let mut rest = pattern;
    loop {
        match rest {
            [] => return Literal { prefix, is_whole: true },
            [b'*' | b'?' | b'[', ..] => return Literal { prefix, is_whole: false },
            [b'\\', literal, after @ ..] | [literal, after @ ..] => {
                prefix.push(*literal);
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests;
