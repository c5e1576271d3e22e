//! redb behind dredis's storage contract: a copy-on-write B-tree in one file, and a journal beside it.
//!
//! redb knows two kinds of commits. One waits for the disk (milliseconds), the other stays in redb's own memory and is
//! gone when the process dies. The contract asks for something between them: a commit that survives the process, and a
//! `sync` that makes it survive the machine. So a commit here is written to a journal in the file system first
//! (`journal`), which the death of the process cannot take away, and then made in redb's memory. Whenever the journal
//! has grown to `journal_size`, redb makes one durable commit for all of them, and the journal starts anew. Opening
//! plays back what the journal holds beyond that commit. `sync` syncs the journal alone.
//!
//! The files in the data directory: `data.redb`, `journal`, and `lock`, which keeps a second server out.
//!
//! If redb itself meets a full disk or a failing one, it takes no more calls until it is opened again: nothing that
//! was committed is lost, but the server has to be restarted once there is room. (A full disk that only the journal
//! meets is an ordinary error, and goes away with its cause.)

mod backend;
mod checkpoint;
mod config;
mod cursor;
mod error;
mod files;
mod journal;
mod recovery;
mod view;

pub use backend::Redb;

dredis_plugin::export_backend!(Redb);
