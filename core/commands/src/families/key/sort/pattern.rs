//! What BY and GET name: for each element the key that stands for it, or a field of the hash there.

use dredis_data::{Kind, Transaction};

use crate::errors::{CommandError, up_to_nul};

/// A pattern. An element's key is the pattern with the element in the place of its first star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// `#`: the element.
    Itself,
    /// There is no star in it: nothing.
    Nothing,
    /// A key's value.
    Key(Key<'a>),
}

/// The parts of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    before: &'a [u8],
    after: &'a [u8],
    /// The field of a hash; without one, the key is to hold a string.
    field: Option<&'a [u8]>,
}

/// Whether a pattern names different keys for different elements. As all that looks into patterns, this looks at no more
/// of it than C would of a string.
pub fn varies(text: &[u8]) -> bool {
    up_to_nul(text).contains(&b'*')
}

impl<'a> Pattern<'a> {
    /// Takes a pattern apart.
    pub fn new(text: &'a [u8]) -> Self {
        if up_to_nul(text) == b"#" {
            return Pattern::Itself;
        }
        let looked_at = up_to_nul(text);
        let Some(star) = looked_at.iter().position(|byte| *byte == b'*') else { return Pattern::Nothing };
        let arrow = looked_at[star + 1..].windows(2).position(|pair| pair == b"->");
        // An arrow at the end is a part of the key.
        let arrow = arrow.map(|at| star + 1 + at).filter(|at| at + 2 < looked_at.len());
        let end = arrow.unwrap_or(text.len());
        Pattern::Key(Key {
            before: &text[..star],
            after: &text[star + 1..end],
            field: arrow.map(|at| &text[at + 2..]),
        })
    }

    /// What it names for each element of a page; `None` where that is absent or of another type.
    pub fn values(
        &self,
        txn: &Transaction<'_>,
        db: u32,
        elements: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>, CommandError> {
        let key = match self {
            Pattern::Itself => return Ok(elements.iter().cloned().map(Some).collect()),
            Pattern::Nothing => return Ok(vec![None; elements.len()]),
            Pattern::Key(key) => key,
        };
        let mut values = Vec::with_capacity(elements.len());
        let keys: Vec<Vec<u8>> = elements.iter().map(|element| key.of(element)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        for entry in txn.find_many(db, &keys)? {
            values.push(match (entry, key.field) {
                (Some(entry), None) if entry.kind() == Kind::String => Some(txn.string_value(&entry)?),
                (Some(entry), Some(field)) if entry.kind() == Kind::Hash => {
                    super::source::field_of(txn, &entry, field)?
                }
                _ => None,
            });
        }
        Ok(values)
    }
}

impl Key<'_> {
    fn of(&self, element: &[u8]) -> Vec<u8> {
        [self.before, element, self.after].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let key = |before: &'static str, after: &'static str, field: Option<&'static str>| {
            let field = field.map(str::as_bytes);
            Pattern::Key(Key { before: before.as_bytes(), after: after.as_bytes(), field })
        };
        assert_eq!(Pattern::new(b"#"), Pattern::Itself);
        assert_eq!(Pattern::new(b"weight"), Pattern::Nothing);
        assert_eq!(Pattern::new(b"x\0*"), Pattern::Nothing);
        assert_eq!(Pattern::new(b"*"), key("", "", None));
        assert_eq!(Pattern::new(b"a->b_*_*"), key("a->b_", "_*", None));
        assert_eq!(Pattern::new(b"h_*->f"), key("h_", "", Some("f")));
        assert_eq!(Pattern::new(b"h_*_x->f->g"), key("h_", "_x", Some("f->g")));
        assert_eq!(Pattern::new(b"h_*->"), key("h_", "->", None));
        assert_eq!(Pattern::new(b"h_*->\0f"), key("h_", "->\0f", None));
    }
}
