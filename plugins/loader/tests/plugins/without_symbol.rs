//! A dynamic library that is no plugin.
#![allow(unsafe_code, missing_docs)]

#[unsafe(no_mangle)]
pub extern "C" fn nothing_of_interest() -> u32 {
    7
}
