//! Every check of the conformance kit, as a test case by its name, with a write buffer so small that records lie in its tables
//! and in LMDB. The matrix has the other modes.

use dredis_plugin::{OptionValue, Options};

fn small_buffer() -> Options {
    let mut options = Options::new();
    options.set("write_buffer_size", OptionValue::Integer(65_536));
    options
}

dredis_conformance::suite!(dredis_backend_lmdb::Lmdb, small_buffer());
