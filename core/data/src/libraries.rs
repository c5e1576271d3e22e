//! Libraries of functions: code that clients have given the server to keep, with what it registers.
//!
//! They belong to no database, and nothing that empties databases touches them. Each is a record; all of them are also kept in
//! memory, as one table that never changes: a transaction that changes something makes a new one, which is its own until it has
//! committed. So to look a function up reads no record, and what was given up was never seen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dredis_contract::{Error, Result, Scan, View};

use crate::codec::{self, Codec, RecordKey, RecordKind, read_u32};
use crate::transaction::Transaction;

/// The longest code of a library, in bytes. It is one record, and every interpreter that runs its functions holds it.
pub const LIBRARY_BYTES_MAX: usize = 16 << 20;

/// A library.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its name.
    pub name: Box<[u8]>,
    /// The code, with the line on top that names it.
    pub code: Arc<[u8]>,
    /// What the code registers when it runs, in that order.
    pub functions: Vec<Function>,
    version: u64,
}

impl Library {
    /// A library.
    pub fn new(name: &[u8], code: &[u8], functions: Vec<Function>) -> Library {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let version = MADE.fetch_add(1, Ordering::Relaxed) + 1;
        Library { name: name.into(), code: code.into(), functions, version }
    }

    /// A number that no other library of this process has, be it of the same name and code: one that is loaded again begins anew.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How long its record is, in bytes.
    pub fn record_bytes(&self) -> usize {
        encode(self).len()
    }
}

/// A function that a library registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, by which it is called, in any case of letters. No two libraries have functions of the same name.
    pub name: Box<[u8]>,
    /// What it is good for, in its author's words.
    pub description: Option<Box<[u8]>>,
    /// A set of flags, as bits whose meaning is the business of the layer above. They are on disk.
    pub flags: u8,
}

/// All libraries at one moment.
#[derive(Clone, Debug, Default)]
pub struct Libraries {
    by_name: BTreeMap<Box<[u8]>, Arc<Library>>,
    /// Where each function is, by its name in lower case: its library, and its place there.
    functions: HashMap<Box<[u8]>, (Arc<Library>, usize)>,
}

impl Libraries {
    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Library>> {
        self.by_name.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// How many functions they have together.
    pub fn function_count(&self) -> usize {
        self.functions.len()
    }

    /// The library of this name.
    pub fn library(&self, name: &[u8]) -> Option<&Arc<Library>> {
        self.by_name.get(name)
    }

    /// The function of this name, in any case of letters, and its library.
    pub fn function(&self, name: &[u8]) -> Option<(&Arc<Library>, &Function)> {
        let (library, place) = self.functions.get(name.to_ascii_lowercase().as_slice())?;
        Some((library, library.functions.get(*place)?))
    }

    /// Adds a library, in place of the one of this name.
    pub fn insert(&mut self, library: Arc<Library>) {
        self.remove(&library.name);
        for (place, function) in library.functions.iter().enumerate() {
            self.functions.insert(called(function), (Arc::clone(&library), place));
        }
        self.by_name.insert(library.name.clone(), library);
    }

    /// Takes a library out; whether there was one.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let Some(library) = self.by_name.remove(name) else { return false };
        for function in &library.functions {
            self.functions.remove(&called(function));
        }
        true
    }

    /// All libraries of a directory.
    pub(crate) fn read(view: &dyn View) -> Result<Libraries> {
        let mut libraries = Libraries::default();
        let end = codec::successor(PREFIX);
        let mut records = view.scan(&Scan { end: end.as_deref(), ..Scan::range(PREFIX, PREFIX) })?;
        while let Some(record) = records.next()? {
            let library = decode(record.value)
                .ok_or_else(|| Error::corrupt("the record of a library of functions does not decode"))?;
            libraries.insert(Arc::new(library));
        }
        Ok(libraries)
    }
}

fn called(function: &Function) -> Box<[u8]> {
    function.name.to_ascii_lowercase().into()
}

const PREFIX: &[u8] = &[RecordKind::Library as u8];

fn record_key(codec: &Codec, name: &[u8]) -> RecordKey {
    codec.finish(RecordKey::from_slice(PREFIX), name)
}

impl Transaction<'_> {
    /// All libraries, as this transaction has left them.
    pub fn libraries(&self) -> Arc<Libraries> {
        self.changed_libraries().cloned().unwrap_or_else(|| self.store.libraries())
    }

    /// The libraries that stand in this transaction's view, for a file that has to be of one moment.
    pub fn stored_libraries(&self) -> Result<Libraries> {
        Libraries::read(self.engine()?)
    }

    /// How long the record of a library may be, in bytes.
    pub fn library_bytes_max(&self) -> usize {
        let limits = self.store.backend.capabilities().limits;
        usize::try_from(limits.value_bytes_max.min(limits.batch_bytes_max / 2)).unwrap_or(usize::MAX)
    }

    /// Puts these libraries in the place of all that there are. What is in both is not written again.
    pub fn set_libraries(&mut self, libraries: Libraries) -> Result<()> {
        let before = self.libraries();
        let codec = self.store.codec;
        for library in libraries.iter() {
            let same = before.library(&library.name);
            if same.is_some_and(|same| Arc::ptr_eq(same, library)) {
                continue;
            }
            self.put(&record_key(&codec, &library.name), encode(library));
        }
        for library in before.iter() {
            if libraries.library(&library.name).is_none() {
                self.delete(&record_key(&codec, &library.name));
            }
        }
        self.change_libraries(Arc::new(libraries))
    }
}

/// On disk: name, code, then each function's flags (1), name, and its description after a 1, or a 0. Every text after its length (4).
fn encode(library: &Library) -> Vec<u8> {
    let mut record = Vec::with_capacity(library.code.len() + 64);
    put_text(&mut record, &library.name);
    put_text(&mut record, &library.code);
    for function in &library.functions {
        record.push(function.flags);
        put_text(&mut record, &function.name);
        record.push(u8::from(function.description.is_some()));
        if let Some(description) = &function.description {
            put_text(&mut record, description);
        }
    }
    record
}

fn put_text(record: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).expect("a library's texts are below its own limit");
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(text);
}

fn decode(record: &[u8]) -> Option<Library> {
    let mut rest = record;
    let name = take_text(&mut rest)?;
    let code = take_text(&mut rest)?;
    let mut functions = Vec::new();
    while let Some((flags, after)) = rest.split_first() {
        rest = after;
        let name = take_text(&mut rest)?.into();
        let (has_description, after) = rest.split_first()?;
        rest = after;
        let description = if *has_description == 1 { Some(take_text(&mut rest)?.into()) } else { None };
        functions.push(Function { name, description, flags: *flags });
    }
    Some(Library::new(name, code, functions))
}

fn take_text<'r>(rest: &mut &'r [u8]) -> Option<&'r [u8]> {
    let length = read_u32(rest, 0)? as usize;
    let (text, after) = rest.get(4..)?.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> Library {
        let function = |name: &[u8], description: Option<&[u8]>, flags| Function {
            name: name.into(),
            description: description.map(Into::into),
            flags,
        };
        let functions = vec![function(b"f", None, 0), function(b"g", Some(b"does g"), 5)];
        Library::new(b"lib", b"#!lua name=lib\n...", functions)
    }

    /// What directories of version 1 hold. If this fails the format has changed, and old directories cannot be read any more.
    #[test]
    fn a_record_is_what_it_was() {
        let mut golden = b"\0\0\0\x03lib\0\0\0\x12#!lua name=lib\n...".to_vec();
        golden.extend_from_slice(b"\0\0\0\0\x01f\0");
        golden.extend_from_slice(b"\x05\0\0\0\x01g\x01\0\0\0\x06does g");
        assert_eq!(encode(&library()), golden);
        let decoded = decode(&golden).expect("it is whole");
        let parts = |library: Library| (library.name, library.code, library.functions);
        assert_eq!(parts(decoded), parts(library()));
        assert_eq!(record_key(&Codec { key_bytes_max: 64, seed: [1, 2] }, b"lib").as_slice(), b"\x03lib");
    }

    #[test]
    fn a_cut_record_is_refused() {
        let record = encode(&library());
        let whole_functions = [record.len(), record.len() - 17, record.len() - 24];
        for length in 0..record.len() {
            assert_eq!(
                decode(&record[..length]).is_some(),
                whole_functions.contains(&length),
                "cut to {length} bytes"
            );
        }
    }
}
