//! Finds the programs that tests run: dredis and the test plugin from this build, and foreign clients.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Folders whose sources end up in the server and its libraries.
const SERVER_SOURCES: &[&str] =
    &["core", "plugins/sdk", "plugins/loader", "plugins/snapshot-map", "backends", "server"];

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder into which this build goes: `target/debug` or alike.
pub fn build_directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let program = std::env::current_exe().expect("a program knows where it is");
        let directory = program.parent().expect("a program lies in a folder");
        if directory.file_name() == Some(OsStr::new("deps")) {
            directory.parent().expect("deps lies in a folder").to_owned()
        } else {
            directory.to_owned()
        }
    })
}

/// The server: `DREDIS_BINARY` if that is set, or else the one from this build, built now if it is missing or
/// older than its sources. The backends' libraries come with it.
pub fn dredis() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("DREDIS_BINARY") {
        Some(path) => PathBuf::from(path),
        None => built("dredis", SERVER_SOURCES, &["build", "-p", "dredis"]),
    })
}

/// The engine that stalls, fails and panics on demand: see `examples/faulty.rs`.
pub fn faulty_plugin() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let sources = &["core/contract", "plugins/sdk", "tests/suite/examples"];
        built("examples/libfaulty.so", sources, &["build", "-p", "dredis-suite", "--example", "faulty"])
    })
}

/// The conformance kit's command from this build.
pub fn conformance() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let sources = &["core", "plugins/sdk", "plugins/loader", "tests/conformance"];
        built("dredis-conformance", sources, &["build", "-p", "dredis-conformance"])
    })
}

/// The library of an example target of a package here.
pub fn example(package: &str, name: &str) -> PathBuf {
    cargo(&["build", "-p", package, "--example", name]);
    let path = build_directory().join("examples").join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    assert!(path.is_file(), "cargo left no {}", path.display());
    path
}

/// How a plugin outside this workspace is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// By this build's compiler, for debugging.
    Debug,
    /// By this build's compiler, optimised.
    Release,
    /// By another compiler: the toolchain `nightly`.
    Nightly,
}

/// Builds a workspace of its own, as its author would, and tells where `artifact` (a file of its target folder) lies. The error
/// says what is missing on this machine.
pub fn foreign(folder: &str, build: Build, artifact: &str) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Apart from this build, and kept, so that only the first run is slow.
    let (mut command, target, profile) = match build {
        Build::Debug => (Command::new(cargo), "example-plugins", "debug"),
        Build::Release => (Command::new(cargo), "example-plugins", "release"),
        Build::Nightly => {
            let rustup = on_path("rustup").ok_or("there is no rustup, which knows the other compiler")?;
            let listed = Command::new(&rustup).args(["toolchain", "list"]).output();
            let listed = listed.map_err(|error| format!("rustup does not run: {error}"))?;
            let is_there =
                String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.starts_with("nightly"));
            if !is_there {
                return Err("the toolchain nightly is not installed".to_owned());
            }
            let mut command = Command::new(rustup);
            command.args(["run", "nightly", "cargo"]);
            (command, "example-plugins-nightly", "debug")
        }
    };
    let target = build_directory().join(target);
    command.args(["build", "--locked", "--manifest-path"]);
    command.arg(repository().join(folder).join("Cargo.toml")).arg("--target-dir").arg(&target);
    if build == Build::Release {
        command.arg("--release");
    }
    // What `cargo test` sets is meant for this build's compiler.
    let output = command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTC").output().expect("cargo runs");
    assert!(output.status.success(), "{folder}: {}", String::from_utf8_lossy(&output.stderr));
    let path = target.join(profile).join(artifact);
    assert!(path.is_file(), "cargo left no {}", path.display());
    Ok(path)
}

/// What the library of a backend is called.
pub fn library_name(backend: &str) -> String {
    format!("{DLL_PREFIX}dredis_backend_{}{DLL_SUFFIX}", backend.replace('-', "_"))
}

/// A program on the search path, if there is one of this name.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Says that a test is left out and why, past the test runner's capture. If `DREDIS_REQUIRE_REDIS` is 1, as
/// in continuous integration, what is missing is a failure instead.
pub fn skip(test: &str, missing: &str) {
    let required = std::env::var("DREDIS_REQUIRE_REDIS").is_ok_and(|value| value == "1");
    assert!(!required, "{test}: {missing}, and DREDIS_REQUIRE_REDIS=1 forbids to go on without");
    leave_out(test, missing);
}

/// The same for what no package brings.
pub fn leave_out(test: &str, missing: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "SKIPPED {test}: {missing}").expect("stderr can be written to");
}

fn built(name: &str, sources: &[&str], cargo_arguments: &[&str]) -> PathBuf {
    let path = build_directory().join(name);
    let made = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    let newest = sources.iter().filter_map(|folder| newest_source(&repository().join(folder))).max();
    if made.is_none() || made < newest {
        cargo(cargo_arguments);
        assert!(path.is_file(), "cargo {} left no {}", cargo_arguments.join(" "), path.display());
    }
    path
}

/// Runs cargo for the profile of this build.
fn cargo(arguments: &[&str]) {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository()).args(arguments);
    match build_directory().file_name().and_then(OsStr::to_str) {
        Some("debug") | None => {}
        Some(profile) => {
            command.args(["--profile", profile]);
        }
    }
    let output = command.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {} failed:\n{said}", arguments.join(" "));
}

/// When the youngest source file under `folder` was changed.
fn newest_source(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let times = entries.filter_map(|entry| {
        let path = entry.path();
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            return if entry.file_name() == "target" { None } else { newest_source(&path) };
        }
        let is_source = matches!(path.extension().and_then(OsStr::to_str), Some("rs" | "toml"));
        is_source.then(|| entry.metadata().and_then(|metadata| metadata.modified()).ok()).flatten()
    });
    times.max()
}
