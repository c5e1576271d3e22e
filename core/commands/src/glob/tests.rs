//! Patterns and what they match, with answers taken from Redis.

use dredis_data::Random;

use super::*;

fn check(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive)
}

#[test]
fn plain_patterns() {
    assert!(check("", ""));
    assert!(check("h?llo", "hello"));
    assert!(!check("h?llo", "hllo"));
    assert!(check("h*llo", "hllo"));
    assert!(check("h*llo", "heeeello"));
    assert!(check("h[ae]llo", "hallo"));
    assert!(!check("h[^e]llo", "hello"));
    assert!(check("h[a-b]llo", "hbllo"));
    assert!(check("h[b-a]llo", "hbllo"));
    assert!(check(r"h\*llo", "h*llo"));
    assert!(!check(r"h\*llo", "hello"));
    assert!(check("a**", "a"));
    assert!(!check("ab", "a"));
    assert!(!check("a", "ab"));
}

#[test]
fn slips_of_redis_are_kept() {
    // Observed on redis-server 7.0.15 with KEYS.
    assert!(!check("*", ""));
    assert!(!check("**", ""));
    assert!(check("[ab", "b"));
    assert!(check("[^", "x"));
    assert!(!check("[", "["));
    assert!(!check("[]", "]"));
    assert!(check(r"a\", r"a\"));
    assert!(check(r"[\]]", "]"));
    assert!(check(r"[\", r"\"));
    assert!(check("[a-]", "_"));
    assert!(matches(b"[\x01-\xff]", b"\xff", Case::Sensitive));
    assert!(!matches(b"[\x01-\xff]", b"a", Case::Sensitive));
}

#[test]
fn case_may_be_ignored() {
    assert!(matches(b"MaX[a-c]*", b"mAxB-1", Case::Insensitive));
    assert!(!matches(b"MaX*", b"max", Case::Sensitive));
    assert!(!matches(br"[\a]", b"A", Case::Insensitive));
}

#[test]
fn many_stars_cost_no_more_than_a_product() {
    let pattern = b"a*".repeat(2000);
    let text = vec![b'a'; 20_000];
    let mut wrong_end = pattern.clone();
    wrong_end.push(b'b');
    assert!(matches(&pattern, &text, Case::Sensitive));
    assert!(!matches(&wrong_end, &text, Case::Sensitive));
}

#[test]
fn literal_prefixes() {
    let of = |pattern: &str| {
        let found = literal(pattern.as_bytes());
        (String::from_utf8(found.prefix).unwrap(), found.is_whole)
    };
    assert_eq!(of("user:*"), ("user:".into(), false));
    assert_eq!(of("user:1"), ("user:1".into(), true));
    assert_eq!(of(r"a\*b?"), ("a*b".into(), false));
    assert_eq!(of(r"a\"), (r"a\".into(), true));
    assert_eq!(of("[a]b"), ("".into(), false));
    assert_eq!(of(""), ("".into(), true));
}

/// The same rules said by trying everything: what a star leaves over is tried at each place.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => naive(rest, text),
        (Some((b'*', rest)), Some((_, shorter))) => naive(rest, text) || naive(pattern, shorter),
        (Some(_), Some((first, shorter))) => {
            element(pattern, *first, Case::Sensitive).is_some_and(|width| naive(&pattern[width..], shorter))
        }
        _ => false,
    }
}

#[test]
fn random_patterns_agree_with_trying_everything() {
    let mut random = Random::new(7);
    let mut word = |alphabet: &[u8], least: u64, most: u64| -> Vec<u8> {
        let length = least + random.below(most - least + 1);
        (0..length).map(|_| alphabet[random.below(alphabet.len() as u64) as usize]).collect()
    };
    let mut matched = 0;
    for _ in 0..20_000 {
        let pattern = word(b"ab**?[]^-\\", 0, 8);
        let text = word(b"ab]^-\\", 1, 6);
        let expected = naive(&pattern, &text);
        assert_eq!(matches(&pattern, &text, Case::Sensitive), expected, "{pattern:?} {text:?}");
        if expected {
            matched += 1;
            let found = literal(&pattern);
            assert!(text.starts_with(&found.prefix), "{pattern:?} {text:?}");
            assert!(!found.is_whole || text == found.prefix, "{pattern:?} {text:?}");
        }
    }
    assert!(matched > 500, "{matched}");
}
