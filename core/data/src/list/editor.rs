//! A list under change, on the write path.

use dredis_contract::{Error, Result};

use super::End;
use super::cut::ChunkLimits;
use super::removal::Removal;
use super::spread::{self, Spread};
use super::trim;
use super::view::{ListView, Place};
use crate::meta::{Form, Head, Stored};
use crate::packed::{Element, Listpack, PackedLimits};
use crate::transaction::Transaction;

/// Lists under this size are shortened in place, however little stays.
const COPIED_MIN: u64 = 512;

/// Listpacks up to this size are cut where they are too large, which costs a copy of the rest for each piece. Elements of
/// larger ones are added one by one. Redis makes none that are larger.
const CUT_BYTES_MAX: usize = 64 << 10;

/// On which side of another an element goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Left of it.
    Before,
    /// Right of it.
    After,
}

/// A list being changed. What it holds is written by [`ListEditor::finish`], and not by dropping it.
///
/// Its methods never fail for what is in the list or in the arguments, only with the engine.
pub struct ListEditor<'t, 'v> {
    txn: &'t mut Transaction<'v>,
    at: (u32, &'t [u8]),
    /// The key's record as it stands, whatever its type; the body only if it may be kept.
    old: Option<Stored>,
    expire_at_ms: Option<u64>,
    limits: ChunkLimits,
    contents: Contents,
    is_changed: bool,
}

enum Contents {
    Packed(Listpack),
    Spread(Spread),
}

impl<'t, 'v> ListEditor<'t, 'v> {
    /// Begins to change the list at a key of a database. `stored`: what [`Transaction::load_for_write`] answered; `None`
    /// begins an empty list.
    pub fn open(
        txn: &'t mut Transaction<'v>,
        at: (u32, &'t [u8]),
        stored: Option<Stored>,
        limits: &PackedLimits,
    ) -> Result<Self> {
        let limits = ChunkLimits::new(limits.list_size);
        let contents = match &stored {
            None => Contents::Packed(Listpack::default()),
            Some(Stored { head, body }) => match ListView::parse(*head, body)? {
                ListView::Packed(list) => Contents::Packed(Listpack::from_bytes(list.as_bytes().to_vec())?),
                ListView::Spread(list) => Contents::Spread(Spread::of(&list, limits)?),
            },
        };
        let expire_at_ms = stored.as_ref().and_then(|stored| stored.head.expire_at_ms);
        Ok(ListEditor { txn, at, old: stored, expire_at_ms, limits, contents, is_changed: false })
    }

    /// Begins a list that will take the place of whatever stands at a key of a database, without an expiry. It may be larger
    /// than memory. `old`: what [`Transaction::find_for_write`] answered.
    pub fn replace(
        txn: &'t mut Transaction<'v>,
        at: (u32, &'t [u8]),
        old: Option<Head>,
        limits: &PackedLimits,
    ) -> Self {
        ListEditor {
            txn,
            at,
            old: old.map(|head| Stored { head, body: Vec::new() }),
            expire_at_ms: None,
            limits: ChunkLimits::new(limits.list_size),
            contents: Contents::Packed(Listpack::default()),
            is_changed: true,
        }
    }

    /// The same with an expiry.
    pub(crate) fn expiring(mut self, expire_at_ms: Option<u64>) -> Self {
        self.expire_at_ms = expire_at_ms;
        self
    }

    /// Adds all elements of a listpack behind all others.
    pub(crate) fn append(&mut self, list: Listpack) -> Result<()> {
        if self.is_empty()
            && list.len() <= CUT_BYTES_MAX
            && let Contents::Packed(contents) = &mut self.contents
        {
            *contents = list;
            self.is_changed = true;
            return self.settle();
        }
        list.view().iter().try_for_each(|element| match element {
            Element::Bytes(bytes) => self.push(End::Tail, bytes),
            Element::Integer(_) => self.push(End::Tail, &element.to_vec()),
        })
    }

    /// Gives up what was written of a list that was begun by [`ListEditor::replace`].
    pub(crate) fn give_up(self) -> Result<()> {
        match self.contents {
            Contents::Packed(_) => Ok(()),
            Contents::Spread(list) => list.chunks.give_up(self.txn),
        }
    }

    /// What it is written to, for reading.
    pub fn transaction(&self) -> &Transaction<'v> {
        self.txn
    }

    /// How many elements there are.
    pub fn len(&self) -> u64 {
        self.view().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: End, value: &[u8]) -> Result<()> {
        self.is_changed = true;
        match &mut self.contents {
            Contents::Spread(list) => return list.push(self.txn, end, value),
            Contents::Packed(list) if super::cut::is_large(value) => {
                let mut spread = Spread::from_listpack(self.txn, std::mem::take(list), self.limits)?;
                spread.push(self.txn, end, value)?;
                self.contents = Contents::Spread(spread);
            }
            Contents::Packed(list) => {
                match end {
                    End::Head => list.push_front(value),
                    End::Tail => list.push_back(value),
                }
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Takes the element at an end away.
    pub fn pop(&mut self, end: End) -> Result<Option<Vec<u8>>> {
        let popped = match &mut self.contents {
            Contents::Packed(list) => spread::pop(list, end),
            Contents::Spread(list) => list.pop(self.txn, end)?,
        };
        self.is_changed |= popped.is_some();
        Ok(popped)
    }

    /// Takes up to `count` elements at an end away, the outermost first.
    pub fn pop_many(&mut self, end: End, count: u64) -> Result<Vec<Vec<u8>>> {
        let length = self.len();
        let count = count.min(length);
        let start = match end {
            End::Head => 0,
            End::Tail => length - count,
        };
        let mut popped = self.view().range(self.txn, start, count)?;
        match end {
            End::Head => self.keep(count, length - count)?,
            End::Tail => {
                self.keep(0, length - count)?;
                popped.reverse();
            }
        }
        self.is_changed |= count > 0;
        Ok(popped)
    }

    /// Replaces the element at an index; whether there is one.
    pub fn set(&mut self, index: u64, value: &[u8]) -> Result<bool> {
        if index >= self.len() {
            return Ok(false);
        }
        self.is_changed = true;
        match &mut self.contents {
            Contents::Packed(list) => {
                list.replace(index as usize, value);
                self.settle()?;
            }
            Contents::Spread(list) => {
                let place = list.view().place(self.txn, index)?;
                let place = place.ok_or_else(|| Error::corrupt("a list is shorter than its count"))?;
                list.set(self.txn, place, value)?;
            }
        }
        Ok(true)
    }

    /// Puts an element beside the first one that is `pivot`; whether there is one.
    pub fn insert(&mut self, side: Side, pivot: &[u8], value: &[u8]) -> Result<bool> {
        let mut place = None;
        self.view().walk(self.txn, End::Head, |element, at| {
            if element.is(pivot) {
                place = Some(at);
                return std::ops::ControlFlow::Break(());
            }
            std::ops::ControlFlow::Continue(())
        })?;
        let Some(place) = place else { return Ok(false) };
        self.is_changed = true;
        match (&mut self.contents, place) {
            (Contents::Packed(list), Place::Buffer(_, at) | Place::Chunk(_, at)) => {
                list.insert(if side == Side::Before { at } else { at + 1 }, &[value]);
                self.settle()?;
            }
            (Contents::Spread(list), place) => list.insert(self.txn, place, side, value)?,
        }
        Ok(true)
    }

    /// Removes elements that are `element`, up to `count` of them, from an end on. How many there were.
    pub fn remove(&mut self, from: End, element: &[u8], count: u64) -> Result<u64> {
        let mut removal = Removal { element, from, left: count, removed: 0 };
        match &mut self.contents {
            Contents::Packed(list) => {
                if let Some(rest) = removal.apply(list.view()) {
                    *list = rest;
                }
            }
            Contents::Spread(list) => list.remove_matches(self.txn, &mut removal)?,
        }
        self.is_changed |= removal.removed > 0;
        Ok(removal.removed)
    }

    /// Removes all but `count` elements from index `start` on. Counts as a change even if all stay, as in Redis.
    pub fn trim(&mut self, start: u64, count: u64) -> Result<()> {
        let start = start.min(self.len());
        let count = count.min(self.len() - start);
        self.is_changed = true;
        self.keep(start, count)
    }

    fn keep(&mut self, start: u64, count: u64) -> Result<()> {
        let length = self.len();
        if count == length {
            return Ok(());
        }
        if count == 0 {
            let empty = Contents::Packed(Listpack::default());
            return self.put_contents(empty);
        }
        let (before, behind) = (start, length - start - count);
        let list = match &mut self.contents {
            Contents::Packed(list) => {
                trim::shorten(list, End::Tail, behind);
                trim::shorten(list, End::Head, before);
                return Ok(());
            }
            Contents::Spread(list) => list,
        };
        let most_stay = length < COPIED_MIN.max(count.saturating_mul(2));
        if most_stay && !list.drops_too_much(self.txn, before, behind)? {
            list.drop_at(self.txn, End::Tail, behind)?;
            return list.drop_at(self.txn, End::Head, before);
        }
        let part = list.part(self.txn, start, count)?;
        let contents = match part.as_listpack() {
            Some(list) => {
                part.chunks.give_up(self.txn)?;
                Contents::Packed(list)
            }
            None => Contents::Spread(part),
        };
        self.put_contents(contents)
    }

    /// Lets other contents take the place of those that are there.
    fn put_contents(&mut self, contents: Contents) -> Result<()> {
        match std::mem::replace(&mut self.contents, contents) {
            Contents::Packed(_) => Ok(()),
            Contents::Spread(list) => list.chunks.give_up(self.txn),
        }
    }

    /// A packed list that has grown too large becomes a spread one.
    fn settle(&mut self) -> Result<()> {
        if let Contents::Packed(list) = &mut self.contents
            && !self.limits.hold(list.view())
        {
            let list = std::mem::take(list);
            self.contents = Contents::Spread(Spread::from_listpack(self.txn, list, self.limits)?);
        }
        Ok(())
    }

    /// Writes the key's record, or removes the key if the list is empty. How many elements there are.
    pub fn finish(self) -> Result<u64> {
        let ListEditor { txn, at: (db, key), old, expire_at_ms, contents, .. } = self;
        let (object, body, length) = match contents {
            Contents::Packed(list) => {
                let length = list.view().count() as u64;
                (None, list.into_bytes(), length)
            }
            Contents::Spread(list) => {
                let (view, object) = (list.view(), list.chunks.object());
                let (body, length) = (view.encode(), view.len());
                if length == 0 {
                    list.chunks.give_up(txn)?;
                }
                (Some(object), body, length)
            }
        };
        if !self.is_changed {
            return Ok(length);
        }
        if length == 0 {
            if let Some(Stored { head, .. }) = old {
                txn.remove_found(db, key, head)?;
            }
            return Ok(0);
        }
        let form = if object.is_some() { Form::ListSpread } else { Form::ListPacked };
        let head = Head { form, expire_at_ms, object };
        match old {
            Some(old) if old.head == head && old.body == body => txn.elements_changed(db, key)?,
            old => txn.write_key(db, key, old.map(|old| old.head), head, &body)?,
        }
        Ok(length)
    }

    fn view(&self) -> ListView<'_> {
        match &self.contents {
            Contents::Packed(list) => ListView::Packed(list.view()),
            Contents::Spread(list) => ListView::Spread(list.view()),
        }
    }
}
