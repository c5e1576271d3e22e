//! INFO: the server's figures, in sections.

use std::fmt::Write as _;

use dredis_data::DATABASES;

use crate::{Arguments, CommandResult, Context, InfoSection, Reply};

pub(super) fn info(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let mut text = String::new();
    for section in InfoSection::ALL {
        if !is_wanted(section, &arguments[1..]) {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        write!(text, "# {}\r\n", section.title()).expect("a string takes everything");
        context.host.measurements().info(section, &mut text);
        if section == InfoSection::Keyspace {
            keyspace(context, &mut text);
        }
    }
    Ok(Reply::Verbatim(*b"txt", text.into_bytes()))
}

fn is_wanted(section: InfoSection, asked_for: Arguments<'_>) -> bool {
    let is_asked_for = |name: &&[u8]| {
        let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        // "everything" is "all" and modules, of which there are none.
        is(section.title()) || is("all") || is("everything") || (is("default") && section.is_default())
    };
    if asked_for.is_empty() { section.is_default() } else { asked_for.iter().any(is_asked_for) }
}

/// A failing engine is what operators look here for, so it does not take the other sections away.
fn keyspace(context: &Context<'_, '_>, text: &mut String) {
    for db in 0..DATABASES {
        let figures = match context.txn.figures(db) {
            Ok(figures) => figures,
            Err(error) => {
                let error = error.message().replace(['\r', '\n'], " ");
                write!(text, "keyspace_error:{error}\r\n").expect("a string takes everything");
                return;
            }
        };
        if figures.keys == 0 {
            continue;
        }
        let mean_ttl_ms = figures.expire_mean_ms.saturating_sub(context.now_ms());
        write!(text, "db{db}:keys={},expires={},avg_ttl={mean_ttl_ms}\r\n", figures.keys, figures.expiring)
            .expect("a string takes everything");
    }
}
