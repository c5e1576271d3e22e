//! How far saves and loads have come: figures in INFO, and a bar where somebody looks.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use dredis_suite::{Backend, Client, Process, Server, TemporaryDirectory, on_every_backend, programs};

use crate::data::{eventually, populate};

on_every_backend!(info_tells_how_far_a_save_has_come, info_tells_how_far_a_load_has_come);

/// All of INFO's section, at one moment.
fn figures(client: &mut Client) -> HashMap<String, String> {
    let text = client.ask("INFO persistence").text();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn info_tells_how_far_a_save_has_come(backend: Backend) {
    let mut server = Server::start(backend);
    let mut client = server.client();
    populate(server.address(), 1000);
    let before = figures(&mut client);
    for (name, value) in [
        ("loading", "0"),
        ("async_loading", "0"),
        ("rdb_bgsave_in_progress", "0"),
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", "-1"),
        ("rdb_current_bgsave_time_sec", "-1"),
        ("rdb_changes_since_last_save", "1000"),
        ("rdb_saves", "0"),
    ] {
        assert_eq!(before[name], value, "{name}");
    }
    assert!(!before.contains_key("loading_start_time"), "nothing is being loaded");
    client.check("SELECT 1", "+OK");
    // These come last, and take minutes to save.
    for number in 0..40 {
        client.check(&format!("SETRANGE long{number} 499999999 x"), ":500000000");
    }
    client.check("BGSAVE", "+Background saving started");
    let mut last = 0;
    eventually("progress", || {
        let now = figures(&mut client);
        assert_eq!(now["rdb_bgsave_in_progress"], "1");
        let (done, total) = ["current_save_keys_processed", "current_save_keys_total"]
            .map(|name| now[name].parse::<u64>().unwrap())
            .into();
        assert!(done >= last && done <= total && (total == 1040 || total == 0), "{done} of {total}");
        last = done;
        // The small ones are done by and by, and it is told every 256 keys.
        done >= 768
    });
    eventually("a second of saving", || {
        figures(&mut client)["rdb_current_bgsave_time_sec"].parse::<i64>().unwrap() >= 1
    });
    client.check("SET another 1", "+OK");
    assert_eq!(figures(&mut client)["rdb_changes_since_last_save"], "1041");
    assert!(server.terminate().success());
}

fn info_tells_how_far_a_load_has_come(backend: Backend) {
    let server = Server::start(backend);
    populate(server.address(), 60_000);
    let mut client = server.client();
    client.check("CONFIG SET dbfilename p.rdb", "+OK");
    client.check("SAVE", "+OK");
    let bytes = fs::metadata(server.data().join("p.rdb")).unwrap().len().to_string();
    let mut looker = server.client();
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let reloading = scope.spawn(|| {
            for _ in 0..5 {
                client.check("DEBUG RELOAD NOSAVE", "+OK");
            }
        });
        while !reloading.is_finished() {
            let now = figures(&mut looker);
            if now["async_loading"] == "1" {
                seen.push(now);
            }
            // Where there is one processor, that is when it loads.
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(!seen.is_empty(), "nobody saw that something was loaded");
    for now in &seen {
        assert_eq!(now["loading"], "0", "the old data are served meanwhile");
        assert_eq!(now["loading_total_bytes"], bytes);
        let part: f64 = now["loading_loaded_perc"].parse().unwrap();
        assert!((0.0..=100.0).contains(&part), "{part}");
        assert!(now["loading_loaded_bytes"].parse::<u64>().unwrap() <= bytes.parse().unwrap());
        assert!(now["loading_start_time"].parse::<u64>().unwrap() > 1_700_000_000);
        assert!(now["loading_eta_seconds"].parse::<u64>().is_ok());
    }
    let moved =
        seen.iter().filter(|now| !["0", bytes.as_str()].contains(&now["loading_loaded_bytes"].as_str()));
    assert!(moved.count() > 0, "no figure was between nothing and all");
    let after = figures(&mut client);
    assert_eq!(
        (after["async_loading"].as_str(), after["rdb_last_load_keys_loaded"].as_str()),
        ("0", "60000")
    );
    assert!(!after.contains_key("loading_start_time"));
}

/// At a terminal a bar fills; without one there are lines in the log.
#[test]
fn a_bar_fills_at_a_terminal() {
    let source = Server::start(Backend::Memory);
    populate(source.address(), 60_000);
    source.client().check("CONFIG SET dbfilename p.rdb", "+OK");
    source.client().check("SAVE", "+OK");
    let file = source.data().join("p.rdb");
    let Some(script) = programs::on_path("script") else {
        return programs::skip("a bar at a terminal", "there is no script (Debian: bsdutils)");
    };
    let directory = TemporaryDirectory::new();
    let start = |file: &std::path::Path, data: &str| {
        let line = format!(
            "'{}' --port 0 --backend memory --dir '{}' --rdb '{}'",
            programs::dredis().display(),
            directory.join(data).display(),
            file.display()
        );
        Process::start("script", Command::new(&script).args(["-qec", &line, "/dev/null"])).unwrap()
    };
    let mut process = start(&file, "good");
    let found = process.wait_for_line(Duration::from_secs(60), |line| {
        let (_, address) = line.split_once("Ready to accept connections on ")?;
        address.split_whitespace().next()?.trim_end_matches(['.', ',']).parse().ok()
    });
    let mut client = Client::connect(found.unwrap()).unwrap();
    client.check("DBSIZE", ":60000");
    client.send(b"SHUTDOWN NOSAVE\r\n").unwrap();
    assert!(process.wait(Duration::from_secs(30)).unwrap().success());
    let said = process.output();
    let pictures: Vec<&str> = said.split('\r').filter(|part| part.starts_with("loading ")).collect();
    assert!(pictures.len() >= 2, "{said}");
    let percents: Vec<u32> = pictures
        .iter()
        .map(|picture| {
            let line = picture.lines().next().unwrap();
            line.rsplit(' ').next().unwrap().trim_end_matches('%').parse().unwrap()
        })
        .collect();
    assert!(percents.is_sorted() && percents[0] < 100, "{percents:?}");
    assert_eq!(percents.last(), Some(&100));
    assert!(pictures.last().unwrap().contains(&format!("[{}]", "#".repeat(40))), "{said}");
    assert!(said.contains(": 60000 keys"), "{said}");

    // A file that is refused half-way: the error stands on a line of its own.
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    let bad = directory.join("bad.rdb");
    fs::write(&bad, bytes).unwrap();
    let mut process = start(&bad, "bad");
    assert_eq!(process.wait(Duration::from_secs(60)).unwrap().code(), Some(1));
    let said = process.output();
    assert!(said.contains("\rloading "), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.trim_start().starts_with("dredis: --rdb: cannot load"), "{said}");
}
