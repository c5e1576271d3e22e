//! Compiles LevelDB 1.22 and snappy 1.1.7 with the C++ compiler alone: no cmake, no system library, no download.
//!
//! The sources lie in the package `leveldb-sys`, which Cargo has fetched as a dependency; `cargo metadata` says where.
//! The workspace's `.cargo/config.toml` keeps that package's own build script from running. Always optimised, whatever
//! the profile: an engine at `-O0` is good for nothing, and nobody debugs it from here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const LEVELDB: &str = "deps/leveldb-1.22";
const SNAPPY: &str = "deps/snappy-1.1.7";

/// Holds a header that takes the place of LevelDB's of the same name.
const NATIVE: &str = "native";

/// LevelDB's library sources: all of these folders but for tests, benchmarks and other systems.
const LEVELDB_FOLDERS: [&str; 3] = ["db", "table", "util"];
const LEVELDB_LEFT_OUT: [&str; 7] = [
    "db_bench.cc",
    "leveldbutil.cc",
    "env_windows.cc",
    "histogram.cc",
    "testharness.cc",
    "testutil.cc",
    VERSION_SET,
];

/// The source in which one number is changed: see [`tuned_version_set`].
const VERSION_SET: &str = "version_set.cc";
/// LevelDB compacts a file after one fruitless look into it for so many of its bytes.
const BYTES_A_LOOK: &str = "(f->file_size / 16384U)";
const BYTES_A_LOOK_TUNED: &str = "(f->file_size / 64U)";

fn main() {
    let package = leveldb_sys_package();
    let out = PathBuf::from(variable("OUT_DIR"));
    let big_endian = if variable("CARGO_CFG_TARGET_ENDIAN") == "big" { "1" } else { "0" };

    let snappy = package.join(SNAPPY);
    let generated = out.join("include");
    write_snappy_header(&snappy, &generated);

    // LevelDB first: a linker takes from a library what those before it have asked for.
    let leveldb = package.join(LEVELDB);
    compiler()
        // Before LevelDB's own headers.
        .include(NATIVE)
        .include(&leveldb)
        .include(leveldb.join("include"))
        .include(&snappy)
        .include(&generated)
        .define("LEVELDB_PLATFORM_POSIX", "1")
        .define("LEVELDB_COMPILE_LIBRARY", None)
        .define("LEVELDB_HAS_PORT_CONFIG_H", "0")
        .define("LEVELDB_IS_BIG_ENDIAN", big_endian)
        .define("HAVE_FDATASYNC", "1")
        .define("HAVE_FULLFSYNC", "0")
        .define("HAVE_CRC32C", "0")
        .define("HAVE_SNAPPY", "1")
        .files(leveldb_sources(&leveldb))
        .file(tuned_version_set(&leveldb, &out))
        .compile("dredis_leveldb");

    let mut snappy_build = compiler();
    snappy_build
        .include(&snappy)
        .include(&generated)
        .define("HAVE_BUILTIN_CTZ", "1")
        .define("HAVE_BUILTIN_EXPECT", "1")
        .define("HAVE_BYTESWAP_H", "1");
    if big_endian == "1" {
        snappy_build.define("SNAPPY_IS_BIG_ENDIAN", "1");
    }
    snappy_build
        .files(
            ["snappy.cc", "snappy-sinksource.cc", "snappy-stubs-internal.cc"].map(|file| snappy.join(file)),
        )
        .compile("dredis_snappy");

    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={NATIVE}");
    println!("cargo::rerun-if-changed={}", leveldb.display());
    println!("cargo::rerun-if-changed={}", snappy.display());
}

/// What both libraries are compiled with.
fn compiler() -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++11")
        .opt_level(2)
        .debug(false)
        .warnings(false)
        .define("NDEBUG", None)
        .flag_if_supported("-fvisibility=hidden")
        .flag_if_supported("-Wno-thread-safety");
    build
}

fn leveldb_sources(leveldb: &Path) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for folder in LEVELDB_FOLDERS {
        let folder = leveldb.join(folder);
        let entries = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("listing {} failed: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a directory being read stays readable").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".cc") && !name.ends_with("_test.cc") && !LEVELDB_LEFT_OUT.contains(&name) {
                sources.push(path);
            }
        }
    }
    sources.sort();
    sources
}

/// Which files LevelDB keeps, with one number changed.
///
/// A file into which many lookups look in vain is compacted, and LevelDB reckons a look at what a disk's arm takes, as much as
/// compacting 16 KiB. It counts those that the bloom filter ends, too: then a few hundred lookups of absent keys start a
/// compaction, and a load of writes that look for their keys is compacted over and over. A look that
/// a filter ends takes as long as compacting some dozen bytes.
fn tuned_version_set(leveldb: &Path, out: &Path) -> PathBuf {
    let source = leveldb.join("db").join(VERSION_SET);
    let text = fs::read_to_string(&source)
        .unwrap_or_else(|error| panic!("reading {} failed: {error}", source.display()));
    assert_eq!(text.matches(BYTES_A_LOOK).count(), 1, "{} is not LevelDB 1.22's", source.display());
    let tuned = out.join(VERSION_SET);
    fs::write(&tuned, text.replace(BYTES_A_LOOK, BYTES_A_LOOK_TUNED)).expect("OUT_DIR is writable");
    tuned
}

/// snappy's one generated header, filled in as its cmake file would do on any Unix.
fn write_snappy_header(snappy: &Path, generated: &Path) {
    let template = snappy.join("snappy-stubs-public.h.in");
    let mut text = fs::read_to_string(&template)
        .unwrap_or_else(|error| panic!("reading {} failed: {error}", template.display()));
    let values = [
        ("${HAVE_STDINT_H_01}", "1"),
        ("${HAVE_STDDEF_H_01}", "1"),
        ("${HAVE_SYS_UIO_H_01}", "1"),
        ("${SNAPPY_MAJOR}", "1"),
        ("${SNAPPY_MINOR}", "1"),
        ("${SNAPPY_PATCHLEVEL}", "7"),
    ];
    for (name, value) in values {
        text = text.replace(name, value);
    }
    fs::create_dir_all(generated).expect("OUT_DIR is writable");
    fs::write(generated.join("snappy-stubs-public.h"), text).expect("OUT_DIR is writable");
}

/// Where Cargo has put the package `leveldb-sys`.
///
/// Asked of a workspace made for the question, with this workspace's lock file: the answer then needs that package and
/// its dependencies alone, which are here since this crate depends on them, and never the network.
fn leveldb_sys_package() -> PathBuf {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let question = PathBuf::from(variable("OUT_DIR")).join("locate");
    fs::create_dir_all(&question).expect("OUT_DIR is writable");
    fs::write(question.join("empty.rs"), "").expect("OUT_DIR is writable");
    fs::write(
        question.join("Cargo.toml"),
        "[package]\nname = \"locate\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\npath = \"empty.rs\"\n[dependencies]\nleveldb-sys = \"=2.0.9\"\n[workspace]\n",
    )
    .expect("OUT_DIR is writable");
    if let Some(lock) = here.ancestors().map(|folder| folder.join("Cargo.lock")).find(|lock| lock.is_file()) {
        fs::copy(lock, question.join("Cargo.lock")).expect("OUT_DIR is writable");
    }

    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1", "--filter-platform", &variable("TARGET")])
        .arg("--manifest-path")
        .arg(question.join("Cargo.toml"))
        // From here, so that the same Cargo configuration (vendored sources, for example) is found.
        .current_dir(&here)
        .output()
        .expect("cargo, which runs this script, can be run by it");
    assert!(
        output.status.success(),
        "cargo metadata could not find the package leveldb-sys: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata = String::from_utf8_lossy(&output.stdout);
    metadata
        .split("\"manifest_path\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter_map(|manifest| Path::new(manifest).parent())
        .find(|package| package.join(LEVELDB).join("db/c.cc").is_file())
        .map(Path::to_path_buf)
        .expect("leveldb-sys 2.0.9 contains the sources of LevelDB 1.22")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}
