//! The limit of open files, which clients and the engine's files share.

use std::io;

use rlimit::Resource;

use crate::log;

/// Files that are not clients: Redis's reserve for itself, and room for an engine's.
const RESERVED: u64 = 32 + 1024;

/// Raises the process's limit so that this many clients fit. How many do.
pub(super) fn raise_limit(clients_max: usize) -> usize {
    let wanted = (clients_max as u64).saturating_add(RESERVED);
    let reached = match raise_to(wanted) {
        Ok(reached) => reached,
        Err(error) => {
            log::warning(format_args!("the limit of open files could not be read or raised: {error}"));
            return clients_max;
        }
    };
    let clients = clients_that_fit(clients_max, reached);
    if clients < clients_max {
        log::warning(format_args!(
            "maxclients is {clients} instead of {clients_max}: the limit of open files is {reached}, and {wanted} would be \
             needed (ulimit -n)"
        ));
    }
    clients
}

/// The limit that could be reached, at least the one there was.
fn raise_to(wanted: u64) -> io::Result<u64> {
    let (soft, hard) = Resource::NOFILE.get()?;
    if soft >= wanted {
        return Ok(soft);
    }
    // Only an administrator may go above the hard limit.
    if wanted > hard && Resource::NOFILE.set(wanted, wanted).is_ok() {
        return Ok(wanted);
    }
    let possible = wanted.min(hard);
    Resource::NOFILE.set(possible, hard)?;
    Ok(possible)
}

/// Under a limit too low for both, clients and engine get half each.
fn clients_that_fit(clients_max: usize, limit: u64) -> usize {
    let room = limit.saturating_sub(RESERVED).max(limit / 2);
    usize::try_from(room).map_or(clients_max, |room| room.min(clients_max).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_give_way_to_a_low_limit() {
        assert_eq!(clients_that_fit(10_000, 1 << 20), 10_000);
        assert_eq!(clients_that_fit(10_000, 11_056), 10_000);
        assert_eq!(clients_that_fit(10_000, 4096), 3040);
        assert_eq!(clients_that_fit(10_000, 1024), 512);
        assert_eq!(clients_that_fit(10_000, 0), 1);
    }
}
