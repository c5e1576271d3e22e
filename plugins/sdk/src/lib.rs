//! What the author of a dredis storage plugin depends on.
//!
//! A plugin is a dynamic library that carries an ordered key-value engine. dredis loads it by name or path and keeps
//! all its data in it; neither is rebuilt for the other. This crate holds the storage contract ([`Backend`], [`View`],
//! [`Cursor`], [`Open`]) and one macro, [`export_backend!`], which makes a loadable library of a type that implements
//! it. The binary interface behind the macro is this crate's own business: no C, no `unsafe` and no pointer shows up in
//! a plugin, so `#![forbid(unsafe_code)]` works there.
//!
//! # From nothing to a running plugin
//!
//! A plugin's `Cargo.toml` asks for a C library, and depends on this crate:
//!
//! ```toml
//! [package]
//! name = "dredis-backend-shelf"   # becomes libdredis_backend_shelf.so, found as `--backend shelf`
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! dredis-plugin = { path = "../dredis/plugins/sdk" }
//! ```
//!
//! And its `src/lib.rs` is the engine. This one is complete: a map in memory, copied whole for each commit, which is
//! slow and correct.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::ops::Bound;
//! use std::sync::{Arc, Mutex};
//!
//! use dredis_plugin::{
//!     Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, Error, ErrorKind, LogLevel, Open, OpenRequest,
//!     Operation, OptionSpec, Projection, Record, Result, Scan, Setting, Value, View,
//! };
//!
//! type Records = BTreeMap<Vec<u8>, Vec<u8>>;
//!
//! /// The engine. Whoever takes a view gets the map as it is, and keeps it.
//! pub struct Shelf {
//!     records: Mutex<Arc<Records>>,
//!     records_max: i64,
//! }
//!
//! const RECORDS_MAX: Setting<i64> =
//!     Setting::integer("records_max", "refuse commits that leave more records than this")
//!         .range(0, i64::MAX)
//!         .default(1_000_000);
//!
//! impl Open for Shelf {
//!     const NAME: &'static str = "shelf";
//!     const VERSION: &'static str = "shelf 1.0";
//!
//!     /// What operators may say after `--backend-option`.
//!     fn options() -> Vec<OptionSpec> {
//!         vec![RECORDS_MAX.spec()]
//!     }
//!
//!     fn open(request: &OpenRequest) -> Result<Self> {
//!         let records_max = RECORDS_MAX.read(&request.options)?;
//!         request.log.log(LogLevel::Info, "a shelf keeps nothing on disk");
//!         Ok(Shelf { records: Mutex::default(), records_max })
//!     }
//! }
//!
//! impl Backend for Shelf {
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::exclusive(Durability::Never)
//!     }
//!
//!     fn view(&self) -> Result<Box<dyn View + '_>> {
//!         Ok(Box::new(ShelfView(self.records.lock().expect("no holder panics").clone())))
//!     }
//!
//!     fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
//!         let mut records = self.records.lock().expect("no holder panics");
//!         let mut changed = Records::clone(&records);
//!         for operation in batch.operations() {
//!             match *operation {
//!                 Operation::Put { key, value } => {
//!                     changed.insert(key.to_vec(), value.to_vec());
//!                 }
//!                 Operation::Delete { key } => {
//!                     changed.remove(key);
//!                 }
//!                 Operation::DeleteRange { start, end } => {
//!                     changed.retain(|key, _| !(start..end).contains(&key.as_slice()));
//!                 }
//!             }
//!         }
//!         // An error means that nothing was applied.
//!         if changed.len() as i64 > self.records_max {
//!             return Err(Error::new(ErrorKind::NoSpace, "the shelf is full: raise records_max"));
//!         }
//!         *records = Arc::new(changed);
//!         Ok(Commit::Done)
//!     }
//!
//!     fn sync(&self) -> Result<()> {
//!         Ok(()) // Durability::Never says that there is nothing to do.
//!     }
//! }
//!
//! struct ShelfView(Arc<Records>);
//!
//! impl View for ShelfView {
//!     fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
//!         Ok(self.0.get(key).map(|value| Value::Borrowed(value))) // borrowed: nothing is copied
//!     }
//!
//!     fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
//!         let end = match scan.end {
//!             // BTreeMap panics on a range that ends before it starts; the contract calls it empty.
//!             Some(end) => Bound::Excluded(end.max(scan.start)),
//!             None => Bound::Unbounded,
//!         };
//!         let range = self.0.range::<[u8], _>((Bound::Included(scan.start), end));
//!         let keys_only = scan.projection == Projection::Keys;
//!         Ok(Box::new(match scan.direction {
//!             Direction::Forward => ShelfCursor(Box::new(range), keys_only),
//!             Direction::Reverse => ShelfCursor(Box::new(range.rev()), keys_only),
//!         }))
//!     }
//! }
//!
//! type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;
//!
//! struct ShelfCursor<'v>(Entries<'v>, /* keys only */ bool);
//!
//! impl Cursor for ShelfCursor<'_> {
//!     fn next(&mut self) -> Result<Option<Record<'_>>> {
//!         let keys_only = self.1;
//!         Ok(self.0.next().map(|(key, value)| Record { key, value: if keys_only { &[] } else { value } }))
//!     }
//! }
//!
//! // The one line that makes a plugin of it.
//! dredis_plugin::export_backend!(Shelf);
//! #
//! # fn main() {
//! #     let mut options = dredis_plugin::Options::new();
//! #     options.set("records_max", dredis_plugin::OptionValue::Integer(2));
//! #     let log = dredis_plugin::Logger::silent();
//! #     let shelf = Shelf::open(&OpenRequest { dir: "unused".into(), options, log }).unwrap();
//! #     let before = shelf.view().unwrap();
//! #     let put = |key| Operation::Put { key, value: b"v" };
//! #     shelf.commit(&Batch::new(&[put(b"a"), put(b"b")])).unwrap();
//! #     assert!(before.get(b"a").unwrap().is_none());
//! #     let view = shelf.view().unwrap();
//! #     assert_eq!(&*view.get(b"a").unwrap().unwrap(), b"v");
//! #     let mut cursor = view.scan(&Scan::all().reverse()).unwrap();
//! #     assert_eq!(cursor.next().unwrap().unwrap(), Record { key: b"b", value: b"v" });
//! #     assert_eq!(cursor.next().unwrap().unwrap(), Record { key: b"a", value: b"v" });
//! #     assert_eq!(cursor.next().unwrap(), None);
//! #     let error = shelf.commit(&Batch::new(&[put(b"c")])).unwrap_err();
//! #     assert_eq!(error.kind(), ErrorKind::NoSpace);
//! # }
//! ```
//!
//! `cargo build --release` leaves the library in `target/release`; `dredis --backend
//! target/release/libdredis_backend_shelf.so --dir data` runs on it. `plugins/examples` holds plugins in workspaces
//! of their own, to copy from.
//!
//! # What a plugin can rely on
//!
//! - Keys are never empty, and within the limits that [`Backend::capabilities`] declares. Batches come sorted, no key in
//!   them twice. Values may be empty.
//! - On an [exclusive](Sharing::Exclusive) engine no two commits run at once. Everything else may run at any time, from
//!   any thread, also during a commit.
//! - Views, values and cursors are dropped before the engine is, cursors and values before their view.
//! - [`OpenRequest::dir`] exists and is this backend's alone.
//! - Options were checked: each name is in the schema, each value of its type and in its range. [`Setting`] declares an
//!   option once, for the schema and for reading it.
//! - Libraries are never unloaded, so that threads and thread-locals of a plugin may live as long as the process.
//!
//! # What a plugin must keep to
//!
//! - **Build with `panic = "unwind"`**, which is Cargo's default; [`export_backend!`] does not compile without. A panic
//!   in any method (dropping included) becomes an error of kind [`ErrorKind::Poisoned`] that names the plugin, the
//!   method and the panic's message; that instance answers nothing else from then on. A panic in a thread that the
//!   plugin started itself is the plugin's to handle, and so is a second panic while the first one unwinds.
//! - Fail with the [`ErrorKind`] that tells the caller what to do, and a message of one line that says what was tried,
//!   what was found and what to do.
//! - Speak to the operator through [`OpenRequest::log`] alone. A plugin has its own copy of the standard library and of
//!   every crate in it: the host's `tracing` subscriber, allocator and tokio runtime are not there. A plugin that needs
//!   a runtime makes its own.
//! - Never exit the process, change its signal handlers or its working directory.
//!
//! # What costs what
//!
//! A call across the boundary costs some nanoseconds. [`Value::Borrowed`] crosses without a copy and without an
//! allocation: prefer it where the engine has the bytes in its memory (a map, a cache that the view pins).
//! [`Value::Owned`] is given back to the plugin to be freed. Cursors are drained in pages, a few records first and then
//! up to 64 KiB at once, so that [`Cursor::next`] is an ordinary call inside the plugin. A batch crosses once.
//!
//! # Versions
//!
//! A library built with this crate loads in every dredis that speaks the same *ABI*, which is a number apart from the
//! versions of both and changes rarely. A library that does not fit is refused when it is loaded, with a line that says
//! why. What the contract gains later has defaults, so old plugins go on as they are.
#![deny(unsafe_code)]

mod codes;
pub mod directory;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod plugin;
mod wire;

pub use dredis_contract::{
    Backend, Basis, Batch, Capabilities, Commit, Context, Cursor, Direction, Durability, DurabilityNeed,
    Error, ErrorKind, Limits, LogLevel, Logger, Moment, Open, OpenRequest, Operation, OptionError,
    OptionKind, OptionRange, OptionSpec, OptionValue, Options, Projection, Record, Result, Scan, Setting,
    SettingValue, Sharing, Value, View,
};
#[doc(hidden)]
pub use dredis_plugin_abi as abi;

/// Makes a dredis plugin of this library, whose engine is the given type. It implements [`Open`].
///
/// Say `dredis_plugin::export_backend!(Shelf);` once, in the root of a crate of type `cdylib`.
///
/// A library carries one engine. The library's file is called `libdredis_backend_<NAME>.so` (or whatever takes the
/// place of `lib` and `.so` on the system), with [`Open::NAME`]'s hyphens as underscores, if operators are to find it by
/// name. A crate that is an `rlib` as well can be linked into tests, but no two of them into the same program: both would
/// bring the same exported symbols.
///
/// It fails to compile under `panic = "abort"`, and if [`Open::NAME`] is no name.
#[macro_export]
macro_rules! export_backend {
    ($backend:ty $(,)?) => {
        const _: () = {
            #[cfg(panic = "abort")]
            compile_error!(
                "a dredis plugin has to be built with panic = \"unwind\": remove panic = \"abort\" from the profile"
            );

            #[unsafe(export_name = "dredis_plugin_abi")]
            static PROBE: $crate::abi::Probe = $crate::plugin::PROBE;

            #[unsafe(export_name = "dredis_plugin_module_1")]
            static HEADER: $crate::abi::LibHeader = $crate::plugin::Plugin::<$backend>::header();
        };
    };
}
