//! Measures dredis's backends and redis-server side by side, in one run, in alternating rounds, so that the drift of a
//! busy machine falls on all of them alike; what other machines on the same host disturbed is measured again. Ratios of 1.5 and more mean something; absolute figures belong to the
//! machine. It asserts nothing about time.
//!
//! `cargo run --release -p dredis-bench -- --backends lmdb --tests get,set --rounds 5`
#![forbid(unsafe_code)]

mod files;
mod load;
mod options;
mod report;
mod stolen;
mod subject;
mod workloads;

use std::process::ExitCode;

use options::Options;
use report::Report;
use subject::{Measurement, Subject};

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dredis-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    if options.files {
        print!("{}", files::show(&files::measure(options)?));
        return Ok(());
    }
    let mut subjects = vec![Subject::redis()];
    subjects.extend(options.backends.iter().map(|backend| Subject::dredis(*backend)));
    let mut report = Report::new(subjects.iter().map(|subject| subject.name.clone()).collect());
    for subject in &mut subjects {
        eprintln!("{}: loading {} keys", subject.name, options.keys);
        let took = subject.load(options)?;
        report.loaded(&subject.name, took);
    }
    for round in 1..=options.rounds {
        for pipeline in &options.pipelines {
            for test in &options.tests {
                eprintln!("round {round} of {}: {test}, {pipeline} at a time", options.rounds);
                for subject in &mut subjects {
                    subject.prepare(options, test)?;
                    subject.settle();
                    let measurement = undisturbed(|| subject.measure(options, test, *pipeline))?;
                    report.measured(&subject.name, test, *pipeline, measurement);
                }
            }
        }
    }
    for subject in &mut subjects {
        if let Some(removal) = subject.remove_large() {
            report.removed(&subject.name, removal);
        }
        let memory_bytes = subject.memory_bytes();
        let restart = subject.restart();
        report.ended(&subject.name, memory_bytes, restart);
    }
    if options.disk {
        for backend in &options.backends {
            for what in workloads::LOADS {
                eprintln!("{}: disk space of {what}", backend.name());
                let bytes = Subject::disk_bytes(*backend, what, options.keys / 5)?;
                report.stored(backend.name(), what, bytes);
            }
        }
    }
    print!("{report}");
    Ok(())
}

/// A measurement made while others on the host left the processors alone: the first such, or else the least disturbed of a
/// few.
fn undisturbed(mut measure: impl FnMut() -> Result<Measurement, String>) -> Result<Measurement, String> {
    const TRIES: usize = 6;
    let mut best = measure()?;
    for _ in 1..TRIES {
        if best.stolen <= stolen::TOLERATED {
            break;
        }
        let next = measure()?;
        if next.stolen < best.stolen {
            best = next;
        }
    }
    Ok(best)
}
