//! The one line that a plugin's author writes, on an engine that keeps its promises.

#[path = "broken/engine.rs"]
#[allow(dead_code, reason = "faults are for another test program")]
mod engine;
#[path = "broken/fault.rs"]
#[allow(dead_code, reason = "faults are for another test program")]
mod fault;
#[path = "broken/reading.rs"]
mod reading;

dredis_conformance::suite!(crate::engine::LogBackend);
