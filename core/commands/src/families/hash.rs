//! Hashes: fields with values under one key.

use crate::Command;

/// The table.
pub static TABLE: &[Command] = &[];
