//! The value of an element's record: a run of elements whose names have the same hash, nearly always one.
//!
//! An element is the lengths of its name and of its payload (4 bytes each, big-endian), then both.

use std::ops::Range;

use dredis_contract::{Error, Result};

use crate::codec::read_u32;

/// Bytes of an element before its name.
const HEADER_BYTES: usize = 8;

/// Where the payload of the element of this name stands.
pub fn find(bucket: &[u8], name: &[u8]) -> Result<Option<Range<usize>>> {
    let mut end = 0;
    for element in Elements(bucket) {
        let (own, payload) = element?;
        end += HEADER_BYTES + own.len() + payload.len();
        if own == name {
            return Ok(Some(end - payload.len()..end));
        }
    }
    Ok(None)
}

/// Whether a record holds this element of its own and no other.
pub fn is_alone(bucket: &[u8], name: &[u8], payload: &[u8]) -> bool {
    bucket.len() == HEADER_BYTES + name.len() + payload.len()
}

/// Everything but the element of this name; nearly always nothing.
pub fn without(bucket: &[u8], name: &[u8]) -> Result<Vec<u8>> {
    let mut others = Vec::new();
    for element in Elements(bucket) {
        let (own, payload) = element?;
        if own != name {
            push(&mut others, own, payload)?;
        }
    }
    Ok(others)
}

/// Adds an element.
pub fn push(bucket: &mut Vec<u8>, name: &[u8], payload: &[u8]) -> Result<()> {
    bucket.reserve_exact(HEADER_BYTES + name.len() + payload.len());
    for part in [name, payload] {
        let length =
            u32::try_from(part.len()).map_err(|_| Error::invalid_input("an element of 4 GB or more"))?;
        bucket.extend_from_slice(&length.to_be_bytes());
    }
    bucket.extend_from_slice(name);
    bucket.extend_from_slice(payload);
    Ok(())
}

/// Names and payloads.
pub struct Elements<'b>(pub &'b [u8]);

impl<'b> Iterator for Elements<'b> {
    type Item = Result<(&'b [u8], &'b [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let split = || {
            let (name, payload) = (read_u32(self.0, 0)? as usize, read_u32(self.0, 4)? as usize);
            let (name, rest) = self.0.get(HEADER_BYTES..)?.split_at_checked(name)?;
            let (payload, rest) = rest.split_at_checked(payload)?;
            Some((name, payload, rest))
        };
        let Some((name, payload, rest)) = split() else {
            self.0 = &[];
            return Some(Err(Error::corrupt("an element record does not decode")));
        };
        self.0 = rest;
        Some(Ok((name, payload)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that have the same hash are too rare to be met; this is what happens to them.
    #[test]
    fn elements_that_share_a_record_do_not_disturb_each_other() {
        let mut bucket = Vec::new();
        for (name, payload) in [(&b"one"[..], &b"1"[..]), (b"", b"empty"), (b"three", b"")] {
            push(&mut bucket, name, payload).unwrap();
        }
        let payload = |bucket: &[u8], name: &[u8]| find(bucket, name).unwrap().map(|at| bucket[at].to_vec());
        assert_eq!(payload(&bucket, b"one").as_deref(), Some(&b"1"[..]));
        assert_eq!(payload(&bucket, b"").as_deref(), Some(&b"empty"[..]));
        assert_eq!(payload(&bucket, b"three").as_deref(), Some(&b""[..]));
        assert_eq!(payload(&bucket, b"on"), None);
        let mut others = without(&bucket, b"").unwrap();
        assert_eq!(payload(&others, b""), None);
        push(&mut others, b"", b"new").unwrap();
        assert_eq!(payload(&others, b"").as_deref(), Some(&b"new"[..]));
        assert_eq!(payload(&others, b"one").as_deref(), Some(&b"1"[..]));
        assert_eq!(without(&bucket, b"four").unwrap(), bucket);
    }

    #[test]
    fn what_does_not_decode_is_an_error() {
        let mut bucket = Vec::new();
        push(&mut bucket, b"name", b"payload").unwrap();
        for end in 1..bucket.len() {
            assert!(find(&bucket[..end], b"name").is_err(), "{end} bytes");
            assert!(without(&bucket[..end], b"other").is_err(), "{end} bytes");
        }
        assert!(find(&[0xff; 20], b"").is_err());
    }
}
