//! LZF, the compression of strings in RDB data.
//!
//! A control byte below 32 is followed by so many bytes plus one, as they are. Any other refers to bytes that were there
//! before: its upper three bits are the length minus 2 (7: the next byte is added to it), its lower five and
//! the byte after are the distance minus 1.

/// The shortest and the longest run that is referred to.
const RUN_BYTES_MIN: usize = 3;
const RUN_BYTES_MAX: usize = 264;
/// How far back a reference goes.
const DISTANCE_MAX: usize = 8192;
/// The most bytes after one control byte.
const LITERALS_MAX: usize = 32;
/// Three bytes of reference for the longest run: nothing expands more.
const EXPANSION_MAX: u64 = 88;

/// The places of runs that begin alike are looked up in a table of so many bits: as many as the places need, so that short
/// strings do not pay for a large table.
const TABLE_BITS_MIN: u32 = 6;
const TABLE_BITS_MAX: u32 = 14;

/// Whether so many bytes can be expanded to so many.
pub(super) fn is_plausible(compressed: u64, expanded: u64) -> bool {
    expanded <= compressed.saturating_mul(EXPANSION_MAX)
}

/// Expands to exactly `expanded` bytes, added to `out`; `None` if this is not what it was made of. Callers see to it that
/// the length [is plausible](is_plausible).
pub(super) fn decompress(mut from: &[u8], expanded: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    out.reserve_exact(expanded);
    while let Some((control, rest)) = from.split_first() {
        let control = usize::from(*control);
        from = rest;
        if control < LITERALS_MAX {
            let (literals, rest) = from.split_at_checked(control + 1)?;
            from = rest;
            out.extend_from_slice(literals);
        } else {
            let mut length = (control >> 5) + 2;
            if length == 9 {
                let (more, rest) = from.split_first()?;
                length += usize::from(*more);
                from = rest;
            }
            let (low, rest) = from.split_first()?;
            from = rest;
            let distance = ((control & 0x1f) << 8 | usize::from(*low)) + 1;
            let at = out.len().checked_sub(distance).filter(|at| *at >= start)?;
            if out.len() - start + length > expanded {
                return None;
            }
            if distance >= length {
                out.extend_from_within(at..at + length);
            } else {
                // The run overlaps with itself: its own beginning is repeated.
                for place in at..at + length {
                    out.push(*out.get(place)?);
                }
            }
        }
        if out.len() - start > expanded {
            return None;
        }
    }
    (out.len() - start == expanded).then_some(())
}

/// Compresses bytes; `None` if that does not make them shorter by at least 4 bytes.
pub(super) fn compress(from: &[u8]) -> Option<Vec<u8>> {
    let room = from.len().checked_sub(4)?;
    let mut out = Vec::with_capacity(room);
    // The last place, plus one, at which three bytes of this hash began.
    let table_bits = from.len().ilog2().saturating_add(1).clamp(TABLE_BITS_MIN, TABLE_BITS_MAX);
    let mut places = vec![0_u32; 1 << table_bits];
    let (mut at, mut literals) = (0, 0);
    while let Some(next) = from.get(at..at + RUN_BYTES_MIN) {
        let word = u32::from_le_bytes([next[0], next[1], next[2], 0]);
        let slot = (word.wrapping_mul(2_654_435_761) >> (u32::BITS - table_bits)) as usize;
        let before = places[slot] as usize;
        places[slot] = u32::try_from(at + 1).ok()?;
        let run = match before.checked_sub(1) {
            Some(before) if at - before <= DISTANCE_MAX => common(from, before, at),
            _ => 0,
        };
        if run < RUN_BYTES_MIN {
            at += 1;
            continue;
        }
        put_literals(&mut out, &from[literals..at]);
        let (distance, length) = (at - before, run - 2);
        if length < 7 {
            out.push((length << 5 | distance >> 8) as u8);
        } else {
            out.extend_from_slice(&[(7 << 5 | distance >> 8) as u8, (length - 7) as u8]);
        }
        out.push(distance as u8);
        if out.len() > room {
            return None;
        }
        at += run;
        literals = at;
    }
    put_literals(&mut out, &from[literals..]);
    (out.len() <= room).then_some(out)
}

/// How many bytes from two places on are the same.
fn common(bytes: &[u8], before: usize, at: usize) -> usize {
    let pairs = bytes[before..].iter().zip(&bytes[at..]);
    pairs.take(RUN_BYTES_MAX).take_while(|(left, right)| left == right).count()
}

fn put_literals(out: &mut Vec<u8>, literals: &[u8]) {
    for run in literals.chunks(LITERALS_MAX) {
        out.push((run.len() - 1) as u8);
        out.extend_from_slice(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn what_is_compressed_expands_again() {
        let mut random = Random::new(5);
        let mut compressed = 0;
        for round in 0..400 {
            let letters = 1 + random.below(6);
            let length = random.below([40, 400, 30_000][round % 3]) as usize;
            let mut text: Vec<u8> = (0..length).map(|_| b'a' + random.below(letters) as u8).collect();
            if round % 4 == 0 {
                text = text.iter().flat_map(|byte| vec![*byte; 300]).take(60_000).collect();
            }
            let Some(packed) = compress(&text) else { continue };
            compressed += 1;
            assert!(packed.len() + 4 <= text.len() && is_plausible(packed.len() as u64, text.len() as u64));
            let mut out = b"before".to_vec();
            decompress(&packed, text.len(), &mut out).unwrap();
            assert!(out.strip_prefix(b"before") == Some(&text), "round {round}");
            for wrong in [text.len() - 1, text.len() + 1] {
                assert_eq!(decompress(&packed, wrong, &mut Vec::new()), None);
            }
            assert_eq!(decompress(&packed[..packed.len() - 1], text.len(), &mut Vec::new()), None);
        }
        assert!(compressed > 100, "{compressed}");
    }

    #[test]
    fn noise_neither_panics_nor_grows_beyond_its_claim() {
        let mut random = Random::new(6);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.below(30)).map(|_| random.next_u64() as u8).collect();
            let mut out = Vec::new();
            decompress(&bytes, random.below(600) as usize, &mut out);
            assert!(out.len() <= 600 + 32);
        }
        assert_eq!(decompress(&[0x20, 0], 3, &mut b"earlier".to_vec()), None, "before its own beginning");
        assert_eq!(compress(b"1234"), None);
    }
}
