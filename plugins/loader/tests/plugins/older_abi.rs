//! A plugin of an ABI before the first.
#![allow(unsafe_code)]

use dredis_plugin::abi::Probe;

#[unsafe(export_name = "dredis_plugin_abi")]
static PROBE: Probe = Probe::new(0, "0.0.1");
