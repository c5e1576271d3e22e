//! Libraries of functions, scripts' first lines and the rest of the interface. Replies as redis-server 7.0.15 gives them.

mod common;

use common::{Stub, interpreter, kill, run_with, show, shown};
use dredis_lua::{Failure, Flags, Library, LogLevel, Stop, library_metadata, script_shebang};

fn library(code: &str) -> Library<'_> {
    Library { name: b"x", code: code.as_bytes(), version: 1 }
}

/// What FUNCTION LOAD would say of a library: the names of its functions, or the error.
fn loaded(code: &str) -> String {
    let mut around =
        Stub { ticks_max: Some((3, Stop::Error(b"ERR FUNCTION LOAD timeout".to_vec()))), ..Stub::default() };
    match interpreter().inspect_library(library(code), &mut around) {
        Ok(functions) => {
            let shown = functions.iter().map(|function| {
                let name = String::from_utf8_lossy(&function.name);
                let description = function.description.as_deref().map(String::from_utf8_lossy);
                let flags: Vec<&str> = function.flags.names().collect();
                format!("{name}({}){}", description.unwrap_or_default(), flags.join(","))
            });
            shown.collect::<Vec<_>>().join(" ")
        }
        Err(Failure::Error(error)) => format!("-{}", String::from_utf8_lossy(&error.message)),
        Err(Failure::Abandoned) => "abandoned".to_owned(),
    }
}

#[test]
fn libraries_register_functions() {
    let first = "#!lua name=x\n";
    for (code, expected) in [
        ("redis.register_function('f',function() end)", "f()"),
        ("redis.register_function(1,function() end)", "1()"),
        (
            "redis.register_function{function_name='f',callback=function() end,flags={'no-writes','allow-oom'},description='d'}",
            "f(d)no-writes,allow-oom",
        ),
        (
            "redis.register_function{FUNCTION_NAME='f',callback=function() end,flags={'NO-WRITES'}}",
            "f()no-writes",
        ),
        ("redis.log(redis.LOG_WARNING,'hi '..redis.REDIS_VERSION)", ""),
        ("x x", "-ERR Error compiling function: user_function:2: '=' expected near 'x'"),
    ] {
        assert_eq!(loaded(&format!("{first}{code}")), expected, "{code}");
    }
    for (code, fault) in [
        (
            "local s=string.format('x')",
            "user_function:2: Script attempted to access nonexistent global variable 'string'",
        ),
        (
            "redis.call('get','x')",
            "user_function:2: Script attempted to access nonexistent global variable 'call'",
        ),
        ("foo()", "user_function:2: Script attempted to access nonexistent global variable 'foo'"),
        ("x=1", "user_function:2: Attempt to modify a readonly table"),
        ("redis.register_function()", "wrong number of arguments to redis.register_function"),
        (
            "redis.register_function(1)",
            "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        ),
        ("redis.register_function({})", "redis.register_function must get a function name argument"),
        (
            "redis.register_function({},function() end)",
            "first argument to redis.register_function must be a string",
        ),
        ("redis.register_function('a',1)", "second argument to redis.register_function must be a function"),
        (
            "redis.register_function('a-b',function() end)",
            "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
        ),
        (
            "redis.register_function('a',function() end) redis.register_function('a',function() end)",
            "Function already exists in the library",
        ),
        (
            "redis.register_function{function_name='f'}",
            "redis.register_function must get a callback argument",
        ),
        (
            "redis.register_function{function_name='f',callback=1}",
            "callback argument given to redis.register_function must be a function",
        ),
        (
            "redis.register_function{function_name='f',callback=function() end,flags=1}",
            "flags argument to redis.register_function must be a table representing function flags",
        ),
        (
            "redis.register_function{function_name='f',callback=function() end,flags={'x'}}",
            "unknown flag given",
        ),
        (
            "redis.register_function{function_name='f',callback=function() end,flags={{}}}",
            "unknown flag given",
        ),
        (
            "redis.register_function{function_name='f',callback=function() end,foo=1}",
            "unknown argument given to redis.register_function",
        ),
        (
            "redis.register_function{function_name='f',callback=function() end,description={}}",
            "description argument given to redis.register_function must be a string",
        ),
        (
            "redis.register_function{[{}]=1}",
            "named argument key given to redis.register_function is not a string",
        ),
        ("while true do end", "FUNCTION LOAD timeout"),
    ] {
        let expected = format!("-ERR Error registering functions: ERR {fault}");
        assert_eq!(loaded(&format!("{first}{code}")), expected, "{code}");
    }
}

const CODE: &str = "#!lua name=x
local n=0
redis.register_function('f',function(keys,args) n=n+1 return {n,keys,args} end)
redis.register_function('h',function(keys,args) return KEYS end)
redis.register_function('i',function(keys,args) x=1 end)
redis.register_function('j',function(keys,args) return redis.call('incr','str') end)
redis.register_function('k',function(keys,args) error('boo') end)
local register = redis.register_function
redis.register_function('m',function(keys,args) register('zz',function() end) end)
redis.register_function('o',function(keys,args) return loadstring('return KEYS')() end)
redis.register_function('q',function(keys,args) return tostring(_G.redis == redis) .. tostring(redis.register_function) end)
redis.register_function('t',function(keys,args) return redis.breakpoint() end)
redis.register_function('u',function(keys,args) while true do end end)
redis.log(redis.LOG_NOTICE, 'loaded')";

#[test]
fn functions_run() {
    let mut interpreter = interpreter();
    let mut around = Stub::default();
    let infos = interpreter.inspect_library(library(CODE), &mut around).expect("the library is sound");
    assert_eq!(infos.len(), 10);
    assert_eq!(around.lines, [(LogLevel::Notice, b"loaded".to_vec())]);
    let mut call = |function: &str, around: &mut Stub| {
        show(&interpreter.call_function(library(CODE), function.as_bytes(), &["kk"], &["aa"], around))
    };
    for (function, expected) in [
        ("f", "[:1 [\"kk\"] [\"aa\"]]"),
        ("f", "[:2 [\"kk\"] [\"aa\"]]"),
        (
            "h",
            "-ERR user_function:4: Script attempted to access nonexistent global variable 'KEYS' script: h, on @user_function:4.",
        ),
        ("i", "-ERR user_function:5: Attempt to modify a readonly table script: i, on @user_function:5."),
        ("j", "-ERR value is not an integer or out of range script: j, on @user_function:6."),
        ("k", "-ERR user_function:7: boo script: k, on @user_function:7."),
        (
            "m",
            "-ERR redis.register_function can only be called on FUNCTION LOAD command script: m, on @user_function:9.",
        ),
        (
            "o",
            "-ERR [string \\\"return KEYS\\\"]:1: Script attempted to access nonexistent global variable 'KEYS' script: o, on return KEYS:1.",
        ),
        ("q", "\"truenil\""),
        (
            "t",
            "-ERR user_function:12: attempt to call field 'breakpoint' (a nil value) script: t, on @user_function:12.",
        ),
        ("nosuch", "-ERR Function not found"),
    ] {
        assert_eq!(call(function, &mut around), expected, "{function}");
    }
    // Loading for a call says nothing again.
    assert_eq!(around.lines.len(), 1);
    let mut around = Stub { ticks_max: Some((2, kill())), ..Stub::default() };
    let killed = "-ERR Script killed by user with SCRIPT KILL... script: u, on @user_function:13.";
    assert_eq!(call("u", &mut around), killed);
}

#[test]
fn another_version_replaces_a_library() {
    let mut interpreter = interpreter();
    let mut around = Stub::default();
    for version in 1..4 {
        let code = format!("#!lua name=x\nredis.register_function('f',function() return {version} end)");
        let library = Library { name: b"x", code: code.as_bytes(), version };
        let outcome = interpreter.call_function::<&str>(library, b"f", &[], &[], &mut around);
        assert_eq!(show(&outcome), format!(":{version}"));
        interpreter.forget_libraries();
    }
}

#[test]
fn first_lines_of_scripts() {
    let flags = |source: &str| match script_shebang(source.as_bytes()) {
        Ok(None) => "none".to_owned(),
        Ok(Some(shebang)) => shebang.flags.names().collect::<Vec<_>>().join(","),
        Err(error) => String::from_utf8_lossy(&error.message).into_owned(),
    };
    for (source, expected) in [
        ("return 1", "none"),
        ("#!lua\nreturn 1", ""),
        ("#!lua flags=no-writes,allow-stale\nreturn 1", "no-writes,allow-stale"),
        ("#!lua flags=no-writes flags=allow-oom\nreturn 1", "no-writes,allow-oom"),
        ("#!lua  flags=no-writes  \r\nreturn 1", "no-writes"),
        ("#!lua flags=\nreturn 1", ""),
        ("#!lua flags=x\nreturn 1", "ERR Unexpected flag in script shebang: x"),
        ("#!lua flags=no-writes,\nreturn 1", "ERR Unexpected flag in script shebang: "),
        ("#!lua flags=NO-WRITES\nreturn 1", "ERR Unexpected flag in script shebang: NO-WRITES"),
        ("#!js\nreturn 1", "ERR Unexpected engine in script shebang: #!js"),
        ("#!lua name=x\nreturn 1", "ERR Unknown lua shebang option: name=x"),
        ("#!lua", "ERR Invalid script shebang"),
        ("#!", "ERR Invalid script shebang"),
    ] {
        assert_eq!(flags(source), expected, "{source}");
    }
    assert_eq!(Flags::from_bits(255), Flags::from_bits(31));
    assert_eq!(Flags::from_bits(Flags::ALLOW_OOM.bits()), Flags::ALLOW_OOM);
    assert_eq!(shown("#!lua flags=no-writes\nreturn 5"), ":5");
    assert!(shown("#!lua\nreturn nothing").starts_with("-ERR user_script:2: "));
}

#[test]
fn first_lines_of_libraries() {
    let name = |code: &str| match library_metadata(code.as_bytes()) {
        Ok(metadata) => String::from_utf8_lossy(&metadata.name).into_owned(),
        Err(error) => String::from_utf8_lossy(&error.message).into_owned(),
    };
    for (code, expected) in [
        ("#!lua name=x\n", "x"),
        ("#!LUA name=\"x\"\r\n", "x"),
        ("#!lua\tname=x\n", "x"),
        ("local x", "ERR Missing library metadata"),
        ("#!lua", "ERR Invalid library metadata"),
        ("#!lua name=\"x\n", "ERR Invalid library metadata"),
        (
            "#!lua name=a-b\n",
            "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
        ),
        ("#!lua name=x name=y\n", "ERR Invalid metadata value, name argument was given multiple times"),
        ("#!lua nam=x\n", "ERR Invalid metadata value given: nam=x"),
        ("#! lua name=x\n", "ERR Invalid metadata value given: lua"),
        ("#!\n", "ERR Library name was not given"),
        ("#!js name=x\n", "ERR Engine 'js' not found"),
    ] {
        assert_eq!(name(code), expected, "{code}");
    }
}

#[test]
fn keys_arguments_and_the_log_pass() {
    let mut interpreter = interpreter();
    let mut around = Stub::default();
    let script = "redis.log(redis.LOG_WARNING, 'a', 1.5, {}, 'b') return {KEYS, ARGV, redis.acl_check_cmd('get'), redis.acl_check_cmd('flushall')}";
    let outcome = run_with(&mut interpreter, &mut around, script, &["k1", "k2"], &["a1"]);
    assert_eq!(show(&outcome), "[[\"k1\" \"k2\"] [\"a1\"] :1 _]");
    assert_eq!(around.lines, [(LogLevel::Warning, b"a 1.5 b".to_vec())]);
}

#[test]
fn errors_know_whether_they_were_counted() {
    for (script, is_counted) in [
        ("return redis.pcall('incr', 'str')", true),
        ("return redis.call('incr', 'str')", true),
        ("return redis.error_reply('My error')", false),
        ("error('boo')", false),
        ("return redis.pcall()", false),
    ] {
        match common::run_in(&mut interpreter(), &mut Stub::default(), script) {
            Err(Failure::Error(error)) => assert_eq!(error.counted_already, is_counted, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
}
