//! Plugins and hosts of different days run together: ABI 1 as it was published, tables that only one side has, other
//! compilers. All with real dynamic libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dredis_suite::programs::{self, Build};
use dredis_suite::{Client, Server, Settings, TemporaryDirectory, Value};

/// The plugin and the host that are kept as they were.
const ABI_1: &str = "tests/suite/fixtures/abi-1";

/// The sum of all files under [`ABI_1`]. It never changes: see the README there.
const ABI_1_SUM: u64 = 0x2a1f_6cb8_894a_ad42;

fn abi_1(artifact: &str) -> PathBuf {
    programs::foreign(ABI_1, Build::Debug, artifact).expect("this build's compiler is there")
}

/// The plugin that was built with the SDK of ABI 1.
fn plugin_of_abi_1() -> PathBuf {
    abi_1(&programs::library_name("abi1"))
}

/// The plugin that was written straight on the tables of ABI 1, so that it can have others than that SDK gives.
fn bare_plugin_of_abi_1() -> PathBuf {
    abi_1(&programs::library_name("abi1-bare"))
}

fn minimal(build: Build) -> Result<PathBuf, String> {
    programs::foreign("plugins/examples/minimal", build, &programs::library_name("minimal"))
}

/// The server on this library.
fn serve(library: &Path, options: &[(&str, &str)]) -> Server {
    let mut settings = Settings::with_backend(library.to_str().expect("the path of this build is text"));
    for (name, value) in options {
        settings = settings.backend_option(name, value);
    }
    Server::with(&settings)
}

/// Reads and writes of several kinds, with scans and range deletes behind them.
fn check_commands(client: &mut Client) {
    client.check("SET k v", "+OK");
    client.check("INCR n", ":1");
    client.check("RPUSH l a b c", ":3");
    client.check("LRANGE l 0 -1", "[\"a\", \"b\", \"c\"]");
    client.check("ZADD z 2 b 1 a", ":2");
    client.check("ZRANGE z 0 -1", "[\"a\", \"b\"]");
    client.check("SETRANGE long 100000 x", ":100001");
    client.check("STRLEN long", ":100001");
    client.check("MGET k n absent", "[\"v\", \"1\", $-1]");
    client.check("KEYS [kn]", "[\"k\", \"n\"]");
    client.check("DEL k l", ":2");
    client.check("FLUSHALL", "+OK");
    client.check("DBSIZE", ":0");
}

/// What INFO tells of the engine's own figures.
fn engine_figures(client: &mut Client) -> Vec<String> {
    let Value::Bulk(info) = client.ask("INFO everything") else { panic!("INFO answers with text") };
    let info = String::from_utf8_lossy(&info).into_owned();
    assert!(info.contains("backend_abi:1"), "{info}");
    info.lines().filter(|line| line.starts_with("engine_")).map(str::to_owned).collect()
}

/// Runs levels of the conformance kit on a library.
fn check_with_the_kit(library: &Path, arguments: &[&str]) {
    let output = Command::new(programs::conformance())
        .arg("--plugin")
        .arg(library)
        .args(["--ops", "100"])
        .args(arguments)
        .output()
        .expect("the kit runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("passed"), "{said}");
}

#[test]
fn abi_1_is_kept_as_it_was() {
    let root = programs::repository().join(ABI_1);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    assert!(files.len() >= 40, "{} files", files.len());
    // FNV-1a over names and contents.
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for path in &files {
        let name = path.strip_prefix(&root).expect("it lies there").to_str().expect("names are text");
        let contents = fs::read(path).expect("the file can be read");
        for byte in name.bytes().chain(contents) {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    assert_eq!(
        sum, ABI_1_SUM,
        "{ABI_1} was changed ({sum:#018x}); take that back: what was built against ABI 1 cannot be changed either"
    );
}

#[test]
fn the_plugin_of_abi_1_serves() {
    let directory = TemporaryDirectory::new();
    let library = plugin_of_abi_1();
    let settings = Settings::with_backend(library.to_str().expect("the path of this build is text"))
        .backend_option("lending", "\"held\"")
        .backend_option("stale_share_max", "0.5")
        .data_in(directory.path());
    let mut server = Server::with(&settings);
    check_commands(&mut server.client());
    server.client().check("SET kept value", "+OK");
    let figures = engine_figures(&mut server.client());
    assert!(figures.iter().any(|line| line.starts_with("engine_ledger_records:")), "{figures:?}");
    server.kill();
    server.restart();
    server.client().check("GET kept", "\"value\"");
}

#[test]
fn the_plugin_of_abi_1_passes_the_kit() {
    let library = plugin_of_abi_1();
    check_with_the_kit(&library, &["--level", "abi", "--level", "contract"]);
    check_with_the_kit(&library, &["--level", "recovery", "--kills", "3"]);
    check_with_the_kit(&library, &["--level", "isolation", "--backend-option", "shared=true"]);
}

#[test]
fn a_plugin_serves_with_a_table_that_this_host_does_not_know() {
    let server = serve(&bare_plugin_of_abi_1(), &[]);
    let mut client = server.client();
    check_commands(&mut client);
    let figures = engine_figures(&mut client);
    assert!(figures.contains(&"engine_unheard_of:telescope/1".to_owned()), "{figures:?}");
    let asked =
        figures.iter().find_map(|line| line.strip_prefix("engine_asked:")).expect("it says what was asked");
    let asked: Vec<&str> = asked.split(' ').collect();
    for table in ["checkpoint/1", "compact/1", "approximate-size/1", "stats/1", "isolation/1"] {
        assert!(asked.contains(&table), "the host asked for {asked:?}");
    }
    assert!(!asked.contains(&"telescope/1"), "this host knows the table that none knows");
}

#[test]
fn a_plugin_serves_without_any_table_that_this_host_has() {
    let server = serve(&bare_plugin_of_abi_1(), &[("extensions", "\"none\"")]);
    let mut client = server.client();
    check_commands(&mut client);
    assert_eq!(engine_figures(&mut client), Vec::<String>::new());
}

#[test]
fn a_plugin_without_tables_passes_the_kit() {
    let library = bare_plugin_of_abi_1();
    check_with_the_kit(&library, &["--level", "abi"]);
    // What has to do with optional tables, and the whole of the rest in short.
    let checks = [
        "an_engine_without_checkpoints_says_so",
        "compaction_changes_nothing_that_is_read",
        "sizes_and_figures_change_nothing",
        "histories_agree_with_an_ordered_map",
    ];
    let mut arguments = vec!["--backend-option", "extensions=\"none\""];
    arguments.extend(checks.iter().flat_map(|check| ["--check", check]));
    check_with_the_kit(&library, &arguments);
}

#[test]
fn the_host_of_abi_1_runs_todays_plugins() {
    // They are built with the server.
    programs::dredis();
    let host = abi_1("abi-1-host");
    let built = |name: &str| {
        let file = programs::library_name(name);
        let places =
            [programs::build_directory().join(&file), programs::build_directory().join("deps").join(file)];
        places.into_iter().find(|path| path.is_file()).expect("the backends lie beside the server")
    };
    let example = minimal(Build::Debug).expect("this build's compiler is there");
    // Today's, which have tables that the first of its two hosts does not ask for; and a plugin of its own day that lacks what the
    // second one asks for.
    let plugins = [
        ("memory", built("memory"), "no checkpoint"),
        ("lmdb", built("lmdb"), "a checkpoint that opens"),
        ("leveldb", built("leveldb"), "a checkpoint that opens"),
        ("minimal", example, "no checkpoint"),
        ("abi1", plugin_of_abi_1(), "a checkpoint that opens"),
        ("abi1-bare", bare_plugin_of_abi_1(), "no checkpoint"),
    ];
    for (name, library, checkpoint) in plugins {
        let directory = TemporaryDirectory::new();
        let output = Command::new(&host).arg(&library).arg(directory.path()).output().expect("the host runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let expected = [
            format!("ABI 1 ran {name} "),
            "1000 records".to_owned(),
            format!("the SDK of ABI 1 ran {name} with"),
            format!(": {checkpoint}, "),
        ];
        assert!(
            output.status.success() && expected.iter().all(|expected| said.contains(expected)),
            "{name}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_plugin_of_another_optimisation_level_runs() {
    // Whichever this build is not.
    let build = if cfg!(debug_assertions) { Build::Release } else { Build::Debug };
    let library = minimal(build).expect("this build's compiler is there");
    check_commands(&mut serve(&library, &[]).client());
    check_with_the_kit(&library, &["--level", "abi"]);
}

#[test]
fn a_plugin_of_another_compiler_runs() {
    let library = match minimal(Build::Nightly) {
        Ok(library) => library,
        Err(missing) => {
            // Past the test runner's capture. Not every machine has two compilers, so it is no failure where Redis is required.
            use std::io::Write;
            let line = format!("SKIPPED a_plugin_of_another_compiler_runs: {missing}\n");
            return std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to");
        }
    };
    check_commands(&mut serve(&library, &[]).client());
    check_with_the_kit(&library, &["--level", "abi"]);
}
