//! The service that clients talk to: an executor on the opened store, the state around it, and background work.

use std::sync::Arc;

use dredis_data::Random;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinHandle;

use crate::background;
use crate::executor::{AppendFsync, Executor};
use crate::failure::Failure;
use crate::host::ServerHost;
use crate::listener::{Peer, Stream};
use crate::session::Connection;
use crate::startup::{Opened, Service};

/// A running server.
pub struct Server {
    executor: Arc<Executor>,
    host: Arc<ServerHost>,
    seed: u64,
    background: Vec<JoinHandle<()>>,
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
        let background = background::start(&executor, &host, &opened.shutdown);
        Ok(Arc::new(Server { executor, host, seed, background }))
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
        for task in &self.background {
            task.abort();
        }
        let stopped = self.executor.stop().await;
        stopped.map_err(|error| Failure::failed(format!("the last writes may not be on the disk: {error}")))
    }
}
