//! ACL categories of commands: those that a row names, and those that follow from its flags.

use crate::{Command, Flags};

/// All categories, in Redis's order.
const ORDER: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// The categories of a command, in Redis's order.
pub fn categories(command: &Command) -> impl Iterator<Item = &'static str> {
    ORDER.into_iter().filter(|category| is_in(command, category))
}

/// Whether a command is in this category.
pub fn is_in(command: &Command, category: &str) -> bool {
    let has = |flag| command.flags.contains(flag);
    let implied = match category {
        "read" => has(Flags::READONLY) && !command.categories.contains(&"scripting"),
        "write" => has(Flags::WRITE),
        "pubsub" => has(Flags::PUBSUB),
        "admin" | "dangerous" => has(Flags::ADMIN),
        "blocking" => has(Flags::BLOCKING),
        "fast" => has(Flags::FAST),
        "slow" => !has(Flags::FAST),
        _ => false,
    };
    implied || command.categories.contains(&category)
}

/// The category of this name, if there is one.
pub fn find(name: &[u8]) -> Option<&'static str> {
    ORDER.into_iter().find(|category| name.eq_ignore_ascii_case(category.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::Registry;

    #[test]
    fn rows_name_only_categories_that_exist() {
        for entry in Registry::get().commands() {
            for category in entry.command.categories {
                assert!(super::ORDER.contains(category), "{}: {category}", entry.full_name);
            }
        }
    }
}
