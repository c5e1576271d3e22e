//! Command lines read and refused.

use dredis_contract::OptionValue;

use super::*;

fn parse_words(words: &[&str]) -> Result<Invocation, Failure> {
    parse(words.iter().map(OsString::from))
}

#[track_caller]
fn settings(words: &[&str]) -> Settings {
    match parse_words(words) {
        Ok(Invocation::Serve(settings)) => *settings,
        other => panic!("{words:?} gave {other:?}"),
    }
}

#[track_caller]
fn refusal(words: &[&str]) -> String {
    match parse_words(words) {
        Err(Failure::Usage(message)) => message,
        other => panic!("{words:?} gave {other:?}"),
    }
}

#[test]
fn no_arguments_are_the_defaults() {
    assert_eq!(settings(&[]), Settings::default());
}

#[test]
fn every_setting_is_read() {
    let words = "--host 0.0.0.0 --port=0 --unixsocket /tmp/s --dir d --backend ./x.so --backend-path p --backend-path q \
                 --appendfsync always --rdb f.rdb --flushall --readonly --requirepass secret --maxclients 5 --io-threads 3 \
                 --record-cache 3kb --gc-interval 7 --gc-batch-size 9 --debug --backend-option a=1 --backend-option b=\"x\"";
    let mut options = Options::new();
    options.set("a", OptionValue::Integer(1));
    options.set("b", OptionValue::Text("x".into()));
    let expected = Settings {
        host: "0.0.0.0".into(),
        port: 0,
        unixsocket: Some("/tmp/s".into()),
        dir: Some("d".into()),
        backend: "./x.so".into(),
        backend_options: options,
        backend_search_dirs: vec!["p".into(), "q".into()],
        appendfsync: DurabilityNeed::EveryCommit,
        rdb: Some("f.rdb".into()),
        flushall: true,
        readonly: true,
        requirepass: b"secret".to_vec(),
        maxclients: 5,
        io_threads: 3,
        record_cache_bytes: 3072,
        gc_interval_ms: 7,
        gc_batch_size: 9,
        debug: true,
    };
    assert_eq!(settings(&words.split_whitespace().collect::<Vec<_>>()), expected);
}

/// The help's table and the parser know the same options, with and without values.
#[test]
fn every_option_in_the_help_is_known() {
    for row in help::SECTIONS.iter().flat_map(|(_, rows)| *rows) {
        let option = format!("--{}", row.name);
        let outcome = parse_words(&[&option]);
        if row.value.is_empty() {
            assert!(outcome.is_ok(), "{option}: {outcome:?}");
        } else {
            assert!(refusal(&[&option]).contains("missing argument"), "{option}");
        }
        assert!(help::text().contains(&option));
    }
}

#[test]
fn inquiries() {
    assert_eq!(parse_words(&["-h", "--nonsense"]), Ok(Invocation::Print(Inquiry::Help)));
    assert_eq!(parse_words(&["-v"]), Ok(Invocation::Print(Inquiry::Version)));
    let search_dirs = vec![PathBuf::from("p")];
    assert_eq!(
        parse_words(&["--list-backends", "--backend-path", "p"]),
        Ok(Invocation::Print(Inquiry::Backends { search_dirs: search_dirs.clone() }))
    );
    assert_eq!(
        parse_words(&["--backend-path", "p", "--backend-help", "x"]),
        Ok(Invocation::Print(Inquiry::BackendOptions { backend: "x".into(), search_dirs }))
    );
}

#[test]
fn mistakes_say_what_to_do() {
    for (words, said) in [
        (&["--prot", "1"][..], "did you mean '--port'?"),
        (&["-x"], "unknown option '-x'"),
        (&["6379"], "unexpected argument '6379'"),
        (&["--port", "65536"], "--port takes a whole number from 0 to 65535, not '65536'"),
        (&["--port", "-1"], "not '-1'"),
        (&["--io-threads", "0"], "from 1 to 1024"),
        (&["--record-cache", "much"], "takes bytes, or a number with kb, mb or gb, not 'much'"),
        (&["--appendfsync", "yes"], "takes always, everysec or no"),
        (&["--flushall=1"], "--flushall"),
        (&["--dir", ""], "--dir needs a value"),
        (&["--backend-option", "size"], "takes NAME=JSON, not 'size'"),
        (&["--backend-option", "=1"], "takes NAME=JSON"),
        (
            &["--backend-option", "size=[1]"],
            "--backend-option size: takes null, true, false, a number or a string, not an array",
        ),
        (&["--backend-option", "size={}"], "not an object"),
        (&["--backend-option", "size=12,"], "'12,' is not JSON (trailing characters at line 1 column 3)"),
        (&["--backend-option", "size="], "give a value"),
        (
            &["--backend-option", "mode=fast"],
            "needs double quotes that the shell leaves in place: 'mode=\"fast\"'",
        ),
        (&["--backend-option", "size=9223372036854775808"], "above 9223372036854775807"),
    ] {
        let message = refusal(words);
        assert!(message.contains(said), "{words:?}: {message}");
        assert!(!message.contains('\n'));
    }
}

#[test]
fn numbers_without_a_fraction_are_integers() {
    let value = |text: &str| {
        let given = settings(&["--backend-option", &format!("o={text}")]).backend_options;
        given.get("o").cloned()
    };
    assert_eq!(value("1e6"), Some(OptionValue::Integer(1_000_000)));
    assert_eq!(value("-2.0"), Some(OptionValue::Integer(-2)));
    assert_eq!(value("0.5"), Some(OptionValue::Float(0.5)));
    assert_eq!(value("1e300"), Some(OptionValue::Float(1e300)));
    assert_eq!(value("true"), Some(OptionValue::Bool(true)));
    assert_eq!(value("null"), None);
}
