//! From settings to a running server, and to its orderly end.
//!
//! Everything that can be refused is refused before the first client is let in, each with one line. What serves
//! the clients comes in as a [`Service`].

mod open_files;
mod signals;

use std::fmt::Write as _;
use std::future::Future;
use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dredis_contract::{Capabilities, Durability, Error, OpenRequest, Result as StorageResult};
use dredis_data::{DATABASES, MemoryBounds, Observer, Store, Transaction, WriterState};
use dredis_plugin_loader::{Loader, Plugin};
use tokio::task::JoinHandle;

use crate::cli::{Settings, load_failure};
use crate::directory::Directory;
use crate::failure::Failure;
use crate::listener::{Connections, Listener, Peer, Stream, accept, bind_tcp, bind_unix};
use crate::log;
use crate::rdb_files;
use crate::shutdown::Shutdown;
use crate::threads;

/// How long sessions may take to finish what they have in hand when the server ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// What serves clients on an opened store.
pub trait Service: Send + Sync + Sized + 'static {
    /// Takes over the store and starts whatever runs beside the sessions. Called within the runtime.
    fn start(opened: Opened) -> Result<Arc<Self>, Failure>;

    /// Puts what an RDB file holds in place of all data, durably, or changes nothing. Called before the first client; ends
    /// early, with an error, once `stop` is set.
    fn load(&self, path: &Path, stop: Arc<AtomicBool>) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Serves one client until it leaves or [`Opened::shutdown`] begins: then it finishes what it has in hand.
    fn serve(self: Arc<Self>, stream: Stream, peer: Peer) -> impl Future<Output = ()> + Send + 'static;

    /// Ends what `start` started and makes every acknowledged write durable. No session runs any more, but for those
    /// that overtaxed the server's patience.
    fn stop(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// All that a service starts from.
pub struct Opened {
    /// What the operator asked for.
    pub settings: Settings,
    /// What the data is kept in.
    pub engine: Engine,
    /// The store on it, shared by everyone who reads.
    pub store: Arc<Store>,
    /// What its one writer needs.
    pub writer: WriterState,
    /// The server's connections.
    pub connections: Arc<Connections>,
    /// The TCP port that is listened on.
    pub port: u16,
    /// The switch that ends the server.
    pub shutdown: Shutdown,
    /// Randomness from the operating system, to start others from.
    pub seed: u64,
}

/// What is known of the engine in use.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The backend's name.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// The ABI that its plugin speaks.
    pub abi: u32,
    /// The plugin's file.
    pub plugin_path: std::path::PathBuf,
    /// The data directory.
    pub dir: std::path::PathBuf,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// Runs a server until it is told to end.
pub fn run<S: Service>(settings: Settings) -> Result<(), Failure> {
    log::set_debug(settings.debug);
    log::install_panic_hook();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // One more, that is free to take over while engine calls occupy the others.
        .worker_threads(settings.io_threads + 1)
        .thread_name("io")
        .on_thread_start(threads::begin)
        .on_thread_stop(threads::end)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed(format!("cannot start {} io threads: {error}", settings.io_threads))
        })?;
    let outcome = runtime.block_on(serve::<S>(settings));
    // A session that has not ended by now is not waited for.
    runtime.shutdown_background();
    outcome
}

async fn serve<S: Service>(settings: Settings) -> Result<(), Failure> {
    if let Some(path) = &settings.rdb {
        rdb_files::check_beginning(path).map_err(|error| Failure::failed(format!("--rdb: {error}")))?;
    }
    let plugin = load(&settings)?;
    let clients_max = open_files::raise_limit(settings.maxclients);
    let mut directory = Directory::take(settings.dir.as_deref(), plugin.name())?;
    let listeners = bind(&settings).await?;
    let (store, mut writer) = open_store(&plugin, &settings, &mut directory)?;
    rdb_files::remove_leftovers(directory.path());
    if let Some(path) = &settings.rdb {
        // What it holds will replace everything, at once.
        check_replaceable(&store, &settings, path)?;
    } else if settings.flushall {
        empty(&store, &mut writer).map_err(|error| Failure::failed(format!("--flushall failed: {error}")))?;
        log::info("all databases have been emptied (--flushall)");
    }
    let engine = Engine {
        name: plugin.name().to_owned(),
        version: plugin.version().to_owned(),
        abi: plugin.abi(),
        plugin_path: plugin.path().to_owned(),
        dir: directory.path().to_owned(),
        capabilities: store.backend().capabilities(),
    };
    tell_what_to_expect(&settings, &engine, &directory);
    let ready = ready_line(&listeners, &engine);

    let mut signals = signals::Signals::catch()?;
    let rdb = settings.rdb.clone();
    let connections = Arc::new(Connections::new(clients_max));
    let shutdown = Shutdown::new();
    let service = S::start(Opened {
        engine,
        store: Arc::new(store),
        writer,
        connections: Arc::clone(&connections),
        port: listeners.iter().find_map(Listener::port).unwrap_or_default(),
        shutdown: shutdown.clone(),
        seed: seed()?,
        settings,
    })?;
    if let Some(path) = &rdb
        && let Err(failure) = load_first(&*service, path, &mut signals, &shutdown).await
    {
        // What was written of it is swept; of a directory that was empty before, nothing is left.
        if let Err(also) = service.stop().await {
            log::error(also);
        }
        drop(service);
        directory.undo();
        return Err(failure);
    }
    let accepting: Vec<JoinHandle<()>> = listeners
        .into_iter()
        .map(|listener| {
            let service = Arc::clone(&service);
            let serve = move |stream, peer| Arc::clone(&service).serve(stream, peer);
            tokio::spawn(accept(listener, Arc::clone(&connections), shutdown.clone(), serve))
        })
        .collect();
    announce(&ready);

    signals.wait_for_the_end(&shutdown).await;
    shutdown.begin();
    signals.end_at_once_at_the_next();
    finish(&*service, accepting, &connections).await?;
    // The engine closes with its last user; only then does the directory go to whoever waits for it.
    drop(service);
    drop(directory);
    log::info("the server has ended");
    Ok(())
}

/// Finds the engine's plugin and checks the options meant for it.
fn load(settings: &Settings) -> Result<Plugin, Failure> {
    let loader = Loader::new(settings.backend_search_dirs.clone()).with_log(log::logger("loader"));
    let plugin = loader.load(&settings.backend).map_err(|error| load_failure(&error))?;
    settings.backend_options.check(plugin.options()).map_err(|error| {
        Failure::usage(format!(
            "--backend-option: {error} (--backend-help {} shows what backend '{}' takes)",
            settings.backend.to_string_lossy(),
            plugin.name()
        ))
    })?;
    log::debug(format_args!("backend '{}' is {}", plugin.name(), plugin.path().display()));
    Ok(plugin)
}

async fn bind(settings: &Settings) -> Result<Vec<Listener>, Failure> {
    let mut listeners = bind_tcp(&settings.host, settings.port).await?;
    if let Some(path) = &settings.unixsocket {
        listeners.push(bind_unix(path)?);
    }
    Ok(listeners)
}

/// Opens the engine and what is in it. From the moment that it proves to be ours the directory keeps its marker.
fn open_store(
    plugin: &Plugin,
    settings: &Settings,
    directory: &mut Directory,
) -> Result<(Store, WriterState), Failure> {
    let request = OpenRequest {
        dir: directory.path().to_owned(),
        options: settings.backend_options.clone(),
        log: log::logger(plugin.name()),
    };
    let refuse = |error: &dyn std::fmt::Display| {
        Failure::failed(format!(
            "cannot open backend '{}' in {}: {error}",
            plugin.name(),
            request.dir.display()
        ))
    };
    let backend = plugin.open(&request).map_err(|error| refuse(&error))?;
    let capabilities = backend.capabilities();
    capabilities.limits.check().map_err(|error| refuse(&error))?;
    let durability = capabilities.durability;
    let (mut store, writer) =
        Store::open(backend, plugin.name(), [seed()?, seed()?]).map_err(|error| refuse(&error))?;
    store.set_memory_bounds(MemoryBounds {
        cached_bytes: settings.record_cache_bytes,
        ..MemoryBounds::default()
    });
    directory.settle(durability)?;
    Ok((store, writer))
}

/// Refuses to put a file in place of keys that nobody gave up. (The Python dredis added a file to the keys that it found, on
/// every start again.)
fn check_replaceable(store: &Store, settings: &Settings, path: &Path) -> Result<(), Failure> {
    let txn = Transaction::read_only(store, now_ms());
    let failed = |error: Error| Failure::failed(format!("--rdb: the directory cannot be read: {error}"));
    let mut keys = 0;
    for db in 0..DATABASES {
        keys += txn.figures(db).map_err(failed)?.keys;
    }
    if keys == 0 || settings.flushall {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "--rdb: the directory holds {keys} keys, which {} would replace: start without --rdb to serve them, or with \
         --flushall as well to give them up, or give another --dir",
        path.display()
    )))
}

/// Loads a file before anyone is served. A signal ends that.
async fn load_first<S: Service>(
    service: &S,
    path: &Path,
    signals: &mut signals::Signals,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut loading = pin!(service.load(path, Arc::clone(&stop)));
    tokio::select! {
        loaded = &mut loading => return loaded.map_err(for_option),
        () = signals.wait_for_the_end(shutdown) => stop.store(true, Ordering::Relaxed),
    }
    loading.await.map_err(for_option)?;
    Err(Failure::failed("--rdb: a signal came when all was loaded; start without --rdb to serve it"))
}

fn for_option(failure: Failure) -> Failure {
    Failure::failed(format!("--rdb: {failure}"))
}

/// Empties every database, in one commit.
fn empty(store: &Store, writer: &mut WriterState) -> StorageResult<()> {
    /// Before the first client there is nobody to tell.
    struct Nobody;

    impl Observer for Nobody {
        fn key_changed(&self, _: u32, _: &[u8]) {}

        fn database_changed(&self, _: u32, _: &dyn Fn(&[u8]) -> StorageResult<bool>) -> StorageResult<()> {
            Ok(())
        }
    }

    let mut transaction = Transaction::writable(store, writer, &Nobody, now_ms());
    for db in 0..DATABASES {
        transaction.flush(db)?;
    }
    transaction.commit().map(|_| ())
}

fn tell_what_to_expect(settings: &Settings, engine: &Engine, directory: &Directory) {
    if engine.capabilities.durability == Durability::Never {
        log::info(format_args!(
            "backend '{}' keeps nothing: all data is gone when the server ends",
            engine.name
        ));
    } else if directory.is_temporary() {
        log::info(format_args!(
            "no --dir was given: the data is in {}, which nobody will look for",
            directory.path().display()
        ));
    }
    let is_local = settings.host == "localhost"
        || settings.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_local && settings.requirepass.is_empty() {
        log::warning(format_args!(
            "everyone who reaches {} may read and change the data: set --requirepass",
            settings.host
        ));
    }
}

fn ready_line(listeners: &[Listener], engine: &Engine) -> String {
    let mut line = "Ready to accept connections on ".to_owned();
    for (index, listener) in listeners.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(line, "{comma}{listener}").expect("a string takes everything");
    }
    let Engine { name, version, dir, .. } = engine;
    match engine.capabilities.durability {
        Durability::Never => write!(line, " (backend {name}, {version})"),
        _ => write!(line, " (backend {name}, {version}, dir {})", dir.display()),
    }
    .expect("a string takes everything");
    line
}

/// Says on standard output, for people and for scripts that wait for it, that clients may come.
fn announce(ready: &str) {
    let mut output = std::io::stdout().lock();
    if let Err(error) = writeln!(output, "{ready}").and_then(|()| output.flush()) {
        log::debug(format_args!("standard output is closed ({error}); {ready}"));
    }
}

/// Lets sessions finish, then ends what runs beside them.
async fn finish<S: Service>(
    service: &S,
    accepting: Vec<JoinHandle<()>>,
    connections: &Connections,
) -> Result<(), Failure> {
    for accepting in accepting {
        // It panicked if it failed, and the panic hook has said so.
        accepting.await.unwrap_or_default();
    }
    if tokio::time::timeout(PATIENCE, connections.all_closed()).await.is_err() {
        log::warning(format_args!(
            "{} clients are cut off: they had not finished after {} seconds",
            connections.open(),
            PATIENCE.as_secs()
        ));
    }
    service.stop().await
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn seed() -> Result<u64, Failure> {
    getrandom::u64()
        .map_err(|error| Failure::failed(format!("the operating system gives no random numbers: {error}")))
}
