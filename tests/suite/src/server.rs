//! A dredis server for a test: its own directory, its own port, and ways to end it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::client::Client;
use crate::directory::TemporaryDirectory;
use crate::process::Process;
use crate::programs;

/// How long a server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to end after SIGTERM.
const END_WITHIN: Duration = Duration::from_secs(30);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Settings {
    backend: String,
    arguments: Vec<String>,
    data: Option<PathBuf>,
}

impl Settings {
    /// A server on a backend that ships with dredis.
    pub fn new(backend: Backend) -> Self {
        Self::with_backend(backend.name())
    }

    /// A server on the backend of this name, or in this library.
    pub fn with_backend(backend: &str) -> Self {
        Settings { backend: backend.to_owned(), arguments: Vec::new(), data: None }
    }

    /// The same with these arguments on the command line, too.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// The same with an option of the backend's; `value` is JSON.
    #[must_use]
    pub fn backend_option(self, name: &str, value: &str) -> Self {
        self.arguments(&["--backend-option", &format!("{name}={value}")])
    }

    /// The same with its data here instead of in a fresh directory.
    #[must_use]
    pub fn data_in(mut self, path: &Path) -> Self {
        self.data = Some(path.to_owned());
        self
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Process,
    address: SocketAddr,
    settings: Settings,
    /// After the process, so that it goes after it.
    directory: TemporaryDirectory,
}

impl Server {
    /// A server on a fresh directory.
    pub fn start(backend: Backend) -> Server {
        Self::with(&Settings::new(backend))
    }

    /// A server with these settings.
    pub fn with(settings: &Settings) -> Server {
        Self::try_with(settings).unwrap_or_else(|error| panic!("dredis did not start: {error}"))
    }

    /// The same; the error is what the server said.
    pub fn try_with(settings: &Settings) -> Result<Server, String> {
        let directory = TemporaryDirectory::new();
        let data = settings.data.clone().unwrap_or_else(|| directory.join("data"));
        let settings = Settings { data: Some(data), ..settings.clone() };
        let (process, address) = launch(&settings)?;
        Ok(Server { process, address, settings, directory })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::connect(self.address).unwrap_or_else(|error| panic!("cannot connect to dredis: {error}"))
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A directory of this test's own, beside the data.
    pub fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        self.settings.data.as_deref().expect("set when the server started")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM, and waits for its end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.wait(END_WITHIN).unwrap_or_else(|error| panic!("dredis did not end on SIGTERM: {error}"))
    }

    /// Starts it again on the same data, killing it first if it still runs. How long that took.
    pub fn restart(&mut self) -> Duration {
        self.process.kill();
        let started = Instant::now();
        let (process, address) =
            launch(&self.settings).unwrap_or_else(|error| panic!("dredis did not start again: {error}"));
        self.process = process;
        self.address = address;
        started.elapsed()
    }

    /// A field of INFO, by its name.
    pub fn info(&self, field: &str) -> Option<String> {
        let text = self.client().ask("INFO everything").text();
        let prefix = format!("{field}:");
        text.lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
    }
}

fn launch(settings: &Settings) -> Result<(Process, SocketAddr), String> {
    let data = settings.data.as_deref().ok_or("no data directory was chosen")?;
    let mut command = Command::new(programs::dredis());
    command.args(["--host", "127.0.0.1", "--port", "0", "--backend", &settings.backend, "--dir"]).arg(data);
    command.args(&settings.arguments);
    let process = Process::start("dredis", &mut command)?;
    let address = process.wait_for_line(READY_WITHIN, |line| {
        let (_, address) = line.split_once("Ready to accept connections on ")?;
        address.split_whitespace().next()?.trim_end_matches(['.', ',']).parse().ok()
    })?;
    Ok((process, address))
}
