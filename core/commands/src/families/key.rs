//! stub

use crate::Command;

/// The table.
pub static TABLE: &[Command] = &[];
