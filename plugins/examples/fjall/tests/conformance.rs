//! Every check of the conformance kit, as a test case by its name: with memtables so small that records lie in the journal and in
//! tables.

use dredis_plugin::{OptionValue, Options};

fn small_memtables() -> Options {
    let mut options = Options::new();
    options.set("memtable_size", OptionValue::Integer(1 << 20));
    options.set("cache_size", OptionValue::Integer(0));
    options
}

dredis_conformance::suite!(dredis_backend_fjall::Fjall, small_memtables());
