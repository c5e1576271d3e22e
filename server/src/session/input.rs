//! What a client has sent: a buffer, and the requests found in it.

use crate::resp::{Decoder, Limits, ProtocolError, Requests};

/// An emptied buffer larger than this goes back to the allocator.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// Received bytes and the requests in them.
#[derive(Default)]
pub struct Input {
    buffer: Vec<u8>,
    decoder: Decoder,
    requests: Requests,
}

impl Input {
    /// Where received bytes are appended.
    pub(super) fn buffer_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Bytes received and not yet done with.
    pub fn held_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Room of the buffer, in bytes.
    pub fn capacity_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    /// Finds up to `most` whole requests. Those before an error are there too.
    pub(super) fn decode(&mut self, limits: &Limits, most: usize) -> Result<(), ProtocolError> {
        while self.requests.len() < most && self.decoder.decode(&self.buffer, limits, &mut self.requests)? {}
        Ok(())
    }

    /// How many requests there are.
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// Calls `run` with a request's arguments.
    pub fn with_request<T>(&self, index: usize, run: impl FnOnce(&[&[u8]]) -> T) -> T {
        self.requests.with_arguments(index, &self.buffer, run)
    }

    /// Forgets the requests and the bytes that they stood in.
    pub(crate) fn clear_requests(&mut self) {
        self.requests.clear();
        let done = self.decoder.rebase();
        if done == self.buffer.len() {
            self.buffer.clear();
            if self.buffer.capacity() > KEPT_BYTES_MAX {
                self.buffer = Vec::new();
            }
        } else {
            self.buffer.drain(..done);
        }
    }
}
