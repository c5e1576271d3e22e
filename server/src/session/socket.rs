//! Reading from and writing to a client's socket, with an eye on whether the client is to go.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::host::Client;

/// How much one read takes at most, in bytes.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// Bytes are read here first, so that a connection that has nothing to say holds no buffer.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Reads what is there, at least one byte, and appends it to `buffer`; the number of bytes. 0: the peer has
/// closed, or the client is to go.
pub(super) async fn read_some<S>(stream: &mut S, client: &Client, buffer: &mut Vec<u8>) -> io::Result<usize>
where
    S: AsyncRead + Unpin,
{
    poll_fn(|task| {
        if client.is_to_go() {
            return Poll::Ready(Ok(0));
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut room = ReadBuf::new(scratch);
            Pin::new(&mut *stream).poll_read(task, &mut room).map_ok(|()| {
                buffer.extend_from_slice(room.filled());
                room.filled().len()
            })
        })
    })
    .await
}

/// Writes all of `bytes`, unless the client is thrown out meanwhile.
pub(super) async fn write_all<S>(stream: &mut S, client: &Client, bytes: &[u8]) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let mut left = bytes;
    while !left.is_empty() {
        let written = poll_fn(|task| {
            if client.is_killed() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            Pin::new(&mut *stream).poll_write(task, left)
        })
        .await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        left = &left[written..];
    }
    Ok(())
}
