//! Sorted sets: members in the order of their scores under one key.

use crate::Command;

/// The table.
pub static TABLE: &[Command] = &[];
