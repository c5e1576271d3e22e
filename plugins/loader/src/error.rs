//! Why a plugin was not loaded, each in one line that says what to do.

use std::fmt;
use std::path::Path;

use dredis_contract::nearest_name;

use crate::search::{self, Search};

/// Why a plugin was not loaded. Prints as one line.
#[derive(Clone, Debug)]
pub struct LoadError {
    kind: LoadErrorKind,
    message: String,
    detail: Option<String>,
}

/// The step at which loading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// There is no such file, or no plugin of that name.
    NotFound,
    /// The system cannot load the file as a library.
    NotALibrary,
    /// It is a library, but not a dredis plugin.
    NotAPlugin,
    /// The plugin is for another ABI.
    OtherAbi,
    /// The plugin's tables are not laid out as its ABI says.
    OtherLayout,
    /// The plugin failed while it introduced itself.
    Failed,
    /// The file is called after another backend than the one in it.
    Misnamed,
}

impl LoadError {
    pub(crate) fn new(kind: LoadErrorKind, message: String) -> Self {
        LoadError { kind, message: message.replace('\n', " "), detail: None }
    }

    pub(crate) fn with_detail(self, detail: String) -> Self {
        LoadError { detail: Some(detail), ..self }
    }

    pub(crate) fn no_such_file(path: &Path, search: &Search) -> Self {
        let message = format!(
            "cannot load the plugin '{}': there is no such file; give the path of a plugin or the name of a backend ({})",
            path.display(),
            inventory(search)
        );
        Self::new(LoadErrorKind::NotFound, message)
    }

    pub(crate) fn no_such_name(name: &str, search: &Search) -> Self {
        let candidates = search.candidates();
        let guess = match nearest_name(name, candidates.keys().map(String::as_str)) {
            Some(nearest) => format!("did you mean '{nearest}'?"),
            None => "give one of these names, or the path of a plugin".to_owned(),
        };
        let looked_for = match search::file_name(name) {
            Some(file) => format!("there is no {file}"),
            None => "names are made of lower-case letters, digits and hyphens".to_owned(),
        };
        let message = format!("unknown backend '{name}': {looked_for} ({}); {guess}", inventory(search));
        Self::new(LoadErrorKind::NotFound, message)
    }

    pub(crate) fn misnamed(path: &Path, carried: &str, wanted: &str) -> Self {
        let file = search::file_name(carried).unwrap_or_default();
        let message = format!(
            "'{}' carries the backend '{carried}', not '{wanted}'; rename it to {file}, or load it by its path",
            path.display()
        );
        Self::new(LoadErrorKind::Misnamed, message)
    }

    /// The step at which loading ended.
    pub fn kind(&self) -> LoadErrorKind {
        self.kind
    }

    /// The long story, if there is one: for a debugging log, not for people in a hurry.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

/// Where names are looked for, and which are there.
fn inventory(search: &Search) -> String {
    let dirs: Vec<String> = search.dirs().map(|dir| dir.display().to_string()).collect();
    let names: Vec<String> = search.candidates().into_keys().collect();
    let found = if names.is_empty() { "no backends".to_owned() } else { names.join(", ") };
    format!("found in {}: {found}", dirs.join(", "))
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {}
