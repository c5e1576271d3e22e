//! One part of the cache: a table of buckets whose records are given up in the order of a clock's hand.

use super::RecordId;

/// Places in a bucket. With half of all places in use, less than one record in a hundred finds its bucket full.
const WAYS: usize = 8;
/// Buckets at the beginning: a power of two.
const BUCKETS_MIN: usize = 2;
/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// What the allocator adds to a record.
const ALLOCATION_BYTES: usize = 16;
/// With less room than this left, a part is full.
const ROOM_BYTES: usize = 128;

/// A part.
#[derive(Default)]
pub(super) struct Shard {
    /// Their number is a power of two, or there are none yet.
    buckets: Vec<Bucket>,
    records: usize,
    /// Bytes of records and buckets.
    bytes: usize,
    /// The bucket that the hand points to.
    hand: usize,
}

/// Places for records. What tells them apart stands first, in one cache line.
#[derive(Default)]
#[repr(align(64))]
struct Bucket {
    tags: [u64; WAYS],
    /// Those with a tag other than [`FREE`] are in use.
    places: [Place; WAYS],
}

#[derive(Default)]
struct Place {
    /// What of the record's id is not its tag.
    check: u64,
    /// The commit that left the record so.
    since: u64,
    value: Box<[u8]>,
    /// It was found since the hand passed.
    is_used: bool,
}

/// The tag of a place without a record.
const FREE: u64 = 0;

impl Shard {
    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether records must be given up for others.
    pub fn is_full(&self, bytes_max: usize) -> bool {
        self.bytes + ROOM_BYTES > bytes_max
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
        let place = Place { check: check(id), since, value: value.into(), is_used: false };
        let bytes = place.bytes();
        if self.records >= self.buckets.len() * WAYS / 2 {
            self.grow(bytes_max.saturating_sub(bytes));
        }
        self.make_room(bytes, bytes_max);
        if !self.buckets.is_empty() && self.bytes + bytes <= bytes_max {
            self.add(tag(id), place);
        }
    }

    /// Puts a record in if it is known or there is room for it.
    pub fn change(&mut self, id: RecordId, since: u64, value: &[u8], bytes_max: usize) {
        if !self.is_full(bytes_max) || self.way(id).is_some() {
            self.insert(id, since, value, bytes_max);
        }
    }

    /// Forgets a record.
    pub fn remove(&mut self, id: RecordId) {
        if let Some((index, way)) = self.way(id) {
            self.take(index, way);
        }
    }

    /// Reads something of what tells whether the record is here.
    pub fn touch_tags(&self, id: RecordId) -> usize {
        self.bucket(tag(id)).map_or(0, |index| self.buckets[index].tags[0] as usize)
    }

    /// Reads something of the record's place.
    pub fn touch_place(&self, id: RecordId) -> usize {
        self.way(id).map_or(0, |(index, way)| self.buckets[index].places[way].value.len())
    }

    /// Reads something of each of the record's cache lines.
    pub fn touch_value(&self, id: RecordId) -> usize {
        self.way(id).map_or(0, |(index, way)| {
            let value = &self.buckets[index].places[way].value;
            value.iter().step_by(LINE_BYTES).fold(0, |sum, byte| sum ^ usize::from(*byte))
        })
    }

    fn place(&mut self, id: RecordId) -> Option<&mut Place> {
        let (index, way) = self.way(id)?;
        Some(&mut self.buckets[index].places[way])
    }

    /// The bucket and the place in it where the record is.
    fn way(&self, id: RecordId) -> Option<(usize, usize)> {
        let index = self.bucket(tag(id))?;
        let Bucket { tags, places } = &self.buckets[index];
        let way = (0..WAYS).find(|way| tags[*way] == tag(id) && places[*way].check == check(id))?;
        Some((index, way))
    }

    fn bucket(&self, tag: u64) -> Option<usize> {
        (!self.buckets.is_empty()).then(|| tag as usize & (self.buckets.len() - 1))
    }

    /// Puts a record into its bucket. If there is no place left, one that was not used lately is given up for it, if there is one.
    fn add(&mut self, tag: u64, place: Place) {
        let Some(index) = self.bucket(tag) else { return };
        let Bucket { tags, places } = &self.buckets[index];
        let free = tags.iter().position(|tag| *tag == FREE);
        let way = free.or_else(|| places.iter().position(|place| !place.is_used)).unwrap_or(0);
        if free.is_none() {
            self.take(index, way);
        }
        self.bytes += place.bytes();
        self.records += 1;
        let bucket = &mut self.buckets[index];
        bucket.tags[way] = tag;
        bucket.places[way] = place;
    }

    /// Takes a record out.
    fn take(&mut self, index: usize, way: usize) -> Place {
        let bucket = &mut self.buckets[index];
        bucket.tags[way] = FREE;
        let place = std::mem::take(&mut bucket.places[way]);
        self.bytes -= place.bytes();
        self.records -= 1;
        place
    }

    /// Gives up records that were not used lately until there is room for so many bytes.
    fn make_room(&mut self, bytes: usize, bytes_max: usize) {
        while self.records > 0 && self.bytes + bytes > bytes_max {
            self.hand = (self.hand + 1) % self.buckets.len();
            for way in 0..WAYS {
                let Bucket { tags, places } = &mut self.buckets[self.hand];
                let is_used = std::mem::take(&mut places[way].is_used);
                if tags[way] != FREE && !is_used {
                    self.take(self.hand, way);
                }
            }
        }
    }

    /// Doubles the table, if it takes no more than so many bytes then.
    fn grow(&mut self, bytes_max: usize) {
        let count = (self.buckets.len() * 2).max(BUCKETS_MIN);
        let more = (count - self.buckets.len()) * size_of::<Bucket>();
        if self.bytes + more > bytes_max {
            return;
        }
        let mut larger = Vec::with_capacity(count);
        larger.resize_with(count, Bucket::default);
        let before = std::mem::replace(&mut self.buckets, larger);
        self.bytes += more;
        self.hand = 0;
        for (tag, place) in before.into_iter().flat_map(|bucket| bucket.tags.into_iter().zip(bucket.places)) {
            if tag != FREE {
                self.bytes -= place.bytes();
                self.records -= 1;
                self.add(tag, place);
            }
        }
    }
}

impl Place {
    fn bytes(&self) -> usize {
        self.value.len() + ALLOCATION_BYTES
    }
}

/// What a record is looked for by, and which bucket it is in.
fn tag(id: RecordId) -> u64 {
    (id as u64).max(FREE + 1)
}

fn check(id: RecordId) -> u64 {
    (id >> u64::BITS) as u64
}
