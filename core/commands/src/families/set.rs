//! Sets: distinct members under one key.

use crate::Command;

/// The table.
pub static TABLE: &[Command] = &[];
