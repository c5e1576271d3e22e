//! What the author of a dredis storage plugin depends on.

pub use dredis_contract::{
    Backend, Batch, Capabilities, Commit, Cursor, Direction, Durability, DurabilityNeed, Error, ErrorKind,
    Limits, LogLevel, Logger, Open, OpenRequest, Operation, OptionError, OptionKind, OptionSpec, OptionValue,
    Options, Projection, Record, Result, Scan, Sharing, Value, View,
};
