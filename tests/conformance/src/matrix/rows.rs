//! The file that says which engines are run in which modes.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// An engine in a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The backend: a name or a path, as after `--plugin`.
    pub backend: String,
    /// The mode in a word or two.
    pub mode: String,
    /// The options that make the mode: names, and values in JSON.
    pub options: Vec<(String, String)>,
}

/// Reads rows: a JSON array of objects with `backend`, `mode` and `options`, an object of names and values.
pub fn read_rows(path: &Path) -> Result<Vec<Row>, String> {
    let wrong = |what: String| format!("the rows of {}: {what}", path.display());
    let text =
        fs::read_to_string(path).map_err(|error| wrong(format!("{error}; give the path of a file")))?;
    let all: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("no JSON ({error})")))?;
    let rows = all.as_array().ok_or_else(|| wrong("write an array of objects".to_owned()))?;
    let rows: Result<Vec<Row>, String> = rows.iter().map(|row| self::row(row).map_err(&wrong)).collect();
    let rows = rows?;
    for (at, row) in rows.iter().enumerate() {
        if rows[..at].iter().any(|earlier| earlier.backend == row.backend && earlier.mode == row.mode) {
            return Err(wrong(format!(
                "{}, {} is there twice; give each mode its name",
                row.backend, row.mode
            )));
        }
    }
    Ok(rows)
}

fn row(value: &Value) -> Result<Row, String> {
    let object = value.as_object().ok_or_else(|| format!("{value} is no object"))?;
    if let Some(other) = object.keys().find(|key| !["backend", "mode", "options"].contains(&key.as_str())) {
        return Err(format!("there is no field '{other}'; say backend, mode and options"));
    }
    let text = |name: &str| {
        let found = object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| format!("{value} has no {name}; give it one, a string"))
    };
    let options = object
        .get("options")
        .and_then(Value::as_object)
        .ok_or_else(|| format!("{value} has no options; give it an object, which may be empty"))?;
    let options = options.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    Ok(Row { backend: text("backend")?, mode: text("mode")?, options })
}
