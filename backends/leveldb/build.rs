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

/// Holds a header that takes the place of LevelDB's of the same name, and one that is added.
const NATIVE: &str = "native";

/// LevelDB's library sources: all of these folders but for tests, benchmarks and other systems.
const LEVELDB_FOLDERS: [&str; 3] = ["db", "table", "util"];
const LEVELDB_LEFT_OUT: [&str; 6] =
    ["db_bench.cc", "leveldbutil.cc", "env_windows.cc", "histogram.cc", "testharness.cc", "testutil.cc"];

/// A line of LevelDB's that is compiled otherwise.
struct Change {
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const CHANGES: [Change; 8] = [
    // A file into which many lookups look in vain is compacted, as each look is reckoned to take what a disk's arm does. Where a
    // bloom filter ends it, it takes nothing to speak of, while the compaction may write ten times the file: a load of writes
    // that look for their keys was compacted over and over.
    Change {
        file: "db/version_set.cc",
        from: "static_cast<int>((f->file_size / 16384U));",
        to: "vset_->options_->filter_policy != nullptr ? 0x7fffffff\n\
             \x20         : static_cast<int>((f->file_size / 16384U));",
    },
    // One bloom filter for each 16 MiB of a file, thus nearly always one for the file, instead of one for each 2 KiB: asked first, it
    // spares those who look in vain the search of the file's index, a dozen reads that no cache holds. Every LevelDB reads either
    // kind, as the length is written down with the filters.
    Change { file: "table/filter_block.cc", from: "kFilterBaseLg = 11;", to: "kFilterBaseLg = 24;" },
    Change {
        file: "table/filter_block.h",
        from: "  bool KeyMayMatch(uint64_t block_offset, const Slice& key);",
        to: "  bool KeyMayMatch(uint64_t block_offset, const Slice& key);\n\
             \x20 bool FileMayMatch(const Slice& key) { return num_ != 1 || KeyMayMatch(0, key); }",
    },
    Change {
        file: "table/table.cc",
        from: "  Iterator* iiter = rep_->index_block->NewIterator(rep_->options.comparator);\n  iiter->Seek(k);",
        to: "  if (rep_->filter != nullptr && !rep_->filter->FileMayMatch(k)) return s;\n\
             \x20 Iterator* iiter = rep_->index_block->NewIterator(rep_->options.comparator);\n  iiter->Seek(k);",
    },
    // A table's file is written in pieces of 64 KiB, by the buffer that it has, and not block by block: a compressed block may be less
    // than 1 KiB. Nobody reads the file before it is finished and synced.
    Change { file: "table/table_builder.cc", from: "    r->status = r->file->Flush();\n", to: "" },
    // Before a batch is inserted, the nodes into which its records go are fetched together.
    Change {
        file: "db/memtable.h",
        from: "  void Add(SequenceNumber seq,",
        to: "  void Touch(const Slice* keys, size_t count) const { table_.Touch(keys, count); }\n\
             \x20 void Add(SequenceNumber seq,",
    },
    Change {
        file: "db/write_batch.cc",
        from: "#include \"db/memtable.h\"",
        to: "#include \"db/look_ahead.h\"\n#include \"db/memtable.h\"",
    },
    Change {
        file: "db/write_batch.cc",
        from: "return b->Iterate(&inserter);",
        to: "LookAhead::Touch(b, memtable);\n  return b->Iterate(&inserter);",
    },
];

fn main() {
    let package = leveldb_sys_package();
    let out = PathBuf::from(variable("OUT_DIR"));
    let big_endian = if variable("CARGO_CFG_TARGET_ENDIAN") == "big" { "1" } else { "0" };

    let snappy = package.join(SNAPPY);
    let generated = out.join("include");
    write_snappy_header(&snappy, &generated);

    // LevelDB first: a linker takes from a library what those before it have asked for.
    let leveldb = package.join(LEVELDB);
    let changed = out.join("changed");
    write_changed(&leveldb, &changed);
    compiler()
        // Before LevelDB's own headers.
        .include(NATIVE)
        .include(&changed)
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
        .files(leveldb_sources(&leveldb, &changed))
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

/// All of LevelDB's sources, those that are changed in their changed form.
fn leveldb_sources(leveldb: &Path, changed: &Path) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for folder in LEVELDB_FOLDERS {
        let entries = fs::read_dir(leveldb.join(folder))
            .unwrap_or_else(|error| panic!("listing {folder} of LevelDB failed: {error}"));
        for entry in entries {
            let path = entry.expect("a directory being read stays readable").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".cc") && !name.ends_with("_test.cc") && !LEVELDB_LEFT_OUT.contains(&name) {
                let changed = changed.join(folder).join(name);
                sources.push(if changed.is_file() { changed } else { path });
            }
        }
    }
    sources.sort();
    sources
}

/// Writes down all files that [`CHANGES`] change.
fn write_changed(leveldb: &Path, changed: &Path) {
    // What an earlier build changed may be left as it is by now.
    if changed.exists() {
        fs::remove_dir_all(changed).expect("OUT_DIR is writable");
    }
    let mut files: Vec<&str> = CHANGES.iter().map(|change| change.file).collect();
    files.dedup();
    for file in files {
        let source = leveldb.join(file);
        let mut text = fs::read_to_string(&source)
            .unwrap_or_else(|error| panic!("reading {} failed: {error}", source.display()));
        for change in CHANGES.iter().filter(|change| change.file == file) {
            assert_eq!(text.matches(change.from).count(), 1, "{} is not LevelDB 1.22's", source.display());
            text = text.replace(change.from, change.to);
        }
        let target = changed.join(file);
        fs::create_dir_all(target.parent().expect("it lies in a folder")).expect("OUT_DIR is writable");
        fs::write(target, text).expect("OUT_DIR is writable");
    }
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
