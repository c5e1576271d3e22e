//! Sockets to listen on.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixSocket};

use super::{Peer, Stream};
use crate::failure::Failure;
use crate::log;

/// Connections that may wait to be accepted, as in Redis.
const BACKLOG: u32 = 511;
/// A client that has not been heard of for so long is asked whether it is there (`tcp-keepalive`), then again and
/// again, and given up.
pub const KEEPALIVE: Duration = Duration::from_secs(300);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(100);
const KEEPALIVE_RETRIES: u32 = 3;

/// A socket that is listened on.
#[derive(Debug)]
pub enum Listener {
    /// On an address.
    Tcp(TcpListener, SocketAddr),
    /// On a path.
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket, which goes with it.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Someone else may have removed it.
        fs::remove_file(&self.0).unwrap_or_default();
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listener::Tcp(_, address) => write!(formatter, "{address}"),
            Listener::Unix(_, file) => write!(formatter, "{}", file.0.display()),
        }
    }
}

impl Listener {
    /// The TCP port, if it has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Listener::Tcp(_, address) => Some(address.port()),
            Listener::Unix(..) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Listener::Tcp(listener, bound) => {
                let (stream, address) = listener.accept().await?;
                if let Err(error) = tune(&stream) {
                    log::debug(format_args!(
                        "options of the connection from {address} could not be set: {error}"
                    ));
                }
                let peer = Peer {
                    address: address.to_string(),
                    local_address: stream.local_addr().unwrap_or(*bound).to_string(),
                    descriptor: stream.as_raw_fd(),
                    is_unix: false,
                };
                Ok((Stream::Tcp(stream), peer))
            }
            Listener::Unix(listener, file) => {
                let (stream, _) = listener.accept().await?;
                let address = format!("{}:0", file.0.display());
                let peer = Peer {
                    local_address: address.clone(),
                    address,
                    descriptor: stream.as_raw_fd(),
                    is_unix: true,
                };
                Ok((Stream::Unix(stream), peer))
            }
        }
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_RETRIES);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Listens on every address that `host` stands for, on one port. Port 0: one that is free.
pub async fn bind_tcp(host: &str, port: u16) -> Result<Vec<Listener>, Failure> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| {
        Failure::failed(format!(
            "cannot listen on host '{host}': {error}; give --host an address of this machine"
        ))
    })?;
    let mut listeners: Vec<Listener> = Vec::new();
    let mut refused = None;
    for mut address in addresses {
        // A port that was picked for the first address goes for all.
        address.set_port(listeners.first().and_then(Listener::port).unwrap_or(port));
        if listeners.iter().any(|listener| matches!(listener, Listener::Tcp(_, known) if *known == address)) {
            continue;
        }
        match listen(address) {
            Ok(listener) => listeners.push(listener),
            // A name may stand for addresses of a family that this machine does not have.
            Err(error) if is_no_address_here(&error) => refused = Some(cannot_listen(address, &error)),
            Err(error) => return Err(cannot_listen(address, &error)),
        }
    }
    match refused {
        Some(refused) if listeners.is_empty() => Err(refused),
        _ => Ok(listeners),
    }
}

fn listen(address: SocketAddr) -> io::Result<Listener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a server that was just stopped can be started again at once.
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() {
        SockRef::from(&socket).set_only_v6(true)?;
    }
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let bound = listener.local_addr()?;
    Ok(Listener::Tcp(listener, bound))
}

fn is_no_address_here(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program has that port, stop it or give another --port (0 picks a free one)"
        }
        ErrorKind::PermissionDenied => "ports below 1024 are for the administrator, give a higher --port",
        ErrorKind::AddrNotAvailable => "this machine has no such address, give another --host",
        _ => "give another --host or --port",
    };
    Failure::failed(format!("cannot listen on {address}: {error}; {advice}"))
}

/// Listens on a Unix socket. A socket that a dead server left behind is replaced, nothing else is.
pub fn bind_unix(path: &Path) -> Result<Listener, Failure> {
    let refuse = |what: String| {
        Failure::failed(format!("cannot listen on the Unix socket {}: {what}", path.display()))
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refuse(format!("{error}; give another --unixsocket"))),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(refuse(
                "there is a file of that name that is no socket; give another --unixsocket".to_owned(),
            ));
        }
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                log::info(format_args!("the socket {} was left behind and is replaced", path.display()));
                fs::remove_file(path)
                    .map_err(|error| refuse(format!("the one left behind cannot be removed ({error})")))?;
            }
            Err(error) => {
                return Err(refuse(format!(
                    "there is one that cannot be asked whether it is used ({error})"
                )));
            }
            Ok(_) => {
                return Err(refuse(
                    "another program listens on it; stop that, or give another --unixsocket".to_owned(),
                ));
            }
        },
    }
    let bind = || {
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        socket.listen(BACKLOG)
    };
    let listener = bind().map_err(|error| {
        refuse(format!("{error}; give a --unixsocket in a directory that this user may write to"))
    })?;
    Ok(Listener::Unix(listener, SocketFile(path.to_owned())))
}
