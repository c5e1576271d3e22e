//! Connections counted, refused and handed on.

use std::io::{Read, Write};
use std::net::TcpStream as StdTcpStream;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Sends back what comes until the client closes.
async fn echo(mut stream: Stream, _: Peer) {
    let mut buffer = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        stream.write_all(&buffer[..length]).await.unwrap();
    }
}

struct Running {
    connections: Arc<Connections>,
    shutdown: Shutdown,
    accepting: tokio::task::JoinHandle<()>,
}

fn run(listener: Listener, limit: usize) -> Running {
    let connections = Arc::new(Connections::new(limit));
    let shutdown = Shutdown::new();
    let accepting = tokio::spawn(accept(listener, Arc::clone(&connections), shutdown.clone(), echo));
    Running { connections, shutdown, accepting }
}

fn read_all(stream: &mut impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn ask(stream: &mut (impl Read + Write)) {
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_too_many_is_told_so() {
    let listener = bind_tcp("127.0.0.1", 0).await.unwrap().remove(0);
    let port = listener.port().unwrap();
    let running = run(listener, 1);
    tokio::task::spawn_blocking(move || {
        let mut first = StdTcpStream::connect(("127.0.0.1", port)).unwrap();
        ask(&mut first);
        let mut second = StdTcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!(read_all(&mut second), "-ERR max number of clients reached\r\n");
        ask(&mut first);
    })
    .await
    .unwrap();
    running.connections.all_closed().await;
    assert_eq!((running.connections.received(), running.connections.refused()), (2, 1));
    running.shutdown.begin();
    running.accepting.await.unwrap();
    assert!(StdTcpStream::connect(("127.0.0.1", port)).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_refused() {
    let listener = bind_tcp("localhost", 0).await.unwrap().remove(0);
    let port = listener.port().unwrap();
    let error = bind_tcp("localhost", port).await.unwrap_err().to_string();
    assert!(error.contains("another program has that port"), "{error}");
    let error = bind_tcp("no.such.host.invalid", 0).await.unwrap_err().to_string();
    assert!(error.contains("give --host an address"), "{error}");
}

fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("dredis-test-{}-{name}.sock", std::process::id()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_that_was_left_behind_is_replaced_and_a_live_one_is_not() {
    let path = socket_path("stale");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let running = run(bind_unix(&path).unwrap(), 10);
    let error = bind_unix(&path).unwrap_err().to_string();
    assert!(error.contains("another program listens on it"), "{error}");
    let client_path = path.clone();
    tokio::task::spawn_blocking(move || ask(&mut StdUnixStream::connect(client_path).unwrap()))
        .await
        .unwrap();
    running.shutdown.begin();
    running.accepting.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_is_not_replaced_by_a_unix_socket() {
    let path = socket_path("file");
    std::fs::File::create(&path).unwrap().write_all(b"precious").unwrap();
    let error = bind_unix(&path).unwrap_err().to_string();
    assert!(error.contains("no socket"), "{error}");
    assert_eq!(read_all(&mut std::fs::File::open(&path).unwrap()), "precious");
    std::fs::remove_file(&path).unwrap();
}
