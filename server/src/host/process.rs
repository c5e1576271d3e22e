//! What the operating system says of this process. Where it says nothing, figures are 0.

use std::fs;

/// Linux tells times in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

/// Bytes in memory now.
pub fn resident_bytes() -> u64 {
    status_kib("VmRSS:") * 1024
}

/// The most that was ever in memory, in bytes.
pub fn peak_bytes() -> u64 {
    status_kib("VmHWM:") * 1024
}

/// Processor time used in the system's and in the process's own code, in seconds.
pub fn cpu_seconds() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields are counted from behind the name, which may hold blanks.
    let fields: Vec<&str> =
        stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
    let ticks = |index: usize| {
        fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS_A_SECOND
    };
    (ticks(12), ticks(11))
}

/// The operating system with its version, and the processor.
pub fn system() -> String {
    let read = |name: &str| {
        fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default().trim().to_owned()
    };
    format!("{} {} {}", read("ostype"), read("osrelease"), std::env::consts::ARCH)
}

fn status_kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
