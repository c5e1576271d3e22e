//! From a file to a plugin, step by step, each with its refusal.
#![allow(unsafe_code, reason = "opens libraries and reads their symbols")]

use std::error::Error as _;
use std::fs;
use std::path::Path;

use dredis_plugin::abi::{
    ABI_MAJOR, AbiHeaderRef, LibraryError, MODULE_SYMBOL, ModuleRef, PROBE_SYMBOL, Probe,
};
use dredis_plugin::host::HostModule;
use libloading::Library;

use crate::{LoadError, LoadErrorKind, Plugin, format};

/// The version of the SDK in this host, to name beside a plugin's.
const HOST_SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn load(path: &Path) -> Result<Plugin, LoadError> {
    let refuse = |kind, reason: String| {
        LoadError::new(kind, format!("cannot load the plugin '{}': {reason}", path.display()))
    };
    // Absolute, because the system looks for bare names elsewhere than in the working directory.
    let path = fs::canonicalize(path).map_err(|error| {
        refuse(LoadErrorKind::NotFound, format!("{error}; check the path and its permissions"))
    })?;

    let library = open(&path).map_err(|reason| refuse(LoadErrorKind::NotALibrary, reason))?;

    let probe = probe(library).ok_or_else(|| {
        let reason = format!(
            "it is a library without the symbol {PROBE_SYMBOL}, so not a dredis plugin; a plugin says \
             dredis_plugin::export_backend!(..) in a crate of type cdylib"
        );
        refuse(LoadErrorKind::NotAPlugin, reason)
    })?;
    let sdk_version = probe.sdk_version();

    if probe.abi != ABI_MAJOR {
        let age = if probe.abi > ABI_MAJOR { "a newer" } else { "an older" };
        let reason = format!(
            "it speaks plugin ABI {} (dredis-plugin {sdk_version}) and this dredis speaks ABI {ABI_MAJOR} \
             (dredis-plugin {HOST_SDK_VERSION}); use {age} dredis, or rebuild the plugin with dredis-plugin \
             {HOST_SDK_VERSION}",
            probe.abi
        );
        return Err(refuse(LoadErrorKind::OtherAbi, reason));
    }

    let module = module(library).map_err(|error| {
        let (kind, reason) = explain(&*error, &sdk_version);
        refuse(kind, reason).with_detail(error.to_string())
    })?;
    // SAFETY: the layout was checked, the library is never unloaded, and whoever claims this ABI answers for it.
    let module = unsafe { HostModule::new(module) };
    let options = module
        .options()
        .map_err(|error| refuse(LoadErrorKind::Failed, format!("it cannot tell its options: {error}")))?;

    Ok(Plugin { module, abi: probe.abi, sdk_version, path, options })
}

/// The library at `path`, which stays for as long as the process does, also if it is refused later: what its
/// initialisers started cannot be stopped.
fn open(path: &Path) -> Result<&'static Library, String> {
    if !path.is_file() {
        return Err("it is not a file; give the path of a plugin".to_owned());
    }
    if let Some(reason) = format::cut_off(path) {
        return Err(reason);
    }
    // SAFETY: this runs the library's initialisers. That is what loading a plugin means, and the operator named it.
    match unsafe { Library::new(path) } {
        Ok(library) => Ok(Box::leak(Box::new(library))),
        Err(error) => {
            if let Some(misfit) = format::misfit(path) {
                return Err(format!("the system cannot load it as a library: {misfit}"));
            }
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            Err(format!(
                "the system cannot load it as a library ({cause}); rebuild it for this machine, or install what it needs"
            ))
        }
    }
}

fn probe(library: &'static Library) -> Option<Probe> {
    // SAFETY: whoever exports this symbol exports a `Probe` under it, in every ABI.
    let probe = unsafe { library.get::<*const Probe>(PROBE_SYMBOL) }.ok()?;
    if probe.is_null() {
        return None;
    }
    // SAFETY: as above; a static lives as long as its library.
    Some(unsafe { **probe })
}

fn module(library: &'static Library) -> Result<ModuleRef, Box<dyn std::error::Error>> {
    // SAFETY: whoever exports this symbol exports a header of abi_stable's under it, which begins the same in all of
    // its versions.
    let header = unsafe { library.get::<AbiHeaderRef>(MODULE_SYMBOL) }?;
    Ok(header.upgrade()?.init_root_module::<ModuleRef>()?)
}

/// One line for one of abi_stable's errors, which may be thousands of lines long.
fn explain(error: &(dyn std::error::Error + 'static), sdk_version: &str) -> (LoadErrorKind, String) {
    let versions = format!("dredis-plugin {sdk_version} in the plugin, {HOST_SDK_VERSION} in this dredis");
    match error.downcast_ref::<LibraryError>() {
        Some(LibraryError::RootModule { .. }) => (
            LoadErrorKind::Failed,
            "it panicked or failed while it was loaded; report this to the plugin's author".to_owned(),
        ),
        Some(LibraryError::AbiInstability(_)) => (
            LoadErrorKind::OtherLayout,
            format!(
                "it claims plugin ABI {ABI_MAJOR}, but its tables are laid out differently ({versions}); rebuild it \
                 with a released dredis-plugin (the debug log has the differences)"
            ),
        ),
        Some(_) => (
            LoadErrorKind::OtherLayout,
            format!(
                "it claims plugin ABI {ABI_MAJOR}, but was built with another version of abi_stable or for another C \
                 ABI ({versions}); rebuild it with a released dredis-plugin"
            ),
        ),
        None => (
            LoadErrorKind::NotAPlugin,
            format!(
                "it claims plugin ABI {ABI_MAJOR}, but does not export {MODULE_SYMBOL} ({versions}); rebuild it with a \
                 released dredis-plugin"
            ),
        ),
    }
}
