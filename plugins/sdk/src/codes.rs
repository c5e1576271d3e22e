//! The numbers under which enumerations of the contract cross the boundary. Part of the ABI: never reused, never
//! changed. A number that this side does not know comes from a newer SDK and is answered as each function says.

use dredis_contract::{Commit, Durability, DurabilityNeed, ErrorKind, LogLevel, OptionKind, Sharing};

pub(crate) fn of_error_kind(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Retry => 1,
        ErrorKind::NoSpace => 2,
        ErrorKind::InvalidInput => 3,
        ErrorKind::Unsupported => 4,
        ErrorKind::Corrupt => 5,
        ErrorKind::Poisoned => 7,
        // `Io`, and any kind that the contract gains later: something failed, and no remedy is known.
        _ => 6,
    }
}

/// An unknown number is an `Io` error: something failed, and no remedy is known.
pub(crate) fn error_kind(code: u8) -> ErrorKind {
    match code {
        1 => ErrorKind::Retry,
        2 => ErrorKind::NoSpace,
        3 => ErrorKind::InvalidInput,
        4 => ErrorKind::Unsupported,
        5 => ErrorKind::Corrupt,
        7 => ErrorKind::Poisoned,
        _ => ErrorKind::Io,
    }
}

pub(crate) fn of_sharing(sharing: Sharing) -> u8 {
    match sharing {
        Sharing::Exclusive => 1,
        Sharing::Shared => 2,
    }
}

/// An unknown number is `None`: the host cannot work with it.
pub(crate) fn sharing(code: u8) -> Option<Sharing> {
    match code {
        1 => Some(Sharing::Exclusive),
        2 => Some(Sharing::Shared),
        _ => None,
    }
}

pub(crate) fn of_durability(durability: Durability) -> u8 {
    match durability {
        Durability::OnCommit => 1,
        Durability::OnSync => 2,
        Durability::Never => 3,
    }
}

/// An unknown number is `None`: the host cannot work with it.
pub(crate) fn durability(code: u8) -> Option<Durability> {
    match code {
        1 => Some(Durability::OnCommit),
        2 => Some(Durability::OnSync),
        3 => Some(Durability::Never),
        _ => None,
    }
}

pub(crate) fn of_commit(commit: Commit) -> u8 {
    match commit {
        Commit::Done => 1,
        Commit::Conflict => 2,
        Commit::Unknown => 3,
    }
}

/// An unknown number is an unknown outcome.
pub(crate) fn commit(code: u8) -> Commit {
    match code {
        1 => Commit::Done,
        2 => Commit::Conflict,
        _ => Commit::Unknown,
    }
}

pub(crate) fn of_durability_need(need: DurabilityNeed) -> u8 {
    match need {
        DurabilityNeed::EveryCommit => 1,
        DurabilityNeed::Periodic => 2,
        DurabilityNeed::Relaxed => 3,
    }
}

/// An unknown number is the strictest need.
pub(crate) fn durability_need(code: u8) -> DurabilityNeed {
    match code {
        2 => DurabilityNeed::Periodic,
        3 => DurabilityNeed::Relaxed,
        _ => DurabilityNeed::EveryCommit,
    }
}

pub(crate) fn of_log_level(level: LogLevel) -> u8 {
    match level {
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warning => 3,
        LogLevel::Error => 4,
    }
}

/// An unknown number is `Info`.
pub(crate) fn log_level(code: u8) -> LogLevel {
    match code {
        1 => LogLevel::Debug,
        3 => LogLevel::Warning,
        4 => LogLevel::Error,
        _ => LogLevel::Info,
    }
}

pub(crate) fn of_option_kind(kind: OptionKind) -> u8 {
    match kind {
        OptionKind::Bool => 1,
        OptionKind::Integer => 2,
        OptionKind::Float => 3,
        OptionKind::Text => 4,
    }
}

/// An unknown number is `None`: the host cannot check such an option.
pub(crate) fn option_kind(code: u8) -> Option<OptionKind> {
    match code {
        1 => Some(OptionKind::Bool),
        2 => Some(OptionKind::Integer),
        3 => Some(OptionKind::Float),
        4 => Some(OptionKind::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back() {
        for kind in [
            ErrorKind::Retry,
            ErrorKind::NoSpace,
            ErrorKind::InvalidInput,
            ErrorKind::Unsupported,
            ErrorKind::Corrupt,
            ErrorKind::Io,
            ErrorKind::Poisoned,
        ] {
            assert_eq!(error_kind(of_error_kind(kind)), kind);
        }
        for value in [Sharing::Exclusive, Sharing::Shared] {
            assert_eq!(sharing(of_sharing(value)), Some(value));
        }
        for value in [Durability::OnCommit, Durability::OnSync, Durability::Never] {
            assert_eq!(durability(of_durability(value)), Some(value));
        }
        for value in [Commit::Done, Commit::Conflict, Commit::Unknown] {
            assert_eq!(commit(of_commit(value)), value);
        }
        for value in [DurabilityNeed::EveryCommit, DurabilityNeed::Periodic, DurabilityNeed::Relaxed] {
            assert_eq!(durability_need(of_durability_need(value)), value);
        }
        for value in [LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error] {
            assert_eq!(log_level(of_log_level(value)), value);
        }
        for value in [OptionKind::Bool, OptionKind::Integer, OptionKind::Float, OptionKind::Text] {
            assert_eq!(option_kind(of_option_kind(value)), Some(value));
        }
    }
}
