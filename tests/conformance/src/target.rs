//! What is put to the test: an engine that can be opened again and again, from a library or linked in.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use dredis_contract::{
    Backend, Capabilities, Error, ErrorKind, Logger, Open, OpenRequest, OptionSpec, Options, Result,
};
use dredis_plugin_loader::Plugin;

use crate::check::{During, Ending, Settings};
use crate::child::wait_for_births;
use crate::directory::Directory;
use crate::limit::{Waited, within};

type Opener = dyn Fn(&OpenRequest) -> Result<Arc<dyn Backend>> + Send + Sync;

/// An engine that can be opened, with the operator's options. A clone is the same engine.
#[derive(Clone)]
pub struct Target {
    name: String,
    version: String,
    schema: Vec<OptionSpec>,
    options: Options,
    plugin: Option<Plugin>,
    opener: Arc<Opener>,
    capabilities: Arc<OnceLock<Capabilities>>,
}

impl Target {
    /// A plugin that was loaded.
    pub fn of_plugin(plugin: Plugin) -> Self {
        let own = plugin.clone();
        Target {
            name: plugin.name().to_owned(),
            version: plugin.version().to_owned(),
            schema: plugin.options().to_vec(),
            options: Options::new(),
            plugin: Some(plugin),
            opener: Arc::new(move |request| own.open(request)),
            capabilities: Arc::default(),
        }
    }

    /// A type that is linked in.
    pub fn of_type<B: Open>() -> Self {
        Self::opened_by(B::NAME, B::VERSION, B::options(), |request| Ok(Arc::new(B::open(request)?)))
    }

    /// Whatever `opener` opens. As under the host, options are checked against the schema before.
    pub fn opened_by(
        name: &str,
        version: &str,
        schema: Vec<OptionSpec>,
        opener: impl Fn(&OpenRequest) -> Result<Arc<dyn Backend>> + Send + Sync + 'static,
    ) -> Self {
        let known = schema.clone();
        let checked = move |request: &OpenRequest| {
            request.options.check(&known).map_err(|error| Error::invalid_input(error.to_string()))?;
            opener(request)
        };
        Target {
            name: name.to_owned(),
            version: version.to_owned(),
            schema,
            options: Options::new(),
            plugin: None,
            opener: Arc::new(checked),
            capabilities: Arc::default(),
        }
    }

    /// The same, opened with these options.
    pub fn with_options(self, options: Options) -> Self {
        Target { options, ..self }
    }

    /// The backend's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engine's version, for people.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every option that the engine takes.
    pub fn schema(&self) -> &[OptionSpec] {
        &self.schema
    }

    /// The options with which it is opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The plugin, if it came from a library.
    pub fn plugin(&self) -> Option<&Plugin> {
        self.plugin.as_ref()
    }

    /// Opens it in `dir` with its own options.
    pub fn open(&self, dir: &Path) -> Result<Arc<dyn Backend>> {
        self.open_with(dir, self.options.clone(), Logger::silent())
    }

    /// Opens it with other options or another log.
    pub fn open_with(&self, dir: &Path, options: Options, log: Logger) -> Result<Arc<dyn Backend>> {
        // Other checks may run on other threads, and start processes. An engine's locks must not be seen in those.
        wait_for_births();
        (self.opener)(&OpenRequest { dir: dir.to_owned(), options, log })
    }

    /// [`Target::capabilities`], or an error if that takes longer than a check may ([`Settings::check_seconds`]).
    pub fn capabilities_in_time(&self, settings: &Settings) -> Result<Capabilities> {
        let own = self.clone();
        match within(settings.check_time(), "capabilities", move || own.capabilities())? {
            Waited::Ended(found) => found,
            Waited::Overdue { .. } => Err(Error::new(
                ErrorKind::Io,
                format!("opening it did not end within {} s; see where it hangs", settings.check_seconds),
            )),
        }
    }

    /// What the engine declares, found out once by opening it.
    pub fn capabilities(&self) -> Result<Capabilities> {
        if let Some(known) = self.capabilities.get() {
            return Ok(*known);
        }
        let directory = Directory::fresh(None)?;
        let found = self.open(directory.path())?.capabilities();
        Ok(*self.capabilities.get_or_init(|| found))
    }
}

/// An open engine in a directory of its own. Closed, and its directory removed, when dropped.
pub struct Opened<'t> {
    target: &'t Target,
    // Dropped before the directory in which it lives.
    backend: Option<Arc<dyn Backend>>,
    directory: Directory,
}

impl<'t> Opened<'t> {
    pub(crate) fn fresh(target: &'t Target, settings: &Settings) -> std::result::Result<Self, Ending> {
        let directory = Directory::fresh(settings.directory.as_deref())?;
        let backend = target.open(directory.path()).during("opening in an empty directory")?;
        Ok(Opened { target, backend: Some(backend), directory })
    }

    /// Where it lives.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Another handle to the same engine. It has to be gone before the engine is opened again.
    pub(crate) fn shared(&self) -> Arc<dyn Backend> {
        Arc::clone(self.backend())
    }

    /// Closes the engine and opens it again in the same directory.
    pub fn reopen(&mut self) -> std::result::Result<(), Ending> {
        self.close();
        self.backend = Some(self.target.open(self.directory.path()).during("opening again")?);
        Ok(())
    }

    /// Closes the engine; whoever uses it before it is opened again has made a mistake.
    pub(crate) fn close(&mut self) {
        drop(self.backend.take());
    }

    fn backend(&self) -> &Arc<dyn Backend> {
        self.backend.as_ref().expect("checks use an engine while it is open")
    }
}

impl Deref for Opened<'_> {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        &**self.backend()
    }
}
