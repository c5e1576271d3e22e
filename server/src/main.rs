//! The program: reads the command line, runs what it asks for, and says in one line what went wrong.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use dredis::cli::{self, Invocation};
use dredis::failure::Failure;
use dredis::server::Server;
use dredis::startup;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told if standard error is closed.
            let _lost = writeln!(io::stderr(), "dredis: {failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<(), Failure> {
    match cli::parse(std::env::args_os().skip(1))? {
        Invocation::Serve(settings) => startup::run::<Server>(*settings),
        Invocation::Print(inquiry) => print(&cli::answer(&inquiry)?),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
