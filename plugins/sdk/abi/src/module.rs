//! The frozen core: the root module of a plugin and the functions of an open engine.

use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{ROption, RResult, RStr, RVec};
use abi_stable::type_layout::TypeLayout;

use crate::{
    Bytes, CapabilityTable, Failure, Found, Lookup, Object, OpenCall, OptionDescription, Page, RawOperation,
    ScanCall,
};

/// What a plugin says about itself, and how to open its engine.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ModuleRef, prefix_fields = ModulePrefix)))]
#[sabi(missing_field(panic))]
pub struct Module {
    /// The name that operators type.
    pub name: RStr<'static>,
    /// The engine's version, for people.
    pub version: RStr<'static>,
    /// Every option that the engine takes.
    pub options: extern "C" fn() -> RResult<RVec<OptionDescription>, Failure>,
    /// Opens the engine. The bytes that the call points to live until it returns.
    #[sabi(last_prefix_field)]
    pub open: unsafe extern "C" fn(OpenCall) -> RResult<Handle, Failure>,
}

impl RootModule for ModuleRef {
    abi_stable::declare_root_module_statics! {ModuleRef}
    const BASE_NAME: &'static str = "dredis_plugin";
    const NAME: &'static str = "dredis plugin";
    // The ABI's, for the reason given in Cargo.toml.
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}

/// An open engine. [`Functions::close`] ends it, after which none of its functions may be called.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct Handle {
    /// The first argument of every function.
    pub instance: *const (),
    /// What can be done with it, from any thread.
    pub functions: &'static Functions,
}

/// What an open engine can do. Each function takes the instance first; views, cursors and values go only to the
/// instance that they come from, and none is used after it was closed or released.
#[repr(C)]
#[derive(StableAbi)]
pub struct Functions {
    /// Closes the engine. All views are closed before.
    pub close: unsafe extern "C" fn(*const ()),
    /// What the engine can do; constant.
    pub capabilities: unsafe extern "C" fn(*const ()) -> RResult<CapabilityTable, Failure>,

    /// Takes a view.
    pub view: unsafe extern "C" fn(*const ()) -> RResult<Object, Failure>,
    /// Closes a view. Its cursors and kept values are gone before.
    pub view_close: unsafe extern "C" fn(*const (), Object),
    /// Reads one key.
    pub get: unsafe extern "C" fn(*const (), Object, Bytes) -> Lookup,
    /// Reads that many keys into as many places. On failure no place was written; on success each one was.
    pub get_many:
        unsafe extern "C" fn(*const (), Object, *const Bytes, usize, *mut Lookup) -> RResult<(), Failure>,
    /// Releases a kept value.
    pub value_release: unsafe extern "C" fn(*const (), Found),

    /// Opens a cursor; reads nothing yet.
    pub scan: unsafe extern "C" fn(*const (), Object, ScanCall) -> RResult<*mut (), Failure>,
    /// The next records of a cursor: at most so many, ending when so many bytes are reached. Never empty before the
    /// end of the scan. A cursor is used by one thread at a time.
    pub page: unsafe extern "C" fn(*const (), *mut (), usize, usize) -> RResult<Page, Failure>,
    /// Closes a cursor and frees its page.
    pub cursor_close: unsafe extern "C" fn(*const (), *mut ()),

    /// Commits that many operations, given that many keys read; the outcome by number.
    pub commit: unsafe extern "C" fn(
        *const (),
        *const RawOperation,
        usize,
        *const Bytes,
        usize,
    ) -> RResult<u8, Failure>,
    /// Makes returned commits durable.
    pub sync: unsafe extern "C" fn(*const ()) -> RResult<(), Failure>,
    /// What the operator asks of commits from now on, by number.
    pub need_durability: unsafe extern "C" fn(*const (), u8) -> RResult<(), Failure>,

    /// The table of that name (see [`crate::extension`]), if the plugin has it. The only door for what comes later.
    pub extension: unsafe extern "C" fn(*const (), Bytes) -> ROption<Extension>,
}

/// A table outside the core, and the description of its layout, which the host compares with its own before use.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct Extension {
    /// The table; lives as long as the library.
    pub table: *const (),
    /// What it looks like.
    pub layout: &'static TypeLayout,
}
