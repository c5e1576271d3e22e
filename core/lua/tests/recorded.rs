//! Scripts with the replies that redis-server 7.0.15 gave to them.
//!
//! In `cases/`, each case is a script, a line that opens with `=> ` and shows the reply, and an empty line with dashes.
//! They were recorded by EVAL over RESP3, with the keys that `common::Stub` knows; those that stand [one by one](Cases::OneByOne) with SCRIPT FLUSH
//! between them, which takes settings back.

mod common;

use common::{LIMITS, Stub, run_in, show};
use dredis_lua::{Interpreter, JsonSettings};

/// Whether a case finds the settings that those before it have left.
#[derive(Clone, Copy, PartialEq)]
enum Cases {
    OneByOne,
    OneAfterAnother,
}
use Cases::{OneAfterAnother, OneByOne};

/// Runs all cases of a file in one interpreter, as a server would.
fn check(cases: &str, how: Cases) {
    let settings = JsonSettings::default();
    let mut interpreter = Interpreter::with_settings(LIMITS, settings.clone()).expect("an interpreter");
    let mut around = Stub::default();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.trim_end_matches("\n----\n").split("\n----\n").filter(|case| !case.trim().is_empty()) {
        let (script, expected) = case.rsplit_once("\n=> ").expect("a case has a reply");
        let script = script.trim_start_matches('\n');
        let got = show(&run_in(&mut interpreter, &mut around, script));
        count += 1;
        if how == OneByOne {
            settings.forget_scripts();
        }
        if got != expected {
            wrong.push(format!("{script}\n  redis {}\n  ours  {got}", expected));
        }
    }
    assert!(count > 10, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! recorded {
    ($($name:ident: $file:literal $how:expr,)*) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("cases/", $file)), $how);
        })*
    };
}

recorded! {
    the_sandbox: "sandbox.txt" OneByOne,
    strings_and_answers: "strings.txt" OneByOne,
    cjson: "json.txt" OneByOne,
    settings_of_cjson_last: "json_settings.txt" OneAfterAnother,
    pcall_of_our_own_functions: "pcall.txt" OneByOne,
    cmsgpack: "msgpack.txt" OneByOne,
    the_struct_library: "struct.txt" OneByOne,
    the_bit_library: "bit.txt" OneByOne,
}
