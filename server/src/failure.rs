//! Why the server did not start or run on: one line for a person, and an exit code for a script.

use std::fmt;
use std::process::ExitCode;

/// Why the program ends without having done what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line asks for something that is not there. Exit code 2.
    Usage(String),
    /// What it asks for did not work. Exit code 1.
    Failed(String),
}

impl Failure {
    /// A mistake in the command line.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(message.into())
    }

    /// Something that did not work.
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure::Failed(message.into())
    }

    /// What the process answers its parent.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    /// On one line, whatever the message quotes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(message) | Failure::Failed(message)) = self;
        for (index, line) in message.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
            formatter.write_str(if index > 0 { " " } else { "" })?;
            formatter.write_str(line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
