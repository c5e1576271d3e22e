//! CLIENT: the connection itself, and the others.

mod others;
mod own;

use super::ROW;
use crate::command::{Argument, Flags};
use crate::grammar::{block, integer, one_of, text, word};
use crate::help::help;
use crate::{Command, CommandError, Reply, errors};

const OWN: Flags = Flags::NOSCRIPT.or(Flags::LOADING).or(Flags::STALE);
const OTHERS: Flags = OWN.or(Flags::ADMIN);

const ON_OFF: &[Argument] = &[word("on", "ON"), word("off", "OFF")];
const KINDS: &[Argument] = &[
    word("normal", "NORMAL"),
    word("master", "MASTER"),
    word("replica", "REPLICA"),
    word("pubsub", "PUBSUB"),
];

pub(super) const COMMAND: Command = Command {
    name: "client",
    summary: "Looks at and steers client connections.",
    since: "2.4.0",
    complexity: "Depends on subcommand.",
    arity: -2,
    categories: &[],
    subcommands: SUBCOMMANDS,
    ..ROW
};

const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "caching",
        summary: "Says whether the next command's keys are tracked.",
        since: "6.0.0",
        arity: 3,
        flags: OWN,
        arguments: &[one_of("mode", &[word("yes", "YES"), word("no", "NO")])],
        run: own::caching,
        ..ROW
    },
    Command {
        name: "getname",
        summary: "Tells the connection's name.",
        since: "2.6.9",
        arity: 2,
        flags: OWN,
        run: own::getname,
        ..ROW
    },
    Command {
        name: "getredir",
        summary: "Tells which client gets this one's tracking messages.",
        since: "6.0.0",
        arity: 2,
        flags: OWN,
        run: |_, _| Ok(Reply::Integer(-1)),
        ..ROW
    },
    Command {
        name: "help",
        summary: "Shows this text.",
        since: "5.0.0",
        arity: 2,
        flags: Flags::LOADING.or(Flags::STALE),
        run: help,
        ..ROW
    },
    Command {
        name: "id",
        summary: "Tells the connection's number.",
        since: "5.0.0",
        arity: 2,
        flags: OWN,
        run: own::id,
        ..ROW
    },
    Command {
        name: "info",
        summary: "Tells about this connection.",
        since: "6.2.0",
        arity: 2,
        flags: OWN,
        tips: &["nondeterministic_output"],
        run: own::info,
        ..ROW
    },
    Command {
        name: "kill",
        summary: "Ends connections.",
        since: "2.4.0",
        complexity: "O(N), N being the number of connections",
        history: &[
            ("2.8.12", "Filters, in place of a single address."),
            ("2.8.12", "Filter ID."),
            ("3.2.0", "Type master."),
            ("5.0.0", "Type replica, by its new name; the old one still works."),
            ("6.2.0", "Filter LADDR."),
        ],
        arity: -3,
        flags: OTHERS,
        arguments: &[one_of(
            "filter",
            &[text("ip:port").deprecated("2.8.12"), one_of("new-format", FILTERS).multiple()],
        )],
        run: others::kill,
        ..ROW
    },
    Command {
        name: "list",
        summary: "Tells about all connections.",
        since: "2.4.0",
        complexity: "O(N), N being the number of connections",
        history: &[
            ("2.8.12", "Field id."),
            ("5.0.0", "Filter TYPE."),
            ("6.0.0", "Field user."),
            ("6.2.0", "Fields argv-mem, tot-mem, laddr and redir; filter ID."),
            ("7.0.0", "Fields resp, multi-mem, rbs and rbp."),
            ("7.0.3", "Field ssub."),
        ],
        arity: -2,
        flags: OTHERS,
        tips: &["nondeterministic_output"],
        arguments: &[
            one_of("normal_master_replica_pubsub", KINDS).after("TYPE").since("5.0.0").optional(),
            block("id", &[integer("client-id").multiple()]).after("ID").since("6.2.0").optional(),
        ],
        run: others::list,
        ..ROW
    },
    Command {
        name: "no-evict",
        summary: "Spares this connection when clients are thrown out for their memory.",
        since: "7.0.0",
        arity: 3,
        flags: OTHERS,
        arguments: &[one_of("enabled", ON_OFF)],
        run: own::no_evict,
        ..ROW
    },
    Command {
        name: "pause",
        summary: "Holds back requests of all clients for some time.",
        since: "2.9.50",
        history: &[("6.2.0", "The mode, and with it pauses of writes alone.")],
        arity: -3,
        flags: OTHERS,
        arguments: &[
            integer("timeout"),
            one_of("mode", &[word("write", "WRITE"), word("all", "ALL")]).since("6.2.0").optional(),
        ],
        run: others::pause,
        ..ROW
    },
    Command {
        name: "reply",
        summary: "Says which replies this connection wants.",
        since: "3.2.0",
        arity: 3,
        flags: OWN,
        arguments: &[one_of("on_off_skip", &[word("on", "ON"), word("off", "OFF"), word("skip", "SKIP")])],
        run: own::reply,
        ..ROW
    },
    Command {
        name: "setname",
        summary: "Gives the connection a name.",
        since: "2.6.9",
        arity: 3,
        flags: OWN,
        arguments: &[text("connection-name")],
        run: own::setname,
        ..ROW
    },
    Command {
        name: "tracking",
        summary: "Turns messages about changed keys on or off; this server has none, so only OFF is accepted.",
        since: "6.0.0",
        complexity: "O(1), more with some options.",
        arity: -3,
        flags: OWN,
        arguments: &[
            one_of("status", ON_OFF),
            integer("client-id").after("REDIRECT").optional(),
            text("prefix").after("PREFIX").optional().multiple_token(),
            word("bcast", "BCAST").optional(),
            word("optin", "OPTIN").optional(),
            word("optout", "OPTOUT").optional(),
            word("noloop", "NOLOOP").optional(),
        ],
        run: own::tracking,
        ..ROW
    },
    Command {
        name: "trackinginfo",
        summary: "Tells what this connection has asked of tracking.",
        since: "6.2.0",
        arity: 2,
        flags: OWN,
        run: own::trackinginfo,
        ..ROW
    },
    Command {
        name: "unblock",
        summary: "Wakes another client from a command that blocks it.",
        since: "5.0.0",
        complexity: "O(log N), N being the number of connections",
        arity: -3,
        flags: OTHERS,
        arguments: &[
            integer("client-id"),
            one_of("timeout_error", &[word("timeout", "TIMEOUT"), word("error", "ERROR")]).optional(),
        ],
        run: others::unblock,
        ..ROW
    },
    Command {
        name: "unpause",
        summary: "Ends a pause.",
        since: "6.2.0",
        complexity: "O(N), N being the number of clients held back",
        arity: 2,
        flags: OTHERS,
        run: others::unpause,
        ..ROW
    },
];

const FILTERS: &[Argument] = &[
    integer("client-id").after("ID").since("2.8.12").optional(),
    one_of(
        "normal_master_slave_pubsub",
        &[
            word("normal", "NORMAL"),
            word("master", "MASTER").since("3.2.0"),
            word("slave", "SLAVE"),
            word("replica", "REPLICA").since("5.0.0"),
            word("pubsub", "PUBSUB"),
        ],
    )
    .after("TYPE")
    .since("2.8.12")
    .optional(),
    text("username").after("USER").optional(),
    text("ip:port").after("ADDR").optional(),
    text("ip:port").after("LADDR").since("6.2.0").optional(),
    text("yes/no").after("SKIPME").optional(),
];

/// ON or OFF.
fn on_or_off(word: &[u8]) -> Result<bool, CommandError> {
    if word.eq_ignore_ascii_case(b"ON") {
        Ok(true)
    } else if word.eq_ignore_ascii_case(b"OFF") {
        Ok(false)
    } else {
        Err(errors::SYNTAX)
    }
}
