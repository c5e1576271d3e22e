//! Loading and saving take memory that does not grow with the file.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use dredis_suite::{Backend, Server, Settings, TemporaryDirectory, on_durable_backends};

on_durable_backends!(memory_does_not_grow_with_the_file);

/// Members of the one large set, and small keys. The unoptimised build is spared the full size.
const MEMBERS: u64 = if cfg!(debug_assertions) { 60_000 } else { 2_000_000 };
const KEYS: u64 = MEMBERS / 2;
/// What a server may take beyond what it takes at the start: batches under way, a filter, and what the engine keeps in
/// memory; LMDB's pages, which count as the process's, are the file itself.
const EXTRA_BYTES: u64 = 384 << 20;

fn memory_does_not_grow_with_the_file(backend: Backend) {
    let directory = TemporaryDirectory::new();
    let file = directory.join("large.rdb");
    write(&file);
    let before = peak_bytes(&Server::start(backend));
    let mut settings = Settings::new(backend).arguments(&["--rdb", file.to_str().unwrap()]);
    if backend == Backend::LevelDb {
        // Its cache is not what is measured.
        settings = settings.backend_option("lru_cache_size", "8388608");
    }
    let server = Server::with(&settings);
    let mut client = server.client();
    client.check("SCARD set", &format!(":{MEMBERS}"));
    client.check("DBSIZE", &format!(":{}", KEYS + 1));
    let after_load = peak_bytes(&server);
    client.set_timeout(std::time::Duration::from_secs(100));
    client.check("SAVE", "+OK");
    let after_save = peak_bytes(&server);
    let mapped = if backend == Backend::Lmdb {
        fs::metadata(server.data().join("data.mdb")).map(|data| data.len()).unwrap_or_default().min(2 << 30)
    } else {
        0
    };
    println!(
        "{}: {} MB at the start, {} after loading, {} after saving",
        backend.name(),
        before >> 20,
        after_load >> 20,
        after_save >> 20
    );
    for peak in [after_load, after_save] {
        assert!(peak < before + EXTRA_BYTES + mapped, "{} MB", peak >> 20);
    }
}

fn peak_bytes(server: &Server) -> u64 {
    server.info("used_memory_peak").and_then(|bytes| bytes.parse().ok()).expect("INFO tells it")
}

/// One large set, and small keys; without a checksum.
fn write(path: &Path) {
    let mut file = BufWriter::new(fs::File::create(path).unwrap());
    file.write_all(b"REDIS0007\xfe\x00\x02\x03set\x80").unwrap();
    file.write_all(&(MEMBERS as u32).to_be_bytes()).unwrap();
    for number in 0..MEMBERS {
        write!(file, "\x13member:{number:012}").unwrap();
    }
    for number in 0..KEYS {
        write!(file, "\x00\x10key:{number:012}\x0bvalue{number:06}").unwrap_or_default();
    }
    file.write_all(b"\xff\0\0\0\0\0\0\0\0").unwrap();
}
