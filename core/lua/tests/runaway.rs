//! Scripts that would take the process with them: endless ones, those that eat memory or stack, those that catch everything.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Stub, interpreter, kill, run_in, run_with, show, shown};
use dredis_lua::{Failure, Interpreter, Limits, Stop};

/// Ends the script at its third tick, and shows what it came to.
fn killed(script: &str) -> String {
    let mut around = Stub { ticks_max: Some((3, kill())), ..Stub::default() };
    let mut interpreter = interpreter();
    let outcome = show(&run_in(&mut interpreter, &mut around, script));
    assert!(around.ticks >= 3, "{script}: {} ticks", around.ticks);
    // The state is as good as before.
    assert_eq!(show(&run_in(&mut interpreter, &mut Stub::default(), "return 1")), ":1", "after {script}");
    outcome
}

#[test]
fn endless_scripts_end_when_they_are_killed() {
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local function f() while true do pcall(f) end end f()",
        "while true do local co = coroutine.create(function() while true do end end) coroutine.resume(co) end",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "coroutine.wrap(function() while true do pcall(coroutine.wrap(function() while true do end end)) end end)()",
        "while true do coroutine.wrap(function() coroutine.yield() end)() end",
        "while true do load(function() while true do end end) end",
        "while true do load(function() return ' ' end) end",
        "while true do pcall(error) end",
        "while true do pcall(redis.call, 'nosuch') end",
        "while true do redis.pcall('ping') end",
        "while true do loadstring('return 1')() end",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
        "while true do local t = {} for i = 1, 1000 do table.insert(t, 1, i) end end",
        "while true do collectgarbage() end",
        "while true do string.rep('', 1e9) end",
        "while true do cjson.decode(cjson.encode({1, 2, 3, {a = 1}})) end",
        "while true do cmsgpack.unpack(cmsgpack.pack({1, 2, 3, {a = 1}})) end",
        "local t = {} for i = 1, 200000 do t[i] = i % 7 end while true do table.sort(t) end",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "string.gsub('abc', '.', function() while true do end end)",
        "while true do for w in ('a b c'):gmatch('%a') do end end",
        "local s = string.rep('a', 1e6) while true do s = s:upper() end",
        "repeat until false",
        "::x:: while true do end",
    ] {
        if script.starts_with("::") {
            // Lua 5.1 has no labels.
            assert!(shown(script).starts_with("-ERR Error compiling script"), "{script}");
            continue;
        }
        let outcome = killed(script);
        assert!(outcome.starts_with("-ERR Script killed by user with SCRIPT KILL..."), "{script}: {outcome}");
    }
}

#[test]
fn a_killed_script_names_its_place() {
    let script = "local x\nwhile true do\nend";
    let sha = dredis_lua::sha1_hex(script.as_bytes());
    let expected =
        format!("-ERR Script killed by user with SCRIPT KILL... script: {sha}, on @user_script:2.");
    assert_eq!(killed(script), expected);
}

#[test]
fn long_matches_are_killed_too() {
    for script in [
        "return string.find(string.rep('a', 3000), string.rep('a-', 100) .. 'b')",
        "return string.match(string.rep('a', 100000), '.-.-.-.-b')",
        "return string.gsub(string.rep('a', 100000), '.-.-.-b', '')",
        "for w in string.gmatch(string.rep('a', 100000), '.-.-.-b') do end",
        "return string.find(string.rep('(', 100000), '%b()')",
    ] {
        let mut around = Stub { ticks_max: Some((3, kill())), ..Stub::default() };
        let outcome = show(&run_in(&mut interpreter(), &mut around, script));
        if !script.contains("%b") {
            assert!(outcome.starts_with("-ERR Script killed by user"), "{script}: {outcome}");
        }
    }
}

#[test]
fn what_the_surroundings_give_up_nothing_catches() {
    for script in [
        "redis.call('break')",
        "redis.pcall('break')",
        "pcall(redis.call, 'break') return 1",
        "xpcall(function() redis.call('break') end, function() return 1 end) return 1",
        "coroutine.resume(coroutine.create(function() redis.call('break') end)) return 1",
        "pcall(coroutine.wrap(function() redis.call('break') end)) return 1",
        "load(function() redis.call('break') end) return 1",
        "pcall(string.gsub, 'a', 'a', function() redis.call('break') end) return 1",
        "pcall(table.sort, {1, 2, 3}, function() redis.call('break') end) return 1",
        "while true do pcall(redis.pcall, 'break') redis.call('ping') end",
        "local t = setmetatable({}, {__index = function() redis.call('break') end}) pcall(function() return t.x end) return 1",
        "setmetatable(_G, {}) redis.call('break')",
    ] {
        let mut around = Stub::default();
        let outcome = run_in(&mut interpreter(), &mut around, script);
        if script.starts_with("setmetatable") {
            assert!(matches!(outcome, Err(Failure::Error(_))), "{script}");
            continue;
        }
        assert_eq!(outcome, Err(Failure::Abandoned), "{script}");
        assert_eq!(around.calls, 1, "{script} called on");
    }
}

#[test]
fn a_tick_can_give_up_as_well() {
    let mut around = Stub { ticks_max: Some((1, Stop::Abandon)), ..Stub::default() };
    let outcome =
        run_in(&mut interpreter(), &mut around, "while true do pcall(function() while true do end end) end");
    assert_eq!(outcome, Err(Failure::Abandoned));
}

#[test]
fn memory_is_bounded_and_the_state_stays_usable() {
    let mut interpreter = Interpreter::new(Limits { memory_bytes_max: 2 << 20 }).expect("an interpreter");
    let refusal = "-ERR the script needs more memory than the 2097152 bytes that scripts may use";
    for script in [
        "local t = {} while true do t[#t + 1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "return ('x'):rep(2^30)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local s = string.rep('x', 1e6) return (s:gsub('x', string.rep('y', 100)))",
        "local s = string.rep('x', 1e6) return (s:gsub('x', function() return string.rep('y', 100) end))",
        "local t = {} for i = 1, 30 do t = {t, t} end return cjson.encode(t)",
        "local t = {} for i = 1, 14 do t = {t, t, t, t} end return cmsgpack.pack(t)",
        "return cjson.decode('[' .. string.rep('{},', 1e6) .. '{}]')",
        "return cmsgpack.unpack('\\221\\0\\15\\0\\0' .. string.rep('\\128', 1e6))",
        "local f = function() end for i = 1, 1e9 do local g = f f = function() return g end end",
        "local co = {} for i = 1, 1e9 do co[i] = coroutine.create(function() end) end",
        "return loadstring('return ' .. string.rep('1,', 4e6) .. '1')()",
        "local s = string.rep('%', 2) return string.rep(s, 1e7)",
        "return struct.pack(string.rep('c0', 100), unpack((function() local t = {} local s = string.rep('x', 1e6) for i = 1, 100 do t[i] = s end return t end)()))",
    ] {
        let outcome = show(&run_in(&mut interpreter, &mut Stub::default(), script));
        assert!(outcome.starts_with(refusal) || outcome.contains("not enough memory"), "{script}: {outcome}");
        assert!(interpreter.memory_bytes() < 10 << 20, "{script} left {} bytes", interpreter.memory_bytes());
        assert_eq!(show(&run_in(&mut interpreter, &mut Stub::default(), "return 'fine'")), "\"fine\"");
    }
}

#[test]
fn memory_that_a_script_frees_it_may_use_again() {
    let mut interpreter = Interpreter::new(Limits { memory_bytes_max: 8 << 20 }).expect("an interpreter");
    for script in [
        "for i = 1, 200 do local s = string.rep('x', 1e6) end return 1",
        "local live = string.rep('y', 4e6) local t for i = 1, 300000 do t = {i} end return 1",
        "local s = '' for i = 1, 3000 do s = s .. 'xxxxxxxxxx' end return 1",
        "pcall(string.rep, 'x', 1e9) return 1",
    ] {
        assert_eq!(show(&run_in(&mut interpreter, &mut Stub::default(), script)), ":1", "{script}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let overflow = |script: &str, text: &str| {
        let outcome = shown(script);
        assert!(outcome.contains(text), "{script}: {}", &outcome[..outcome.len().min(300)]);
    };
    overflow("local function f() return 1 + f() end return f()", "stack overflow");
    overflow(
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x",
        "stack overflow",
    );
    overflow(
        "return loadstring(string.rep('(', 300) .. '1' .. string.rep(')', 300)) or 'refused'",
        "refused",
    );
    overflow("return string.find(string.rep('a', 5000), string.rep('a?', 5000))", "pattern too complex");
    overflow("return string.find('a', string.rep('(', 40))", "too many captures");
    overflow("local function f() return coroutine.wrap(f)() end return f()", "C stack overflow");
    overflow("local t = {} t[1] = t return t", "reached lua stack limit");
    overflow("local t = {} t.map = {} t.map.x = t return t", "reached lua stack limit");
    overflow("local t = {} t.set = {} t.set[t] = true return t", "reached lua stack limit");
    overflow(
        "cjson.decode_max_depth(1e6) return cjson.decode(string.rep('[', 1e5))",
        "Found too many nested data",
    );
    overflow(
        "cjson.encode_max_depth(1e6) local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)",
        "excessive nesting",
    );
    overflow(
        "cjson.encode_max_depth(1e6) local t = {} for i = 1, 1e5 do t = {a = t} end return cjson.encode(t)",
        "excessive nesting",
    );
    overflow("return cmsgpack.unpack(string.rep('\\145', 1e5))", "stack overflow");
    overflow("return xpcall(function() error('x') end, function(e) error(e) end)", "_");
}

#[test]
fn an_answer_is_bounded() {
    let mut interpreter = Interpreter::new(Limits { memory_bytes_max: 2 << 20 }).expect("an interpreter");
    let script = "local t = {1} for i = 1, 40 do t = {t, t} end return t";
    let outcome = show(&run_in(&mut interpreter, &mut Stub::default(), script));
    assert_eq!(outcome, "-ERR the script's answer has more than 2097152 bytes");
}

#[test]
fn a_panic_of_the_surroundings_passes_and_leaves_no_trace() {
    let mut interpreter = interpreter();
    for script in [
        "redis.call('panic')",
        "pcall(redis.call, 'panic') return 1",
        "coroutine.wrap(function() pcall(redis.pcall, 'panic') end)()",
    ] {
        let panicked =
            catch_unwind(AssertUnwindSafe(|| run_in(&mut interpreter, &mut Stub::default(), script)));
        assert!(panicked.is_err(), "{script}");
        assert_eq!(show(&run_in(&mut interpreter, &mut Stub::default(), "return 1")), ":1");
    }
}

#[test]
fn runs_leave_nothing_to_each_other() {
    let mut interpreter = interpreter();
    let mut around = Stub::default();
    for (first, second, expected) in [
        ("return KEYS[1]", "return rawget(_G, 'KEYS')[1]", "_"),
        ("redis.setresp(3) return 1", "return redis.call('get', 'missing')", "_"),
        ("pcall(rawset, _G, 'x', 1) return 1", "return rawget(_G, 'x')", "_"),
        ("pcall(table.insert, redis, 1) return 1", "return redis[1]", "_"),
        ("pcall(table.insert, _G, 1) return 1", "return rawget(_G, 1)", "_"),
        ("table.sort(_G) table.remove(redis) return 1", "return type(redis.call)", "\"function\""),
        (
            "local n, t = pairs(redis) pcall(rawset, t, 'x', 1) pcall(function() t.x = 1 end) return 1",
            "return redis.x",
            "_",
        ),
        ("pcall(function() getmetatable('').__index.x = 1 end) return 1", "return ('').x", "_"),
        ("pcall(function() getmetatable('').x = 1 end) return 1", "return getmetatable('').x", "_"),
        (
            "pcall(function() getmetatable(_G).__index = function() return 1 end end) return 1",
            "return pcall(function() return nothing end)",
            "_",
        ),
        ("pcall(setmetatable, string, {}) return 1", "return getmetatable(string)", "_"),
        ("pcall(setmetatable, '', {}) return 1", "return ('x'):rep(2)", "\"xx\""),
        ("collectgarbage('stop') return 1", "return collectgarbage('setpause')", ":200"),
        ("table.foreach(redis, function(k, v) end) return 1", "return #redis", ":0"),
        ("string.format = nil", "return string.format('%d', 1)", "\"1\""),
        ("redis = nil", "return type(redis)", "\"table\""),
        (
            "for k, v in pairs(_G) do if type(v) == 'table' then pcall(rawset, v, 'x', 1) pcall(function() v.x = 1 end) end end return 1",
            "for k, v in pairs(_G) do if type(v) == 'table' and k ~= 'KEYS' and k ~= 'ARGV' and rawget(v, 'x') then return k end end return 'none'",
            "\"none\"",
        ),
    ] {
        let _ = run_with(&mut interpreter, &mut around, first, &["key"], &["argument"]);
        assert_eq!(show(&run_in(&mut interpreter, &mut around, second)), expected, "{second} after {first}");
    }
}

#[test]
fn there_is_no_bytecode_and_no_way_out() {
    for (script, expected) in [
        ("return loadstring(string.dump(function() return 1 end)) == nil", ":1"),
        (
            "local d, done = string.dump(function() return 1 end) return load(function() if not done then done = true return d end end) == nil",
            ":1",
        ),
        (
            "local s, n = string.dump(function() return 1 end), 0 return load(function() n = n + 1 return n <= #s and s:sub(n, n) or nil end) == nil",
            ":1",
        ),
    ] {
        assert_eq!(shown(script), expected, "{script}");
    }
    for name in [
        "io", "os", "debug", "package", "require", "module", "dofile", "loadfile", "print", "getfenv",
        "setfenv", "newproxy", "host", "jit", "ffi",
    ] {
        assert_eq!(shown(&format!("return rawget(_G, '{name}')")), "_", "{name}");
        assert!(shown(&format!("return {name}")).contains("nonexistent global variable"), "{name}");
    }
    // A compiled script is held to its own text, not to a name.
    assert_eq!(
        shown("\u{1b}Lua"),
        "-ERR Error compiling script (new function): user_script:1: unexpected symbol near 'char(27)'"
    );
}

#[test]
fn many_scripts_do_not_pile_up() {
    let mut interpreter = interpreter();
    for number in 0..5000 {
        let outcome = run_in(&mut interpreter, &mut Stub::default(), &format!("return {number}"));
        assert_eq!(show(&outcome), format!(":{number}"));
    }
    assert!(interpreter.memory_bytes() < 16 << 20, "{} bytes", interpreter.memory_bytes());
    interpreter.forget_scripts();
    assert_eq!(show(&run_in(&mut interpreter, &mut Stub::default(), "return 1")), ":1");
}

#[test]
fn thousands_of_arguments_pass() {
    let script =
        "local t = {} for i = 1, 7900 do t[i] = 'argument' .. i end return redis.call('count', unpack(t))";
    assert_eq!(shown(script), ":7901");
    let keys: Vec<String> = (0..20_000).map(|number| format!("key{number}")).collect();
    let source = "return {#KEYS, KEYS[20000]}";
    let outcome = interpreter().run(
        &dredis_lua::sha1_hex(source.as_bytes()),
        source.as_bytes(),
        &keys,
        &[],
        &mut Stub::default(),
    );
    assert_eq!(show(&outcome), "[:20000 \"key19999\"]");
}
