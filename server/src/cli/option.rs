//! `--backend-option NAME=JSON`.

use dredis_contract::{OptionValue, Options};
use serde_json::Value;

use crate::failure::Failure;

/// Adds one option to `options`; a later one replaces an earlier one of the same name.
pub(super) fn add(text: &str, options: &mut Options) -> Result<(), Failure> {
    let (name, json) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        Failure::usage(format!(
            "--backend-option takes NAME=JSON, not '{text}': see --backend-help for the names"
        ))
    })?;
    options.set(name, value(name, json)?);
    Ok(())
}

fn value(name: &str, json: &str) -> Result<OptionValue, Failure> {
    let parsed = serde_json::from_str(json).map_err(|error| {
        let hint = match json.trim().chars().next() {
            None => "give a value, or null for the default".to_owned(),
            Some(first) if first.is_alphabetic() || matches!(first, '/' | '.' | '~' | '\'') => {
                let text = Value::String(json.trim_matches('\'').to_owned());
                format!("a string needs double quotes that the shell leaves in place: '{name}={text}'")
            }
            Some(_) => "give null, true, false, a number or a string in double quotes".to_owned(),
        };
        Failure::usage(format!("--backend-option {name}: '{json}' is not JSON ({error}); {hint}"))
    })?;
    let refuse = |found: &str| {
        Failure::usage(format!(
            "--backend-option {name}: takes null, true, false, a number or a string, not {found}"
        ))
    };
    match parsed {
        Value::Null => Ok(OptionValue::Null),
        Value::Bool(truth) => Ok(OptionValue::Bool(truth)),
        Value::String(text) => Ok(OptionValue::Text(text)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(OptionValue::Integer(integer)),
            _ if number.is_u64() => Err(refuse(&format!("{number}, which is above {}", i64::MAX))),
            // 1e6 and 2.0 are integers to whoever writes them.
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < EXACT_INTEGERS_END => {
                Ok(OptionValue::Integer(float as i64))
            }
            (None, Some(float)) => Ok(OptionValue::Float(float)),
            (None, None) => Err(refuse(&number.to_string())),
        },
        Value::Array(_) => Err(refuse("an array")),
        Value::Object(_) => Err(refuse("an object")),
    }
}

/// Integers below 2^53 are exact as doubles.
const EXACT_INTEGERS_END: f64 = 9_007_199_254_740_992.0;
