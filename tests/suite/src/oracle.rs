//! Real Redis, which decides what a command means.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::time::Duration;

use crate::client::Client;
use crate::directory::TemporaryDirectory;
use crate::process::Process;
use crate::programs;

/// A running redis-server that keeps nothing.
#[derive(Debug)]
pub struct RedisServer {
    process: Process,
    address: SocketAddr,
    _directory: TemporaryDirectory,
}

impl RedisServer {
    /// Starts one; if there is none on this machine, says that `test` is skipped.
    pub fn start_or_skip(test: &str) -> Option<RedisServer> {
        Self::start_with_or_skip(test, &[])
    }

    /// The same with settings on the command line.
    pub fn start_with_or_skip(test: &str, arguments: &[&str]) -> Option<RedisServer> {
        if programs::on_path("redis-server").is_none() {
            programs::skip(
                test,
                "there is no redis-server on this machine (Debian: apt-get install redis-server)",
            );
            return None;
        }
        Some(Self::start(arguments))
    }

    /// Starts one with settings on the command line.
    pub fn start(arguments: &[&str]) -> RedisServer {
        let directory = TemporaryDirectory::new();
        let mut refusals = Vec::new();
        // The port is free when it is looked for; should another program take it meanwhile, look again.
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
            command
                .args(["--daemonize", "no", "--enable-debug-command", "yes", "--dir"])
                .arg(directory.path());
            command.args(arguments);
            let process =
                Process::start("redis-server", &mut command).unwrap_or_else(|error| panic!("{error}"));
            let ready = |line: &str| line.contains("Ready to accept connections").then_some(());
            match process.wait_for_line(Duration::from_secs(30), ready) {
                Ok(()) => {
                    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                    return RedisServer { process, address, _directory: directory };
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        panic!("redis-server did not start: {}", refusals.join("\n"));
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::connect(self.address)
            .unwrap_or_else(|error| panic!("cannot connect to redis-server: {error}"))
    }
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port can be bound");
    listener.local_addr().expect("a bound socket has an address").port()
}
