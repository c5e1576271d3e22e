//! What `--list-backends` and `--backend-help` show.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use dredis_contract::{Capabilities, Durability, Logger, OpenRequest, OptionValue, Options, Sharing};
use dredis_plugin_loader::{LoadError, LoadErrorKind, Loader, Plugin};

use crate::failure::Failure;
use crate::{directory, log};

/// A refused plugin, as the program's failure.
pub(crate) fn load_failure(error: &LoadError) -> Failure {
    match error.kind() {
        LoadErrorKind::NotFound => Failure::usage(error.to_string()),
        _ => Failure::failed(error.to_string()),
    }
}

/// Every engine that is there, with what it can do, and the libraries that were refused.
pub(super) fn list(search_dirs: &[PathBuf]) -> Result<String, Failure> {
    let loader = Loader::new(search_dirs.to_vec());
    let found = loader.list();
    if found.is_empty() {
        let dirs: Vec<String> = loader.search_dirs().map(|dir| dir.display().to_string()).collect();
        return Err(Failure::failed(format!(
            "no backends in {}: name their directory with --backend-path",
            dirs.join(", ")
        )));
    }
    let mut rows = vec![["NAME", "VERSION", "ABI", "FILE", "WHAT IT CAN DO"].map(str::to_owned)];
    let mut refused = Vec::new();
    for candidate in found {
        match candidate.plugin {
            Ok(plugin) => rows.push([
                plugin.name().to_owned(),
                plugin.version().to_owned(),
                plugin.abi().to_string(),
                plugin.path().display().to_string(),
                abilities(&plugin),
            ]),
            Err(error) => refused.push(format!("{}: {error}\n", candidate.name)),
        }
    }
    let mut text = if rows.len() > 1 { table(&rows) } else { String::new() };
    if !refused.is_empty() {
        text.push_str("\nRefused:\n");
        text.extend(refused);
    }
    Ok(text)
}

/// An engine's options as a table.
pub(super) fn options(backend: &OsStr, search_dirs: &[PathBuf]) -> Result<String, Failure> {
    let plugin = Loader::new(search_dirs.to_vec()).load(backend).map_err(|error| load_failure(&error))?;
    let title = format!("{} ({})", plugin.name(), plugin.version());
    if plugin.options().is_empty() {
        return Ok(format!("Backend {title} takes no options.\n"));
    }
    let mut rows = vec![["NAME", "TYPE", "DEFAULT", "MEANING"].map(str::to_owned)];
    rows.extend(plugin.options().iter().map(|option| {
        let default = match &option.default {
            OptionValue::Null => "-".to_owned(),
            fixed => fixed.to_string(),
        };
        [option.name.clone(), option.kind.name().to_owned(), default, option.help.clone()]
    }));
    Ok(format!("Options of backend {title}, each given as --backend-option NAME=JSON:\n\n{}", table(&rows)))
}

/// Only an open engine can tell. So it is opened, for a moment, in a directory of its own.
fn abilities(plugin: &Plugin) -> String {
    let look = |dir: &Path| {
        let request = OpenRequest { dir: dir.to_owned(), options: Options::new(), log: Logger::silent() };
        plugin.open(&request).map(|backend| backend.capabilities()).map_err(|error| error.to_string())
    };
    let dir = match directory::fresh_temporary() {
        Ok(dir) => dir,
        Err(error) => return format!("unknown ({error})"),
    };
    let seen = look(&dir);
    if let Err(error) = fs::remove_dir_all(&dir) {
        log::warning(format_args!("the temporary directory {} could not be removed: {error}", dir.display()));
    }
    match seen {
        Ok(capabilities) => describe(&capabilities),
        Err(error) => format!("unknown until opened with options ({error})"),
    }
}

fn describe(capabilities: &Capabilities) -> String {
    let mut parts = vec![
        match capabilities.sharing {
            Sharing::Exclusive => "one server at a time",
            Sharing::Shared => "shared by several servers",
        }
        .to_owned(),
        match capabilities.durability {
            Durability::OnCommit => "every commit durable",
            Durability::OnSync => "durable by sync",
            Durability::Never => "keeps nothing",
        }
        .to_owned(),
    ];
    if capabilities.checkpoint {
        parts.push("checkpoints".to_owned());
    }
    if capabilities.cheap_range_delete {
        parts.push("cheap range deletes".to_owned());
    }
    for (what, unit, limit) in [
        ("views", "ms", capabilities.view_age_max_ms),
        ("keys", "bytes", capabilities.limits.key_bytes_max),
        ("values", "bytes", capabilities.limits.value_bytes_max),
        ("batches", "bytes", capabilities.limits.batch_bytes_max),
    ] {
        if limit != u64::MAX {
            parts.push(format!("{what} up to {limit} {unit}"));
        }
    }
    parts.join(", ")
}

/// Columns as wide as their widest cell, two blanks apart.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
