//! The connection family: commands in, replies out.

mod common;

use common::{Fixture, show};
use dredis_commands::{Killed, Protocol, ReplyMode};

#[test]
fn ping_and_echo_answer() {
    let mut server = Fixture::new();
    server.check("PING", "+PONG");
    server.check("ping hello", "\"hello\"");
    server.check("ping a b", "-ERR wrong number of arguments for 'ping' command");
    server.check("echo hello", "\"hello\"");
    server.check("echo", "-ERR wrong number of arguments for 'echo' command");
}

#[test]
fn quit_answers_and_ends() {
    let mut server = Fixture::new();
    server.check("quit now", "+OK");
    assert!(server.session.closing);
}

#[test]
fn select_picks_one_of_sixteen() {
    let mut server = Fixture::new();
    server.check("select 15", "+OK");
    assert_eq!(server.session.db, 15);
    server.check("select 16", "-ERR DB index is out of range");
    server.check("select -1", "-ERR DB index is out of range");
    server.check("select abc", "-ERR value is not an integer or out of range");
    assert_eq!(server.session.db, 15);
}

#[test]
fn without_a_password_auth_says_so() {
    let mut server = Fixture::new();
    server.check(
        "auth foo",
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
    server.check("auth default foo", "+OK");
    server.check("auth bob foo", "-WRONGPASS invalid username-password pair or user is disabled.");
    server.check("auth a b c", "-ERR syntax error");
}

#[test]
fn with_a_password_only_it_opens_the_door() {
    let mut server = Fixture::new();
    server.host.server.parts().password = Some(b"secret".to_vec());
    server.session.authenticated = false;
    server.check("get a", "-NOAUTH Authentication required.");
    server.check(
        "hello 3",
        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
    assert_eq!(server.session.protocol, Protocol::Resp2);
    server.check("auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.");
    assert!(!server.session.authenticated);
    server.check("auth secret", "+OK");
    server.check("get a", "nil");
    server.check("reset", "+RESET");
    server.check("get a", "-NOAUTH Authentication required.");
    assert!(show(&server.run("hello 3 auth default secret")).starts_with("{\"server\": \"redis\""));
    server.check("get a", "nil");
    assert_eq!(server.host.server.parts().errors, ["NOAUTH", "NOAUTH", "WRONGPASS", "NOAUTH"]);
}

#[test]
fn hello_agrees_on_a_protocol() {
    let mut server = Fixture::new();
    let greeting = |protocol: u8| {
        format!(
            "{{\"server\": \"redis\", \"version\": \"7.0.15\", \"proto\": :{protocol}, \"id\": :1, \"mode\": \
             \"standalone\", \"role\": \"master\", \"modules\": []}}"
        )
    };
    server.check("hello", &greeting(2));
    server.check("hello 3 setname me", &greeting(3));
    assert_eq!(server.session.protocol, Protocol::Resp3);
    server.check("client getname", "\"me\"");
    server.check("hello 4", "-NOPROTO unsupported protocol version");
    server.check("hello x", "-ERR Protocol version is not an integer or out of range");
    server.check("hello 2 auth default", "-ERR Syntax error in HELLO option 'auth'");
    server.check("hello 2 foo", "-ERR Syntax error in HELLO option 'foo'");
    server.check("hello 2 auth bob x", "-WRONGPASS invalid username-password pair or user is disabled.");
    server.check_words(
        &[b"hello", b"2", b"setname", b"a b"],
        "-ERR Client names cannot contain spaces, newlines or special characters.",
    );
    assert_eq!(server.session.protocol, Protocol::Resp3, "a HELLO that fails changes nothing");
}

#[test]
fn reset_makes_the_session_new() {
    let mut server = Fixture::new();
    for command in ["select 3", "hello 3", "client setname me", "set k v", "watch k", "multi", "get k"] {
        server.run(command);
    }
    server.check("reset", "+RESET");
    let session = &server.session;
    assert_eq!((session.db, session.protocol, session.reply_mode), (0, Protocol::Resp2, ReplyMode::On));
    assert!(session.multi.is_none() && !session.watching && session.name.is_empty());
    server.check("client getname", "nil");
}

#[test]
fn names_are_printable() {
    let mut server = Fixture::new();
    server.check("client getname", "nil");
    server.check("client setname me", "+OK");
    server.check("client getname", "\"me\"");
    let refusal = "-ERR Client names cannot contain spaces, newlines or special characters.";
    server.check_words(&[b"client", b"setname", b"a\nb"], refusal);
    server.check_words(&[b"client", b"setname", b"\xff"], refusal);
    server.check_words(&[b"client", b"setname", b""], "+OK");
    server.check("client getname", "nil");
}

#[test]
fn replies_can_be_turned_off() {
    let mut server = Fixture::new();
    server.check("client reply skip", "nothing");
    assert_eq!(server.session.reply_mode, ReplyMode::SkipNext);
    server.check("client reply off", "nothing");
    server.check("client reply skip", "nothing");
    assert_eq!(server.session.reply_mode, ReplyMode::Off, "SKIP does not turn replies on again");
    server.check("client reply on", "+OK");
    assert_eq!(server.session.reply_mode, ReplyMode::On);
    server.check("client reply foo", "-ERR syntax error");
}

#[test]
fn list_and_info_pass_their_filters_on() {
    let mut server = Fixture::new();
    server.check("client id", ":1");
    server.check("client info", "txt:\"id=1 cmd=client|info ids=1\"");
    server.check("client list", "txt:\"id=1 cmd=client|list \"");
    server.check("client list id 3 1 -5", "txt:\"id=1 cmd=client|list ids=3,1\"");
    server.check("client list type slave", "txt:\"id=1 cmd=client|list kind=Replica\"");
    server.check("client list id", "-ERR syntax error");
    server.check("client list id a", "-ERR Invalid client ID");
    server.check("client list type foo", "-ERR Unknown client type 'foo'");
    server.check("client list type normal id 1", "-ERR syntax error");
    server.check("client list foo", "-ERR syntax error");
}

#[test]
fn kill_in_its_old_form_takes_an_address() {
    let mut server = Fixture::new();
    server.check("client kill 1.2.3.4:5", "-ERR No such client");
    server.host.server.parts().killed = Killed { count: 1, current: false };
    server.check("client kill 1.2.3.4:5", "+OK");
    assert!(!server.session.closing);
    server.host.server.parts().killed.current = true;
    server.check("client kill 1.2.3.4:6", "+OK");
    assert!(server.session.closing, "whoever kills itself gets its answer first");
    assert_eq!(
        server.host.server.take_asked(),
        ["kill address=1.2.3.4:5", "kill address=1.2.3.4:5", "kill address=1.2.3.4:6"]
    );
}

#[test]
fn kill_in_its_new_form_takes_filters() {
    let mut server = Fixture::new();
    server.host.server.parts().killed.count = 2;
    server.check("client kill id 7 addr a:1 laddr b:2 type normal user default", ":2");
    server.check("client kill skipme no", ":2");
    assert_eq!(
        server.host.server.take_asked(),
        ["kill ids=7 address=a:1 local=b:2 kind=Normal except=1", "kill "]
    );
    for (options, refusal) in [
        ("id a", "-ERR client-id should be greater than 0"),
        ("id 0", "-ERR client-id should be greater than 0"),
        ("id 1 foo", "-ERR syntax error"),
        ("type foo", "-ERR Unknown client type 'foo'"),
        ("user bob", "-ERR No such user 'bob'"),
        ("skipme foo", "-ERR syntax error"),
        ("foo 1", "-ERR syntax error"),
    ] {
        server.check(&format!("client kill {options}"), refusal);
    }
    assert!(server.host.server.take_asked().is_empty(), "nothing is killed by a request that is refused");
}

#[test]
fn pause_and_unpause() {
    let mut server = Fixture::new();
    server.check("client pause 100", "+OK");
    server.check("client pause 100 write", "+OK");
    server.check("client unpause", "+OK");
    assert_eq!(server.host.server.take_asked(), ["pause 100 All", "pause 100 Writes", "unpause"]);
    server.check("client pause a", "-ERR timeout is not an integer or out of range");
    server.check("client pause -1", "-ERR timeout is negative");
    server.check("client pause 1 foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL");
    server.check(
        "client pause 1 all x",
        "-ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.",
    );
}

#[test]
fn unblock_tells_whether_it_did() {
    let mut server = Fixture::new();
    server.check("client unblock 7", ":0");
    server.host.server.parts().blocked = true;
    server.check("client unblock 7 error", ":1");
    server.check("client unblock -7", ":0");
    assert_eq!(server.host.server.take_asked(), ["unblock 7 Timeout", "unblock 7 Error"]);
    server.check("client unblock a", "-ERR value is not an integer or out of range");
    server.check("client unblock 7 foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}

#[test]
fn tracking_is_refused_and_says_so() {
    let mut server = Fixture::new();
    server.check("client getredir", ":-1");
    server.check("client trackinginfo", "{\"flags\": <\"off\">, \"redirect\": :-1, \"prefixes\": []}");
    server.check("client tracking off", "+OK");
    server.check(
        "client tracking on bcast prefix a",
        "-ERR CLIENT TRACKING ON is not supported: this server sends no messages about changed keys",
    );
    server.check("client tracking on prefix", "-ERR syntax error");
    server.check("client tracking foo", "-ERR syntax error");
    server.check(
        "client caching yes",
        "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    );
}

#[test]
fn no_evict_is_a_switch() {
    let mut server = Fixture::new();
    server.check("client no-evict on", "+OK");
    assert!(server.session.no_evict);
    server.check("client no-evict off", "+OK");
    assert!(!server.session.no_evict);
    server.check("client no-evict foo", "-ERR syntax error");
}

#[test]
fn help_has_a_line_for_every_subcommand() {
    let mut server = Fixture::new();
    let help = show(&server.run("client help"));
    for line in
        ["+CLIENT <subcommand>", "+KILL (<ip:port>|", "+PAUSE <timeout> [WRITE|ALL]", "+REPLY (ON|OFF|SKIP)"]
    {
        assert!(help.contains(line), "{line} is not in {help}");
    }
    server.check("client foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.");
    server.check("client", "-ERR wrong number of arguments for 'client' command");
    server.check("client id x", "-ERR wrong number of arguments for 'client|id' command");
}
