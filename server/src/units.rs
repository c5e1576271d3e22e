//! Amounts as Redis writes them.

/// Bytes, with one of Redis's units or without: `k` is 1000, `kb` is 1024, and so on.
pub fn memory(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_knows_redis_units() {
        assert_eq!(memory(b"1kb"), Some(1024));
        assert_eq!(memory(b"2M"), Some(2_000_000));
        assert_eq!(memory(b"9223372036854775807gb"), None);
        assert_eq!(memory(b"kb"), None);
        assert_eq!(memory(b"1 kb"), None);
    }
}
