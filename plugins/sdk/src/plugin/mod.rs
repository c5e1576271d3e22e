//! The plugin's side of the boundary: turns an engine behind the contract into the ABI's function tables.
//!
//! Runs inside the plugin's library. Everything in here that the host calls catches the engine's panics.
#![allow(unsafe_code, reason = "takes apart and puts together what crosses the boundary")]

mod cursor;
mod engine;
mod extensions;
mod instance;
mod logger;
mod panics;
mod view;

use dredis_contract::{Open, OpenRequest};

use crate::abi::{
    ABI_MAJOR, CheckTypeLayout, Failure, Handle, LibHeader, Module, ModuleRef, OpenCall, OptionDescription,
    Probe, RResult, RStr, RVec, RootModuleResult, WithMetadata, staticref,
};
use crate::wire;
use instance::Instance;

/// The probe of every plugin that is built with this SDK.
pub const PROBE: Probe = Probe::new(ABI_MAJOR, env!("CARGO_PKG_VERSION"));

/// What [`crate::export_backend!`] exports for `Engine`.
pub struct Plugin<Engine>(std::marker::PhantomData<Engine>);

impl<Engine: Open> Plugin<Engine> {
    staticref!(const MODULE: WithMetadata<Module> = WithMetadata::new(Module {
        name: RStr::from_str(Engine::NAME),
        version: RStr::from_str(Engine::VERSION),
        options: options::<Engine>,
        open: open::<Engine>,
    }));

    /// The header that abi_stable looks for, made while the plugin is compiled.
    pub const fn header() -> LibHeader {
        assert!(is_backend_name(Engine::NAME), "NAME is made of lower-case letters, digits and hyphens");
        // SAFETY: `root_module` returns what `ModuleRef` was cast from.
        unsafe { LibHeader::from_constructor::<ModuleRef>(root_module::<Engine>, CheckTypeLayout::Yes) }
    }
}

extern "C" fn root_module<Engine: Open>() -> RootModuleResult {
    crate::abi::__call_root_module_loader(|| ModuleRef(Plugin::<Engine>::MODULE.as_prefix()))
}

extern "C" fn options<Engine: Open>() -> RResult<RVec<OptionDescription>, Failure> {
    panics::keep_caught_panics_quiet();
    let schema = panics::catch(|| wire::of_schema(&Engine::options()));
    wire::of_result(schema.map_err(|panic| instance::panicked(Engine::NAME, "options", &panic)))
}

/// # Safety
///
/// The bytes of `call.dir` live until this returns; `call.log` is the host's to give away.
unsafe extern "C" fn open<Engine: Open>(call: OpenCall) -> RResult<Handle, Failure> {
    let log = logger::logger(call.log);
    panics::keep_caught_panics_quiet();
    let opened = panics::catch(|| {
        // SAFETY: the bytes live until `open` returns, and the path is copied.
        let dir = wire::path(unsafe { call.dir.get() })?;
        let options = wire::options(&call.options);
        // The host has checked names and types; ranges do not cross the boundary.
        options.check(&Engine::options())?;
        let request = OpenRequest { dir, options, log: log.clone() };
        Engine::open(&request).map(|engine| Instance::new(Engine::NAME, log.clone(), Box::new(engine)))
    });
    let opened = opened.unwrap_or_else(|panic| Err(instance::panicked(Engine::NAME, "open", &panic)));
    wire::of_result(opened.map(|instance| Handle {
        instance: Box::into_raw(Box::new(instance)).cast_const().cast(),
        functions: &engine::FUNCTIONS,
    }))
}

/// Whether operators can type this name and a file can carry it.
const fn is_backend_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if !(bytes[index].is_ascii_lowercase() || bytes[index].is_ascii_digit() || bytes[index] == b'-') {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty()
}
