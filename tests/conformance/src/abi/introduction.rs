//! How a plugin presents itself, and how it speaks.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::sync::{Arc, Mutex, PoisonError};

use dredis_contract::{ErrorKind, Logger};

use crate::changes::{Change, commit, try_commit};
use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::directory::Directory;

pub(super) fn name(trial: &Trial<'_>) -> Proof {
    let (name, version) = (trial.target.name(), trial.target.version());
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ensure!(
        !name.is_empty() && name.bytes().all(legal),
        "the name '{name}' is no name: use lower-case letters, digits and hyphens"
    );
    ensure!(
        !version.trim().is_empty(),
        "the version is empty: say which engine this is, for example 'LevelDB 1.22'"
    );
    ensure!(!version.contains(['\r', '\n']), "the version has several lines");
    Ok(())
}

pub(super) fn file(trial: &Trial<'_>) -> Proof {
    let Some(plugin) = trial.target.plugin() else { return Ok(()) };
    let expected = format!("{DLL_PREFIX}dredis_backend_{}{DLL_SUFFIX}", plugin.name().replace('-', "_"));
    let found = plugin.path().file_name().unwrap_or_default().to_string_lossy();
    ensure!(
        found == expected,
        "the file is called {found}, so that --backend {} does not find it; call the package dredis-backend-{}",
        plugin.name(),
        plugin.name()
    );
    Ok(())
}

pub(super) fn abi(trial: &Trial<'_>) -> Proof {
    let Some(plugin) = trial.target.plugin() else { return Ok(()) };
    // The loader refused everything else; what it accepted is shown.
    ensure!(plugin.abi() == 1, "it speaks ABI {}, which this kit does not know", plugin.abi());
    ensure!(
        !plugin.sdk_version().trim().is_empty(),
        "it does not tell with which dredis-plugin it was built"
    );
    trial.figure("ABI", plugin.abi().to_string());
    trial.figure("dredis-plugin", plugin.sdk_version());
    Ok(())
}

/// What every message owes its reader.
fn expect_readable(error: &dredis_contract::Error, what: &str) -> Proof {
    let message = error.message();
    ensure!(!message.trim().is_empty(), "{what}: the error's message is empty");
    ensure!(!message.contains(['\r', '\n']), "{what}: the error's message has several lines");
    ensure!(message.len() <= 1000, "{what}: the error's message has {} bytes", message.len());
    ensure!(
        error.kind() != ErrorKind::Poisoned,
        "{what}: the engine gave up ({message}) where it should have refused"
    );
    Ok(())
}

pub(super) fn errors(trial: &Trial<'_>) -> Proof {
    let mut provoked = 0;
    let capabilities = trial.target.capabilities()?;
    // A path that cannot be a directory: a file stands in its way.
    let place = Directory::fresh(trial.settings.directory.as_deref())?;
    let file = place.path().join("file");
    std::fs::write(&file, b"not an engine")?;
    if let Err(error) = trial.target.open(&file.join("below")) {
        expect_readable(&error, "opening below a file")?;
        provoked += 1;
    }
    let opened = trial.fresh()?;
    if capabilities.limits.key_bytes_max <= 1 << 20 {
        let key = vec![b'k'; capabilities.limits.key_bytes_max as usize + 1];
        if let Err(error) = try_commit(&*opened, &[Change::put(&key, b"v")]) {
            expect_readable(&error, "a key that is too long")?;
            provoked += 1;
        }
    }
    if let Err(error) = opened.checkpoint(&file.join("below")) {
        expect_readable(&error, "a checkpoint below a file")?;
        provoked += 1;
    }
    // Whatever was refused, the engine goes on.
    commit(&*opened, &[Change::put(b"a", b"1")]).during("after errors")?;
    if provoked == 0 {
        return Err(Ending::Skipped("errors that this kit can provoke".to_owned()));
    }
    Ok(())
}

pub(super) fn log(trial: &Trial<'_>) -> Proof {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let log = Logger::new(move |_, line| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    });
    let directory = Directory::fresh(trial.settings.directory.as_deref())?;
    for _ in 0..2 {
        let backend =
            trial.target.open_with(directory.path(), trial.target.options().clone(), log.clone())?;
        commit(&*backend, &[Change::put(b"a", b"1")])?;
        backend.sync()?;
        backend.compact(&[], None)?;
    }
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    for line in lines.iter() {
        ensure!(!line.trim().is_empty(), "an empty line was logged");
        ensure!(
            !line.contains('\n'),
            "several lines were logged at once, beginning with '{}'",
            line.replace('\n', " | ")
        );
    }
    if lines.is_empty() {
        return Err(Ending::Skipped("anything to say in its log".to_owned()));
    }
    trial.figure("lines logged", lines.len().to_string());
    Ok(())
}
