//! Every check of the conformance kit, as a test case by its name, with buffers and blocks so small that records lie in the
//! log, in fresh tables and in compacted ones.

use dredis_plugin::{OptionValue, Options};

fn small_tables() -> Options {
    let mut options = Options::new();
    options.set("write_buffer_size", OptionValue::Integer(65_536));
    options.set("block_size", OptionValue::Integer(1024));
    options
}

dredis_conformance::suite!(dredis_backend_leveldb::LevelDb, small_tables());
