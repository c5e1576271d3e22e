//! A loaded plugin.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dredis_contract::{Backend, Error, OpenRequest, OptionSpec, Result};
use dredis_plugin::host::HostModule;

/// A plugin that was found fit to be used. It opens as many engines as are asked for, and stays loaded for good.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) module: HostModule,
    pub(crate) abi: u32,
    pub(crate) sdk_version: String,
    pub(crate) path: PathBuf,
    pub(crate) options: Vec<OptionSpec>,
}

impl Plugin {
    /// The name of the backend, as operators type it.
    pub fn name(&self) -> &str {
        self.module.name()
    }

    /// The engine's version, for people.
    pub fn version(&self) -> &str {
        self.module.version()
    }

    /// The number of the ABI that the plugin speaks.
    pub fn abi(&self) -> u32 {
        self.abi
    }

    /// The version of `dredis-plugin` that the plugin was built with.
    pub fn sdk_version(&self) -> &str {
        &self.sdk_version
    }

    /// The file, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every option that the backend takes.
    pub fn options(&self) -> &[OptionSpec] {
        &self.options
    }

    /// Opens an engine, after a check of the request's options against [`Plugin::options`].
    pub fn open(&self, request: &OpenRequest) -> Result<Arc<dyn Backend>> {
        request
            .options
            .check(&self.options)
            .map_err(|error| Error::invalid_input(format!("backend '{}': {error}", self.name())))?;
        self.module.open(request)
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Plugin({} from {})", self.name(), self.path.display())
    }
}
