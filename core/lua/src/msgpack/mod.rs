//! The library `cmsgpack`: MessagePack.

mod pack;
mod unpack;

use mlua::{Lua, Result, Table};

/// The library's table.
pub(crate) fn library(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("_NAME", "cmsgpack")?;
    table.raw_set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.raw_set("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")?;
    table.raw_set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    table.raw_set("pack", lua.create_function(pack::pack)?)?;
    table.raw_set("unpack", lua.create_function(unpack::unpack)?)?;
    table.raw_set("unpack_one", lua.create_function(unpack::unpack_one)?)?;
    table.raw_set("unpack_limit", lua.create_function(unpack::unpack_limit)?)?;
    Ok(table)
}
