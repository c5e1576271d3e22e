//! A plugin that claims ABI 1 while its root module looks different.
#![allow(unsafe_code, missing_docs)]

use abi_stable::StableAbi;
use abi_stable::library::{CheckTypeLayout, LibHeader, RootModule, RootModuleResult};
use abi_stable::prefix_type::WithMetadata;
use abi_stable::sabi_types::VersionStrings;
use dredis_plugin::abi::Probe;

#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ModuleRef, prefix_fields = ModulePrefix)))]
pub struct Module {
    pub name: u64,
    #[sabi(last_prefix_field)]
    pub surprise: u8,
}

impl RootModule for ModuleRef {
    abi_stable::declare_root_module_statics! {ModuleRef}
    const BASE_NAME: &'static str = "dredis_plugin";
    const NAME: &'static str = "dredis plugin";
    const VERSION_STRINGS: VersionStrings =
        VersionStrings { version: abi_stable::std_types::RStr::from_str("1.0.0") };
}

struct Statics;

impl Statics {
    abi_stable::staticref!(const MODULE: WithMetadata<Module> =
        WithMetadata::new(Module { name: 1, surprise: 2 }));
}

extern "C" fn root_module() -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(|| ModuleRef(Statics::MODULE.as_prefix()))
}

#[unsafe(export_name = "dredis_plugin_abi")]
static PROBE: Probe = Probe::new(1, "0.0.1");

#[unsafe(export_name = "dredis_plugin_module_1")]
// SAFETY: the constructor returns what `ModuleRef` was cast from.
static HEADER: LibHeader =
    unsafe { LibHeader::from_constructor::<ModuleRef>(root_module, CheckTypeLayout::Yes) };
