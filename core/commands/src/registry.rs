//! All commands, found by name.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::{Command, families};

/// A command's place in [`Registry::commands`]: what per-command statistics are indexed by.
pub type CommandId = usize;

/// The longest name of a command, in bytes; a longer word cannot be one.
const NAME_BYTES_MAX: usize = 32;

/// Every command that there is.
pub struct Registry {
    commands: Vec<Entry>,
    by_name: HashMap<&'static str, CommandId>,
}

/// A command or subcommand with its full name.
pub struct Entry {
    /// The row.
    pub command: &'static Command,
    /// `config` or `config|get`.
    pub full_name: String,
    /// Subcommands' places, by name.
    subcommands: HashMap<&'static str, CommandId>,
}

impl Registry {
    /// The one registry, made at first use.
    pub fn get() -> &'static Registry {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(Registry::build)
    }

    fn build() -> Registry {
        let mut registry = Registry { commands: Vec::new(), by_name: HashMap::new() };
        for command in families::TABLES.iter().copied().flatten() {
            let id = registry.commands.len();
            let full_name = command.name.to_owned();
            registry.commands.push(Entry { command, full_name, subcommands: HashMap::new() });
            for sub in command.subcommands {
                let sub_id = registry.commands.len();
                let full_name = format!("{}|{}", command.name, sub.name);
                registry.commands.push(Entry { command: sub, full_name, subcommands: HashMap::new() });
                registry.commands[id].subcommands.insert(sub.name, sub_id);
            }
            let earlier = registry.by_name.insert(command.name, id);
            assert!(earlier.is_none(), "two rows for command {}", command.name);
        }
        registry
    }

    /// The command that a request names: its subcommand, if it has one of that name.
    pub fn find(&self, arguments: &[&[u8]]) -> Option<CommandId> {
        let id = self.find_name(arguments.first()?)?;
        let entry = &self.commands[id];
        if entry.subcommands.is_empty() {
            return Some(id);
        }
        let sub = arguments
            .get(1)
            .and_then(|word| with_lower_case(word, |name| entry.subcommands.get(name).copied()));
        Some(sub.flatten().unwrap_or(id))
    }

    /// The command of this name, in any case of letters.
    pub fn find_name(&self, name: &[u8]) -> Option<CommandId> {
        with_lower_case(name, |name| self.by_name.get(name).copied()).flatten()
    }

    /// The entry at this place.
    pub fn entry(&self, id: CommandId) -> &Entry {
        &self.commands[id]
    }

    /// All commands and subcommands, each subcommand after its container.
    pub fn commands(&self) -> &[Entry] {
        &self.commands
    }

    /// Commands without subcommands, with their places.
    pub fn top_level(&self) -> impl Iterator<Item = (CommandId, &Entry)> {
        self.commands.iter().enumerate().filter(|(_, entry)| !entry.full_name.contains('|'))
    }
}

/// Calls `then` with `word` in lower case; `None` if it can be no command's name.
fn with_lower_case<T>(word: &[u8], then: impl FnOnce(&str) -> T) -> Option<T> {
    let mut buffer = [0_u8; NAME_BYTES_MAX];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok().map(then)
}
