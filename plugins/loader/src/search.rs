//! Names of backends, names of files, and the directories between them.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf, is_separator};
use std::time::SystemTime;

/// What stands between the system's prefix and the backend's name.
const FILE_STEM: &str = "dredis_backend_";

/// Directories in the order in which they are asked. Among those of one tier, the newest file wins.
pub(crate) struct Search {
    tiers: Vec<Vec<PathBuf>>,
}

impl Search {
    /// One directory after the other.
    pub(crate) fn in_order(dirs: Vec<PathBuf>) -> Self {
        Search { tiers: dirs.into_iter().map(|dir| vec![dir]).collect() }
    }

    /// The usual places. Cargo puts a plugin beside the executable when it is built by itself, and into `deps` when it
    /// is built on the way: either copy may be the stale one.
    pub(crate) fn around_executable(executable: Option<&Path>) -> Self {
        let Some(dir) = executable.and_then(Path::parent) else { return Search { tiers: Vec::new() } };
        let installed = dir.parent().unwrap_or(dir).join("lib").join("dredis");
        Search { tiers: vec![vec![dir.to_owned(), dir.join("deps")], vec![installed]] }
    }

    pub(crate) fn dirs(&self) -> impl Iterator<Item = &Path> {
        self.tiers.iter().flatten().map(PathBuf::as_path)
    }

    /// The file of the backend `name`.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let file = file_name(name)?;
        self.tiers.iter().find_map(|dirs| newest(dirs.iter().map(|dir| dir.join(&file))))
    }

    /// Every file that is called like a plugin, by the name of its backend.
    pub(crate) fn candidates(&self) -> BTreeMap<String, PathBuf> {
        let mut candidates = BTreeMap::new();
        for name in self.dirs().flat_map(names_in) {
            if let Some(path) = self.find(&name) {
                candidates.insert(name, path);
            }
        }
        candidates
    }
}

/// Whether an operator meant a path, not a name.
pub(crate) fn is_path(wanted: &OsStr) -> bool {
    let text = wanted.to_string_lossy();
    text.contains(is_separator) || text.ends_with(DLL_SUFFIX)
}

/// What the file of the backend `name` is called; `None` if no backend can have that name.
pub(crate) fn file_name(name: &str) -> Option<String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = !name.is_empty() && name.bytes().all(legal);
    is_name.then(|| format!("{DLL_PREFIX}{FILE_STEM}{}{DLL_SUFFIX}", name.replace('-', "_")))
}

fn names_in(dir: &Path) -> Vec<String> {
    // A directory that is not there has no plugins in it.
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().filter_map(|entry| backend_name(&entry.file_name())).collect()
}

/// The name of the backend in a file of this name, if it is called like a plugin.
fn backend_name(file: &OsStr) -> Option<String> {
    let stem = file.to_str()?.strip_prefix(DLL_PREFIX)?.strip_prefix(FILE_STEM)?.strip_suffix(DLL_SUFFIX)?;
    let name = stem.replace('_', "-");
    // Cargo's own copies with a hash behind a hyphen are not plugins to be named.
    (!stem.contains('-') && file_name(&name).is_some()).then_some(name)
}

/// Of the files that exist, the one that changed last; the first of them if they are of the same time.
fn newest(paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let mut best: Option<(SystemTime, PathBuf)> = None;
    for path in paths {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if best.as_ref().is_none_or(|(time, _)| modified > *time) {
            best = Some((modified, path));
        }
    }
    best.map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names_and_back() {
        let file = file_name("my-engine").unwrap();
        assert_eq!(file, format!("{DLL_PREFIX}dredis_backend_my_engine{DLL_SUFFIX}"));
        assert_eq!(backend_name(OsStr::new(&file)).unwrap(), "my-engine");
        assert_eq!(file_name("../etc/passwd"), None);
        assert_eq!(file_name(""), None);
        let hashed = format!("{DLL_PREFIX}dredis_backend_memory-0123abc{DLL_SUFFIX}");
        assert_eq!(backend_name(OsStr::new(&hashed)), None);
    }

    #[test]
    fn around_the_executable_a_stale_copy_never_wins() {
        let root = std::env::temp_dir().join(format!("dredis-search-{}", std::process::id()));
        let beside = root.join("bin").join(file_name("x").unwrap());
        let deps = root.join("bin/deps").join(file_name("x").unwrap());
        let installed = root.join("lib/dredis").join(file_name("x").unwrap());
        let search = Search::around_executable(Some(&root.join("bin/dredis")));
        let write = |path: &Path, seconds_ago: u64| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = fs::File::create(path).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(seconds_ago)).unwrap();
        };
        assert_eq!(search.find("x"), None);
        write(&installed, 0);
        assert_eq!(search.find("x").as_ref(), Some(&installed));
        write(&beside, 100);
        assert_eq!(
            search.find("x").as_ref(),
            Some(&beside),
            "what lies beside comes before what is installed"
        );
        write(&deps, 50);
        assert_eq!(search.find("x").as_ref(), Some(&deps));
        write(&beside, 10);
        assert_eq!(search.find("x").as_ref(), Some(&beside));
        assert_eq!(search.candidates().into_keys().collect::<Vec<_>>(), ["x"]);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn paths_are_told_from_names() {
        assert!(is_path(OsStr::new("./memory")));
        assert!(is_path(OsStr::new(&format!("memory{DLL_SUFFIX}"))));
        assert!(!is_path(OsStr::new("memory")));
    }
}
