//! One client's connection: bytes in, requests to the executor, replies out.
//!
//! A session reads no further while its requests run or its replies wait to be taken, so a client that sends
//! without reading is slowed down, not buffered for.

mod input;
mod socket;

use std::sync::atomic::Ordering;
use std::time::Duration;

use dredis_commands::{Classifier, Host as _, Path, Reply, Session};
use dredis_data::Random;
use tokio::io::{AsyncRead, AsyncWrite};

pub use input::Input;

use crate::executor::{Executor, Job};
use crate::host::{Buffers, Client, ServerHost};
use crate::log;
use crate::rdb_files;
use crate::resp::ProtocolError;

/// How many requests run as one batch.
const BATCH_REQUESTS_MAX: usize = 1024;

/// A client's connection.
pub struct Connection<'s> {
    executor: &'s Executor,
    host: &'s ServerHost,
    client: &'s Client,
    /// `None` only while the executor has it, or the server goes down.
    job: Option<Box<Job>>,
}

/// The connection is over.
struct Over;

impl<'s> Connection<'s> {
    /// A connection whose client has just come.
    pub fn new(executor: &'s Executor, host: &'s ServerHost, client: &'s Client, random: Random) -> Self {
        let session = Session::new(client.id(), !host.parameters().requires_password());
        Connection { executor, host, client, job: Some(Box::new(Job::new(session, random))) }
    }

    /// Serves the client until one side has enough. The socket is left open.
    pub async fn run<S>(mut self, stream: &mut S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.client.enter_task().await;
        while self.turn(stream).await.is_ok() {}
    }

    /// Reads if need be, or runs a batch.
    async fn turn<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> Result<(), Over> {
        let job = self.job.as_mut().ok_or(Over)?;
        let limits = self.host.parameters().request_limits(job.session.authenticated);
        // Until a client has authenticated, each request may change the limits of the next.
        let most = if job.session.authenticated { BATCH_REQUESTS_MAX } else { 1 };
        let decoded = job.input.decode(&limits, most);
        let is_waiting = decoded.is_ok() && job.input.request_count() == 0;
        if is_waiting {
            job.clear_requests();
            return self.read(stream).await;
        }
        while self.job.as_ref().is_some_and(|job| !job.is_done()) {
            self.run_batch(stream).await?;
        }
        self.job.as_mut().ok_or(Over)?.clear_requests();
        match decoded {
            Ok(()) => Ok(()),
            Err(error) => {
                self.refuse(stream, error).await;
                Err(Over)
            }
        }
    }

    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Over> {
        let job = self.job.as_mut().ok_or(Over)?;
        let read = socket::read_some(stream, self.client, job.input.buffer_mut());
        let received = match self.host.parameters().idle_timeout_s() {
            0 => read.await,
            seconds => tokio::time::timeout(Duration::from_secs(seconds), read).await.map_err(|_| Over)?,
        };
        match received {
            Ok(bytes) if bytes > 0 => {
                self.host.statistics().input_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(Over),
        }
    }

    /// Runs requests, all or until their replies should be sent, and sends those.
    async fn run_batch<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> Result<(), Over> {
        let job = self.job.take().ok_or(Over)?;
        self.hold_back(&job).await;
        let mut job = self.executor.run(job).await.map_err(|_| Over)?;
        let buffers = Buffers {
            input_bytes: job.input.held_bytes(),
            input_capacity_bytes: job.input.capacity_bytes(),
            output_bytes: job.out.len(),
        };
        self.client.after_batch(&job.session, buffers);
        if let Some(what) = job.session.take_afterwards() {
            let reply = rdb_files::perform(self.host, &mut job.session, what).await;
            if let Reply::Error(line) = &reply {
                self.host.error_answered(line);
            }
            job.reply_late(&reply);
        }
        if let Some(pause) = job.session.take_pause() {
            tokio::time::sleep(pause).await;
        }
        if !job.out.is_empty() {
            self.send(stream, &job.out).await?;
            job.clear_replies();
            self.client.replies_sent();
        }
        let is_over = job.session.closing || self.client.is_killed();
        self.job = Some(job);
        if is_over { Err(Over) } else { Ok(()) }
    }

    /// Waits while CLIENT PAUSE or a reload holds such requests back.
    async fn hold_back(&self, job: &Job) {
        let pauses = self.host.client_table().pauses();
        if pauses.is_on() {
            let mut classifier = Classifier::new(&job.session);
            job.for_each_pending(|request| classifier.add(request));
            pauses.wait(classifier.path() == Path::Write).await;
        }
        let files = self.host.rdb_files();
        if files.holds_writers() {
            let mut classifier = Classifier::new(&job.session);
            job.for_each_pending(|request| classifier.add(request));
            if classifier.path() == Path::Write {
                files.let_writers_in().await;
            }
        }
    }

    /// Sends replies, within the limits of `client-output-buffer-limit`.
    async fn send<S: AsyncWrite + Unpin>(&self, stream: &mut S, replies: &[u8]) -> Result<(), Over> {
        let bytes = replies.len() as u64;
        let limit = self.host.parameters().output_limit();
        if limit.hard_bytes > 0 && bytes > limit.hard_bytes {
            return Err(self.throw_out("its replies are above the hard output buffer limit"));
        }
        let write = socket::write_all(stream, self.client, replies);
        let written = if limit.soft_bytes > 0 && bytes > limit.soft_bytes {
            let patience = Duration::from_secs(limit.soft_s);
            let within = tokio::time::timeout(patience, write).await;
            within.map_err(|_| self.throw_out("it did not take its replies in time"))?
        } else {
            write.await
        };
        written.map_err(|_| Over)?;
        self.host.statistics().output_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn throw_out(&self, reason: &str) -> Over {
        log::warning(format_args!("client {} is thrown out: {reason}", self.client.address()));
        self.host.statistics().output_limit_disconnections.fetch_add(1, Ordering::Relaxed);
        Over
    }

    /// Tells a client why its requests cannot be read any further.
    async fn refuse<S: AsyncWrite + Unpin>(&self, stream: &mut S, error: ProtocolError) {
        log::debug(format_args!("client {} is thrown out: {error}", self.client.address()));
        match error.line() {
            Some(line) => {
                let reply = [b"-", &*line, b"\r\n"].concat();
                // It is thrown out either way.
                socket::write_all(stream, self.client, &reply).await.unwrap_or_default();
            }
            None => {
                self.host.statistics().query_limit_disconnections.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
