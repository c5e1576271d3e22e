//! The library `bit`: operations on 32 bits, as LuaJIT has them.

use mlua::{Lua, Result, Table, Value};

use crate::arguments::Arguments;

/// Functions of one and of two numbers, with their names.
type Unary = (&'static str, fn(u32) -> u32);
type Binary = (&'static str, fn(u32, u32) -> u32);

/// The library's table.
pub(crate) fn library(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    let unary: [Unary; 3] = [("tobit", |bits| bits), ("bnot", |bits| !bits), ("bswap", u32::swap_bytes)];
    for (name, operation) in unary {
        let function = lua.create_function(move |lua, arguments: Arguments| {
            Ok(signed(operation(bits(lua, &arguments, 0)?)))
        })?;
        table.raw_set(name, function)?;
    }
    let folding: [Binary; 3] = [
        ("band", |one, other| one & other),
        ("bor", |one, other| one | other),
        ("bxor", |one, other| one ^ other),
    ];
    for (name, operation) in folding {
        let function = lua.create_function(move |lua, arguments: Arguments| {
            let mut result = bits(lua, &arguments, 0)?;
            for index in 1..arguments.len() {
                result = operation(result, bits(lua, &arguments, index)?);
            }
            Ok(signed(result))
        })?;
        table.raw_set(name, function)?;
    }
    // Of the distance only the low five bits count, as in the processor.
    let shifting: [Binary; 5] = [
        ("lshift", u32::wrapping_shl),
        ("rshift", u32::wrapping_shr),
        ("arshift", |bits, by| (bits as i32).wrapping_shr(by) as u32),
        ("rol", |bits, by| bits.rotate_left(by & 31)),
        ("ror", |bits, by| bits.rotate_right(by & 31)),
    ];
    for (name, operation) in shifting {
        let function = lua.create_function(move |lua, arguments: Arguments| {
            let value = bits(lua, &arguments, 0)?;
            Ok(signed(operation(value, bits(lua, &arguments, 1)?)))
        })?;
        table.raw_set(name, function)?;
    }
    table.raw_set("tohex", lua.create_function(tohex)?)?;
    Ok(table)
}

/// The low 32 bits of a number that is rounded to an integer, halves to the even one.
fn bits(lua: &Lua, arguments: &Arguments, index: usize) -> Result<u32> {
    let number = arguments.number(lua, index)?;
    // Adding 1.5 * 2^52 leaves the low bits of the rounded integer in the low bits of the fraction.
    Ok((number + 6_755_399_441_055_744.0).to_bits() as u32)
}

fn signed(bits: u32) -> Value {
    Value::Number(f64::from(bits as i32))
}

fn tohex(lua: &Lua, arguments: Arguments) -> Result<String> {
    let value = bits(lua, &arguments, 0)?;
    let digits = if arguments.is_given(1) { bits(lua, &arguments, 1)? as i32 } else { 8 };
    let count = digits.unsigned_abs().min(8) as usize;
    let all = if digits < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    Ok(all.get(8 - count..).unwrap_or_default().to_owned())
}
