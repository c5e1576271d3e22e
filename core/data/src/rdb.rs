//! RDB: Redis's format for values outside a running server, in files and in the payloads of DUMP and RESTORE.
//!
//! | file | what it does |
//! |---|---|
//! | `reader` | a file, item by item: [`Reader`] |
//! | `value` | a value, piece by piece, whatever its encoding: [`ValueReader`] |
//! | `ziplist`, `zipmap`, `lzf` | encodings of older days, and compression |
//! | `input`, `output` | bytes with their checksum, lengths, strings |
//! | `writer` | a file, written: [`Writer`] |
//! | `restore` | from a value's pieces to records: [`Transaction::restore`](crate::Transaction::restore) |
//! | `dump` | from records to a value: [`Transaction::dump`](crate::Transaction::dump) |
//! | `payload` | what DUMP answers and RESTORE takes |
//!
//! Reading trusts nothing: lengths cost memory only as bytes arrive, every packed layout is checked to its last byte
//! before anything of it is used, and what is wrong is told with its place. Nothing here opens a file.
//!
//! ```
//! use dredis_data::rdb::{Item, Reader};
//!
//! let mut reader = Reader::new(&b"REDIS0003\xfe\x00\x00\x01k\x05hello\xff"[..]).unwrap();
//! assert_eq!(reader.next().unwrap(), Item::Database(0));
//! let Item::Key(key) = reader.next().unwrap() else { panic!("a key follows") };
//! assert_eq!((&key.name[..], key.kind.name()), (&b"k"[..], "string"));
//! ```

mod codes;
mod dump;
mod error;
mod input;
mod lzf;
mod output;
mod payload;
mod reader;
mod restore;
mod value;
mod writer;
mod ziplist;
mod zipmap;

pub use error::{RdbError, RdbErrorKind, TransferError};
pub use payload::{
    LibraryCodes, LibraryFault, PAYLOAD_VERSION, dump_libraries, open_libraries, open_payload,
};
pub use reader::{Checksum, Item, KeyItem, Reader};
pub use restore::Restored;
pub use value::{Piece, ValueReader};
pub use writer::{Compression, FileVersion, Writer};

/// The oldest and the newest version of files that [`Reader`] reads: Redis 1 to 7.4.
pub const READ_VERSIONS: std::ops::RangeInclusive<u16> = 1..=12;

/// The longest key, element and string that is read, in bytes: Redis's own limit unless it is configured otherwise.
pub const STRING_BYTES_MAX: u64 = 512 << 20;
