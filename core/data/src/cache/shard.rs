//! One part of the cache: a table of buckets whose records are given up in the order of a clock's hand.

use super::RecordId;

/// Places in a bucket.
const WAYS: usize = 4;
/// Buckets at the beginning: a power of two.
const BUCKETS_MIN: usize = 16;
/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// What a record takes beside its bytes: its place in a table that is half full, and the allocator's share.
const PLACE_BYTES: usize = 2 * size_of::<Place>() + 16;

/// A part.
#[derive(Default)]
pub(super) struct Shard {
    /// Their number is a power of two, or there are none yet.
    buckets: Vec<Bucket>,
    records: usize,
    bytes: usize,
    /// The bucket that the hand points to.
    hand: usize,
}

type Bucket = [Option<Place>; WAYS];

struct Place {
    id: RecordId,
    /// The commit that left the record so.
    since: u64,
    /// It was found since the hand passed.
    is_used: bool,
    value: Box<[u8]>,
}

impl Shard {
    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether records must be given up for others.
    pub fn is_full(&self, bytes_max: usize) -> bool {
        self.bytes + PLACE_BYTES >= bytes_max
    }

    /// The record, if a view of that moment shows it so.
    pub fn find(&mut self, id: RecordId, moment: u64) -> Option<Vec<u8>> {
        let place = self.place(id).filter(|place| place.since <= moment)?;
        place.is_used = true;
        Some(place.value.to_vec())
    }

    /// Puts a record in, or in place of what is known of it.
    pub fn insert(&mut self, id: RecordId, since: u64, value: &[u8], bytes_max: usize) {
        if let Some(known) = self.place(id).filter(|known| known.value.len() == value.len()) {
            known.value.copy_from_slice(value);
            known.since = since;
            return;
        }
        self.remove(id);
        let bytes = value.len() + PLACE_BYTES;
        self.make_room(bytes, bytes_max);
        if self.bytes + bytes > bytes_max {
            return;
        }
        if self.records >= self.buckets.len() * WAYS / 2 {
            self.grow();
        }
        let place = Place { id, since, is_used: false, value: value.into() };
        self.bytes += bytes;
        self.records += 1;
        if let Some(given_up) = add(&mut self.buckets, place) {
            self.forget(&given_up);
        }
    }

    /// Puts a record in if it is known or there is room for it.
    pub fn change(&mut self, id: RecordId, since: u64, value: &[u8], bytes_max: usize) {
        if !self.is_full(bytes_max) || self.place(id).is_some() {
            self.insert(id, since, value, bytes_max);
        }
    }

    /// Forgets a record.
    pub fn remove(&mut self, id: RecordId) {
        let Some(bucket) = self.bucket(id) else { return };
        let known =
            self.buckets[bucket].iter_mut().find(|place| place.as_ref().is_some_and(|place| place.id == id));
        if let Some(place) = known.and_then(Option::take) {
            self.forget(&place);
        }
    }

    /// Reads something of each place where the record may be.
    pub fn touch_bucket(&self, id: RecordId) -> usize {
        let bucket = self.bucket(id).map(|bucket| &self.buckets[bucket]);
        bucket.map_or(0, |bucket| bucket.iter().filter(|place| place.is_some()).count())
    }

    /// Reads something of each of the record's cache lines.
    pub fn touch_value(&self, id: RecordId) -> usize {
        let bucket = self.bucket(id).map(|bucket| &self.buckets[bucket]);
        let place = bucket.and_then(|bucket| bucket.iter().flatten().find(|place| place.id == id));
        place.map_or(0, |place| {
            place.value.iter().step_by(LINE_BYTES).fold(0, |sum, byte| sum ^ usize::from(*byte))
        })
    }

    fn place(&mut self, id: RecordId) -> Option<&mut Place> {
        let bucket = self.bucket(id)?;
        self.buckets[bucket].iter_mut().flatten().find(|place| place.id == id)
    }

    fn bucket(&self, id: RecordId) -> Option<usize> {
        bucket_of(&self.buckets, id)
    }

    /// Gives up records that were not used lately until there is room for so many bytes.
    fn make_room(&mut self, bytes: usize, bytes_max: usize) {
        while self.records > 0 && self.bytes + bytes > bytes_max {
            self.hand = (self.hand + 1) % self.buckets.len();
            for way in 0..WAYS {
                match &mut self.buckets[self.hand][way] {
                    Some(place) if place.is_used => place.is_used = false,
                    place => {
                        if let Some(place) = place.take() {
                            self.forget(&place);
                        }
                    }
                }
            }
        }
    }

    fn forget(&mut self, place: &Place) {
        self.bytes -= place.bytes();
        self.records -= 1;
    }

    fn grow(&mut self) {
        let count = (self.buckets.len() * 2).max(BUCKETS_MIN);
        let mut larger: Vec<Bucket> = Vec::with_capacity(count);
        larger.resize_with(count, Bucket::default);
        for place in std::mem::take(&mut self.buckets).into_iter().flatten().flatten() {
            if let Some(given_up) = add(&mut larger, place) {
                self.forget(&given_up);
            }
        }
        self.buckets = larger;
        self.hand = 0;
    }
}

impl Place {
    fn bytes(&self) -> usize {
        self.value.len() + PLACE_BYTES
    }
}

fn bucket_of(buckets: &[Bucket], id: RecordId) -> Option<usize> {
    (!buckets.is_empty()).then(|| id as usize & (buckets.len() - 1))
}

/// Puts a record into its bucket. What had to be given up for it: one that was not used lately, if there is one.
fn add(buckets: &mut [Bucket], place: Place) -> Option<Place> {
    let bucket = bucket_of(buckets, place.id)?;
    let bucket = &mut buckets[bucket];
    let is_free = |place: &Option<Place>| place.as_ref().is_none();
    let is_idle = |place: &Option<Place>| place.as_ref().is_none_or(|place| !place.is_used);
    let way = bucket.iter().position(is_free).or_else(|| bucket.iter().position(is_idle)).unwrap_or(0);
    bucket[way].replace(place)
}
