//! The rules of the house that can be checked: who depends on whom, where `unsafe` may stand, what files say first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dredis_suite::programs::repository;
use serde_json::Value;

/// What each crate may import of this workspace, outside its tests.
const EDGES: &[(&str, &[&str])] = &[
    ("dredis-contract", &[]),
    ("dredis-data", &["dredis-contract"]),
    ("dredis-lua", &[]),
    ("dredis-commands", &["dredis-data", "dredis-lua"]),
    ("dredis-plugin-abi", &[]),
    ("dredis-plugin", &["dredis-contract", "dredis-plugin-abi"]),
    ("dredis-plugin-loader", &["dredis-contract", "dredis-plugin", "dredis-plugin-abi"]),
    ("dredis-snapshot-map", &["dredis-plugin"]),
    ("dredis-backend-memory", &["dredis-plugin", "dredis-snapshot-map"]),
    ("dredis-backend-leveldb", &["dredis-plugin"]),
    ("dredis-backend-lmdb", &["dredis-plugin", "dredis-snapshot-map"]),
    (
        "dredis",
        &[
            "dredis-contract",
            "dredis-data",
            "dredis-commands",
            "dredis-plugin-loader",
            // Named so that they are built; their code is never called.
            "dredis-backend-memory",
            "dredis-backend-leveldb",
            "dredis-backend-lmdb",
        ],
    ),
    (
        "dredis-conformance",
        &["dredis-contract", "dredis-data", "dredis-commands", "dredis-plugin", "dredis-plugin-loader"],
    ),
    ("dredis-suite", &[]),
    ("dredis-bench", &["dredis-suite"]),
    ("dredis-fuzz", &["dredis-data"]),
];

/// Foreign crates that only some may depend on.
const GUARDED: &[(&str, &[&str])] = &[
    ("abi_stable", &["dredis-plugin-abi", "dredis-plugin-loader"]),
    ("mlua", &["dredis-lua"]),
    ("libloading", &["dredis-plugin-loader"]),
    ("tokio", &["dredis"]),
];

/// Crates that meet foreign memory, and so may hold `unsafe`.
const MAY_BE_UNSAFE: &[&str] = &[
    "dredis-plugin-abi",
    "dredis-plugin",
    "dredis-plugin-loader",
    "dredis-backend-leveldb",
    "dredis-backend-lmdb",
];

struct Package {
    name: String,
    folder: PathBuf,
    roots: Vec<PathBuf>,
    /// Dependencies outside tests.
    dependencies: BTreeSet<String>,
    in_tests: BTreeSet<String>,
}

#[test]
fn crates_import_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} is not in the list of this test", package.name));
            continue;
        };
        let ours = package.dependencies.iter().filter(|name| name.starts_with("dredis"));
        for name in ours.filter(|name| !allowed.contains(&name.as_str())) {
            wrong.push(format!("{} imports {name}", package.name));
        }
    }
    assert!(wrong.is_empty(), "edges that the house does not have:\n{}", wrong.join("\n"));
}

#[test]
fn guarded_crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for package in packages() {
        for (guarded, homes) in GUARDED {
            let is_home = homes.contains(&package.name.as_str());
            let for_tests =
                package.in_tests.contains(*guarded) && !is_in(&package.folder, "tests") && !is_home;
            if (package.dependencies.contains(*guarded) && !is_home) || for_tests {
                wrong.push(format!("{} depends on {guarded}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_server_calls_no_backend() {
    let sources = sources_under(&repository().join("server/src"));
    assert!(!sources.is_empty(), "server/src holds no source");
    for path in sources {
        assert!(!read(&path).contains("dredis_backend"), "{} names a backend's crate", path.display());
    }
}

#[test]
fn unsafe_code_is_forbidden_where_no_foreign_memory_is() {
    let mut wrong = Vec::new();
    for package in packages() {
        let may = MAY_BE_UNSAFE.contains(&package.name.as_str());
        for root in package.roots.iter().filter(|root| !may && root.starts_with(package.folder.join("src"))) {
            if !read(root).contains("#![forbid(unsafe_code)]") {
                wrong.push(format!("{} does not forbid unsafe code", root.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut wrong = Vec::new();
    for path in all_sources() {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // Put together, so that this line is not taken for one.
            let opens =
                code.contains(concat!("unsafe", " {")) || code.trim_start().starts_with("unsafe impl");
            // The reason stands above, perhaps with more of it, or the beginning of the statement, between.
            let above = lines[index.saturating_sub(12)..index].iter();
            if opens && !above.chain([line]).any(|line| line.contains("SAFETY:")) {
                wrong.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe without a SAFETY line:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|path| !["//!", "//"].iter().any(|mark| read(path).starts_with(mark)))
        .map(|path| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "files that do not open with a comment:\n{}", silent.join("\n"));
}

#[test]
fn files_are_short_enough_to_read() {
    const LINES_MAX: usize = 500;
    let long: Vec<String> = all_sources()
        .into_iter()
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, path)| format!("{}: {lines}", path.display()))
        .collect();
    assert!(long.is_empty(), "files of more than {LINES_MAX} lines hold a second idea:\n{}", long.join("\n"));
}

fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(repository()).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    assert!(packages.len() > 8, "cargo metadata lists {} packages, which is not all", packages.len());
    packages.iter().map(package).collect()
}

fn package(metadata: &Value) -> Package {
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let manifest = PathBuf::from(text(&metadata["manifest_path"]));
    let dependencies = metadata["dependencies"].as_array().expect("a list of dependencies");
    let named = |for_tests: bool| -> BTreeSet<String> {
        let of_kind = dependencies.iter().filter(|found| (found["kind"] == "dev") == for_tests);
        of_kind.map(|dependency| text(&dependency["name"])).collect()
    };
    let targets = metadata["targets"].as_array().expect("a list of targets");
    Package {
        name: text(&metadata["name"]),
        folder: manifest.parent().expect("a manifest lies in a folder").to_owned(),
        roots: targets.iter().map(|target| PathBuf::from(text(&target["src_path"]))).collect(),
        dependencies: named(false),
        in_tests: named(true),
    }
}

/// Whether a folder of the repository stands under this one.
fn is_in(folder: &Path, top: &str) -> bool {
    let top = repository().canonicalize().expect("the repository is there").join(top);
    folder.starts_with(top)
}

/// Every source file of the repository.
fn all_sources() -> Vec<PathBuf> {
    let folders = ["core", "plugins", "backends", "server", "tests"];
    let sources: Vec<PathBuf> =
        folders.iter().flat_map(|folder| sources_under(&repository().join(folder))).collect();
    assert!(sources.len() > 50, "only {} source files were found", sources.len());
    sources
}

fn sources_under(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources.extend(sources_under(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
