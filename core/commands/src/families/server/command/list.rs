//! COMMAND LIST.

use crate::glob::{self, Case};
use crate::{Arguments, CommandResult, Context, Registry, Reply, categories, errors};

pub(super) fn list(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let [_, _, filter @ ..] = arguments else { return Err(errors::SYNTAX) };
    let is_word = |given: &[u8], word: &str| given.eq_ignore_ascii_case(word.as_bytes());
    let names = match filter {
        [] => names(|_, _| true),
        [by, what, value] if is_word(by, "FILTERBY") => {
            if is_word(what, "MODULE") {
                // There are no modules, so no command is of one.
                names(|_, _| false)
            } else if is_word(what, "ACLCAT") {
                let category = categories::find(value);
                names(|_, command| category.is_some_and(|category| categories::is_in(command, category)))
            } else if is_word(what, "PATTERN") {
                names(|name, _| glob::matches(value, name.as_bytes(), Case::Insensitive))
            } else {
                return Err(errors::SYNTAX);
            }
        }
        _ => return Err(errors::SYNTAX),
    };
    Ok(Reply::Array(names))
}

fn names(is_wanted: impl Fn(&str, &crate::Command) -> bool) -> Vec<Reply> {
    let all = Registry::get().commands().iter();
    let wanted = all.filter(|entry| is_wanted(&entry.full_name, entry.command));
    wanted.map(|entry| Reply::Text(&entry.full_name)).collect()
}
