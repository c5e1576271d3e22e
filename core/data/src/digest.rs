//! Digests: 20 bytes that are the same for the same data, in whatever order they are kept. Redis's own (DEBUG DIGEST), bit
//! for bit, so that a server can be compared with another one.
//!
//! Two ways to take something in: *one of many* is hashed with SHA-1 and added by exclusive or, so that order means nothing;
//! *next in line* is the same, and then the sum is hashed again, so that it does. A value is its type, its elements each in
//! its way, and a mark if the key expires (not when: that may differ by a moment between two servers).

use std::ops::ControlFlow;

use dredis_contract::{Error, Result};
use sha1_smol::Sha1;

use crate::databases::DATABASES;
use crate::meta::{Entry, Kind};
use crate::sorted_set::{SortedSet, score_text};
use crate::transaction::Transaction;
use crate::{list, string};

/// Elements that are held at a time.
const PAGE: usize = 128;
/// Bytes of a string that are held at a time.
const PIECE_BYTES: u64 = 1 << 20;

/// A digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Digest([u8; 20]);

impl Digest {
    /// As 40 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Takes in one of many, whose order means nothing.
    fn add(&mut self, bytes: &[u8]) {
        self.add_hash(Sha1::from(bytes).digest().bytes());
    }

    /// Takes in what is next in line.
    fn append(&mut self, bytes: &[u8]) {
        self.append_hash(Sha1::from(bytes).digest().bytes());
    }

    fn add_hash(&mut self, hash: [u8; 20]) {
        for (own, other) in self.0.iter_mut().zip(hash) {
            *own ^= other;
        }
    }

    fn append_hash(&mut self, hash: [u8; 20]) {
        self.add_hash(hash);
        self.0 = Sha1::from(self.0).digest().bytes();
    }

    /// What a pair (field and value, member and score) makes.
    fn of_pair(left: &[u8], right: &[u8]) -> Digest {
        let mut pair = Digest::default();
        pair.append(left);
        pair.append(right);
        pair
    }
}

/// The numbers by which Redis knows types.
fn type_number(kind: Kind) -> u32 {
    match kind {
        Kind::String => 0,
        Kind::List => 1,
        Kind::Set => 2,
        Kind::SortedSet => 3,
        Kind::Hash => 4,
    }
}

impl Transaction<'_> {
    /// The digest of all live keys of all databases. Reads everything.
    pub fn digest(&self) -> Result<Digest> {
        let mut all = Digest::default();
        for db in 0..DATABASES {
            let mut is_empty = true;
            self.each_live_key(db, |key, entry| {
                if std::mem::take(&mut is_empty) {
                    all.append(&db.to_be_bytes());
                }
                let mut own = Digest::default();
                own.append(key);
                self.digest_into(&mut own, entry)?;
                all.add(&own.0);
                Ok::<_, Error>(ControlFlow::Continue(()))
            })?;
        }
        Ok(all)
    }

    /// The digest of a key's value.
    pub fn value_digest(&self, entry: &Entry<'_>) -> Result<Digest> {
        let mut digest = Digest::default();
        self.digest_into(&mut digest, entry)?;
        Ok(digest)
    }

    fn digest_into(&self, digest: &mut Digest, entry: &Entry<'_>) -> Result<()> {
        digest.append(&type_number(entry.kind()).to_be_bytes());
        match entry.kind() {
            Kind::String => digest.append_hash(self.string_hash(entry)?),
            Kind::List => self.digest_list(digest, entry)?,
            Kind::Set => self.digest_pages(digest, entry, |digest, member, _| digest.add(member))?,
            Kind::SortedSet => self.digest_pages(digest, entry, |digest, member, score| {
                // A packed score is kept as another text than the one that counts here.
                let text = std::str::from_utf8(score).ok().and_then(|text| text.parse().ok());
                let text = text.map(score_text).unwrap_or_default();
                digest.add(&Digest::of_pair(member, text.as_bytes()).0);
            })?,
            Kind::Hash => self.each_hash_field(entry, |field, value| {
                digest.add(&Digest::of_pair(&field.to_vec(), &value.to_vec()).0);
            })?,
        }
        if entry.head().expire_at_ms.is_some() {
            digest.add(b"!!expire!!");
        }
        Ok(())
    }

    fn string_hash(&self, entry: &Entry<'_>) -> Result<[u8; 20]> {
        let mut hash = Sha1::new();
        let length = string::length(entry)?;
        let mut at = 0;
        while at < length {
            hash.update(&self.string_range(entry, at, PIECE_BYTES)?);
            at += PIECE_BYTES;
        }
        Ok(hash.digest().bytes())
    }

    fn digest_list(&self, digest: &mut Digest, entry: &Entry<'_>) -> Result<()> {
        let length = list::length(entry)?;
        let mut at = 0;
        while at < length {
            let elements = self.list_range(entry, at, PAGE as u64)?;
            elements.iter().for_each(|element| digest.append(element));
            at += PAGE as u64;
        }
        Ok(())
    }

    /// Shows `take` the members of a set or sorted set, with the scores of the latter.
    fn digest_pages(
        &self,
        digest: &mut Digest,
        entry: &Entry<'_>,
        take: impl Fn(&mut Digest, &[u8], &[u8]),
    ) -> Result<()> {
        let mut next = Some(0);
        while let Some(from) = next {
            let page = match entry.kind() {
                Kind::SortedSet => SortedSet::of(entry)?.page(self, from, PAGE)?,
                _ => self.set_page(entry, from, PAGE)?,
            };
            page.elements.iter().for_each(|element| take(digest, &element.name, &element.payload));
            next = page.next;
        }
        Ok(())
    }
}
