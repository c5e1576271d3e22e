//! Loading and saving take memory that does not grow with the file.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use std::process::Command;
use std::time::Duration;

use dredis_suite::generator::payloads::sealed;
use dredis_suite::{
    Backend, Process, Request, Server, Settings, TemporaryDirectory, Value, on_durable_backends,
    on_every_backend, programs,
};

on_durable_backends!(memory_does_not_grow_with_the_file);
on_every_backend!(claims_of_payloads_cost_no_memory);

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
    client.set_timeout(Duration::from_secs(100));
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

/// Layouts that there are: Redis 7.4 has the last one.
const LAYOUTS: std::ops::RangeInclusive<u8> = 0..=25;

/// Values of a few bytes that claim to hold far more, in every place where a length stands.
fn claims() -> Vec<Vec<u8>> {
    let four_bytes = |claim: u32| [&[0x80][..], &claim.to_be_bytes()].concat();
    let eight_bytes = |claim: u64| [&[0x81][..], &claim.to_be_bytes()].concat();
    let lengths = [
        four_bytes(u32::MAX),
        four_bytes(i32::MAX as u32),
        four_bytes(1 << 29),
        four_bytes(1 << 24),
        eight_bytes(1 << 32),
        eight_bytes(u64::MAX),
    ];
    let mut claims = Vec::new();
    for length in &lengths {
        let rest = &b"\x01a\x01b\x01c\x01d"[..];
        let element = [&b"\xf0\xff\xff\xff\xff"[..], b"abc"].concat();
        let listpack = [&[15, 0, 0, 0, 1, 0][..], &element, &[0xff]].concat();
        let ziplist = [&[0xff; 10][..], b"abcdefgh", &[0xff]].concat();
        let intset = [&b"\x08\0\0\0\xff\xff\xff\xff"[..], b"12345678"].concat();
        let zipmap = b"\x01\xfe\xff\xff\xff\xffabcdefgh\xff".to_vec();
        let in_string = |bytes: &[u8]| [&[bytes.len() as u8][..], bytes].concat();
        let packed = [&listpack, &ziplist, &intset, &zipmap].map(|bytes| in_string(bytes));
        // So many elements; so long a string; so much once it is expanded; so long an element of one, or node.
        claims.push([length, rest].concat());
        claims.push([&b"\xc3\x09"[..], length, rest].concat());
        claims.push([&b"\xc3"[..], length, length, rest].concat());
        claims.push([&b"\x01"[..], length, rest].concat());
        claims.push([&b"\x01\x02"[..], length, rest].concat());
        claims.push([&b"\x01\x01\xc3\x09"[..], length, rest].concat());
        for bytes in packed {
            claims.push(bytes.clone());
            claims.push([&b"\x01"[..], &bytes].concat());
            claims.push([&b"\x01\x02"[..], &bytes].concat());
        }
    }
    LAYOUTS.flat_map(|layout| claims.iter().map(move |claim| [&[layout], &claim[..]].concat())).collect()
}

fn claims_of_payloads_cost_no_memory(backend: Backend) {
    let server = Server::start(backend);
    let mut client = server.client();
    client.check("SET k old", "+OK");
    let before = peak_bytes(&server);
    let (mut refused, mut taken) = (0, 0);
    for claim in claims() {
        assert!(claim.len() <= 40, "{} bytes", claim.len());
        let restore: Request =
            vec![b"RESTORE".to_vec(), b"k".to_vec(), b"0".to_vec(), sealed(&claim), b"REPLACE".to_vec()];
        match client.call(&restore).unwrap().value {
            Value::Error(said) => {
                assert_eq!(said, b"ERR Bad data format");
                client.check("GET k", "\"old\"");
                refused += 1;
            }
            reply => {
                // Read in another way it is a short value with something behind it, which Redis takes as well.
                assert_eq!(reply, Value::Status(b"OK".to_vec()), "{}", claim.escape_ascii());
                client.check("SET k old", "+OK");
                taken += 1;
            }
        }
    }
    let peak = peak_bytes(&server);
    println!("{refused} refused, {taken} taken; {} kB before, {} after", before >> 10, peak >> 10);
    assert!(refused > 2000 && taken < refused / 5, "{refused} refused, {taken} taken");
    assert!(peak < before + (24 << 20), "{} MB before, {} after", before >> 20, peak >> 20);
}

/// The same in files, under a limit of address space that a fourth of what they claim would break.
#[test]
fn claims_of_files_cost_no_memory() {
    let directory = TemporaryDirectory::new();
    let (file, data) = (directory.join("claim.rdb"), directory.join("data"));
    let claims = claims();
    let mut refused = 0;
    for claim in claims.iter().step_by(claims.len() / 40) {
        let mut bytes = b"REDIS0010\xfe\x00".to_vec();
        bytes.push(claim[0]);
        bytes.extend_from_slice(b"\x01k");
        bytes.extend_from_slice(&claim[1..]);
        fs::write(&file, &bytes).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 1048576 && exec \"$0\" \"$@\""]).arg(programs::dredis());
        command.args(["--port", "0", "--backend", "memory", "--dir"]).arg(&data).arg("--rdb").arg(&file);
        let mut process = Process::start("dredis", &mut command).unwrap();
        let status = process.wait(Duration::from_secs(60)).unwrap();
        let said = process.output();
        let last = said.lines().last().unwrap_or_default();
        assert_eq!(status.code(), Some(1), "{}: {said}", claim.escape_ascii());
        assert!(last.contains("dredis: --rdb: cannot load") && last.contains("(at byte "), "{said}");
        refused += 1;
    }
    assert!(refused >= 40, "only {refused} were tried");
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
