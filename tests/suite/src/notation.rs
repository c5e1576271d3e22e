//! How tests and reports write requests and replies down: requests as redis-cli takes them, replies on one
//! line, in a way that tells any two apart whose bytes differ.

use crate::resp::Value;

/// A request: the command's name and its arguments.
pub type Request = Vec<Vec<u8>>;

/// Reads a request written as for redis-cli: words, or strings in quotes with `\xHH`, `\n` and so on.
pub fn request(text: &str) -> Request {
    let mut words = Vec::new();
    let mut bytes = text.bytes().peekable();
    loop {
        while bytes.next_if(|byte| *byte == b' ').is_some() {}
        let Some(first) = bytes.next() else { return words };
        let mut word = Vec::new();
        if first == b'"' || first == b'\'' {
            loop {
                match bytes.next() {
                    None => panic!("a quote is not closed in: {text}"),
                    Some(byte) if byte == first => break,
                    Some(b'\\') if first == b'"' => word.push(escape(&mut bytes, text)),
                    Some(byte) => word.push(byte),
                }
            }
        } else {
            word.push(first);
            while let Some(byte) = bytes.next_if(|byte| *byte != b' ') {
                word.push(byte);
            }
        }
        words.push(word);
    }
}

fn escape(bytes: &mut impl Iterator<Item = u8>, text: &str) -> u8 {
    let mut next = || bytes.next().unwrap_or_else(|| panic!("an escape is cut short in: {text}"));
    match next() {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        b'x' => {
            let digits = [next(), next()];
            let parsed = std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
            parsed.unwrap_or_else(|| panic!("\\x wants two hexadecimal digits in: {text}"))
        }
        other => other,
    }
}

/// Writes a request so that redis-cli, and [`request`], read it back.
pub fn show_request(request: &[impl AsRef<[u8]>]) -> String {
    let words: Vec<String> = request.iter().map(|word| show_word(word.as_ref())).collect();
    words.join(" ")
}

fn show_word(word: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'#');
    if !word.is_empty() && word.iter().all(plain) {
        String::from_utf8_lossy(word).into_owned()
    } else {
        quote(word)
    }
}

fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

/// Writes a reply: `+OK`, `-ERR ...`, `:1`, `"bulk"`, `$-1`, `*-1`, `_`, `[:1, "a"]`, `%{"k": :1}`, `~[...]`,
/// `>[...]`, `,1.5`, `#t`, `(12`, `=txt:...`.
pub fn show_reply(value: &Value) -> String {
    let list = |parts: &[Value]| parts.iter().map(show_reply).collect::<Vec<_>>().join(", ");
    let line = |mark: char, bytes: &[u8]| format!("{mark}{}", bare(bytes));
    match value {
        Value::Status(text) => line('+', text),
        Value::Error(text) => line('-', text),
        Value::Integer(number) => format!(":{number}"),
        Value::Bulk(bytes) => quote(bytes),
        Value::NullBulk => "$-1".to_owned(),
        Value::NullArray => "*-1".to_owned(),
        Value::Null => "_".to_owned(),
        Value::Array(parts) => format!("[{}]", list(parts)),
        Value::Set(parts) => format!("~[{}]", list(parts)),
        Value::Push(parts) => format!(">[{}]", list(parts)),
        Value::Map(parts) => {
            let pairs = parts.chunks(2).map(|pair| {
                let shown: Vec<String> = pair.iter().map(show_reply).collect();
                shown.join(": ")
            });
            format!("%{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Double(text) => line(',', text),
        Value::Boolean(value) => if *value { "#t" } else { "#f" }.to_owned(),
        Value::BigNumber(text) => line('(', text),
        Value::Verbatim(text) => format!("={}", quote(text)),
    }
}

/// A line of the protocol, with what cannot be printed, and a space at its end, made visible.
fn bare(bytes: &[u8]) -> String {
    let quoted = quote(bytes);
    let text = quoted[1..quoted.len() - 1].replace("\\\"", "\"");
    match text.strip_suffix(' ') {
        Some(text) => format!("{text}\\x20"),
        None => text,
    }
}

/// Cuts a text for a report, in its middle.
pub fn shorten(text: &str, characters_max: usize) -> String {
    let count = text.chars().count();
    if count <= characters_max {
        return text.to_owned();
    }
    let half = characters_max / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head} ...({} characters)... {tail}", count - 2 * half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let words: Request = vec![
            b"SET".to_vec(),
            Vec::new(),
            (0..=255).collect(),
            b"it's \"quoted\"\\".to_vec(),
            b"#".to_vec(),
        ];
        assert_eq!(request(&show_request(&words)), words);
    }

    #[test]
    fn single_quotes_take_everything_as_it_is() {
        assert_eq!(request(r"ECHO 'a\x00 b'"), [b"ECHO".to_vec(), br"a\x00 b".to_vec()]);
    }
}
