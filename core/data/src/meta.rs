//! A key's meta record: type, form, expiry, and the value or where to find it.
//!
//! Byte 0 holds the form in its low five bits, [`HAS_KEY`] and [`HAS_EXPIRY`]; bit 5 is kept free. Then, each if present: the
//! expiry time (8 bytes, milliseconds of the Unix epoch); the full key (4 bytes of length, then its bytes)
//! where the record's own key had to be shortened; for spread forms the object id (8 bytes). The rest is the
//! form's body.

use dredis_contract::{Error, Result, Value};

use crate::codec::{RecordKind, read_u32, read_u64};

/// Set in byte 0: an expiry time follows.
const HAS_EXPIRY: u8 = 0x80;
/// Set in byte 0: the full key follows.
const HAS_KEY: u8 = 0x40;

/// A type, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash.
    Hash,
}

impl Kind {
    /// All types.
    pub const ALL: [Kind; 5] = [Kind::String, Kind::List, Kind::Set, Kind::SortedSet, Kind::Hash];

    /// The name that TYPE answers.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::List => "list",
            Kind::Set => "set",
            Kind::SortedSet => "zset",
            Kind::Hash => "hash",
        }
    }
}

/// How a value is kept. The numbers are on disk: never reuse one (ARCHITECTURE.md lists those spoken for).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Form {
    /// A string that stands in the meta record itself.
    StringInline = 1,
    /// The same, after an in-place change: OBJECT ENCODING answers `raw`, however short it is.
    StringInlineRaw = 2,
    /// The same, made by INCRBYFLOAT: never `int`, however much it looks like one.
    StringInlineText = 3,
    /// A string in segments under an object id; the body is its length (8 bytes).
    StringSegments = 4,
    /// A hash as a listpack of fields and values in turn.
    HashPacked = 8,
    /// A hash in records by field under an object id; the body is the number of fields (8).
    HashSpread = 9,
    /// A set of integers, as Redis's intset.
    SetIntset = 10,
    /// A set as a listpack.
    SetPacked = 11,
    /// A set in records by member under an object id; the body is the number of members (8).
    SetSpread = 12,
    /// A sorted set as a listpack of members and scores in turn, in order.
    SortedSetPacked = 13,
    /// A sorted set in records under an object id; the body begins with the number of members (8).
    SortedSetSpread = 14,
    /// A list as a listpack.
    ListPacked = 15,
    /// A list in chunks under an object id; the body begins with the number of elements (8).
    ListSpread = 16,
}

impl Form {
    const ALL: [Form; 13] = [
        Form::StringInline,
        Form::StringInlineRaw,
        Form::StringInlineText,
        Form::StringSegments,
        Form::HashPacked,
        Form::HashSpread,
        Form::SetIntset,
        Form::SetPacked,
        Form::SetSpread,
        Form::SortedSetPacked,
        Form::SortedSetSpread,
        Form::ListPacked,
        Form::ListSpread,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Form> {
        Form::ALL.into_iter().find(|form| *form as u8 == byte)
    }

    /// The type of a value kept so.
    pub fn kind(self) -> Kind {
        match self {
            Form::StringInline | Form::StringInlineRaw | Form::StringInlineText | Form::StringSegments => {
                Kind::String
            }
            Form::HashPacked | Form::HashSpread => Kind::Hash,
            Form::SetIntset | Form::SetPacked | Form::SetSpread => Kind::Set,
            Form::SortedSetPacked | Form::SortedSetSpread => Kind::SortedSet,
            Form::ListPacked | Form::ListSpread => Kind::List,
        }
    }

    /// The kinds of records that elements under an object id have, in ascending order; empty for values within the
    /// meta record.
    pub(crate) fn element_records(self) -> &'static [RecordKind] {
        match self {
            Form::StringSegments => &[RecordKind::Segment],
            Form::HashSpread => &[RecordKind::HashField],
            Form::SetSpread => &[RecordKind::SetMember],
            Form::SortedSetSpread => &[RecordKind::SortedSetMember, RecordKind::SortedSetOrder],
            Form::ListSpread => &[RecordKind::ListChunk, RecordKind::ListCount],
            Form::StringInline
            | Form::StringInlineRaw
            | Form::StringInlineText
            | Form::HashPacked
            | Form::SetIntset
            | Form::SetPacked
            | Form::SortedSetPacked
            | Form::ListPacked => &[],
        }
    }

    /// The form whose number this is, as the garbage queue keeps it.
    pub(crate) fn decode(byte: u8) -> Result<Form> {
        Form::from_byte(byte).ok_or_else(|| Error::corrupt(format!("unknown value form {byte}")))
    }
}

/// What a meta record says before its body. Small and freely copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How the value is kept.
    pub form: Form,
    /// When the key expires, in milliseconds of the Unix epoch.
    pub expire_at_ms: Option<u64>,
    /// The id under which elements stand, for spread forms.
    pub object: Option<u64>,
}

impl Head {
    /// A head without expiry and object.
    pub fn new(form: Form) -> Head {
        Head { form, expire_at_ms: None, object: None }
    }

    /// Whether the key has expired at `now_ms`.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        // Redis keeps a key through the millisecond that its expiry names.
        self.expire_at_ms.is_some_and(|at| now_ms > at)
    }
}

/// A key's record as it was read.
pub struct Entry<'t> {
    record: Value<'t>,
    head: Head,
    body_at: usize,
    key_at: Option<(usize, usize)>,
}

impl Stored {
    /// The number that bodies of spread collections begin with.
    pub fn count(&self) -> Result<u64> {
        body_count(&self.body)
    }
}

pub(crate) fn body_count(body: &[u8]) -> Result<u64> {
    read_u64(body, 0).ok_or_else(|| Error::corrupt("a spread value has no count"))
}

impl<'t> Entry<'t> {
    /// Decodes a record.
    pub(crate) fn decode(record: Value<'t>) -> Result<Entry<'t>> {
        let parsed = parse(&record).ok_or_else(|| Error::corrupt("a meta record does not decode"))?;
        let (head, body_at, key_at) = parsed;
        Ok(Entry { record, head, body_at, key_at })
    }

    /// What stands before the body.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The value's type.
    pub fn kind(&self) -> Kind {
        self.head.form.kind()
    }

    /// The form's own bytes: an inline string's value.
    pub fn body(&self) -> &[u8] {
        &self.record[self.body_at..]
    }

    /// The number that bodies of spread collections begin with: how many elements there are.
    pub fn count(&self) -> Result<u64> {
        body_count(self.body())
    }

    /// A copy that does not borrow from the transaction.
    pub fn to_stored(&self) -> Stored {
        Stored { head: self.head, body: self.body().to_vec() }
    }

    /// Size of the record's value on disk, in bytes.
    pub fn record_bytes(&self) -> usize {
        self.record.len()
    }

    /// The full key, where the record's key was shortened.
    pub(crate) fn long_key(&self) -> Option<&[u8]> {
        self.key_at.map(|(start, end)| &self.record[start..end])
    }
}

/// A key's record, copied out, so that the transaction that it was read from can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What stands before the body.
    pub head: Head,
    /// The form's own bytes.
    pub body: Vec<u8>,
}

/// The head, where the body begins, and where the full key stands if it does.
type Parsed = (Head, usize, Option<(usize, usize)>);

fn parse(record: &[u8]) -> Option<Parsed> {
    let first = *record.first()?;
    let form = Form::from_byte(first & !(HAS_EXPIRY | HAS_KEY))?;
    let mut at = 1;
    let mut head = Head::new(form);
    if first & HAS_EXPIRY != 0 {
        head.expire_at_ms = Some(read_u64(record, at)?);
        at += 8;
    }
    let mut key_at = None;
    if first & HAS_KEY != 0 {
        let start = at + 4;
        let end = start.checked_add(read_u32(record, at)? as usize)?;
        record.get(start..end)?;
        key_at = Some((start, end));
        at = end;
    }
    if !form.element_records().is_empty() {
        head.object = Some(read_u64(record, at)?);
        at += 8;
    }
    Some((head, at, key_at))
}

/// The record of a key with this head and body. `long_key`: the full key, if the record's key is shortened.
pub(crate) fn encode(head: Head, long_key: Option<&[u8]>, body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(21 + long_key.map_or(0, <[u8]>::len) + body.len());
    let mut first = head.form as u8;
    if head.expire_at_ms.is_some() {
        first |= HAS_EXPIRY;
    }
    if long_key.is_some() {
        first |= HAS_KEY;
    }
    record.push(first);
    if let Some(at) = head.expire_at_ms {
        record.extend_from_slice(&at.to_be_bytes());
    }
    if let Some(key) = long_key {
        let length = u32::try_from(key.len()).expect("a key is at most 512 MiB long");
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(key);
    }
    if let Some(object) = head.object {
        record.extend_from_slice(&object.to_be_bytes());
    }
    record.extend_from_slice(body);
    record
}
