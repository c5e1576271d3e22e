//! What the writer remembers of meta records, so that overwriting or removing a key need not read it first.
//!
//! A bounded table in memory, kept from commit to commit: for a key lately read or written on the write path,
//! its head, or that it does not exist. Only committed state stands here, and nobody but the writer changes records, so
//! it is never stale. A record is known by 80 bits of a keyed hash: mistaking one for another is less likely
//! than a fault of the memory.

use crate::meta::{Form, Head};

/// A table's parts. Each grows by itself: moving all heads together would keep everybody waiting for a tenth of a second.
const PARTS: usize = 64;
/// Buckets of a part at the beginning, and at most: 64 times 2^12 buckets are 48 MiB.
const BUCKETS_MIN: usize = 1 << 1;
const BUCKETS_MAX: usize = 1 << 12;
/// Places in a bucket. With half of all places in use, less than one head in a hundred finds its bucket full; with four it would be
/// one in thirty.
const WAYS: usize = 8;

/// A table of heads.
pub(crate) struct Heads {
    parts: [Part; PARTS],
    /// Which place of the next full bucket is given up.
    victim: usize,
}

struct Part {
    /// Their number is a power of two.
    buckets: Vec<Bucket>,
    used: usize,
}

#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket {
    places: [Place; WAYS],
}

/// The hash of a record's key.
pub(crate) type HeadId = u128;

#[derive(Clone, Copy, Default)]
struct Place {
    /// 64 bits of the record's hash; the highest choose the part, the lowest the bucket.
    tag: u64,
    /// Expiry time, 0 for none (48 bits), and more of the hash (16 bits).
    expiry_and_check: u64,
    /// Object id, 0 for none (56 bits), and [`EMPTY`], [`ABSENT`] or the form.
    object_and_form: u64,
}

/// Nothing is remembered here.
const EMPTY: u8 = 0;
/// The key does not exist.
const ABSENT: u8 = 0xff;

const EXPIRY_BITS: u32 = 48;
const OBJECT_BITS: u32 = 56;

impl Default for Heads {
    fn default() -> Self {
        let part = || Part { buckets: vec![Bucket::default(); BUCKETS_MIN], used: 0 };
        Heads { parts: std::array::from_fn(|_| part()), victim: 0 }
    }
}

impl Heads {
    /// The head of a record, or that there is no such record (`Some(None)`); `None`: that is not known.
    pub fn find(&self, id: HeadId) -> Option<Option<Head>> {
        self.bucket(id).iter().find(|place| place.is(id)).map(Place::head)
    }

    /// Has the processor fetch what finding these heads takes: for all of them at once, where finding waits for one after the
    /// other.
    pub fn touch(&self, ids: &[HeadId]) {
        let lines = |places: &[Place; WAYS]| places.iter().step_by(2).fold(0, |sum, place| sum ^ place.tag);
        std::hint::black_box(ids.iter().fold(0, |sum, id| sum ^ lines(self.bucket(*id))));
    }

    /// Remembers a record's head, or that there is no such record, as committed.
    pub fn remember(&mut self, id: HeadId, head: Option<Head>) {
        let part = &mut self.parts[part_of(id as u64)];
        // A head that does not fit is not remembered.
        let place = Place::new(id, head).unwrap_or_default();
        if let Some(known) = part.bucket_mut(id as u64).iter_mut().find(|place| place.is(id)) {
            *known = place;
            part.used -= usize::from(place.form() == EMPTY);
        } else if place.form() != EMPTY {
            part.add(place, &mut self.victim);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Heads::default();
    }

    fn bucket(&self, id: HeadId) -> &[Place; WAYS] {
        let part = &self.parts[part_of(id as u64)];
        &part.buckets[part.index_of(id as u64)].places
    }
}

impl Part {
    fn add(&mut self, place: Place, victim: &mut usize) {
        if self.used >= self.buckets.len() * WAYS / 2 && self.buckets.len() < BUCKETS_MAX {
            self.grow(victim);
        }
        let places = self.bucket_mut(place.tag);
        if let Some(free) = places.iter_mut().find(|place| place.form() == EMPTY) {
            *free = place;
            self.used += 1;
        } else {
            *victim = (*victim + 1) % WAYS;
            places[*victim] = place;
        }
    }

    fn grow(&mut self, victim: &mut usize) {
        let larger = vec![Bucket::default(); self.buckets.len() * 2];
        let before = std::mem::replace(&mut self.buckets, larger);
        self.used = 0;
        for place in before.into_iter().flat_map(|bucket| bucket.places) {
            if place.form() != EMPTY {
                self.add(place, victim);
            }
        }
    }

    fn bucket_mut(&mut self, tag: u64) -> &mut [Place; WAYS] {
        let index = self.index_of(tag);
        &mut self.buckets[index].places
    }

    fn index_of(&self, tag: u64) -> usize {
        tag as usize & (self.buckets.len() - 1)
    }
}

impl Place {
    /// `None` if the head has a number that is too large to be kept.
    fn new(id: HeadId, head: Option<Head>) -> Option<Place> {
        let (form, expiry, object) = match head {
            None => (ABSENT, 0, 0),
            Some(head) => (head.form as u8, head.expire_at_ms.unwrap_or(0), head.object.unwrap_or(0)),
        };
        // 0 stands for none, so a key that expired with the epoch is not remembered either.
        let is_plain = expiry >> EXPIRY_BITS == 0
            && object >> OBJECT_BITS == 0
            && head.is_none_or(|head| head.expire_at_ms != Some(0) && head.object != Some(0));
        is_plain.then(|| Place {
            tag: id as u64,
            expiry_and_check: expiry | check(id) << EXPIRY_BITS,
            object_and_form: object << u8::BITS | u64::from(form),
        })
    }

    fn is(&self, id: HeadId) -> bool {
        self.tag == id as u64 && self.expiry_and_check >> EXPIRY_BITS == check(id) && self.form() != EMPTY
    }

    fn form(&self) -> u8 {
        self.object_and_form as u8
    }

    fn head(&self) -> Option<Head> {
        let some = |number: u64| (number != 0).then_some(number);
        Some(Head {
            // Another number than a form's is `ABSENT`.
            form: Form::from_byte(self.form())?,
            expire_at_ms: some(self.expiry_and_check & ((1 << EXPIRY_BITS) - 1)),
            object: some(self.object_and_form >> u8::BITS),
        })
    }
}

fn part_of(tag: u64) -> usize {
    (tag >> (u64::BITS - PARTS.ilog2())) as usize
}

fn check(id: HeadId) -> u64 {
    (id >> 64) as u64 & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn head(expire_at_ms: Option<u64>, object: Option<u64>) -> Head {
        Head { form: Form::StringSegments, expire_at_ms, object }
    }

    #[test]
    fn what_was_remembered_is_found_or_forgotten_never_changed() {
        let mut random = Random::new(5);
        let mut heads = Heads::default();
        let mut all = Vec::new();
        for number in 0..100_000_u64 {
            let id = HeadId::from(random.next_u64()) << 64 | HeadId::from(random.next_u64());
            let wanted =
                (number % 3 != 0).then(|| head((number % 2 == 0).then_some(number + 1), Some(number + 7)));
            heads.remember(id, wanted);
            assert_eq!(heads.find(id), Some(wanted));
            all.push((id, wanted));
        }
        let found = all
            .iter()
            .filter(|(id, wanted)| heads.find(*id).inspect(|head| assert_eq!(head, wanted)).is_some());
        let found = found.count();
        assert!(found > 98_000, "{found} of 100000 remembered");
        let ids: Vec<HeadId> = all.iter().map(|(id, _)| *id).collect();
        heads.touch(&ids);
        assert!(all.iter().filter(|(id, wanted)| heads.find(*id) == Some(*wanted)).count() == found);
    }

    #[test]
    fn the_last_word_counts() {
        let mut heads = Heads::default();
        heads.remember(9, Some(head(None, Some(4))));
        heads.remember(9, None);
        assert_eq!(heads.find(9), Some(None));
        // Too large to be kept: then nothing is known, least of all what was known before.
        heads.remember(9, Some(head(Some(u64::MAX), None)));
        assert_eq!(heads.find(9), None);
        assert!(heads.parts.iter().all(|part| part.used == 0));
        assert_eq!(heads.find(9 | 1 << 64), None);
    }
}
