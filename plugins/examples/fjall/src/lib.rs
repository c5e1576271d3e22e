//! fjall behind dredis's storage contract: a log-structured merge tree, with a journal of its own.
//!
//! All records lie in one of fjall's keyspaces. A commit is one of its batches, handed to the operating system before
//! it returns, so that the death of the process takes nothing away; `sync` syncs the journal. A view is one of its
//! snapshots. fjall has no range deletes: a range is read, and a delete written for each key in it.
//!
//! The files in the data directory: `data`, which is fjall's, `created-with`, which remembers the options that only
//! count at creation, and `lock`, which keeps a second server out.
//!
//! If writing the journal fails, as on a full disk, fjall takes no more commits until it is opened again; reads go on.
//! The commit that failed may then be there or not: fjall does not tell.

mod backend;
mod checkpoint;
mod config;
mod cursor;
mod error;
mod files;
mod logging;
mod view;

pub use backend::Fjall;

dredis_plugin::export_backend!(Fjall);
