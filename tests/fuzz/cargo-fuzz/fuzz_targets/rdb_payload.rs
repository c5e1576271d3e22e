//! cargo-fuzz's way into [`dredis_fuzz::rdb_payload`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dredis_fuzz::rdb_payload(bytes));
