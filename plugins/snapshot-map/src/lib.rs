//! An ordered map in memory that takes batches and gives consistent views: for backends that keep all of their data in
//! memory, or the latest part of it.
//!
//! There is one map of current records, changed in place, and beside it a *history*: what a record was before it
//! changed, kept only as long as an open view is older than the change. Without old views there is no history, and a
//! commit costs what its insertions cost. Commits are numbered; a view is the number of the last commit that it sees.
//!
//! The records stand in a tree (`tree.rs`) that takes the changes of a batch together. Nobody holds a lock for long: a large commit works
//! in steps of some hundred records, a scan fetches a page at a time, and between the two everyone else has a turn.
#![forbid(unsafe_code)]

mod builder;
mod cursor;
mod history;
mod key;
mod map;
mod page;
mod records;
mod registry;
mod tree;
mod view;

pub use builder::MapBuilder;
pub use cursor::MapCursor;
pub use map::SnapshotMap;
pub use view::MapView;
