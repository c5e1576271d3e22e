//! Contract values and their form on the boundary, both ways: errors, options, paths.

use std::path::{Path, PathBuf};

use dredis_contract::{Error, ErrorKind, OptionSpec, OptionValue, Options, Result};

use crate::abi::{Bytes, Failure, NamedOption, OptionDescription, OptionItem, RResult, RString, RVec};
use crate::codes;

pub(crate) fn of_error(error: &Error) -> Failure {
    Failure { kind: codes::of_error_kind(error.kind()), message: RString::from(error.message()) }
}

pub(crate) fn error(failure: &Failure) -> Error {
    Error::new(codes::error_kind(failure.kind), failure.message.as_str())
}

pub(crate) fn of_result<T>(result: Result<T>) -> RResult<T, Failure> {
    match result {
        Ok(value) => RResult::ROk(value),
        Err(error) => RResult::RErr(of_error(&error)),
    }
}

pub(crate) fn result<T>(result: RResult<T, Failure>) -> Result<T> {
    match result {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(failure) => Err(error(&failure)),
    }
}

fn of_option_value(value: &OptionValue) -> OptionItem {
    match value {
        OptionValue::Null => OptionItem::Null,
        OptionValue::Bool(value) => OptionItem::Bool(*value),
        OptionValue::Integer(value) => OptionItem::Integer(*value),
        OptionValue::Float(value) => OptionItem::Float(*value),
        OptionValue::Text(value) => OptionItem::Text(RString::from(value.as_str())),
    }
}

fn option_value(item: &OptionItem) -> OptionValue {
    match item {
        OptionItem::Null => OptionValue::Null,
        OptionItem::Bool(value) => OptionValue::Bool(*value),
        OptionItem::Integer(value) => OptionValue::Integer(*value),
        OptionItem::Float(value) => OptionValue::Float(*value),
        OptionItem::Text(value) => OptionValue::Text(value.as_str().to_owned()),
    }
}

pub(crate) fn of_options(options: &Options) -> RVec<NamedOption> {
    options
        .iter()
        .map(|(name, value)| NamedOption { name: RString::from(name), value: of_option_value(value) })
        .collect()
}

pub(crate) fn options(named: &[NamedOption]) -> Options {
    let mut options = Options::new();
    for option in named {
        options.set(option.name.as_str(), option_value(&option.value));
    }
    options
}

pub(crate) fn of_schema(schema: &[OptionSpec]) -> RVec<OptionDescription> {
    schema
        .iter()
        .map(|spec| OptionDescription {
            name: RString::from(spec.name.as_str()),
            kind: codes::of_option_kind(spec.kind),
            default: of_option_value(&spec.default),
            help: RString::from(spec.help.as_str()),
        })
        .collect()
}

pub(crate) fn schema(descriptions: &[OptionDescription]) -> Result<Vec<OptionSpec>> {
    let spec = |description: &OptionDescription| {
        let name = description.name.as_str();
        let kind = codes::option_kind(description.kind).ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!(
                    "option '{name}' is of type number {}, which this dredis does not know; use a newer dredis",
                    description.kind
                ),
            )
        })?;
        let default = option_value(&description.default);
        Ok(OptionSpec::new(name, kind, default, description.help.as_str()))
    };
    descriptions.iter().map(spec).collect()
}

/// The bytes of a path as the operating system spells it.
#[cfg(unix)]
pub(crate) fn of_path(path: &Path) -> Result<Bytes> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Bytes::new(path.as_os_str().as_bytes()))
}

#[cfg(unix)]
pub(crate) fn path(bytes: &[u8]) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn of_path(path: &Path) -> Result<Bytes> {
    let text = path.to_str().ok_or_else(|| {
        Error::invalid_input(format!("the path '{}' is not Unicode; choose another", path.display()))
    })?;
    Ok(Bytes::new(text.as_bytes()))
}

#[cfg(not(unix))]
pub(crate) fn path(bytes: &[u8]) -> Result<PathBuf> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::invalid_input(format!("a path is not Unicode: {error}")))?;
    Ok(PathBuf::from(text))
}
