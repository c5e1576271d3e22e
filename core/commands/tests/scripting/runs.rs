//! Scripts as others see them: those that take long, are killed, or want too much.

use dredis_commands::{Ended, Killing, ScriptKind, ScriptRun, Seat};
use std::sync::Arc;

use super::common::{self, Fixture};
use super::{call, eval};

#[test]
fn a_killed_script_ends_whatever_it_catches() {
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do redis.pcall('get', 'x') end",
        "local run = coroutine.wrap(function() while true do end end) run()",
        "while true do xpcall(function() error('again') end, function() end) end",
    ] {
        let mut server = Fixture::new();
        server.host.scripts.parts().end = Some((2, Ended::Killed));
        let shown = common::show(&server.run_words(&[b"eval", script.as_bytes(), b"0"]));
        assert!(
            shown.starts_with("-ERR Script killed by user with SCRIPT KILL... script: "),
            "{script}: {shown}"
        );
        let parts = server.host.scripts.parts();
        assert_eq!(parts.ended.len(), 1, "{script}");
        assert_eq!((parts.ended[0].kind, parts.ended[0].seat), (ScriptKind::Script, Seat::Writer));
        assert!(!parts.ended[0].has_written());
        assert!(parts.ticks < 10, "{script}: {} ticks", parts.ticks);
        drop(parts);
        server.host.scripts.parts().end = None;
        eval(&mut server, "return 'the next one is well'", &["0"], "\"the next one is well\"");
    }
}

#[test]
fn what_has_written_says_so() {
    let mut server = Fixture::new();
    server.host.scripts.parts().end = Some((0, Ended::Killed));
    server.run_words(&[b"eval", b"redis.call('set', 'a', 1) while true do end", b"0"]);
    assert!(server.host.scripts.parts().ended[0].has_written());
    server.run_words(&[b"eval", b"while true do redis.pcall('nope', 'a', 1) end", b"0"]);
    assert!(!server.host.scripts.parts().ended[1].has_written(), "what is refused writes nothing");
    server.run_words(&[b"eval_ro", b"while true do end", b"0"]);
    assert_eq!(server.host.scripts.parts().ended[2].seat, Seat::Reader);
}

#[test]
fn kill_answers_what_it_finds() {
    let mut server = Fixture::new();
    let unkillable = "-UNKILLABLE Sorry the script already executed write commands against the dataset. You can either \
                      wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";
    let script = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
    let function =
        "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
    for (killing, of_script, of_function) in [
        (Killing::Done, "+OK", "+OK"),
        (
            Killing::NothingRuns,
            "-NOTBUSY No scripts in execution right now.",
            "-NOTBUSY No scripts in execution right now.",
        ),
        (Killing::HasWritten, unkillable, unkillable),
        (Killing::OtherKind, function, script),
    ] {
        server.host.scripts.parts().killing = Some(killing);
        server.check("script kill", of_script);
        server.check("function kill", of_function);
    }
}

#[test]
fn only_what_is_allowed_runs_beside_a_busy_script() {
    let mut server = Fixture::new();
    let busy = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
    server.busy = Some(ScriptKind::Script);
    for request in ["ping", "get a", "set a 1", "eval x 0", "client info", "function stats", "shutdown"] {
        server.check(request, &format!("-{busy}"));
    }
    server.check("nope", "-ERR unknown command 'nope', with args beginning with: ");
    server.check("get", "-ERR wrong number of arguments for 'get' command");
    server.check("script kill", "-NOTBUSY No scripts in execution right now.");
    server.check("multi", "+OK");
    server.check("set a b", &format!("-{busy}"));
    server.check("exec", &format!("-EXECABORT Transaction discarded because of: {busy}"));
    server.check("shutdown nosave", "nothing");
    assert_eq!(server.host.server.take_asked(), ["end without saving", "shut down"]);
    server.busy = Some(ScriptKind::Function);
    server.check(
        "ping",
        "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
    );
    let run = ScriptRun::new(ScriptKind::Function, Seat::Writer, b"f", &[b"fcall", b"f", b"0"], 0);
    server.host.scripts.parts().running = Some(Arc::new(run));
    server.check(
        "function stats",
        "{\"running_script\": {\"name\": \"f\", \"command\": [\"fcall\", \"f\", \"0\"], \"duration_ms\": :0}, \
         \"engines\": {\"LUA\": {\"libraries_count\": :0, \"functions_count\": :0}}}",
    );
}

/// What a script has done to a watched key before WATCH cannot be told from what it does after.
#[test]
fn watching_beside_a_busy_script_aborts_the_transaction() {
    let mut server = Fixture::new();
    server.busy = Some(ScriptKind::Script);
    server.check("watch a", "+OK");
    server.busy = None;
    server.check("watch b", "+OK");
    server.check("multi", "+OK");
    server.check("set a 1", "+QUEUED");
    server.check("exec", "nil array");
    server.check("watch b", "+OK");
    server.check("multi", "+OK");
    server.check("set a 1", "+QUEUED");
    server.check("exec", "[+OK]");
}

#[test]
fn writes_that_wait_for_their_commit_are_bounded_too() {
    let mut server = Fixture::new();
    let script = "local value = string.rep('x', 1000000)
                  for number = 1, 100 do redis.call('set', 'key:' .. number, value) end";
    let shown = common::show(&server.run_words(&[b"eval", script.as_bytes(), b"0"]));
    assert!(
        shown.starts_with("-OOM the script's writes take more memory than lua-memory-limit allows"),
        "{shown}"
    );
    let keys = common::scripts::MEMORY_BYTES_MAX / 1_000_000 + 1;
    server.check("dbsize", &format!(":{keys}"));
    eval(&mut server, "return redis.call('del', 'key:1')", &["0"], ":1");
}

#[test]
fn a_script_that_wants_too_much_memory_fails_alone() {
    let mut server = Fixture::new();
    for script in [
        "local all = {} while true do all[#all + 1] = string.rep('x', 10000) end",
        "local text = 'x' while true do text = text .. text end",
        "return string.rep('x', 1000000000)",
    ] {
        let shown = common::show(&server.run_words(&[b"eval", script.as_bytes(), b"0"]));
        assert!(shown.starts_with('-') && shown.contains("memory"), "{script}: {shown}");
        call(&mut server, "eval", "return 1", &["0"], ":1");
    }
}

#[test]
fn what_scripts_log_reaches_the_log() {
    let mut server = Fixture::new();
    server.run_words(&[b"eval", b"redis.log(redis.LOG_WARNING, 'a', 1)", b"0"]);
    assert_eq!(server.host.scripts.parts().logged, ["Warning a 1"]);
}
