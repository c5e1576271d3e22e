//! The first line of scripts and libraries, `#!lua name=value ...`.

use crate::failure::ScriptError;
use crate::flags::Flags;

/// What a script's first line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shebang {
    /// The flags named in it.
    pub flags: Flags,
}

/// What a library's first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryMetadata {
    /// The engine as FUNCTION LIST shows it: `LUA`.
    pub engine: Vec<u8>,
    /// The library's name, of letters, digits and underscores.
    pub name: Vec<u8>,
}

/// Reads the first line of a script for EVAL and SCRIPT LOAD; nothing if it is not a `#!` line.
///
/// # Errors
/// As Redis answers them, code in front.
pub fn script_shebang(source: &[u8]) -> Result<Option<Shebang>, ScriptError> {
    if !source.starts_with(b"#!") {
        return Ok(None);
    }
    let words = first_line(source)
        .and_then(split_words)
        .filter(|words| !words.is_empty())
        .ok_or_else(|| ScriptError::new("ERR Invalid script shebang"))?;
    let mut words = words.into_iter();
    let engine = words.next().unwrap_or_default();
    if engine != b"#!lua" {
        return Err(with_text("ERR Unexpected engine in script shebang: ", &engine, ""));
    }
    let mut flags = Flags::default();
    for word in words {
        let Some(list) = word.strip_prefix(b"flags=") else {
            return Err(with_text("ERR Unknown lua shebang option: ", &word, ""));
        };
        if list.is_empty() {
            continue;
        }
        for name in list.split(|&byte| byte == b',') {
            flags = flags
                | Flags::of_name(name)
                    .ok_or_else(|| with_text("ERR Unexpected flag in script shebang: ", name, ""))?;
        }
    }
    Ok(Some(Shebang { flags }))
}

/// Reads the first line of a library for FUNCTION LOAD.
///
/// # Errors
/// As Redis answers them, code in front.
pub fn library_metadata(code: &[u8]) -> Result<LibraryMetadata, ScriptError> {
    if !code.starts_with(b"#!") {
        return Err(ScriptError::new("ERR Missing library metadata"));
    }
    let words = first_line(code)
        .and_then(split_words)
        .filter(|words| !words.is_empty())
        .ok_or_else(|| ScriptError::new("ERR Invalid library metadata"))?;
    let mut words = words.into_iter();
    let engine = words.next().unwrap_or_default();
    let mut name = None;
    for word in words {
        let Some(given) = strip_prefix_in_any_case(&word, b"name=") else {
            return Err(with_text("ERR Invalid metadata value given: ", &word, ""));
        };
        if name.replace(given.to_vec()).is_some() {
            return Err(ScriptError::new(
                "ERR Invalid metadata value, name argument was given multiple times",
            ));
        }
    }
    let name = name.ok_or_else(|| ScriptError::new("ERR Library name was not given"))?;
    if !is_name(&name) {
        return Err(ScriptError::new(format!("ERR {NAME_RULE}")));
    }
    let engine = engine.get(2..).unwrap_or_default();
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(with_text("ERR Engine '", engine, "' not found"));
    }
    Ok(LibraryMetadata { engine: b"LUA".to_vec(), name })
}

/// What Redis says of names that are none, of libraries and functions alike.
pub(crate) const NAME_RULE: &str = "Library names can only contain letters, numbers, or underscores(_) and must be at \
     least one character long";

/// Whether this may name a library or function.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The code without its `#!` line; the line's end stays, so that errors name the right lines.
pub(crate) fn without_shebang(source: &[u8]) -> &[u8] {
    if !source.starts_with(b"#!") {
        return source;
    }
    let end = source.iter().position(|&byte| byte == b'\n').unwrap_or(source.len());
    source.get(end..).unwrap_or_default()
}

/// The line without its end; nothing if no line end follows.
fn first_line(source: &[u8]) -> Option<&[u8]> {
    let end = source.iter().position(|&byte| byte == b'\n')?;
    source.get(..end)
}

fn strip_prefix_in_any_case<'a>(word: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (front, rest) = word.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Words as Redis's command line splits them: by spaces, with quotes; nothing if a quote stays open.
fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line.iter().copied().peekable();
    loop {
        while rest.next_if(|byte| byte.is_ascii_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Some(words);
        }
        let mut word = Vec::new();
        while let Some(byte) = rest.next_if(|byte| !byte.is_ascii_whitespace()) {
            if byte != b'"' && byte != b'\'' {
                word.push(byte);
                continue;
            }
            loop {
                match rest.next()? {
                    closing if closing == byte => break,
                    b'\\' if byte == b'"' => word.push(unescaped(rest.next()?)),
                    b'\\' => match rest.next_if_eq(&b'\'') {
                        Some(quote) => word.push(quote),
                        None => word.push(b'\\'),
                    },
                    inner => word.push(inner),
                }
            }
            // A closing quote ends its word.
            if rest.peek().is_some_and(|next| !next.is_ascii_whitespace()) {
                return None;
            }
        }
        words.push(word);
    }
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn with_text(before: &str, text: &[u8], after: &str) -> ScriptError {
    ScriptError::new([before.as_bytes(), text, after.as_bytes()].concat())
}
