//! The README's table of commands is the command table's own. `DREDIS_WRITE_README=1` brings it up to date.

use std::collections::BTreeMap;
use std::path::Path;

use dredis_commands::Registry;

const BEGIN: &str = "cargo test -p dredis-commands --test readme -->\n";
const END: &str = "<!-- /commands -->";

#[test]
fn its_table_of_commands_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let begin = readme.find(BEGIN).expect("the README has a place for the table") + BEGIN.len();
    let end = readme.find(END).expect("the place ends");
    if std::env::var_os("DREDIS_WRITE_README").is_some() {
        let written = [&readme[..begin], &table(), &readme[end..]].concat();
        std::fs::write(&path, written).unwrap();
        return;
    }
    assert_eq!(readme[begin..end], table(), "run DREDIS_WRITE_README=1 {}", BEGIN.trim_end_matches(" -->\n"));
}

fn table() -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, entry) in Registry::get().top_level() {
        let mut name = entry.command.name.to_uppercase();
        let mut subcommands: Vec<&str> = entry.command.subcommands.iter().map(|sub| sub.name).collect();
        subcommands.sort_unstable();
        if !subcommands.is_empty() {
            name += &format!(" ({})", subcommands.join(", "));
        }
        groups.entry(entry.command.group.name()).or_default().push(name);
    }
    let mut table = "\n| group | commands |\n|---|---|\n".to_owned();
    for (group, mut names) in groups {
        names.sort_unstable();
        table += &format!("| {group} | {} |\n", names.join(", "));
    }
    table.push('\n');
    table
}
