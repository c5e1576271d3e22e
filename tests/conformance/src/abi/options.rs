//! Options: whether the schema is honest.

use dredis_contract::{Error, ErrorKind, Logger, OptionKind, OptionSpec, OptionValue};

use crate::check::{During, Ending, Proof, Trial, ensure};
use crate::directory::Directory;

/// Opens with one option more than the target's own, in a fresh directory.
fn open_with(trial: &Trial<'_>, name: &str, value: OptionValue) -> Result<Result<(), Error>, Ending> {
    let directory = Directory::fresh(trial.settings.directory.as_deref())?;
    let mut options = trial.target.options().clone();
    options.set(name, value);
    let opened = trial.target.open_with(directory.path(), options, Logger::silent());
    Ok(opened.map(drop))
}

pub(super) fn described(trial: &Trial<'_>) -> Proof {
    let schema = trial.target.schema();
    for (at, OptionSpec { name, kind, default, help, .. }) in schema.iter().enumerate() {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        ensure!(!name.is_empty() && name.bytes().all(legal), "option '{name}' is not named in snake_case");
        let twice = schema[..at].iter().any(|earlier| earlier.name == *name);
        ensure!(!twice, "option '{name}' is there twice");
        ensure!(
            kind.accepts(default),
            "option '{name}' takes a {} and has the default {default}",
            kind.name()
        );
        ensure!(!help.trim().is_empty(), "option '{name}' has no help");
        ensure!(!help.contains('\n'), "option '{name}' has help of several lines");
    }
    Ok(())
}

pub(super) fn defaults(trial: &Trial<'_>) -> Proof {
    for option in trial.target.schema() {
        // An option that the operator gave already has its reason.
        if trial.target.options().get(&option.name).is_some() {
            continue;
        }
        open_with(trial, &option.name, option.default.clone())?
            .during(format_args!("opening with the default {}={}", option.name, option.default))?;
    }
    let mut all = trial.target.options().clone();
    for option in
        trial.target.schema().iter().filter(|option| trial.target.options().get(&option.name).is_none())
    {
        all.set(&option.name, option.default.clone());
    }
    let directory = Directory::fresh(trial.settings.directory.as_deref())?;
    trial
        .target
        .open_with(directory.path(), all, Logger::silent())
        .during("opening with all defaults at once")?;
    Ok(())
}

pub(super) fn null(trial: &Trial<'_>) -> Proof {
    for option in trial.target.schema() {
        if trial.target.options().get(&option.name).is_none() {
            open_with(trial, &option.name, OptionValue::Null)?
                .during(format_args!("opening with {}=null", option.name))?;
        }
    }
    Ok(())
}

/// Expects a refusal that the operator can act on.
fn expect_refused(opened: Result<(), Error>, name: &str, what: &str) -> Proof {
    match opened {
        Ok(()) => Err(Ending::failed(format!("it opens with {what}; refuse it"))),
        Err(error) => {
            let kind = error.kind();
            ensure!(
                kind == ErrorKind::InvalidInput,
                "{what} is refused as {kind:?}; say ErrorKind::InvalidInput"
            );
            ensure!(error.message().contains(name), "{what} is refused without naming the option: {error}");
            Ok(())
        }
    }
}

pub(super) fn wrong_types(trial: &Trial<'_>) -> Proof {
    let values = [
        OptionValue::Bool(true),
        OptionValue::Integer(7),
        OptionValue::Float(0.5),
        OptionValue::Text("text".to_owned()),
    ];
    for OptionSpec { name, kind, .. } in trial.target.schema() {
        for value in values.iter().filter(|value| !kind.accepts(value)) {
            let what = format!("{name}={value}, which is no {}", OptionKind::name(*kind));
            expect_refused(open_with(trial, name, value.clone())?, name, &what)?;
        }
    }
    Ok(())
}

pub(super) fn unknown(trial: &Trial<'_>) -> Proof {
    let name = "an_option_that_nobody_has";
    expect_refused(open_with(trial, name, OptionValue::Integer(1))?, name, "an unknown option")
}
