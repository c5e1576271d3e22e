//! Strings: inline in the meta record while small, in segments of fixed size above.
//!
//! A segment holds the bytes from its number times [`SEGMENT_BYTES`] on. One that was never written, or ends
//! early, reads as zeros up to the string's length, so that SETRANGE at a far offset writes one segment.

use dredis_contract::{Error, Result, Scan};

use crate::codec::{self, read_u32, read_u64};
use crate::meta::{Entry, Form, Head, Stored};
use crate::transaction::Transaction;

/// Size of a segment, and the longest string that stands inline, in bytes: four 4-KiB pages of a B-tree with
/// room for their headers, so that engines which store large values in whole pages waste little.
pub const SEGMENT_BYTES: usize = 16_320;

/// How a string came to be, as far as OBJECT ENCODING shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// As a whole: `int`, `embstr` or `raw`, as its bytes say.
    Plain,
    /// Changed in place: `raw`.
    Raw,
    /// As a text of a number: `embstr` or `raw`.
    Text,
}

/// Length of a string's value, in bytes.
pub fn length(entry: &Entry<'_>) -> Result<u64> {
    body_length(entry.head(), entry.body())
}

/// The same of a copied record.
pub fn stored_length(stored: &Stored) -> Result<u64> {
    body_length(stored.head, &stored.body)
}

fn body_length(head: Head, body: &[u8]) -> Result<u64> {
    match head.object {
        Some(_) => read_u64(body, 0).ok_or_else(|| Error::corrupt("a segmented string has no length")),
        None => Ok(body.len() as u64),
    }
}

impl Transaction<'_> {
    /// The whole value of a string.
    pub fn string_value(&self, entry: &Entry<'_>) -> Result<Vec<u8>> {
        match entry.head().object {
            None => Ok(entry.body().to_vec()),
            Some(object) => self.segments(object, 0, length(entry)?),
        }
    }

    /// The whole value of a string whose record was copied out.
    pub fn stored_string_value(&self, stored: &Stored) -> Result<Vec<u8>> {
        match stored.head.object {
            None => Ok(stored.body.clone()),
            Some(object) => self.segments(object, 0, stored_length(stored)?),
        }
    }

    /// The bytes of a string from `start` on, `count` of them or up to its end.
    pub fn string_range(&self, entry: &Entry<'_>, start: u64, count: u64) -> Result<Vec<u8>> {
        let end = start.saturating_add(count).min(length(entry)?);
        if start >= end {
            return Ok(Vec::new());
        }
        match entry.head().object {
            None => Ok(entry.body()[start as usize..end as usize].to_vec()),
            Some(object) => self.segments(object, start, end),
        }
    }

    /// Sets a key to a string, whatever it was. `old` is what [`Transaction::find_for_write`] answered.
    pub fn write_string(
        &mut self,
        (db, key): (u32, &[u8]),
        old: Option<Head>,
        expire_at_ms: Option<u64>,
        value: &[u8],
        style: Style,
    ) -> Result<()> {
        let form = match style {
            Style::Plain => Form::StringInline,
            Style::Raw => Form::StringInlineRaw,
            Style::Text => Form::StringInlineText,
        };
        if value.len() <= SEGMENT_BYTES {
            return self.write_key(db, key, old, Head { form, expire_at_ms, object: None }, value);
        }
        let object = self.next_object()?;
        for (number, segment) in (0..).zip(value.chunks(SEGMENT_BYTES)) {
            self.put(&codec::segment(object, number), segment.to_vec());
        }
        let head = Head { form: Form::StringSegments, expire_at_ms, object: Some(object) };
        self.write_key(db, key, old, head, &(value.len() as u64).to_be_bytes())
    }

    /// Overwrites a string from `offset` on, with zeros before it if the string was shorter. An absent key
    /// (`old` is `None`) counts as empty; otherwise `old` is what [`Transaction::load_for_write`] answered. The
    /// new length.
    pub fn patch_string(
        &mut self,
        (db, key): (u32, &[u8]),
        old: Option<Stored>,
        offset: u64,
        bytes: &[u8],
    ) -> Result<u64> {
        let (old, body) = match old {
            Some(Stored { head, body }) => (Some(head), body),
            None => (None, Vec::new()),
        };
        let expire_at_ms = old.and_then(|head| head.expire_at_ms);
        let end = offset + bytes.len() as u64;
        let segmented = old.and_then(|head| head.object);
        if segmented.is_none() && end.max(body.len() as u64) <= SEGMENT_BYTES as u64 {
            let mut value = body;
            overwrite(&mut value, offset as usize, bytes);
            self.write_string((db, key), old, expire_at_ms, &value, Style::Raw)?;
            return Ok(value.len() as u64);
        }
        let (object, before) = match segmented {
            Some(object) => (
                object,
                read_u64(&body, 0).ok_or_else(|| Error::corrupt("a segmented string has no length"))?,
            ),
            None => {
                let object = self.next_object()?;
                let before = body.len() as u64;
                self.put(&codec::segment(object, 0), body);
                (object, before)
            }
        };
        self.patch_segments(object, offset, bytes)?;
        let length = before.max(end);
        let head = Head { form: Form::StringSegments, expire_at_ms, object: Some(object) };
        self.write_key(db, key, old, head, &length.to_be_bytes())?;
        Ok(length)
    }

    /// Bytes that a string takes on disk, the engine's own overhead aside: keys and values of its records.
    pub fn string_stored_bytes(&self, entry: &Entry<'_>, key: &[u8]) -> Result<u64> {
        let own = (codec::META_HEADER_BYTES + key.len() + entry.record_bytes()) as u64;
        let Some(object) = entry.head().object else { return Ok(own) };
        let segments = length(entry)?.div_ceil(SEGMENT_BYTES as u64);
        let header = codec::segment(object, 0).len() as u64;
        Ok(own + length(entry)? + segments * header)
    }

    fn patch_segments(&mut self, object: u64, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut at = offset;
        let mut left = bytes;
        while !left.is_empty() {
            let (number, within) = split(at)?;
            let take = left.len().min(SEGMENT_BYTES - within);
            let (now, later) = left.split_at(take);
            let record = codec::segment(object, number);
            let mut segment = match take == SEGMENT_BYTES {
                true => Vec::new(),
                false => self.get(&record)?.map(|value| value.to_vec()).unwrap_or_default(),
            };
            overwrite(&mut segment, within, now);
            self.put(&record, segment);
            at += take as u64;
            left = later;
        }
        Ok(())
    }

    /// The bytes `start..end` of the string under `object`.
    fn segments(&self, object: u64, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut value = vec![0; (end - start) as usize];
        let (first, _) = split(start)?;
        let (last, _) = split(end - 1)?;
        let from = codec::segment(object, first);
        let to = codec::just_after(&codec::segment(object, last));
        let mut records = self.scan(&Scan::range(&from, &to).expecting((last - first) as usize + 1))?;
        while let Some(record) = records.next()? {
            let number = read_u32(record.key, 9).ok_or_else(|| Error::corrupt("a segment has no number"))?;
            let segment_start = u64::from(number) * SEGMENT_BYTES as u64;
            let from = segment_start.max(start);
            let to = (segment_start + record.value.len() as u64).min(end);
            if from < to {
                value[(from - start) as usize..(to - start) as usize].copy_from_slice(
                    &record.value[(from - segment_start) as usize..(to - segment_start) as usize],
                );
            }
        }
        Ok(value)
    }
}

/// The segment that holds a string's byte, and the byte's place in it.
fn split(offset: u64) -> Result<(u32, usize)> {
    let number = u32::try_from(offset / SEGMENT_BYTES as u64)
        .map_err(|_| Error::invalid_input("a string offset is beyond what segments can number"))?;
    Ok((number, (offset % SEGMENT_BYTES as u64) as usize))
}

fn overwrite(value: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if value.len() < end {
        value.resize(end, 0);
    }
    value[offset..end].copy_from_slice(bytes);
}
