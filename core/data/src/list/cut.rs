//! How much a chunk holds, and how one that has grown beyond that is cut.

use crate::packed::{Element, Listpack, ListpackRef};

/// The largest chunk, and the largest packed list, in bytes. Small enough that a push into a page's worth of elements
/// rewrites little, large enough that few records hold a long list.
pub(super) const CHUNK_BYTES_MAX: usize = 2048;
/// The largest element that a chunk has room for; larger ones stand in a chunk of their own. The difference is what a
/// listpack needs around an element.
const ELEMENT_BYTES_MAX: usize = CHUNK_BYTES_MAX - 16;

/// How much a chunk, one of a list's ends, or a packed list holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkLimits {
    elements_max: usize,
}

impl ChunkLimits {
    /// From `list-max-listpack-size`. Its limits in bytes, 4 KB and more, are beyond [`CHUNK_BYTES_MAX`] and change
    /// nothing; as in Redis, 0 means 1.
    pub fn new(list_size: i64) -> Self {
        let elements_max = match list_size {
            ..0 => usize::MAX,
            _ => usize::try_from(list_size.max(1)).unwrap_or(usize::MAX),
        };
        ChunkLimits { elements_max }
    }

    /// Whether a listpack is no larger than it may be.
    pub fn hold(self, list: ListpackRef<'_>) -> bool {
        self.hold_so_much(list.as_bytes().len(), list.count())
    }

    fn hold_so_much(self, bytes: usize, elements: usize) -> bool {
        bytes <= CHUNK_BYTES_MAX && elements <= self.elements_max
    }

    /// Whether both listpacks would fit into one that is then half full at most.
    pub fn hold_easily(self, one: ListpackRef<'_>, other: ListpackRef<'_>) -> bool {
        let (bytes, elements) = (one.as_bytes().len() + other.as_bytes().len(), one.count() + other.count());
        self.hold_so_much(bytes * 2, elements * 2)
    }
}

/// Whether an element needs a chunk of its own.
pub(super) fn is_large(element: &[u8]) -> bool {
    element.len() > ELEMENT_BYTES_MAX
}

/// A listpack of a single element.
pub(super) fn single(element: &[u8]) -> Listpack {
    let mut list = Listpack::default();
    list.push_back(element);
    list
}

/// Cuts a listpack into as few of about the same size as the limits allow, none of them empty. Large elements come alone.
pub(super) fn cut(mut list: Listpack, limits: ChunkLimits) -> Vec<Listpack> {
    let mut pieces = Vec::new();
    while !list.view().is_empty() {
        let large = list.view().iter().position(|element| is_large_element(&element));
        let rest = match large {
            Some(0) => list.split_off(1),
            Some(at) => list.split_off(at),
            None => Listpack::default(),
        };
        if large == Some(0) {
            pieces.push(list);
        } else {
            cut_evenly(list, limits, &mut pieces);
        }
        list = rest;
    }
    pieces
}

/// The same without large elements.
fn cut_evenly(mut list: Listpack, limits: ChunkLimits, pieces: &mut Vec<Listpack>) {
    let count = list.view().count();
    let parts = list.len().div_ceil(CHUNK_BYTES_MAX).max(count.div_ceil(limits.elements_max));
    let (bytes, elements) = (list.len().div_ceil(parts), count.div_ceil(parts));
    while !limits.hold(list.view()) {
        let taken = prefix(list.view(), bytes, elements);
        if taken == 0 {
            // Nothing in it can be read; whoever does will say so.
            break;
        }
        let rest = list.split_off(taken);
        pieces.push(list);
        list = rest;
    }
    pieces.push(list);
}

/// How many elements from the first on make about so many bytes, and no more than so many elements: at least one (if
/// there is any), never more than fit.
fn prefix(list: ListpackRef<'_>, bytes: usize, elements: usize) -> usize {
    let (mut taken, mut taken_bytes) = (0, 0);
    for element in list.iter() {
        let next = element_bytes(&element);
        let is_enough = taken == elements || taken_bytes >= bytes || taken_bytes + next > ELEMENT_BYTES_MAX;
        if taken > 0 && is_enough {
            break;
        }
        taken += 1;
        taken_bytes += next;
    }
    taken
}

fn is_large_element(element: &Element<'_>) -> bool {
    matches!(element, Element::Bytes(bytes) if is_large(bytes))
}

/// What an element takes in a listpack, at most.
fn element_bytes(element: &Element<'_>) -> usize {
    match element {
        Element::Integer(_) => 10,
        Element::Bytes(bytes) => bytes.len() + 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn pieces_hold_everything_in_order() {
        for seed in 0..100 {
            let mut random = Random::new(seed);
            let limits = ChunkLimits::new([-2, 0, 1, 3, 100][random.below(5) as usize]);
            let mut list = Listpack::default();
            for _ in 0..random.below(60) {
                let bytes = [3, 40, 700, 2032, 2033, 9000][random.below(6) as usize];
                list.push_back(&vec![b'x'; random.below(bytes) as usize + 1]);
            }
            let all: Vec<_> = list.view().iter().map(|element| element.to_vec()).collect();
            let pieces = cut(list, limits);
            let mut joined = Vec::new();
            for piece in &pieces {
                let elements: Vec<_> = piece.view().iter().map(|element| element.to_vec()).collect();
                assert!(
                    limits.hold(piece.view()) || (elements.len() == 1 && is_large(&elements[0])),
                    "seed {seed}: {} bytes, {} elements",
                    piece.len(),
                    elements.len()
                );
                joined.extend(elements);
            }
            assert_eq!(joined, all, "seed {seed}");
        }
    }

    #[test]
    fn one_that_has_just_grown_too_large_is_halved() {
        let mut list = Listpack::default();
        while list.len() <= CHUNK_BYTES_MAX {
            list.push_back(b"some element or other");
        }
        let pieces = cut(list, ChunkLimits::new(-2));
        assert_eq!(pieces.len(), 2);
        assert!(pieces.iter().all(|piece| (950..1150).contains(&piece.len())));
    }
}
