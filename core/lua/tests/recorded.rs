//! Scripts with the replies that redis-server 7.0.15 gave to them.
//!
//! In `cases/`, each case is a script, a line that opens with `=> ` and shows the reply, and an empty line with dashes.
//! They were recorded by EVAL over RESP3, with the keys that `common::Stub` knows.

mod common;

use common::{Stub, interpreter, run_in, show};

/// Runs all cases of a file in one interpreter, as a server would.
fn check(cases: &str) {
    let mut interpreter = interpreter();
    let mut around = Stub::default();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.trim_end_matches("\n----\n").split("\n----\n").filter(|case| !case.trim().is_empty()) {
        let (script, expected) = case.rsplit_once("\n=> ").expect("a case has a reply");
        let script = script.trim_start_matches('\n');
        let got = show(&run_in(&mut interpreter, &mut around, script));
        count += 1;
        if got != expected {
            wrong.push(format!("{script}\n  redis {}\n  ours  {got}", expected));
        }
    }
    assert!(count > 10, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! recorded {
    ($($name:ident: $file:literal,)*) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("cases/", $file)));
        })*
    };
}

recorded! {
    the_sandbox: "sandbox.txt",
    strings_and_answers: "strings.txt",
    cjson: "json.txt",
    cmsgpack: "msgpack.txt",
    the_struct_library: "struct.txt",
    the_bit_library: "bit.txt",
}
