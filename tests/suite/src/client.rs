//! A raw client: it sends any bytes, and hands back replies with the bytes in which they came. No retries,
//! no reconnecting, no interpretation.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::notation::{Request, request, show_reply, show_request};
use crate::resp::{Reply, Value, encode, encode_to};

/// How long a reply may take before the test is said to hang.
const REPLY_WITHIN: Duration = Duration::from_secs(20);

/// Requests of fewer bytes than this fit the socket's buffers and are written before any reply is read.
const WRITE_FIRST_BYTES_MAX: usize = 48 * 1024;

/// One connection.
#[derive(Debug)]
pub struct Client {
    writer: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Client> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(REPLY_WITHIN))?;
        writer.set_write_timeout(Some(REPLY_WITHIN))?;
        let reader = BufReader::with_capacity(64 * 1024, writer.try_clone()?);
        Ok(Client { writer, reader })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// Reads one reply.
    pub fn read(&mut self) -> io::Result<Reply> {
        Reply::read(&mut self.reader)
    }

    /// Reads everything that comes until the server closes the connection.
    pub fn read_to_close(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 64 * 1024];
        loop {
            match self.reader.read(&mut buffer) {
                Ok(0) => return Ok(bytes),
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                // Closed by the server while bytes of ours were under way.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(bytes),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads exactly `count` bytes.
    pub fn read_bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&mut self) -> io::Result<()> {
        self.writer.shutdown(Shutdown::Write)
    }

    /// How long reads and writes may take.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.writer.set_read_timeout(Some(timeout)).expect("a timeout that is not zero is taken");
        self.writer.set_write_timeout(Some(timeout)).expect("a timeout that is not zero is taken");
    }

    /// Sends one request and reads its reply.
    pub fn call(&mut self, request: &[impl AsRef<[u8]>]) -> io::Result<Reply> {
        self.send(&encode(request))?;
        self.read()
    }

    /// Sends requests together and reads as many replies.
    pub fn pipeline(&mut self, requests: &[Request]) -> io::Result<Vec<Reply>> {
        let mut bytes = Vec::new();
        for request in requests {
            encode_to(&mut bytes, request);
        }
        let read = |reader: &mut BufReader<TcpStream>| requests.iter().map(|_| Reply::read(reader)).collect();
        if bytes.len() <= WRITE_FIRST_BYTES_MAX {
            self.writer.write_all(&bytes)?;
            return read(&mut self.reader);
        }
        // A server may stop reading until its replies are taken, so both ends move at once.
        let (mut writer, reader) = (&self.writer, &mut self.reader);
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || writer.write_all(&bytes));
            let replies: io::Result<Vec<Reply>> = read(reader);
            if replies.is_err() {
                // Nobody reads any more: let the writing thread go, too.
                writer.shutdown(Shutdown::Both).ok();
            }
            let written = writing.join().expect("writing does not panic");
            replies.and_then(|replies| written.map(|()| replies))
        })
    }

    /// Sends a request written as for redis-cli; the reply's value.
    pub fn ask(&mut self, text: &str) -> Value {
        match self.call(&request(text)) {
            Ok(reply) => reply.value,
            Err(error) => panic!("{text}: {error}"),
        }
    }

    /// Sends a request written as for redis-cli, and compares the reply with `expected`, in the notation of
    /// [`show_reply`].
    #[track_caller]
    pub fn check(&mut self, text: &str, expected: &str) {
        assert_eq!(show_reply(&self.ask(text)), expected, "the reply to {text}");
    }

    /// Sends requests together; panics, naming the first, if one is answered with an error.
    #[track_caller]
    pub fn run(&mut self, requests: &[Request]) -> Vec<Value> {
        let replies = self.pipeline(requests).unwrap_or_else(|error| panic!("a pipeline failed: {error}"));
        for (request, reply) in requests.iter().zip(&replies) {
            assert!(!reply.value.is_error(), "{}: {}", show_request(request), show_reply(&reply.value));
        }
        replies.into_iter().map(|reply| reply.value).collect()
    }
}
