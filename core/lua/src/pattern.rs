//! Lua's patterns, matched in bounded depth and with a question from time to time whether to go on.
//!
//! Lua's own matcher recurses as often as a pattern says, and a pattern can keep it busy for hours.

use mlua::{Error, Lua, Result, Value};

use crate::raise::text_error;
use crate::run::spend;

const CAPTURES_MAX: usize = 32;
/// Calls within calls; each item of a pattern that repeats can cost one. The limit of Lua 5.2 and later.
const DEPTH_MAX: usize = 200;
/// Steps between two accounts of work.
const STEPS_PER_ACCOUNT: u64 = 16 * 1024;

/// A pattern at work on a text.
pub(crate) struct Matcher<'a> {
    lua: &'a Lua,
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    depth: usize,
    steps: u64,
}

#[derive(Clone, Copy)]
struct Capture {
    start: usize,
    extent: Extent,
}

#[derive(Clone, Copy)]
enum Extent {
    Open,
    Position,
    Bytes(usize),
}

/// Where a match lies: from `start` up to but not including `end`.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a capture holds.
pub(crate) enum Captured<'a> {
    Bytes(&'a [u8]),
    /// Counted from 1.
    Position(usize),
}

impl<'a> Matcher<'a> {
    /// `pattern` without the `^` of an anchored one.
    pub(crate) fn new(lua: &'a Lua, text: &'a [u8], pattern: &'a [u8]) -> Matcher<'a> {
        Matcher { lua, text, pattern, captures: Vec::new(), depth: 0, steps: 0 }
    }

    /// The match that begins at `start`.
    pub(crate) fn match_at(&mut self, start: usize) -> Result<Option<Span>> {
        self.captures.clear();
        self.depth = 0;
        Ok(self.matches(start, 0)?.map(|end| Span { start, end }))
    }

    /// The first match that begins at `start` or later.
    pub(crate) fn search(&mut self, start: usize) -> Result<Option<Span>> {
        for start in start..=self.text.len() {
            self.step()?;
            if let Some(span) = self.match_at(start)? {
                return Ok(Some(span));
            }
        }
        Ok(None)
    }

    /// How many values the last match gives: its captures, or the whole of it.
    pub(crate) fn value_count(&self) -> usize {
        self.captures.len().max(1)
    }

    pub(crate) fn capture_count(&self) -> usize {
        self.captures.len()
    }

    /// The capture of this number, from 0; the whole match for 0 if there are none.
    pub(crate) fn captured(&self, number: usize, whole: Span) -> Result<Captured<'a>> {
        let Some(capture) = self.captures.get(number) else {
            if number == 0 {
                return Ok(Captured::Bytes(self.bytes(whole.start, whole.end)));
            }
            return Err(self.fault("invalid capture index"));
        };
        match capture.extent {
            Extent::Open => Err(self.fault("unfinished capture")),
            Extent::Position => Ok(Captured::Position(capture.start + 1)),
            Extent::Bytes(length) => Ok(Captured::Bytes(self.bytes(capture.start, capture.start + length))),
        }
    }

    /// All of a match.
    pub(crate) fn whole(&self, span: Span) -> &'a [u8] {
        self.bytes(span.start, span.end)
    }

    /// A capture as a Lua value.
    pub(crate) fn captured_value(&self, number: usize, whole: Span) -> Result<Value> {
        Ok(match self.captured(number, whole)? {
            Captured::Bytes(bytes) => Value::String(self.lua.create_string(bytes)?),
            Captured::Position(position) => Value::Number(position as f64),
        })
    }

    fn bytes(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    fn fault(&self, text: &str) -> Error {
        text_error(self.lua, text)
    }

    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_ACCOUNT) {
            spend(STEPS_PER_ACCOUNT)?;
        }
        Ok(())
    }

    /// The pattern's byte; 0 behind its end, and where a zero byte ends it as it ends a string in C.
    fn at(&self, position: usize) -> u8 {
        self.pattern.get(position).copied().unwrap_or(0)
    }

    /// Where the rest of the pattern matches from `text` on: where it ends.
    fn matches(&mut self, text: usize, pattern: usize) -> Result<Option<usize>> {
        if self.depth >= DEPTH_MAX {
            return Err(self.fault("pattern too complex"));
        }
        self.depth += 1;
        let found = self.matches_items(text, pattern);
        self.depth -= 1;
        found
    }

    fn matches_items(&mut self, mut text: usize, mut pattern: usize) -> Result<Option<usize>> {
        loop {
            self.step()?;
            match self.at(pattern) {
                0 => return Ok(Some(text)),
                b'(' if self.at(pattern + 1) == b')' => {
                    return self.open_capture(text, pattern + 2, Extent::Position);
                }
                b'(' => return self.open_capture(text, pattern + 1, Extent::Open),
                b')' => return self.close_capture(text, pattern + 1),
                b'$' if pattern + 1 >= self.pattern.len() => {
                    return Ok((text == self.text.len()).then_some(text));
                }
                b'%' if self.at(pattern + 1) == b'b' => {
                    let Some(after) = self.balanced(text, pattern + 2)? else {
                        return Ok(None);
                    };
                    text = after;
                    pattern += 4;
                    continue;
                }
                b'%' if self.at(pattern + 1) == b'f' => {
                    pattern += 2;
                    if self.at(pattern) != b'[' {
                        return Err(self.fault("missing '[' after '%f' in pattern"));
                    }
                    let end = self.item_end(pattern)?;
                    let before =
                        text.checked_sub(1).and_then(|before| self.text.get(before)).copied().unwrap_or(0);
                    let here = self.text.get(text).copied().unwrap_or(0);
                    if self.is_in_set(before, pattern, end - 1) || !self.is_in_set(here, pattern, end - 1) {
                        return Ok(None);
                    }
                    pattern = end;
                    continue;
                }
                b'%' if self.at(pattern + 1).is_ascii_digit() => {
                    let Some(after) = self.repeated_capture(text, self.at(pattern + 1))? else {
                        return Ok(None);
                    };
                    text = after;
                    pattern += 2;
                    continue;
                }
                _ => {}
            }
            let end = self.item_end(pattern)?;
            let is_match = self.is_single_match(text, pattern, end);
            match self.at(end) {
                b'?' => {
                    if is_match && let Some(found) = self.matches(text + 1, end + 1)? {
                        return Ok(Some(found));
                    }
                    pattern = end + 1;
                }
                b'*' => return self.expand_most(text, pattern, end, 0),
                b'+' => return if is_match { self.expand_most(text, pattern, end, 1) } else { Ok(None) },
                b'-' => return self.expand_least(text, pattern, end),
                _ if is_match => {
                    text += 1;
                    pattern = end;
                }
                _ => return Ok(None),
            }
        }
    }

    fn expand_most(
        &mut self,
        text: usize,
        pattern: usize,
        end: usize,
        least: usize,
    ) -> Result<Option<usize>> {
        let mut count = least;
        while self.is_single_match(text + count, pattern, end) {
            self.step()?;
            count += 1;
        }
        loop {
            if let Some(found) = self.matches(text + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == least {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn expand_least(&mut self, mut text: usize, pattern: usize, end: usize) -> Result<Option<usize>> {
        loop {
            if let Some(found) = self.matches(text, end + 1)? {
                return Ok(Some(found));
            }
            if !self.is_single_match(text, pattern, end) {
                return Ok(None);
            }
            text += 1;
        }
    }

    fn open_capture(&mut self, text: usize, pattern: usize, extent: Extent) -> Result<Option<usize>> {
        if self.captures.len() >= CAPTURES_MAX {
            return Err(self.fault("too many captures"));
        }
        let level = self.captures.len();
        self.captures.push(Capture { start: text, extent });
        let found = self.matches(text, pattern)?;
        if found.is_none() {
            self.captures.truncate(level);
        }
        Ok(found)
    }

    fn close_capture(&mut self, text: usize, pattern: usize) -> Result<Option<usize>> {
        let Some(level) = self.captures.iter().rposition(|capture| matches!(capture.extent, Extent::Open))
        else {
            return Err(self.fault("invalid pattern capture"));
        };
        if let Some(capture) = self.captures.get_mut(level) {
            capture.extent = Extent::Bytes(text - capture.start);
        }
        let found = self.matches(text, pattern)?;
        if found.is_none()
            && let Some(capture) = self.captures.get_mut(level)
        {
            capture.extent = Extent::Open;
        }
        Ok(found)
    }

    /// `%1`: where what the capture holds comes again, its end.
    fn repeated_capture(&self, text: usize, digit: u8) -> Result<Option<usize>> {
        let capture =
            usize::from(digit).checked_sub(usize::from(b'1')).and_then(|index| self.captures.get(index));
        let Some(Capture { start, extent: Extent::Bytes(length) }) = capture.copied() else {
            // A capture of a position has no bytes that could come again; Lua never finds them.
            if capture.is_some_and(|capture| matches!(capture.extent, Extent::Position)) {
                return Ok(None);
            }
            return Err(self.fault("invalid capture index"));
        };
        let again = self.text.get(text..text + length) == Some(self.bytes(start, start + length));
        Ok(again.then_some(text + length))
    }

    /// `%bxy`: the end of what lies between an x and its y.
    fn balanced(&mut self, text: usize, pattern: usize) -> Result<Option<usize>> {
        let (opening, closing) = (self.at(pattern), self.at(pattern + 1));
        if opening == 0 || closing == 0 {
            return Err(self.fault("unbalanced pattern"));
        }
        if self.text.get(text) != Some(&opening) {
            return Ok(None);
        }
        let mut open: usize = 1;
        for position in text + 1..self.text.len() {
            self.step()?;
            let byte = self.text.get(position).copied().unwrap_or(0);
            if byte == closing {
                open -= 1;
                if open == 0 {
                    return Ok(Some(position + 1));
                }
            } else if byte == opening {
                open += 1;
            }
        }
        Ok(None)
    }

    /// Where the item that begins here ends, without its repetition.
    fn item_end(&self, pattern: usize) -> Result<usize> {
        match self.at(pattern) {
            b'%' if self.at(pattern + 1) == 0 => Err(self.fault("malformed pattern (ends with '%')")),
            b'%' => Ok(pattern + 2),
            b'[' => {
                let mut position = pattern + 1;
                if self.at(position) == b'^' {
                    position += 1;
                }
                // The first is a member, whatever it is.
                loop {
                    match self.at(position) {
                        0 => return Err(self.fault("malformed pattern (missing ']')")),
                        b'%' if self.at(position + 1) != 0 => position += 2,
                        _ => position += 1,
                    }
                    if self.at(position) == b']' {
                        return Ok(position + 1);
                    }
                }
            }
            _ => Ok(pattern + 1),
        }
    }

    fn is_single_match(&self, text: usize, pattern: usize, end: usize) -> bool {
        let Some(&byte) = self.text.get(text) else {
            return false;
        };
        match self.at(pattern) {
            b'.' => true,
            b'%' => is_in_class(byte, self.at(pattern + 1)),
            b'[' => self.is_in_set(byte, pattern, end - 1),
            literal => literal == byte,
        }
    }

    /// Whether a byte is in the set whose brackets stand at these places.
    fn is_in_set(&self, byte: u8, opening: usize, closing: usize) -> bool {
        let mut position = opening + 1;
        let mut answer = true;
        if self.at(position) == b'^' {
            answer = false;
            position += 1;
        }
        while position < closing {
            let member = self.at(position);
            if member == b'%' {
                if is_in_class(byte, self.at(position + 1)) {
                    return answer;
                }
                position += 2;
            } else if self.at(position + 1) == b'-' && position + 2 < closing {
                if (member..=self.at(position + 2)).contains(&byte) {
                    return answer;
                }
                position += 3;
            } else {
                if member == byte {
                    return answer;
                }
                position += 1;
            }
        }
        !answer
    }
}

/// Whether a byte is in a class such as `%a`; a capital letter means all others.
fn is_in_class(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0B,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is_in != class.is_ascii_uppercase()
}
