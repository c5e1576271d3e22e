//! Lua values to MessagePack.

use mlua::{Lua, LuaString, Result, Table, Value};

use crate::arguments::{Arguments, check_size, plain_number};
use crate::raise::argument_error;
use crate::run::{Elements, Unlimited, spend};

/// Levels of tables; what lies deeper is nil.
const LEVELS_MAX: usize = 16;

/// `cmsgpack.pack`: all arguments, one after the other.
pub(super) fn pack(lua: &Lua, arguments: Arguments) -> Result<LuaString> {
    if arguments.len() == 0 {
        return Err(argument_error(lua, 0, "MessagePack pack needs input."));
    }
    let mut packed = Vec::new();
    let mut elements = Elements::default();
    {
        // Nothing is built in Lua until all is packed.
        let _unlimited = Unlimited::new(lua)?;
        for value in arguments.values() {
            put(value, 0, &mut packed, &mut elements)?;
        }
    }
    spend((packed.len() / 16) as u64)?;
    lua.create_string(&packed)
}

fn put(value: &Value, level: usize, packed: &mut Vec<u8>, elements: &mut Elements) -> Result<()> {
    elements.count()?;
    match value {
        Value::String(string) => put_string(&string.as_bytes(), packed),
        Value::Boolean(boolean) => packed.push(if *boolean { 0xC3 } else { 0xC2 }),
        Value::Integer(integer) => put_number(*integer as f64, packed),
        Value::Number(number) => put_number(*number, packed),
        Value::Table(table) if level < LEVELS_MAX => put_table(table, level, packed, elements)?,
        _ => packed.push(0xC0),
    }
    check_size(packed.len())
}

fn put_number(number: f64, packed: &mut Vec<u8>) {
    let integer = crate::number::to_integer(number);
    if integer as f64 == number && number != 9_223_372_036_854_775_808.0 {
        put_integer(integer, packed);
    } else if f64::from(number as f32) == number {
        packed.push(0xCA);
        packed.extend_from_slice(&(number as f32).to_be_bytes());
    } else {
        packed.push(0xCB);
        packed.extend_from_slice(&number.to_be_bytes());
    }
}

fn put_integer(integer: i64, packed: &mut Vec<u8>) {
    match integer {
        -32..=0x7F => packed.push(integer as u8),
        0x80..=0xFF => packed.extend_from_slice(&[0xCC, integer as u8]),
        0x100..=0xFFFF => with_head(0xCD, &(integer as u16).to_be_bytes(), packed),
        0x1_0000..=0xFFFF_FFFF => with_head(0xCE, &(integer as u32).to_be_bytes(), packed),
        0x1_0000_0000.. => with_head(0xCF, &integer.to_be_bytes(), packed),
        -0x80..=-33 => packed.extend_from_slice(&[0xD0, integer as u8]),
        -0x8000..=-0x81 => with_head(0xD1, &(integer as i16).to_be_bytes(), packed),
        -0x8000_0000..=-0x8001 => with_head(0xD2, &(integer as i32).to_be_bytes(), packed),
        _ => with_head(0xD3, &integer.to_be_bytes(), packed),
    }
}

fn with_head(head: u8, bytes: &[u8], packed: &mut Vec<u8>) {
    packed.push(head);
    packed.extend_from_slice(bytes);
}

fn put_string(bytes: &[u8], packed: &mut Vec<u8>) {
    match bytes.len() {
        length @ 0..=31 => packed.push(0xA0 | length as u8),
        length @ 32..=0xFF => packed.extend_from_slice(&[0xD9, length as u8]),
        length @ 0x100..=0xFFFF => with_head(0xDA, &(length as u16).to_be_bytes(), packed),
        length => with_head(0xDB, &(length as u32).to_be_bytes(), packed),
    }
    packed.extend_from_slice(bytes);
}

fn put_table(table: &Table, level: usize, packed: &mut Vec<u8>, elements: &mut Elements) -> Result<()> {
    if is_array(table)? {
        let length = table.raw_len();
        match length {
            0..=15 => packed.push(0x90 | length as u8),
            16..=0xFFFF => with_head(0xDC, &(length as u16).to_be_bytes(), packed),
            _ => with_head(0xDD, &(length as u32).to_be_bytes(), packed),
        }
        for index in 1..=length {
            let item: Value = table.raw_get(index)?;
            put(&item, level + 1, packed, elements)?;
        }
        return Ok(());
    }
    let mut count: usize = 0;
    for pair in table.pairs::<Value, Value>() {
        pair?;
        count += 1;
    }
    match count {
        0..=15 => packed.push(0x80 | count as u8),
        16..=0xFFFF => with_head(0xDE, &(count as u16).to_be_bytes(), packed),
        _ => with_head(0xDF, &(count as u32).to_be_bytes(), packed),
    }
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        put(&key, level + 1, packed, elements)?;
        put(&value, level + 1, packed, elements)?;
    }
    Ok(())
}

/// Whether the keys are the numbers from 1 to their count.
fn is_array(table: &Table) -> Result<bool> {
    let mut largest: f64 = 0.0;
    let mut count: f64 = 0.0;
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair?;
        let index = plain_number(&key).filter(|index| *index > 0.0 && f64::from(*index as i32) == *index);
        let Some(index) = index else {
            return Ok(false);
        };
        largest = largest.max(index);
        count += 1.0;
    }
    Ok(largest == count)
}
