//! The binary interface between dredis and a storage plugin: plain C layouts and function tables, nothing else.
//!
//! Nobody writes against this crate: plugin authors use `dredis-plugin`, which speaks it for them. It holds no logic
//! and allocates nothing. Everything here is **frozen** as ABI 1: no field, variant or function is ever added to,
//! removed from or reordered in a published type, because a plugin built today has to load in every later host and the
//! other way round. What comes later comes as a new table in [`extension`], under a new name.
//!
//! # Who owns what
//!
//! - Bytes that the host passes in live for the duration of the call.
//! - Everything that the plugin hands out (views, cursors, kept values, strings) is given back to the plugin to be
//!   freed; no allocator ever sees another's memory.
//! - No function here unwinds. A panic inside the plugin comes back as a [`Failure`].
//! - Every function takes the instance first, so that the plugin can refuse calls after a panic.
// The layouts are described by code that abi_stable derives, which is unsafe by nature.
#![allow(unsafe_code)]

mod call;

pub mod extension;
mod memory;
mod module;

pub use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
pub use abi_stable::library::{
    __call_root_module_loader, AbiHeaderRef, CheckTypeLayout, LibHeader, LibraryError, RootModuleResult,
};
pub use abi_stable::prefix_type::WithMetadata;
pub use abi_stable::std_types::{ROption, RResult, RStr, RString, RVec, Tuple2};
pub use abi_stable::type_layout::TypeLayout;
pub use abi_stable::{StableAbi, staticref};

pub use self::call::{
    CapabilityTable, Failure, LogSink, NamedOption, OpenCall, OptionDescription, OptionItem, RawOperation,
    ScanCall,
};
pub use self::memory::{Bytes, Found, Lookup, Object, Page, PageRecord};
pub use self::module::{Extension, Functions, Handle, Module, ModuleRef};

/// The number of this ABI. Another number means another, incompatible set of tables.
pub const ABI_MAJOR: u32 = 1;

/// The exported symbol behind which every plugin of any ABI keeps its [`Probe`].
pub const PROBE_SYMBOL: &str = "dredis_plugin_abi";

/// The exported symbol behind which a plugin of ABI 1 keeps its [`LibHeader`].
pub const MODULE_SYMBOL: &str = "dredis_plugin_module_1";

/// What a host reads before it knows anything about a library. The one type that all ABI majors share.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// The ABI major number that the plugin speaks.
    pub abi: u32,
    /// The SDK's version as text, padded with nul bytes.
    pub sdk_version: [u8; 28],
}

impl Probe {
    /// A probe of a plugin that speaks `abi` and was built with this version of the SDK (at most 28 bytes).
    pub const fn new(abi: u32, sdk_version: &str) -> Self {
        let text = sdk_version.as_bytes();
        let mut padded = [0; 28];
        let mut index = 0;
        while index < text.len() && index < padded.len() {
            padded[index] = text[index];
            index += 1;
        }
        Probe { abi, sdk_version: padded }
    }

    /// The SDK's version.
    pub fn sdk_version(&self) -> String {
        let text = self.sdk_version.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}
