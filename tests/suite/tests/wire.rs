//! The wire: broken and oversized requests, passwords, limits, and clients that misbehave. What Redis answers
//! stands in the tables, and is compared with Redis itself where there is one.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use dredis_suite::resp::encode;
use dredis_suite::{
    Backend, Client, RedisServer, Request, Server, Settings, Value, on_every_backend, request,
};

on_every_backend!(
    a_pipeline_may_be_cut_anywhere,
    large_requests_and_replies_pass,
    who_never_reads_costs_little_and_holds_nobody_up,
    vanishing_clients_leave_the_server_well,
);

/// What becomes of a connection after a request.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// The server closes it.
    Closed,
    /// It goes on.
    Open,
    /// The server waits for the rest of the request.
    Waiting,
}
use Then::{Closed, Open, Waiting};

const PASSWORD: &str = "secret";

/// What is sent, what comes back, and what becomes of the connection.
type Exchange = (Vec<u8>, &'static str, Then);

#[test]
fn requests_are_read_as_redis_reads_them() {
    let server = Server::start(Backend::Memory);
    check(server.address(), "dredis", &protocol_table());
    if let Some(redis) = RedisServer::start_or_skip("the table of requests against Redis") {
        check(redis.address(), "redis", &protocol_table());
    }
}

#[test]
fn passwords_are_asked_for_as_redis_asks() {
    let arguments = ["--requirepass", PASSWORD];
    let server = Server::with(&Settings::new(Backend::Memory).arguments(&arguments));
    check(server.address(), "dredis", &password_table());
    if let Some(redis) = RedisServer::start_with_or_skip("the table of passwords against Redis", &arguments) {
        check(redis.address(), "redis", &password_table());
    }
}

fn protocol_table() -> Vec<Exchange> {
    let long = |start: &str, filler: &str, count: usize| [start, &filler.repeat(count)].concat().into_bytes();
    let mut table: Vec<Exchange> = [
        ("PING\r\n", "+PONG\r\n", Open),
        ("PING\n", "+PONG\r\n", Open),
        ("\r\n\r\nPING\r\n", "+PONG\r\n", Open),
        ("  PING  \r\n", "+PONG\r\n", Open),
        ("SET a \"x y\"\r\nGET a\r\n", "+OK\r\n$3\r\nx y\r\n", Open),
        ("SET a \"x\\x41\\n\"\r\nGET a\r\n", "+OK\r\n$3\r\nxA\n\r\n", Open),
        ("PING 'abc\\'d'\r\n", "$5\r\nabc'd\r\n", Open),
        ("SET a 'it''s'\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", Closed),
        ("SET a \"x\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", Closed),
        ("SET a \"x\"y\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", Closed),
        ("*0\r\nPING\r\n", "+PONG\r\n", Open),
        ("*-1\r\nPING\r\n", "+PONG\r\n", Open),
        ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n", Open),
        ("*1\r\n$4\r\nPING\r", "", Waiting),
        ("*1\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*+1\r\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*01\r\n$04\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("* 1\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*1048577\r\n", "", Waiting),
        ("*2147483648\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*99999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n", Closed),
        ("*1\r\nPING\r\n", "-ERR Protocol error: expected '$', got 'P'\r\n", Closed),
        ("*1\r\n:4\r\n", "-ERR Protocol error: expected '$', got ':'\r\n", Closed),
        ("*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n", Closed),
        ("*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n", Closed),
        ("*1\r\n$ 4\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n", Closed),
        ("*1\r\n$536870913\r\n", "-ERR Protocol error: invalid bulk length\r\n", Closed),
        ("*1\r\n$536870912\r\n", "", Waiting),
        ("PING\r\n*1\r\n$x\r\nPING\r\n", "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n", Closed),
        // Redis does not look at the two bytes after a bulk string.
        ("*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n", "+PONG\r\n+PONG\r\n", Open),
        ("*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n", Open),
        // A browser that was led here by a page.
        ("POST / HTTP/1.1\r\n\r\nSET a b\r\n", "", Closed),
        ("Host: x\r\n", "", Closed),
        ("QUIT\r\nPING\r\n", "+OK\r\n", Closed),
        ("PING\r\nQUIT\r\n", "+PONG\r\n+OK\r\n", Closed),
        ("*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n", "+OK\r\n", Closed),
        ("QUIT now\r\n", "+OK\r\n", Closed),
        ("MULTI\r\nQUIT\r\n", "+OK\r\n+OK\r\n", Closed),
        ("CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n", "+OK\r\n+PONG\r\n", Open),
        ("CLIENT REPLY SKIP\r\nPING\r\nECHO x\r\n", "$1\r\nx\r\n", Open),
        ("CLIENT REPLY WHAT\r\n", "-ERR syntax error\r\n", Open),
        ("CLIENT KILL 1.2.3.4:5\r\n", "-ERR No such client\r\n", Open),
        ("CLIENT KILL ID 999999\r\n", ":0\r\n", Open),
        ("CLIENT KILL ID x\r\n", "-ERR client-id should be greater than 0\r\n", Open),
        ("CLIENT KILL TYPE what\r\n", "-ERR Unknown client type 'what'\r\n", Open),
        ("CLIENT KILL WHAT x\r\n", "-ERR syntax error\r\n", Open),
        ("CLIENT KILL USER nobody\r\n", "-ERR No such user 'nobody'\r\n", Open),
        ("CLIENT LIST TYPE what\r\n", "-ERR Unknown client type 'what'\r\n", Open),
        ("CLIENT LIST ID 999999\r\n", "$0\r\n\r\n", Open),
        ("CLIENT LIST ID x\r\n", "-ERR Invalid client ID\r\n", Open),
        ("CLIENT LIST WHAT\r\n", "-ERR syntax error\r\n", Open),
    ]
    .into_iter()
    .map(|(sent, replies, then)| (sent.as_bytes().to_vec(), replies, then))
    .collect();
    table.extend([
        (long("", "A", 65_537), "-ERR Protocol error: too big inline request\r\n", Closed),
        (long("*", "1", 65_537), "-ERR Protocol error: too big mbulk count string\r\n", Closed),
        (long("*1\r\n$", "1", 65_537), "-ERR Protocol error: too big bulk count string\r\n", Closed),
    ]);
    table
}

fn password_table() -> Vec<Exchange> {
    const REQUIRED: &str = "-NOAUTH Authentication required.\r\n";
    const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    const HELLO: &str = "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH \
        <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same \
        time\r\n";
    let of_ten = ["*10\r\n$3\r\nDEL\r\n", &"$1\r\na\r\n".repeat(9)].concat();
    let of_eleven = ["AUTH secret\r\n*11\r\n$3\r\nDEL\r\n", &"$1\r\na\r\n".repeat(10)].concat();
    let long = ["*2\r\n$4\r\nPING\r\n$16384\r\n", &"x".repeat(16_384), "\r\n"].concat();
    let mut table: Vec<Exchange> = [
        ("GET a\r\n", REQUIRED, Open),
        ("PING\r\n", REQUIRED, Open),
        ("QUIT\r\n", "+OK\r\n", Closed),
        ("HELLO\r\n", HELLO, Open),
        ("HELLO 3\r\n", HELLO, Open),
        ("HELLO 3 AUTH default wrong\r\n", WRONG, Open),
        ("AUTH wrong\r\n", WRONG, Open),
        ("AUTH default wrong\r\n", WRONG, Open),
        ("AUTH nobody secret\r\n", WRONG, Open),
        ("AUTH secret\r\nPING\r\n", "+OK\r\n+PONG\r\n", Open),
        ("AUTH default secret\r\nPING\r\n", "+OK\r\n+PONG\r\n", Open),
        ("AUTH\r\n", "-ERR wrong number of arguments for 'auth' command\r\n", Open),
        ("AUTH a b c\r\n", "-ERR syntax error\r\n", Open),
        ("MULTI\r\n", REQUIRED, Open),
        ("WATCH a\r\n", REQUIRED, Open),
        (
            "EXEC\r\n",
            "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n",
            Open,
        ),
        ("SELECT 1\r\n", REQUIRED, Open),
        ("COMMAND\r\n", REQUIRED, Open),
        ("GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n", Open),
        ("NOSUCH\r\n", "-ERR unknown command 'NOSUCH', with args beginning with: \r\n", Open),
        (&of_ten, REQUIRED, Open),
        ("*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n", Closed),
        (&long, REQUIRED, Open),
        ("*2\r\n$4\r\nPING\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n", Closed),
        (&of_eleven, "+OK\r\n:0\r\n", Open),
    ]
    .into_iter()
    .map(|(sent, replies, then)| (sent.as_bytes().to_vec(), replies, then))
    .collect();
    // Whether the connection goes on is asked with a request that needs the password.
    table.extend([
        (
            b"AUTH secret\r\nAUTH wrong\r\nPING\r\n".to_vec(),
            concat_replies(&["+OK\r\n", WRONG, "+PONG\r\n"]),
            Open,
        ),
        (b"RESET\r\nPING\r\n".to_vec(), concat_replies(&["+RESET\r\n", REQUIRED]), Open),
        (
            b"AUTH secret\r\nRESET\r\nPING\r\n".to_vec(),
            concat_replies(&["+OK\r\n", "+RESET\r\n", REQUIRED]),
            Open,
        ),
    ]);
    table
}

fn concat_replies(parts: &[&str]) -> &'static str {
    parts.concat().leak()
}

/// Goes through a table, and names every exchange that went otherwise.
fn check(address: SocketAddr, server: &str, table: &[Exchange]) {
    let mut wrong = Vec::new();
    for (sent, replies, then) in table {
        let (said, closed) = exchange(address, sent, replies, *then);
        if said != replies.as_bytes() || closed != (*then == Closed) {
            let sent = sent[..sent.len().min(100)].escape_ascii();
            let state = if closed { "closed" } else { "open" };
            wrong.push(format!(
                "{sent}\n  wanted: {}\n  {server}: {} ({state})",
                replies.escape_debug(),
                said.escape_ascii()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends, and reads what comes back; whether the server closed the connection by itself.
fn exchange(address: SocketAddr, sent: &[u8], replies: &str, then: Then) -> (Vec<u8>, bool) {
    let mut client = Client::connect(address).expect("the server takes connections");
    client.set_timeout(Duration::from_secs(5));
    // What the server has closed already cannot be written to.
    let written = client.send(sent);
    match then {
        Closed => match (written, client.read_to_close()) {
            (_, Ok(said)) => (said, true),
            (_, Err(error)) => (format!("({error})").into_bytes(), false),
        },
        Waiting => {
            // Nothing comes, until the client says that nothing more will.
            client.finish_sending().expect("the connection is still there");
            (client.read_to_close().expect("the server closes what is over"), false)
        }
        Open => {
            let last = client.call(&["AUTH", PASSWORD, "x", "y"]);
            let mut said = Vec::new();
            let mut reply = last.map(|reply| reply.raw);
            // The last request's error, whatever the state of the connection, ends what came.
            while let Ok(raw) = reply {
                if raw == b"-ERR syntax error\r\n" && said.len() >= replies.len() {
                    return (said, false);
                }
                said.extend_from_slice(&raw);
                reply = client.read().map(|reply| reply.raw);
            }
            (said, true)
        }
    }
}

/// Every way to cut a pipeline in two, with a round trip of another client in between so that the halves arrive
/// apart.
fn a_pipeline_may_be_cut_anywhere(backend: Backend) {
    let server = Server::start(backend);
    let mut other = server.client();
    let requests = [
        "SET cut \"a\\r\\nb\"",
        "APPEND cut c",
        "GET cut",
        "MULTI",
        "STRLEN cut",
        "EXEC",
        "NOSUCH",
        "DEL cut",
    ];
    let mut bytes: Vec<u8> = requests.iter().flat_map(|text| encode(&request(text))).collect();
    bytes.extend_from_slice(b"PING \"in line\"\r\nECHO end\r\n");
    let expected: &[u8] =
        b"+OK\r\n:5\r\n$5\r\na\r\nbc\r\n+OK\r\n+QUEUED\r\n*1\r\n:5\r\n-ERR unknown command 'NOSUCH', \
        with args beginning with: \r\n:1\r\n$7\r\nin line\r\n$3\r\nend\r\n";
    let mut client = server.client();
    for cut in 0..bytes.len() {
        client.send(&bytes[..cut]).expect("the first half is sent");
        other.check("PING", "+PONG");
        client.send(&bytes[cut..]).expect("the second half is sent");
        let said = client.read_bytes(expected.len()).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert_eq!(said.escape_ascii().to_string(), expected.escape_ascii().to_string(), "cut at {cut}");
    }
}

fn large_requests_and_replies_pass(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    let large: Vec<u8> = (0..5_000_000_u32).map(|index| (index / 3) as u8).collect();
    let set: Request = vec![b"SET".to_vec(), b"large".to_vec(), large.clone()];
    assert_eq!(client.pipeline(&[set]).unwrap()[0].raw, b"+OK\r\n");
    assert_eq!(client.ask("GET large"), Value::Bulk(large));
    client.check("DEL large", ":1");
    let many = vec![request("PING"); 100_000];
    let replies = client.pipeline(&many).unwrap();
    assert!(replies.iter().all(|reply| reply.raw == b"+PONG\r\n"));
    let mut pairs: Request = vec![b"MSET".to_vec()];
    pairs.extend(
        (0..100_000).flat_map(|index| [format!("m:{index}").into_bytes(), index.to_string().into_bytes()]),
    );
    assert_eq!(client.pipeline(&[pairs]).unwrap()[0].raw, b"+OK\r\n");
    client.check("DBSIZE", ":100000");
    client.check("GET m:99999", "\"99999\"");
}

/// Replies of 2 GB are asked for and never read: the server keeps a bounded part, and serves others.
fn who_never_reads_costs_little_and_holds_nobody_up(backend: Backend) {
    const ALLOWED_BYTES: u64 = 200 << 20;
    let mut server = Server::start(backend);
    let mut other = server.client();
    other.check("SETRANGE large 99999 x", ":100000");
    let before = server.process().resident_bytes();
    let mut silent = std::net::TcpStream::connect(server.address()).unwrap();
    silent.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let requests = encode(&request("GET large")).repeat(20_000);
    let mut sent = 0;
    // Until the server takes no more, or has taken all.
    while sent < requests.len() {
        match silent.write(&requests[sent..requests.len().min(sent + 16_384)]) {
            Ok(count) => sent += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => break,
            Err(error) => panic!("{error}"),
        }
        other.check("PING", "+PONG");
    }
    for _ in 0..200 {
        other.check("SET beside 1", "+OK");
        other.check("STRLEN large", ":100000");
    }
    let grown = server.process().resident_bytes().saturating_sub(before);
    assert!(grown < ALLOWED_BYTES, "the server grew by {} MB for a client that never reads", grown >> 20);
    drop(silent);
    other.check("PING", "+PONG");
}

fn vanishing_clients_leave_the_server_well(backend: Backend) {
    let server = Server::start(backend);
    let mut other = server.client();
    for (round, half) in
        ["", "*", "*2\r\n$3\r\nGET\r\n$10\r\nab", "SET a", "MULTI\r\nSET a 1\r\n", "*1000000\r\n"]
            .iter()
            .cycle()
            .take(60)
            .enumerate()
    {
        let mut client = server.client();
        client.send(half.as_bytes()).unwrap();
        if round % 2 == 0 {
            client.finish_sending().unwrap();
            client.read_to_close().unwrap();
        }
        drop(client);
        other.check("PING", "+PONG");
    }
    other.check("EXISTS a", ":0");
    // The connections are gone, all but this one, as soon as the server has seen it.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while server.info("connected_clients").as_deref() != Some("2") {
        assert!(std::time::Instant::now() < deadline, "connections of clients that have gone stay");
        other.check("PING", "+PONG");
    }
}

#[test]
fn more_clients_than_allowed_are_told_so() {
    const REFUSAL: &[u8] = b"-ERR max number of clients reached\r\n";
    let arguments = ["--maxclients", "3"];
    let check = |address: SocketAddr| {
        let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(address).unwrap()).collect();
        for client in &mut clients {
            client.check("PING", "+PONG");
        }
        let mut fourth = Client::connect(address).unwrap();
        assert_eq!(
            fourth.read_to_close().unwrap().escape_ascii().to_string(),
            REFUSAL.escape_ascii().to_string()
        );
        clients.pop().unwrap().check("QUIT", "+OK");
        // Its place is free as soon as the server has closed it, which it may do after the reply.
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            let mut next = Client::connect(address).unwrap();
            if next.call(&["PING"]).is_ok_and(|reply| reply.raw == b"+PONG\r\n") {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the place of a client that has gone stays taken");
        }
    };
    check(Server::with(&Settings::new(Backend::Memory).arguments(&arguments)).address());
    if let Some(redis) = RedisServer::start_with_or_skip("maxclients against Redis", &arguments) {
        check(redis.address());
    }
}

#[test]
fn a_killed_client_is_cut_off() {
    let check = |address: SocketAddr| {
        let [mut killer, mut victim, mut bystander] = [0; 3].map(|_| Client::connect(address).unwrap());
        let [id, killer_id] = [&mut victim, &mut killer].map(|client| client.ask("CLIENT ID").integer());
        let (id, killer_id) = id.zip(killer_id).expect("clients have numbers");
        killer.check(&format!("CLIENT KILL ID {id}"), ":1");
        assert_eq!(victim.read_to_close().unwrap(), b"");
        let list = bystander.ask("CLIENT LIST").text();
        let line = |id: i64| list.lines().find(|line| line.starts_with(&format!("id={id} ")));
        assert!(line(id).is_none(), "a client that was killed is listed:\n{list}");
        let address =
            line(killer_id).and_then(|line| line.split(' ').find_map(|field| field.strip_prefix("addr=")));
        bystander.check(&format!("CLIENT KILL {}", address.expect("a line names the address")), "+OK");
        assert_eq!(killer.read_to_close().unwrap(), b"");
        // It gets its reply, and that is the last.
        let id = bystander.ask("CLIENT ID").integer().expect("clients have numbers");
        bystander.send(format!("CLIENT KILL ID {id} SKIPME no\r\nPING\r\n").as_bytes()).unwrap();
        assert_eq!(bystander.read_to_close().unwrap(), b":1\r\n");
    };
    check(Server::start(Backend::Memory).address());
    if let Some(redis) = RedisServer::start_or_skip("CLIENT KILL against Redis") {
        check(redis.address());
    }
}

#[test]
fn a_unix_socket_serves_too() {
    let scratch = dredis_suite::TemporaryDirectory::new();
    let path = scratch.join("socket");
    let server =
        Server::with(&Settings::new(Backend::Memory).arguments(&["--unixsocket", path.to_str().unwrap()]));
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"SET via socket\r\nQUIT\r\n").unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    assert_eq!(said, b"+OK\r\n+OK\r\n");
    server.client().check("GET via", "\"socket\"");
}
