//! The functions of `string` that could run away: those with patterns, and `rep`.

use mlua::{Lua, MultiValue, Result, Table, Value};

use crate::arguments::{Arguments, check_size};
use crate::pattern::{Captured, Matcher, Span};
use crate::run::{Unlimited, spend};

/// Characters that mean something in a pattern.
const SPECIAL: &[u8] = b"^$*+?.([%-";

/// The functions that scripts call themselves.
pub(crate) fn functions(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("find", lua.create_function(find)?)?;
    table.raw_set("match", lua.create_function(matching)?)?;
    table.raw_set("rep", lua.create_function(rep)?)?;
    Ok(table)
}

fn find(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let text = arguments.text(lua, 0)?;
    let pattern = arguments.text(lua, 1)?;
    let (text, pattern) = (text.as_ref(), pattern.as_ref());
    let start = start_of(lua, &arguments, text.len())?;
    let is_plain = !matches!(arguments.value(3), Value::Nil | Value::Boolean(false));
    if is_plain || !pattern.iter().any(|byte| SPECIAL.contains(byte)) {
        let rest = text.get(start..).unwrap_or_default();
        spend((rest.len() / 64) as u64)?;
        let Some(found) = memchr::memmem::find(rest, pattern) else {
            return Ok(nothing());
        };
        let start = start + found;
        return Ok(place(start, start + pattern.len()));
    }
    let (pattern, is_anchored) = unanchored(pattern);
    let mut matcher = Matcher::new(lua, text, pattern);
    let found = if is_anchored { matcher.match_at(start)? } else { matcher.search(start)? };
    let Some(span) = found else {
        return Ok(nothing());
    };
    let mut values = place(span.start, span.end);
    let _unlimited = unlimited_if_small(lua, text)?;
    for number in 0..matcher.capture_count() {
        values.push_back(matcher.captured_value(number, span)?);
    }
    Ok(values)
}

fn matching(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let text = arguments.text(lua, 0)?;
    let pattern = arguments.text(lua, 1)?;
    let start = start_of(lua, &arguments, text.as_ref().len())?;
    let (pattern, is_anchored) = unanchored(pattern.as_ref());
    let mut matcher = Matcher::new(lua, text.as_ref(), pattern);
    let found = if is_anchored { matcher.match_at(start)? } else { matcher.search(start)? };
    match found {
        Some(span) => {
            let _unlimited = unlimited_if_small(lua, text.as_ref())?;
            values_of(&matcher, span, MultiValue::new())
        }
        None => Ok(nothing()),
    }
}

/// For `gmatch` and `gsub`: the match at a position (or from it on), as start, end and captures; nothing if there is none.
pub(crate) fn match_from(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let text = arguments.text(lua, 0)?;
    let pattern = arguments.text(lua, 1)?;
    let start = (arguments.integer(lua, 2)?.max(1) - 1) as usize;
    let may_search = arguments.boolean(lua, 3)?;
    if start > text.as_ref().len() {
        return Ok(MultiValue::new());
    }
    let mut matcher = Matcher::new(lua, text.as_ref(), pattern.as_ref());
    let found = if may_search { matcher.search(start)? } else { matcher.match_at(start)? };
    let Some(span) = found else {
        return Ok(MultiValue::new());
    };
    let _unlimited = unlimited_if_small(lua, text.as_ref())?;
    let values = [span.start + 1, span.end + 1].map(|position| Value::Number(position as f64));
    values_of(&matcher, span, values.into_iter().collect())
}

/// `gsub` with a text to put in, whose arguments the prelude has checked.
pub(crate) fn replace(lua: &Lua, arguments: Arguments) -> Result<(mlua::LuaString, usize)> {
    let text = arguments.text(lua, 0)?;
    let pattern = arguments.text(lua, 1)?;
    let new = arguments.text(lua, 2)?;
    let most = arguments.integer(lua, 3)?.max(0) as usize;
    let (text, new) = (text.as_ref(), new.as_ref());
    let (pattern, is_anchored) = unanchored(pattern.as_ref());
    let mut matcher = Matcher::new(lua, text, pattern);
    let mut replaced = Vec::new();
    let (mut position, mut count) = (0, 0);
    while count < most && position <= text.len() {
        let found = if is_anchored { matcher.match_at(position)? } else { matcher.search(position)? };
        let Some(span) = found else {
            break;
        };
        count += 1;
        replaced.extend_from_slice(text.get(position..span.start).unwrap_or_default());
        put_in(&matcher, new, span, &mut replaced)?;
        check_size(replaced.len())?;
        position = span.end;
        if span.start == span.end {
            let Some(&byte) = text.get(position) else {
                break;
            };
            replaced.push(byte);
            position += 1;
        }
        if is_anchored {
            break;
        }
    }
    replaced.extend_from_slice(text.get(position..).unwrap_or_default());
    spend((replaced.len() / 64) as u64)?;
    Ok((lua.create_string(&replaced)?, count))
}

/// Writes a replacement, in which `%1` stands for a capture.
fn put_in(matcher: &Matcher<'_>, new: &[u8], span: Span, replaced: &mut Vec<u8>) -> Result<()> {
    let mut rest = new.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            replaced.push(byte);
            continue;
        }
        // Behind the end C finds a zero.
        let escaped = rest.next().unwrap_or(0);
        let captured = match escaped {
            b'0' => {
                replaced.extend_from_slice(matcher.whole(span));
                continue;
            }
            b'1'..=b'9' => matcher.captured(usize::from(escaped - b'1'), span)?,
            other => {
                replaced.push(other);
                continue;
            }
        };
        match captured {
            Captured::Bytes(bytes) => replaced.extend_from_slice(bytes),
            Captured::Position(position) => replaced.extend_from_slice(position.to_string().as_bytes()),
        }
    }
    Ok(())
}

fn rep(lua: &Lua, arguments: Arguments) -> Result<mlua::LuaString> {
    let text = arguments.text(lua, 0)?;
    let count = arguments.small_integer(lua, 1)?.max(0) as usize;
    let length = text.as_ref().len().saturating_mul(count);
    check_size(length)?;
    spend((length / 64) as u64)?;
    if text.as_ref().is_empty() {
        return lua.create_string("");
    }
    lua.create_string(text.as_ref().repeat(count))
}

/// Captures can be made faster without the limit, and those of a short text take no memory to speak of.
fn unlimited_if_small<'lua>(lua: &'lua Lua, text: &[u8]) -> Result<Option<Unlimited<'lua>>> {
    const SMALL_BYTES_MAX: usize = 16 * 1024;
    if text.len() > SMALL_BYTES_MAX { Ok(None) } else { Unlimited::new(lua).map(Some) }
}

/// Where a search begins: the third argument, which may count from the end.
fn start_of(lua: &Lua, arguments: &Arguments, length: usize) -> Result<usize> {
    let start = arguments.integer_or(lua, 2, 1)?;
    let start = if start < 0 { start.saturating_add(length as i64 + 1) } else { start };
    Ok((start.max(1) - 1).min(length as i64) as usize)
}

fn unanchored(pattern: &[u8]) -> (&[u8], bool) {
    match pattern.strip_prefix(b"^") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    }
}

fn values_of(matcher: &Matcher<'_>, span: Span, mut values: MultiValue) -> Result<MultiValue> {
    for number in 0..matcher.value_count() {
        values.push_back(matcher.captured_value(number, span)?);
    }
    Ok(values)
}

/// A place as Lua counts: from 1, the end included.
fn place(start: usize, end: usize) -> MultiValue {
    [start + 1, end].into_iter().map(|position| Value::Number(position as f64)).collect()
}

fn nothing() -> MultiValue {
    std::iter::once(Value::Nil).collect()
}
