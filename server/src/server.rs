//! The service that clients talk to: an executor on the opened store, the state around it, and background work.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use dredis_data::Random;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinHandle;

use crate::background;
use crate::executor::{AppendFsync, Executor};
use crate::failure::Failure;
use crate::host::ServerHost;
use crate::listener::{Peer, Stream};
use crate::rdb_files::LoadRequest;
use crate::session::Connection;
use crate::startup::{Opened, Service};

/// A running server.
pub struct Server {
    executor: Arc<Executor>,
    host: Arc<ServerHost>,
    seed: u64,
    background: Mutex<Vec<JoinHandle<()>>>,
}

impl Service for Server {
    fn start(opened: Opened) -> Result<Arc<Self>, Failure> {
        let append_fsync = AppendFsync::from(opened.settings.appendfsync);
        let seed = opened.seed;
        let host = Arc::new(ServerHost::new(&opened));
        let executor = Executor::start(opened.store, opened.writer, Arc::clone(&host), append_fsync)
            .map_err(|error| Failure::failed(format!("the executor cannot start: {error}")))?;
        let executor = Arc::new(executor);
        let weak = Arc::downgrade(&executor);
        host.parameters().on_append_fsync(move |mode| match weak.upgrade() {
            Some(executor) => executor.set_append_fsync(mode),
            None => Ok(()),
        });
        host.rdb_files().set_executor(&executor);
        let background = Mutex::new(background::start(&executor, &host, &opened.shutdown));
        Ok(Arc::new(Server { executor, host, seed, background }))
    }

    async fn load(&self, path: &Path, stop: Arc<AtomicBool>) -> Result<(), Failure> {
        let request = LoadRequest {
            path: path.to_owned(),
            packed_limits: self.host.parameters().packed_limits(),
            unchanged_since: None,
            is_shown: true,
        };
        let loaded = self.host.rdb_files().load(request, stop).await;
        loaded.map_err(|error| Failure::failed(format!("{error}; nothing was loaded")))?;
        let synced = self.executor.sync().await;
        synced.map_err(|error| Failure::failed(format!("what was loaded may not be on the disk: {error}")))
    }

    async fn serve(self: Arc<Self>, mut stream: Stream, peer: Peer) {
        let client = self.host.client_table().register(peer);
        let random = Random::new(self.seed ^ client.id().rotate_left(32));
        Connection::new(&self.executor, &self.host, &client, random).run(&mut stream).await;
        // First it is off the lists, then its socket closes: whoever sees that finds it gone.
        self.host.disconnected(&client);
        if !client.is_killed() {
            // The peer may be gone already.
            stream.shutdown().await.unwrap_or_default();
        }
    }

    async fn stop(&self) -> Result<(), Failure> {
        self.host.rdb_files().end_saving(self.host.parameters().saving()).await;
        let background = std::mem::take(&mut *self.background.lock().unwrap_or_else(PoisonError::into_inner));
        for task in background {
            task.abort();
            // Aborted, and so over; whatever it held is let go.
            task.await.unwrap_or_default();
        }
        let stopped = self.executor.stop().await;
        stopped.map_err(|error| Failure::failed(format!("the last writes may not be on the disk: {error}")))
    }
}
