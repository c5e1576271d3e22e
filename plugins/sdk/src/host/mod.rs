//! The host's side of the boundary: a plugin's function tables as an engine behind the contract.
//!
//! Used by the loader, which makes sure that the tables have the layout that they claim. Runs in the server.
#![allow(unsafe_code, reason = "calls what stands in a plugin's function tables")]

mod backend;
mod cursor;
mod logger;
mod view;

use std::sync::Arc;

use dredis_contract::{Backend, OpenRequest, OptionSpec, Result};

use crate::abi::{ModuleRef, OpenCall};
use crate::wire;
use backend::HostBackend;

/// A plugin whose layout was checked, ready to open engines.
#[derive(Clone, Copy)]
pub struct HostModule {
    module: ModuleRef,
}

impl HostModule {
    /// The plugin behind `module`.
    ///
    /// # Safety
    ///
    /// The layout of `module` was checked, the library that it is from is never unloaded, and its functions do what
    /// their documentation in the ABI says.
    pub unsafe fn new(module: ModuleRef) -> Self {
        HostModule { module }
    }

    /// The name that operators type.
    pub fn name(&self) -> &'static str {
        self.module.name().as_str()
    }

    /// The engine's version, for people.
    pub fn version(&self) -> &'static str {
        self.module.version().as_str()
    }

    /// Every option that the engine takes.
    pub fn options(&self) -> Result<Vec<OptionSpec>> {
        wire::schema(&wire::result(self.module.options()())?)
    }

    /// Opens an engine.
    pub fn open(&self, request: &OpenRequest) -> Result<Arc<dyn Backend>> {
        let call = OpenCall {
            dir: wire::of_path(&request.dir)?,
            options: wire::of_options(&request.options),
            log: logger::sink(request.log.clone()),
        };
        // SAFETY: the directory's bytes live in `request`, longer than the call; the rest is given away.
        let handle = wire::result(unsafe { self.module.open()(call) })?;
        // SAFETY: the handle is fresh, and nobody else has it.
        let backend = unsafe { HostBackend::new(self.name(), handle) }?;
        Ok(Arc::new(backend))
    }
}
