//! A plugin of an ABI that does not exist yet.
#![allow(unsafe_code)]

use dredis_plugin::abi::Probe;

#[unsafe(export_name = "dredis_plugin_abi")]
static PROBE: Probe = Probe::new(2, "9.8.7");
