//! The library `struct`: numbers and strings in binary formats.

use mlua::{Lua, MultiValue, Result, Table, Value};

use crate::arguments::{Arguments, check_size, plain_number};
use crate::number;
use crate::raise::text_error;

/// The largest integer in bytes.
const INTEGER_BYTES_MAX: usize = 32;
/// What `!` without a number aligns to.
const ALIGNMENT: usize = 8;

/// The library's table.
pub(crate) fn library(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("pack", lua.create_function(pack)?)?;
    table.raw_set("unpack", lua.create_function(unpack)?)?;
    table.raw_set("size", lua.create_function(size)?)?;
    Ok(table)
}

/// A format that is being read.
struct Format<'a> {
    lua: &'a Lua,
    arguments: &'a Arguments,
    rest: &'a [u8],
    is_big_endian: bool,
    alignment: usize,
}

/// An option with the size that it has, or 0.
struct Item {
    option: u8,
    size: usize,
}

impl<'a> Format<'a> {
    fn new(lua: &'a Lua, arguments: &'a Arguments, text: &'a [u8]) -> Format<'a> {
        // As C reads it, to the first zero byte.
        let rest = text.split(|&byte| byte == 0).next().unwrap_or_default();
        Format { lua, arguments, rest, is_big_endian: false, alignment: 1 }
    }

    fn next(&mut self) -> Result<Option<Item>> {
        let Some((&option, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let size = match option {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'f' => 4,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'c' => self.number(1)?,
            b'i' | b'I' => {
                let size = self.number(4)?;
                if size > INTEGER_BYTES_MAX {
                    let text = format!("integral size {size} is larger than limit of {INTEGER_BYTES_MAX}");
                    return Err(text_error(self.lua, text));
                }
                size
            }
            _ => 0,
        };
        Ok(Some(Item { option, size }))
    }

    /// The digits that follow, or the default if none do.
    fn number(&mut self, default: usize) -> Result<usize> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        if digits.is_empty() {
            return Ok(default);
        }
        self.rest = rest;
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i32>().ok());
        match number {
            Some(number) => Ok(number as usize),
            None => Err(text_error(self.lua, "integral size overflow")),
        }
    }

    /// How many bytes lie between the position and the item.
    fn padding(&self, position: usize, item: &Item) -> usize {
        if item.size == 0 || item.option == b'c' {
            return 0;
        }
        let size = item.size.min(self.alignment);
        size.wrapping_sub(position & (size - 1)) & (size - 1)
    }

    /// An option that says how the next ones are to be read.
    fn control(&mut self, option: u8) -> Result<()> {
        match option {
            b' ' => {}
            b'>' => self.is_big_endian = true,
            b'<' => self.is_big_endian = false,
            b'!' => {
                let alignment = self.number(ALIGNMENT)?;
                if !alignment.is_power_of_two() {
                    return Err(text_error(self.lua, format!("alignment {alignment} is not a power of 2")));
                }
                self.alignment = alignment;
            }
            _ => {
                let fault = format!("invalid format option '{}'", char::from(option));
                return Err(self.arguments.wrong(self.lua, 0, &fault));
            }
        }
        Ok(())
    }
}

fn pack(lua: &Lua, mut arguments: Arguments) -> Result<mlua::LuaString> {
    // The library marks the end of its arguments with a nil, and finds it where one is missing.
    arguments.push_nil();
    let text = arguments.text(lua, 0)?;
    let mut format = Format::new(lua, &arguments, text.as_ref());
    let mut packed = Vec::new();
    let mut index = 1;
    while let Some(Item { option, mut size }) = format.next()? {
        let padding = format.padding(packed.len(), &Item { option, size });
        packed.resize(packed.len() + padding, 0);
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let number = arguments.number(lua, index)?;
                put_integer(&mut packed, number, size, format.is_big_endian);
                index += 1;
            }
            b'x' => packed.push(0),
            b'f' => {
                let bits = (arguments.number(lua, index)? as f32).to_le_bytes();
                put(&mut packed, bits, format.is_big_endian);
                index += 1;
            }
            b'd' => {
                put(&mut packed, arguments.number(lua, index)?.to_le_bytes(), format.is_big_endian);
                index += 1;
            }
            b'c' | b's' => {
                let string = arguments.text(lua, index)?;
                index += 1;
                let string = string.as_ref();
                if size == 0 {
                    size = string.len();
                }
                let Some(string) = string.get(..size) else {
                    return Err(arguments.wrong(lua, index, "string too short"));
                };
                packed.extend_from_slice(string);
                if option == b's' {
                    packed.push(0);
                }
                check_size(packed.len())?;
            }
            other => format.control(other)?,
        }
    }
    lua.create_string(&packed)
}

fn put<const BYTES: usize>(packed: &mut Vec<u8>, mut bytes: [u8; BYTES], is_big_endian: bool) {
    if is_big_endian {
        bytes.reverse();
    }
    packed.extend_from_slice(&bytes);
}

fn put_integer(packed: &mut Vec<u8>, number: f64, size: usize, is_big_endian: bool) {
    let value = if number < 0.0 { number::to_integer(number) as u64 } else { number::to_unsigned(number) };
    let mut bytes = [0; INTEGER_BYTES_MAX];
    if let Some(low) = bytes.first_chunk_mut::<8>() {
        *low = value.to_le_bytes();
    }
    let bytes = bytes.get_mut(..size).unwrap_or_default();
    if is_big_endian {
        bytes.reverse();
    }
    packed.extend_from_slice(bytes);
}

fn unpack(lua: &Lua, arguments: Arguments) -> Result<MultiValue> {
    let text = arguments.text(lua, 0)?;
    let data = arguments.text(lua, 1)?;
    let data = data.as_ref();
    let position = arguments.integer_or(lua, 2, 1)?;
    if position == 0 {
        return Err(arguments.wrong(lua, 2, "offset must be 1 or greater"));
    }
    let too_short = || arguments.wrong(lua, 1, "data string too short");
    // A negative position is a huge one in C.
    let mut position = usize::try_from(position - 1).map_err(|_| too_short())?;
    let mut format = Format::new(lua, &arguments, text.as_ref());
    let mut values: Vec<Value> = Vec::new();
    while let Some(item) = format.next()? {
        position = position.saturating_add(format.padding(position, &item));
        let Item { option, mut size } = item;
        let end = position.checked_add(size).filter(|end| *end <= data.len()).ok_or_else(too_short)?;
        let bytes = data.get(position..end).unwrap_or_default();
        if values.len() >= RESULTS_MAX {
            return Err(text_error(lua, "stack overflow (too many results)"));
        }
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let number = integer(bytes, option.is_ascii_lowercase(), format.is_big_endian);
                values.push(Value::Number(number));
            }
            b'x' => {}
            b'f' => {
                let bits = ordered::<4>(bytes, format.is_big_endian);
                values.push(Value::Number(f64::from(f32::from_le_bytes(bits))));
            }
            b'd' => values.push(Value::Number(f64::from_le_bytes(ordered::<8>(bytes, format.is_big_endian)))),
            b'c' => {
                if size == 0 {
                    let counted = values.pop().and_then(|value| plain_number(&value));
                    let counted =
                        counted.ok_or_else(|| text_error(lua, "format 'c0' needs a previous size"))?;
                    size = usize::try_from(number::to_integer(counted)).map_err(|_| too_short())?;
                }
                let end =
                    position.checked_add(size).filter(|end| *end <= data.len()).ok_or_else(too_short)?;
                values.push(Value::String(lua.create_string(data.get(position..end).unwrap_or_default())?));
            }
            b's' => {
                let rest = data.get(position..).unwrap_or_default();
                let length =
                    memchr::memchr(0, rest).ok_or_else(|| text_error(lua, "unfinished string in data"))?;
                values.push(Value::String(lua.create_string(rest.get(..length).unwrap_or_default())?));
                size = length + 1;
            }
            other => format.control(other)?,
        }
        position = position.saturating_add(size);
    }
    values.push(Value::Number((position + 1) as f64));
    Ok(values.into_iter().collect())
}

/// Values that a call may have as results; Lua's stack has room for 8000.
pub(crate) const RESULTS_MAX: usize = 7900;

fn ordered<const BYTES: usize>(bytes: &[u8], is_big_endian: bool) -> [u8; BYTES] {
    let mut ordered: [u8; BYTES] = bytes.try_into().unwrap_or([0; BYTES]);
    if is_big_endian {
        ordered.reverse();
    }
    ordered
}

fn integer(bytes: &[u8], is_signed: bool, is_big_endian: bool) -> f64 {
    let shifted_in = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    let value =
        if is_big_endian { bytes.iter().fold(0, shifted_in) } else { bytes.iter().rev().fold(0, shifted_in) };
    if !is_signed {
        return value as f64;
    }
    // The sign and all above it; the processor shifts by the low bits of the distance.
    let above = u64::MAX.wrapping_shl((bytes.len() as u32).wrapping_mul(8).wrapping_sub(1));
    (if value & above == 0 { value } else { value | above }) as i64 as f64
}

fn size(lua: &Lua, arguments: Arguments) -> Result<f64> {
    let text = arguments.text(lua, 0)?;
    let mut format = Format::new(lua, &arguments, text.as_ref());
    let mut position: usize = 0;
    while let Some(item) = format.next()? {
        position = position.saturating_add(format.padding(position, &item));
        match item.option {
            b's' => return Err(arguments.wrong(lua, 0, "option 's' has no fixed size")),
            b'c' if item.size == 0 => {
                return Err(arguments.wrong(lua, 0, "option 'c0' has no fixed size"));
            }
            option if !option.is_ascii_alphanumeric() => format.control(option)?,
            _ => {}
        }
        position = position.saturating_add(item.size);
    }
    Ok(position as f64)
}
