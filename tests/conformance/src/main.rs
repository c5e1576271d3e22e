//! The command `dredis-conformance`: loads a plugin, runs checks on it, reports.
#![forbid(unsafe_code)]

mod cli;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cli::{Action, MatrixRun, Run};
use dredis_conformance::report::{Format, text_ending, text_line};
use dredis_conformance::{Settings, Target, checks, matrix, run, run_child, skeleton};
use dredis_contract::{LogLevel, Logger};
use dredis_plugin_loader::Loader;

fn main() -> ExitCode {
    match act() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("dredis-conformance: {message}");
            ExitCode::from(2)
        }
    }
}

fn act() -> Result<ExitCode, String> {
    match cli::parse(std::env::args_os().skip(1))? {
        Action::Show(text) => {
            print(&text)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::New(name, sdk) => {
            let text = skeleton::write(&name, Path::new(""), sdk.as_deref())?;
            print(&text)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Matrix(asked) => make_matrix(&asked),
        Action::Run(run) => conform(*run),
    }
}

fn conform(asked: Run) -> Result<ExitCode, String> {
    let log = Logger::new(|level, line| {
        if level >= LogLevel::Warning {
            eprintln!("{line}");
        }
    });
    let loader = Loader::new(asked.search_dirs.clone()).with_log(log);
    let plugin = loader.load(&asked.plugin).map_err(|error| error.to_string())?;
    let target = Target::of_plugin(plugin).with_options(asked.options.clone());
    // The same command line again, with a word in the environment.
    if run_child(&target) {
        return Ok(ExitCode::SUCCESS);
    }
    target
        .options()
        .check(target.schema())
        .map_err(|error| format!("backend '{}': {error}", target.name()))?;
    // Said once and not by every check.
    target.capabilities_in_time(&asked.settings).map_err(|error| {
        format!("backend '{}' cannot be opened in an empty directory: {error}", target.name())
    })?;
    let selected: Vec<_> = checks().filter(|check| asked.selects(check)).collect();
    let settings = Settings { child: Some(asked.child()?), ..asked.settings.clone() };
    // Whoever waits sees how far it is. A text report for the screen consists of these lines; others come at the end.
    let is_live = asked.format == Format::Text && asked.output.is_none();
    let mut printed = Ok(());
    let report = run(&target, &settings, asked.repeat(), selected, |result| {
        if !is_live {
            eprint!("{}", text_line(result));
        } else if printed.is_ok() {
            printed = print(&text_line(result));
        }
    });
    printed?;
    let text = if is_live { text_ending(&report) } else { asked.format.write(&report) };
    match &asked.output {
        Some(path) => std::fs::write(path, text).map_err(|error| {
            format!("the report cannot be written to {}: {error}; give another path", path.display())
        })?,
        None => print(&text)?,
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn make_matrix(asked: &MatrixRun) -> Result<ExitCode, String> {
    let outcomes = if asked.merge.is_empty() {
        let rows = asked.rows()?;
        // Whoever waits sees how far it is.
        matrix::run(&asked.plan()?, &rows, |outcome| eprintln!("{}", outcome.line()))
    } else {
        matrix::merge(&asked.merge)?
    };
    matrix::write(&outcomes, &asked.report_dir)?;
    for bad in outcomes.iter().filter(|outcome| !outcome.is_good()) {
        print(&format!("not good: {}\n", bad.line()))?;
    }
    print(&format!(
        "{}\nthe page: {}\n",
        matrix::summary(&outcomes),
        asked.report_dir.join("matrix.html").display()
    ))?;
    Ok(if matrix::is_good(&outcomes) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(text: &str) -> Result<(), String> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("the report cannot be written: {error}"))
}
