//! The program from outside: what it prints, how it refuses, how it starts and ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of a test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dredis-cli-test-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn dredis(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dredis"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str]) -> Output {
    dredis(arguments).output().unwrap()
}

/// The program refuses: nothing on standard output, and the last line on standard error (the only one that is not
/// of the log) says why.
#[track_caller]
fn check_refusal(arguments: &[&str], exit_code: i32, words: &[&str]) {
    let output = output(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("dredis: ")).collect();
    assert_eq!(lines.len(), 1, "{arguments:?}: {text}");
    assert_eq!(text.lines().last(), lines.first().copied(), "{arguments:?}: {text}");
    for word in words {
        assert!(lines[0].contains(word), "{arguments:?}: '{word}' is not in: {text}");
    }
    assert_eq!(output.status.code(), Some(exit_code), "{arguments:?}: {text}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[track_caller]
fn check_text(arguments: &[&str], words: &[&str]) {
    let output = output(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    for word in words {
        assert!(text.contains(word), "{arguments:?}: '{word}' is not in: {text}");
    }
}

/// A running server.
struct Server {
    child: Child,
    ready: String,
}

impl Server {
    #[track_caller]
    fn start(arguments: &[&str]) -> Server {
        let mut child = dredis(&[&["--port", "0"], arguments].concat()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let mut server = Server { child, ready };
        if server.ready.is_empty() {
            panic!("{arguments:?}: {}", server.errors());
        }
        server
    }

    fn port(&self) -> u16 {
        let address = self.ready.strip_prefix("Ready to accept connections on 127.0.0.1:").unwrap();
        address.split([' ', ',']).next().unwrap().parse().unwrap()
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    fn end_by(mut self, signal: &str) -> String {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let text = self.errors();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{text}");
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}

#[test]
fn help_and_version() {
    check_text(
        &["--help"],
        &["Usage: dredis", "--backend-option NAME=JSON", "(default 6377)", "(default leveldb)"],
    );
    check_text(&["-h"], &["Usage: dredis"]);
    check_text(&["-v"], &[concat!("dredis ", env!("CARGO_PKG_VERSION"))]);
}

#[test]
fn mistakes_in_the_command_line() {
    check_refusal(&["--prot", "1"], 2, &["unknown option '--prot'", "did you mean '--port'?"]);
    check_refusal(&["--port", "http"], 2, &["--port takes a whole number from 0 to 65535, not 'http'"]);
    check_refusal(&["--port"], 2, &["missing argument for option '--port'"]);
    check_refusal(&["--rdb", "/no/such/dump.rdb"], 1, &["--rdb", "cannot open /no/such/dump.rdb"]);
}

#[test]
fn the_backends_that_are_there() {
    check_text(
        &["--list-backends"],
        &["NAME", "leveldb", "lmdb", "memory", "one server at a time", "keeps nothing"],
    );
    check_text(
        &["--backend-help", "leveldb"],
        &["--backend-option NAME=JSON", "create_if_missing", "boolean", "true"],
    );
    check_text(&["--backend-help", "memory"], &["memory"]);
    let scratch = Scratch::new();
    check_refusal(
        &["--list-backends", "--backend-path", &scratch.join("")],
        1,
        &["no backends in", "--backend-path"],
    );
}

#[test]
fn refused_libraries_are_listed_with_their_reason() {
    let scratch = Scratch::new();
    fs::write(scratch.join("libdredis_backend_broken.so"), "not a library").unwrap();
    check_text(
        &["--list-backends", "--backend-path", &scratch.join("")],
        &["Refused:", "broken: cannot load the plugin"],
    );
}

#[test]
fn unknown_backends() {
    check_refusal(
        &["--backend", "leveldbb"],
        2,
        &["unknown backend 'leveldbb'", "did you mean 'leveldb'?", "memory"],
    );
    check_refusal(&["--backend", "./nothing.so"], 2, &["'./nothing.so'", "there is no such file"]);
    check_refusal(&["--backend-help", "nosuch"], 2, &["unknown backend 'nosuch'"]);
}

#[test]
fn files_that_are_no_backends() {
    let scratch = Scratch::new();
    let text = scratch.join("text.so");
    fs::write(&text, "this is a text").unwrap();
    check_refusal(&["--backend", &text], 1, &["text.so", "cannot load it as a library"]);
    // The C library is one, but no plugin; its file is named where this process maps it.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library =
        maps.lines().filter_map(|line| line.split_whitespace().last()).find(|path| path.contains("/libc."));
    check_refusal(&["--backend", library.unwrap()], 1, &["not a dredis plugin"]);
}

/// A library that speaks another ABI: all that a host reads of it is one symbol.
#[test]
fn a_backend_of_another_abi() {
    let scratch = Scratch::new();
    let (source, library) = (scratch.join("future.c"), scratch.join("future.so"));
    fs::write(
        &source,
        "const struct { unsigned abi; char version[28]; } dredis_plugin_abi = { 9, \"9.1.0\" };",
    )
    .unwrap();
    // A C compiler is there, or the engines could not have been built.
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o", &library, &source]).status().unwrap();
    assert!(built.success());
    check_refusal(&["--backend", &library], 1, &["plugin ABI 9", "this dredis speaks ABI 1"]);
}

#[test]
fn options_of_backends() {
    let refuse = |option: &str, exit_code, words: &[&str]| {
        check_refusal(&["--port", "0", "--backend-option", option], exit_code, words);
    };
    refuse(
        "write_bufer_size=1",
        2,
        &["unknown option 'write_bufer_size': did you mean 'write_buffer_size'?", "--backend-help"],
    );
    refuse("write_buffer_size=\"big\"", 2, &["option 'write_buffer_size' takes a JSON integer, not \"big\""]);
    refuse("write_buffer_size=1", 1, &["cannot open backend 'leveldb'", "'write_buffer_size' takes"]);
    refuse("write_buffer_size=4M", 2, &["--backend-option write_buffer_size", "not JSON", "column 2"]);
    refuse("write_buffer_size=[1]", 2, &["--backend-option write_buffer_size", "not an array"]);
    refuse("write_buffer_size={}", 2, &["not an object"]);
    refuse("write_buffer_size", 2, &["takes NAME=JSON"]);
}

#[test]
fn directories_that_cannot_be_used() {
    let scratch = Scratch::new();
    let file = scratch.join("file");
    fs::write(&file, "").unwrap();
    check_refusal(&["--port", "0", "--dir", &file], 1, &["it is a file", "give another --dir"]);
    check_refusal(
        &["--port", "0", "--dir", &scratch.join("file/below")],
        1,
        &["cannot use the directory", "--dir"],
    );
    check_refusal(&["--port", "0", "--dir", "/proc/dredis"], 1, &["cannot use the directory", "--dir"]);
}

#[test]
fn directories_of_others() {
    let scratch = Scratch::new();
    let dir = scratch.join("data");
    let start = ["--port", "0", "--dir", &dir];
    drop(Server::start(&["--dir", &dir, "--backend", "lmdb"]));
    check_refusal(&start, 1, &["belongs to backend 'lmdb', not 'leveldb'", "use --backend lmdb"]);
    fs::write(Path::new(&dir).join("dredis.json"), "{\"format\":2,\"backend\":\"leveldb\"}").unwrap();
    check_refusal(&start, 1, &["is of format 2", "use the dredis that wrote it"]);

    let python = scratch.join("python");
    for database in 0..15 {
        fs::create_dir_all(Path::new(&python).join(database.to_string())).unwrap();
    }
    check_refusal(&["--port", "0", "--dir", &python], 1, &["Python dredis"]);
    assert_eq!(fs::read_dir(&python).unwrap().count(), 15);
}

/// Without its marker a directory is still known by the format record within.
#[test]
fn a_lost_marker_is_made_again() {
    let scratch = Scratch::new();
    let dir = scratch.join("data");
    Server::start(&["--dir", &dir]).end_by("-TERM");
    let marker = Path::new(&dir).join("dredis.json");
    let text = fs::read_to_string(&marker).unwrap();
    assert_eq!(text, "{\"backend\":\"leveldb\",\"format\":1}\n");
    fs::remove_file(&marker).unwrap();
    let log = Server::start(&["--dir", &dir]).end_by("-TERM");
    assert!(log.contains("warning") && log.contains("is not empty"), "{log}");
    assert_eq!(fs::read_to_string(&marker).unwrap(), text);
}

#[test]
fn one_server_has_a_directory() {
    let scratch = Scratch::new();
    let dir = scratch.join("data");
    let server = Server::start(&["--dir", &dir]);
    assert!(
        server.ready.contains("backend leveldb, LevelDB") && server.ready.contains(&dir),
        "{}",
        server.ready
    );
    check_refusal(&["--port", "0", "--dir", &dir], 1, &["in use by another dredis"]);
    check_refusal(&["--port", "0", "--dir", &dir, "--backend", "lmdb"], 1, &["in use by another dredis"]);
    server.end_by("-INT");
    Server::start(&["--dir", &dir, "--flushall"]).end_by("-TERM");
}

#[test]
fn one_server_has_a_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    check_refusal(
        &["--backend", "memory", "--port", &port],
        1,
        &["cannot listen on 127.0.0.1", "another --port"],
    );
    check_refusal(&["--backend", "memory", "--host", "192.0.2.1"], 1, &["no such address", "--host"]);
}

#[test]
fn a_free_port_is_picked_and_answers() {
    let server = Server::start(&["--backend", "memory", "--flushall"]);
    let port = server.port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    let log = server.end_by("-TERM");
    assert!(log.contains("keeps nothing") && log.contains("SIGTERM") && log.contains("has ended"), "{log}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn without_a_directory_the_data_is_in_a_temporary_one() {
    let server = Server::start(&[]);
    let dir = server.ready.split(", dir ").nth(1).unwrap().trim_end().trim_end_matches(')').to_owned();
    assert!(Path::new(&dir).join("dredis.json").is_file());
    let log = server.end_by("-TERM");
    assert!(log.contains("no --dir was given") && log.contains(&dir), "{log}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_unix_socket_comes_and_goes_with_its_server() {
    let scratch = Scratch::new();
    let socket = scratch.join("socket");
    let server = Server::start(&["--backend", "memory", "--unixsocket", &socket]);
    assert!(server.ready.contains(&socket));
    assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
    check_refusal(
        &["--backend", "memory", "--port", "0", "--unixsocket", &socket],
        1,
        &["another program listens on it"],
    );
    server.end_by("-TERM");
    assert!(!Path::new(&socket).exists());
}
