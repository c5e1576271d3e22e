//! Every check of the conformance kit, as a test case by its name: with a journal and a cache so small that commits lie in the
//! journal, in redb's file, and on their way from one to the other.

use dredis_plugin::{OptionValue, Options};

fn small_journal() -> Options {
    let mut options = Options::new();
    options.set("journal_size", OptionValue::Integer(64 << 10));
    options.set("cache_size", OptionValue::Integer(1 << 20));
    options
}

dredis_conformance::suite!(dredis_backend_redb::Redb, small_journal());
