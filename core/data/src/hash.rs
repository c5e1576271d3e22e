//! Hashes: fields with values under one key.
