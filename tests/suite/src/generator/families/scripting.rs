//! Scripts and functions: those that a table names, and scripts that make the requests of other families.

use crate::generator::Part::*;
use crate::generator::{Part, Row};
use crate::normalise::{Rule, rule};
use crate::notation::Request;
use crate::random::Random;

/// Scripts that make the request that their arguments are, and answer what it answers.
const CALLERS: &[&str] = &[
    "return redis.call(unpack(ARGV))",
    "return redis.pcall(unpack(ARGV))",
    "redis.setresp(3) return redis.call(unpack(ARGV))",
    "redis.setresp(3)\nreturn redis.pcall(unpack(ARGV))",
    "local reply = redis.pcall(unpack(ARGV)) return {type(reply), reply, 'end'}",
    "#!lua flags=no-writes\nreturn redis.call(unpack(ARGV))",
];

/// Those of them that wrap a reply in something else.
const WRAPPING: usize = 4;

/// Scripts that say something by themselves.
const SCRIPTS: &[&[Part]] = &[
    &[Text("return 1")],
    &[Text("return {1, 2.9, 'three', true, false, 4}")],
    &[Text("return {1, nil, 3}")],
    &[Text("return {{}, {{'deep'}}, {ok='fine'}, {err='ODD thing'}}")],
    &[Text("return {KEYS, ARGV, #KEYS, #ARGV}")],
    &[Text("return {double=3.25}")],
    &[Text("redis.setresp(3) return {map={a=1}}")],
    &[Text("redis.setresp(3) return {set={one=true}}")],
    &[Text(
        "redis.setresp(3) return {true, false, {double=1e100}, {big_number='123456789012345678901234567890'}}",
    )],
    &[Text("return {verbatim_string={format='txt', string='text'}}")],
    &[Text("return 9007199254740993")],
    &[Text("return -1.5")],
    &[Text("return tostring(1e15) .. ' ' .. tostring(0.1)")],
    &[Text("return redis.error_reply('MY error')")],
    &[Text("return redis.error_reply('-MY other error')")],
    &[Text("return redis.status_reply('fine')")],
    &[Text("return {ok='two\\r\\nlines'}")],
    &[Text("return redis.sha1hex('')")],
    &[Text("return redis.call('select', 1)")],
    &[Text("redis.call('select', 1) return redis.call('set', KEYS[1], ARGV[1])")],
    &[Text("redis.call('set', KEYS[1], 'before') return redis.call('lpush', KEYS[1], 'x')")],
    &[Text("for i = 1, 10 do redis.call('incr', KEYS[1]) end return redis.call('get', KEYS[1])")],
    &[Text("local found = redis.call('mget', unpack(KEYS)) return {#found, found}")],
    &[Text("return {redis.pcall('nonsense'), redis.pcall('get'), redis.pcall('multi')}")],
    &[Text("return redis.call('nonsense')")],
    &[Text("return redis.call('get')")],
    &[Text("return redis.call('config', 'get', 'x')")],
    &[Text("return redis.call()")],
    &[Text("return redis.call({})")],
    &[Text("return redis.call('set', KEYS[1], nil)")],
    &[Text("return redis.call('set', KEYS[1], 1.5) ")],
    &[Text("return error('plain')")],
    &[Text("return error({err='TABLE error'})")],
    &[Text("return nothing.at.all")],
    &[Text("x = 1")],
    &[Text("return (")],
    &[Text("return pcall(function() return redis.call('nonsense') end)")],
    &[Text("return cjson.encode({1, {a='b'}, cjson.null})")],
    // Settings stay for later scripts.
    &[Text("return {cjson.encode(1/3), cjson.encode_number_precision(4)}")],
    &[Text("return {cjson.encode_sparse_array(true, 3)}")],
    &[Text("return cjson.encode({[3]=1/3, [20]=1})")],
    &[Text("return cjson.decode('{\"a\": [1, 2.5, \"x\"]}').a")],
    &[Text("return cmsgpack.unpack(cmsgpack.pack({1, 'two', {three=3}}))")],
    &[Text("return bit.tohex(bit.bxor(0xff00, 0x0ff0))")],
    &[Text("return struct.pack('>I2s', 258, 'abc')")],
    &[Text("math.randomseed(3) return tostring(math.random()) .. math.random(100)")],
    &[Text("return {type(redis.REDIS_VERSION), redis.REDIS_VERSION_NUM, redis.REPL_ALL}")],
    &[Text("redis.set_repl(redis.REPL_ALL) return redis.replicate_commands()")],
    &[Text("redis.setresp(4)")],
    &[Text("#!lua\nreturn redis.call('set', KEYS[1], 'x')")],
    &[Text("#!lua flags=no-writes,allow-stale\nreturn redis.call('get', KEYS[1])")],
    &[Text("#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], 'x')")],
    &[Text("#!lua flags=nonsense\nreturn 1")],
    &[Text("#!lua name=x\nreturn 1")],
    &[Text("#!python\nreturn 1")],
    &[ShortValue],
];

/// The SHA-1s of `return 1`, of another script above, in capitals, and of none.
const SHAS: &[&[Part]] = &[
    &[Text("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")],
    &[Text("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB")],
    &[Text("7f923f79fe76194c868d7e1d0820de36700eb649")],
    &[Text("ffffffffffffffffffffffffffffffffffffffff")],
    &[ShortValue],
];

/// Keys after their number, and some arguments.
const GIVEN: &[&[Part]] = &[
    &[Text("0")],
    &[CountedKeys, Repeat(0, 2, &[ShortValue])],
    &[CountedKeys, Repeat(0, 2, &[ShortValue])],
    &[Text("1"), Key, ShortValue],
    &[Integer, Repeat(0, 2, &[Key])],
];

const LIBRARIES: &[&[Part]] = &[
    &[Text("#!lua name=one\nredis.register_function('echo', function(keys, args) return {keys, args} end)")],
    &[Text(
        "#!lua name=one\nredis.register_function('put', function(keys) return redis.call('set', keys[1], 'put') end)",
    )],
    &[Text(
        "#!lua name=two\nredis.register_function{function_name='look', description='looks', flags={'no-writes'}, \
        callback=function(keys) return redis.call('get', keys[1]) end}",
    )],
    &[Text("#!lua name=two\nredis.register_function('ECHO', function() return 'other' end)")],
    &[Text(
        "#!lua name=three\nredis.register_function{function_name='bad', flags={'no-writes'}, \
        callback=function(keys) return redis.call('del', keys[1]) end}",
    )],
    &[Text(
        "#!lua name=three\nlocal count = 0 redis.register_function('count', function() count = count + 1 return count end)",
    )],
    &[Text("#!lua name=empty\nlocal x = 1")],
    &[Text("#!lua name=wrong-name\n")],
    &[Text("#!lua\n")],
    &[Text("#!ruby name=x\n")],
    &[Text("#!lua name=broken\nredis.register_function(")],
    &[Text("#!lua name=broken\nredis.register_function('x')")],
    &[Text("#!lua name=broken\nredis.register_function{function_name='x', callback=1}")],
    &[Text("#!lua name=broken\nredis.register_function('x y', function() end)")],
    &[Text("#!lua name=broken\nredis.call('get', 'x')")],
    &[ShortValue],
];

const NAMES: &[&[Part]] =
    &[&[Word("echo")], &[Text("put")], &[Text("look")], &[Text("bad")], &[Text("count")], &[ShortValue]];
const LIBRARY_NAMES: &[&[Part]] =
    &[&[Text("one")], &[Text("two")], &[Text("three")], &[Text("One")], &[ShortValue]];
const HOW: &[&[Part]] = &[&[], &[], &[Word("ASYNC")], &[Word("SYNC")], &[ShortValue]];

pub(super) static TABLE: &[Row] = &[
    Row::one(12, &[&[Word("EVAL"), OneOf(SCRIPTS), OneOf(GIVEN)]]),
    Row::one(5, &[&[Word("EVAL_RO"), OneOf(SCRIPTS), OneOf(GIVEN)]]),
    Row::one(3, &[&[Word("EVALSHA"), OneOf(SHAS), OneOf(GIVEN)]]),
    Row::one(2, &[&[Word("EVALSHA_RO"), OneOf(SHAS), OneOf(GIVEN)]]),
    Row::one(2, &[&[Word("SCRIPT"), Word("LOAD"), OneOf(SCRIPTS)]]),
    Row::one(2, &[&[Word("SCRIPT"), Word("EXISTS"), Repeat(1, 3, &[OneOf(SHAS)])]]),
    Row::one(1, &[&[Word("SCRIPT"), Word("FLUSH"), OneOf(HOW)]]),
    Row::one(1, &[&[Word("SCRIPT"), OneOf(&[&[Word("KILL")], &[Word("HELP")], &[ShortValue]])]]),
    Row::one(5, &[&[Word("FUNCTION"), Word("LOAD"), Optional(&[Word("REPLACE")]), OneOf(LIBRARIES)]]),
    Row::one(2, &[&[Word("FUNCTION"), Word("DELETE"), OneOf(LIBRARY_NAMES)]]),
    Row::one(
        2,
        &[&[
            Word("FUNCTION"),
            Word("LIST"),
            Shuffled(&[&[Word("WITHCODE")], &[Word("LIBRARYNAME"), Pattern], &[ShortValue]]),
        ]],
    ),
    Row::one(1, &[&[Word("FUNCTION"), Word("FLUSH"), OneOf(HOW)]]),
    Row::one(1, &[&[Word("FUNCTION"), OneOf(&[&[Word("STATS")], &[Word("DUMP")], &[Word("HELP")]])]]),
    Row::one(
        1,
        &[&[
            Word("FUNCTION"),
            Word("RESTORE"),
            OneOf(&[&[Text("\n\0]\u{9b}")], &[ShortValue], &[Value]]),
            OneOf(&[&[], &[Word("FLUSH")], &[Word("APPEND")], &[Word("REPLACE")], &[ShortValue]]),
        ]],
    ),
    Row::one(6, &[&[Word("FCALL"), OneOf(NAMES), OneOf(GIVEN)]]),
    Row::one(3, &[&[Word("FCALL_RO"), OneOf(NAMES), OneOf(GIVEN)]]),
];

/// A request that lets a script make this one.
pub(crate) fn called_by_script(random: &mut Random, request: Request) -> Request {
    let name = random.pick(&["EVAL", "EVAL", "EVAL", "EVAL_RO"]);
    // A reply within another is compared byte for byte.
    let is_exact = rule(&request) == Rule::Exact;
    let callers = if is_exact { CALLERS } else { &CALLERS[..WRAPPING] };
    let mut wrapped = vec![name.as_bytes().to_vec(), random.pick(callers).as_bytes().to_vec(), b"0".to_vec()];
    wrapped.extend(request);
    wrapped
}

/// The request that a script makes for this one, if it answers no more than that.
pub(crate) fn called(request: &[Vec<u8>]) -> Option<&[Vec<u8>]> {
    let [name, script, count, called @ ..] = request else { return None };
    let is_caller = CALLERS
        .iter()
        .enumerate()
        .any(|(index, caller)| index != WRAPPING && caller.as_bytes() == script.as_slice());
    let is_eval = name.to_ascii_uppercase().starts_with(b"EVAL");
    (is_eval && is_caller && count == b"0" && !called.is_empty()).then_some(called)
}
