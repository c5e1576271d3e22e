//! The names of scripts.

/// The SHA-1 of a script in forty lower-case hexadecimal digits: its name for EVALSHA.
#[must_use]
pub fn sha1_hex(source: &[u8]) -> String {
    sha1_smol::Sha1::from(source).digest().to_string()
}
