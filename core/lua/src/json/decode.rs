//! JSON to Lua values.

use mlua::{Lua, Result, Table, Value};

use super::Settings;
use crate::arguments::Arguments;
use crate::number::parse_prefix;
use crate::raise::text_error;
use crate::run::{Elements, Unlimited, spend};

/// Levels however many the settings allow. Redis's end with Lua's stack, in about as many.
const DEPTH_MAX: usize = 2600;

/// `cjson.decode`
pub(super) fn decode(lua: &Lua, arguments: &Arguments, settings: &Settings) -> Result<Value> {
    if arguments.len() != 1 {
        return Err(arguments.wrong(lua, 0, "expected 1 argument"));
    }
    let text = arguments.text(lua, 0)?;
    let text = text.as_ref();
    if text.len() >= 2 && text.iter().take(2).any(|&byte| byte == 0) {
        return Err(text_error(lua, "JSON parser does not support UTF-16 or UTF-32"));
    }
    spend((text.len() / 8) as u64)?;
    let unlimited = Unlimited::new(lua)?;
    let mut decoder = Decoder { lua, settings, text, position: 0, levels: Vec::new() };
    decoder.decode(&unlimited)
}

struct Decoder<'a> {
    lua: &'a Lua,
    settings: &'a Settings,
    text: &'a [u8],
    position: usize,
    /// Tables begun and not ended, outermost first.
    levels: Vec<Level>,
}

enum Level {
    Array { table: Table, length: usize },
    Object { table: Table, key: Value },
}

/// A token and where it begins.
struct Token {
    kind: Kind,
    at: usize,
}

enum Kind {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    /// With what is wrong.
    Fault(&'static str),
}

impl Decoder<'_> {
    fn decode(&mut self, unlimited: &Unlimited<'_>) -> Result<Value> {
        let mut elements = Elements::default();
        let mut token = self.token();
        loop {
            if elements.count()? {
                unlimited.check()?;
            }
            let begun = self.begin(token)?;
            let mut whole = match begun {
                Some(value) => value,
                None => {
                    // A table was opened. It may be empty.
                    let first = self.token();
                    let closes = match (self.levels.last(), &first.kind) {
                        (Some(Level::Array { .. }), Kind::ArrayEnd) => true,
                        (Some(Level::Object { .. }), Kind::ObjectEnd) => true,
                        (Some(Level::Object { .. }), _) => {
                            self.key(first)?;
                            token = self.token();
                            continue;
                        }
                        _ => {
                            token = first;
                            continue;
                        }
                    };
                    debug_assert!(closes, "only an end gets here");
                    self.close()
                }
            };
            // A value is whole; so may be the tables around it.
            loop {
                let is_object = match self.levels.last_mut() {
                    None => return self.end(whole),
                    Some(Level::Array { table, length }) => {
                        *length += 1;
                        table.raw_set(*length, whole)?;
                        false
                    }
                    Some(Level::Object { table, key }) => {
                        table.raw_set(std::mem::replace(key, Value::Nil), whole)?;
                        true
                    }
                };
                let after = self.token();
                match (&after.kind, is_object) {
                    (Kind::ArrayEnd, false) | (Kind::ObjectEnd, true) => whole = self.close(),
                    (Kind::Comma, false) => {
                        token = self.token();
                        break;
                    }
                    (Kind::Comma, true) => {
                        let key = self.token();
                        self.key(key)?;
                        token = self.token();
                        break;
                    }
                    (_, false) => return Err(self.unexpected("comma or array end", &after)),
                    (_, true) => return Err(self.unexpected("comma or object end", &after)),
                }
            }
        }
    }

    fn end(&mut self, value: Value) -> Result<Value> {
        let token = self.token();
        match token.kind {
            Kind::End => Ok(value),
            _ => Err(self.unexpected("the end", &token)),
        }
    }

    /// The table that ends here.
    fn close(&mut self) -> Value {
        match self.levels.pop() {
            Some(Level::Array { table, .. } | Level::Object { table, .. }) => Value::Table(table),
            None => Value::Nil,
        }
    }

    /// A value that is whole; nothing if a table begins.
    fn begin(&mut self, token: Token) -> Result<Option<Value>> {
        Ok(Some(match token.kind {
            Kind::String(bytes) => Value::String(self.lua.create_string(bytes)?),
            Kind::Number(number) => Value::Number(number),
            Kind::Boolean(boolean) => Value::Boolean(boolean),
            Kind::Null => Value::NULL,
            Kind::ArrayBegin | Kind::ObjectBegin => {
                let depth = self.levels.len() + 1;
                if depth as i64 > self.settings.decode_depth_max || depth > DEPTH_MAX {
                    let place = token.at + 1;
                    let text =
                        format!("Found too many nested data structures ({depth}) at character {place}");
                    return Err(text_error(self.lua, text));
                }
                let table = self.lua.create_table()?;
                self.levels.push(match token.kind {
                    Kind::ArrayBegin => Level::Array { table, length: 0 },
                    _ => Level::Object { table, key: Value::Nil },
                });
                return Ok(None);
            }
            _ => return Err(self.unexpected("value", &token)),
        }))
    }

    /// A member's key, with the colon behind it.
    fn key(&mut self, token: Token) -> Result<()> {
        let Kind::String(bytes) = token.kind else {
            return Err(self.unexpected("object key string", &token));
        };
        let found = Value::String(self.lua.create_string(bytes)?);
        if let Some(Level::Object { key, .. }) = self.levels.last_mut() {
            *key = found;
        }
        let colon = self.token();
        match colon.kind {
            Kind::Colon => Ok(()),
            _ => Err(self.unexpected("colon", &colon)),
        }
    }

    fn unexpected(&self, expected: &str, token: &Token) -> mlua::Error {
        let found = match token.kind {
            Kind::ObjectBegin => "T_OBJ_BEGIN",
            Kind::ObjectEnd => "T_OBJ_END",
            Kind::ArrayBegin => "T_ARR_BEGIN",
            Kind::ArrayEnd => "T_ARR_END",
            Kind::String(_) => "T_STRING",
            Kind::Number(_) => "T_NUMBER",
            Kind::Boolean(_) => "T_BOOLEAN",
            Kind::Null => "T_NULL",
            Kind::Colon => "T_COLON",
            Kind::Comma => "T_COMMA",
            Kind::End => "T_END",
            Kind::Fault(fault) => fault,
        };
        let place = token.at + 1;
        text_error(self.lua, format!("Expected {expected} but found {found} at character {place}"))
    }

    fn byte(&self, position: usize) -> u8 {
        self.text.get(position).copied().unwrap_or(0)
    }

    fn token(&mut self) -> Token {
        while matches!(self.byte(self.position), b' ' | b'\t' | b'\n' | b'\r') {
            self.position += 1;
        }
        let at = self.position;
        let kind = match self.byte(at) {
            b'{' => Kind::ObjectBegin,
            b'}' => Kind::ObjectEnd,
            b'[' => Kind::ArrayBegin,
            b']' => Kind::ArrayEnd,
            b',' => Kind::Comma,
            b':' => Kind::Colon,
            // The end of the text, or a zero byte, which ends it too.
            0 => return Token { kind: Kind::End, at },
            b'"' => {
                self.position += 1;
                // A fault lies where it was found, a string where it begins.
                return match self.string() {
                    Ok(bytes) => Token { kind: Kind::String(bytes), at },
                    Err(fault) => Token { kind: Kind::Fault(fault), at: self.position },
                };
            }
            b'-' | b'0'..=b'9' => {
                let kind = if !self.settings.decode_invalid && self.is_invalid_number() {
                    Kind::Fault("invalid number")
                } else {
                    self.number()
                };
                return Token { kind, at };
            }
            _ => return Token { kind: self.word(), at },
        };
        self.position += 1;
        Token { kind, at }
    }

    fn word(&mut self) -> Kind {
        let rest = self.text.get(self.position..).unwrap_or_default();
        for (word, kind) in [
            (&b"true"[..], Kind::Boolean(true)),
            (&b"false"[..], Kind::Boolean(false)),
            (&b"null"[..], Kind::Null),
        ] {
            if rest.starts_with(word) {
                self.position += word.len();
                return kind;
            }
        }
        let may_be_number = matches!(self.byte(self.position), b'i' | b'I' | b'n' | b'N' | b'+');
        if may_be_number && self.settings.decode_invalid && self.is_invalid_number() {
            return self.number();
        }
        Kind::Fault("invalid token")
    }

    fn number(&mut self) -> Kind {
        let rest = self.text.get(self.position..).unwrap_or_default();
        match parse_prefix(rest) {
            Some((number, length)) => {
                self.position += length;
                Kind::Number(number)
            }
            None => Kind::Fault("invalid number"),
        }
    }

    /// Whether a number begins here that C reads and JSON does not allow.
    fn is_invalid_number(&self) -> bool {
        let mut position = self.position;
        if self.byte(position) == b'+' {
            return true;
        }
        if self.byte(position) == b'-' {
            position += 1;
        }
        match self.byte(position) {
            b'0' => matches!(self.byte(position + 1), b'x' | b'X' | b'0'..=b'9'),
            byte if byte <= b'9' => false,
            _ => {
                let word = self.text.get(position..position + 3).unwrap_or_default();
                word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan")
            }
        }
    }

    /// The string whose quote was just read.
    fn string(&mut self) -> std::result::Result<Vec<u8>, &'static str> {
        let mut bytes = Vec::new();
        loop {
            let from = self.position;
            while !matches!(self.byte(self.position), b'"' | b'\\' | 0) {
                self.position += 1;
            }
            bytes.extend_from_slice(self.text.get(from..self.position).unwrap_or_default());
            match self.byte(self.position) {
                b'"' => {
                    self.position += 1;
                    return Ok(bytes);
                }
                b'\\' => {}
                _ => return Err("unexpected end of string"),
            }
            let escaped = match self.byte(self.position + 1) {
                b'u' => {
                    self.unicode_escape(&mut bytes).ok_or("invalid unicode escape code")?;
                    continue;
                }
                byte @ (b'"' | b'\\' | b'/') => byte,
                b'b' => 8,
                b't' => 9,
                b'n' => 10,
                b'f' => 12,
                b'r' => 13,
                _ => return Err("invalid escape code"),
            };
            bytes.push(escaped);
            self.position += 2;
        }
    }

    /// Reads `\u` with four digits, or two of them that make a character together.
    fn unicode_escape(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let high = self.four_digits(self.position + 2)?;
        let mut length = 6;
        let code = if (0xD800..0xE000).contains(&high) {
            if self.byte(self.position + 6) != b'\\' || self.byte(self.position + 7) != b'u' {
                return None;
            }
            let low = self.four_digits(self.position + 8)?;
            if high >= 0xDC00 || !(0xDC00..0xE000).contains(&low) {
                return None;
            }
            length = 12;
            0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        } else {
            high
        };
        let mut buffer = [0; 4];
        bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
        self.position += length;
        Some(())
    }

    fn four_digits(&self, position: usize) -> Option<u32> {
        let digits = self.text.get(position..position + 4)?;
        digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
    }
}
