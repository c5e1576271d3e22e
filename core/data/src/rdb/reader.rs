//! A file, read item by item.

use std::io::Read;

use super::codes::{module, opcode};
use super::error::{RdbError, RdbErrorKind, Result};
use super::input::Input;
use super::value::{Value, ValueReader};
use super::{READ_VERSIONS, value};
use crate::meta::Kind;

/// The first version whose files end in a checksum.
const CHECKSUM_VERSION: u16 = 5;

/// What a file holds, in the order in which it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// What follows is in the database of this number.
    Database(u64),
    /// How many keys the database has, and how many of them expire: a hint, not to be relied on.
    Sizes {
        /// Keys.
        keys: u64,
        /// Keys that expire.
        expiring: u64,
    },
    /// Something about the file as a whole, such as which server wrote it.
    Aux {
        /// What it is about.
        name: Vec<u8>,
        /// What it says.
        value: Vec<u8>,
    },
    /// The code of a library of functions.
    Function {
        /// As FUNCTION LOAD takes it.
        code: Vec<u8>,
    },
    /// A key. Its value comes next: [`Reader::value`].
    Key(KeyItem),
    /// The end, after which nothing is read.
    End {
        /// Whether the file's checksum was the right one.
        checksum: Checksum,
    },
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyItem {
    /// Its name.
    pub name: Vec<u8>,
    /// The type of its value.
    pub kind: Kind,
    /// When it expires, in milliseconds of the Unix epoch; perhaps long ago.
    pub expire_at_ms: Option<u64>,
    /// For how many seconds it had not been used.
    pub idle_seconds: Option<u64>,
    /// How often it was used, on Redis's logarithmic scale.
    pub frequency: Option<u8>,
}

/// What the checksum at the end of a file told. A wrong one is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// All bytes are as they were written.
    Right,
    /// The file has none: it is of an old version, or its writer was told not to make one.
    Absent,
}

/// Reads a file, in memory that does not depend on its size.
pub struct Reader<R> {
    input: Input<R>,
    version: u16,
    key: Vec<u8>,
    value: Value,
    end: Option<Checksum>,
    failed: Option<RdbError>,
}

impl<'p> Reader<&'p [u8]> {
    /// Reads the value in a payload, which stands there without a key.
    pub(super) fn of_value(bytes: &'p [u8], version: u16) -> Self {
        let input = Input::new(bytes, Some(bytes.len()));
        Reader { input, version, key: Vec::new(), value: Value::none(), end: None, failed: None }
    }

    /// Begins with a payload's value. Must be called once, before [`Reader::value`].
    pub fn begin_payload(&mut self) -> Result<()> {
        let layout = self.input.byte()?;
        self.value.open(&mut self.input, layout)
    }
}

impl<R: Read> Reader<R> {
    /// Begins to read. Reads in large parts, so the source needs no buffer.
    pub fn new(source: R) -> Result<Self> {
        let mut input = Input::new(source, None);
        let magic: [u8; 9] = input.array()?;
        let wrong = |kind, message: String| RdbError::new(kind, 0, message);
        let digits = magic.strip_prefix(b"REDIS").filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let digits = digits.ok_or_else(|| {
            let shown = magic.escape_ascii();
            wrong(RdbErrorKind::Corrupt, format!("no RDB file: it begins with \"{shown}\""))
        })?;
        let version = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
        if !READ_VERSIONS.contains(&version) {
            let (first, last) = READ_VERSIONS.into_inner();
            let message = format!("RDB version {version}; versions {first} to {last} can be read");
            return Err(wrong(RdbErrorKind::Unsupported, message));
        }
        Ok(Reader { input, version, key: Vec::new(), value: Value::none(), end: None, failed: None })
    }

    /// The version of the file.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// How many bytes have been read, to be compared with the file's size.
    pub fn position(&self) -> u64 {
        self.input.offset()
    }

    /// The next item. The rest of a value before it is skipped. After an error, that error again; after the end, the end
    /// again.
    #[expect(clippy::should_implement_trait, reason = "the end is an item, and errors end everything")]
    pub fn next(&mut self) -> Result<Item> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Some(checksum) = self.end {
            return Ok(Item::End { checksum });
        }
        let item = self.value().skip().and_then(|()| self.item());
        item.inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// The value of the key that [`Reader::next`] just answered.
    pub fn value(&mut self) -> ValueReader<'_, R> {
        ValueReader { input: &mut self.input, value: &mut self.value, key: &self.key }
    }

    fn item(&mut self) -> Result<Item> {
        let (mut expire_at_ms, mut idle_seconds, mut frequency) = (None, None, None);
        loop {
            let input = &mut self.input;
            match input.byte()? {
                opcode::EXPIRE_MS => {
                    // Redis takes -1 for none; other times before the epoch are over, whichever they are.
                    let at = i64::from_le_bytes(input.array()?);
                    expire_at_ms = (at != -1).then(|| u64::try_from(at).unwrap_or(0));
                }
                opcode::EXPIRE_SECONDS => {
                    let at = i64::from(i32::from_le_bytes(input.array()?)) * 1000;
                    expire_at_ms = Some(u64::try_from(at).unwrap_or(0));
                }
                opcode::IDLE => idle_seconds = Some(input.length()?),
                opcode::FREQUENCY => frequency = Some(input.byte()?),
                opcode::DATABASE => return Ok(Item::Database(input.length()?)),
                opcode::SIZES => {
                    return Ok(Item::Sizes { keys: input.length()?, expiring: input.length()? });
                }
                opcode::AUX => return Ok(Item::Aux { name: input.string()?, value: input.string()? }),
                opcode::FUNCTION => return Ok(Item::Function { code: input.string()? }),
                opcode::FUNCTION_PRE_GA => {
                    return Err(input.unsupported(
                        "functions as release candidates of Redis 7.0 wrote them, which no later Redis reads",
                    ));
                }
                opcode::MODULE_AUX => skip_module_aux(input)?,
                opcode::SLOT_INFO => {
                    for _ in 0..3 {
                        input.length()?;
                    }
                }
                opcode::END => return self.finish(),
                layout => {
                    let kind = value::kind_of(input, layout);
                    if let Err(error) = &kind
                        && error.kind == RdbErrorKind::Corrupt
                    {
                        return Err(error.clone());
                    }
                    input.string_into(&mut self.key)?;
                    let opened = kind.and_then(|kind| self.value.open(input, layout).map(|()| kind));
                    let kind = opened.map_err(|error| error.in_key(&self.key))?;
                    let name = self.key.clone();
                    let key = KeyItem { name, kind, expire_at_ms, idle_seconds, frequency };
                    return Ok(Item::Key(key));
                }
            }
        }
    }

    fn finish(&mut self) -> Result<Item> {
        let mut checksum = Checksum::Absent;
        if self.version >= CHECKSUM_VERSION {
            let sum = self.input.checksum();
            let written = u64::from_le_bytes(self.input.array()?);
            if written != 0 {
                if written != sum {
                    let message = format!("the checksum is {written:016x}, but the data have {sum:016x}");
                    return Err(RdbError::new(RdbErrorKind::Checksum, self.input.offset(), message));
                }
                checksum = Checksum::Right;
            }
        }
        self.end = Some(checksum);
        Ok(Item::End { checksum })
    }
}

/// Passes over what a module has written beside keys: its id, when to load it, and parts up to an end.
fn skip_module_aux<R: Read>(input: &mut Input<R>) -> Result<()> {
    input.length()?;
    let mut skipped = Vec::new();
    loop {
        match input.length()? {
            module::END => return Ok(()),
            module::SIGNED | module::UNSIGNED => {
                input.length()?;
            }
            module::FLOAT => {
                let _: [u8; 4] = input.array()?;
            }
            module::DOUBLE => {
                let _: [u8; 8] = input.array()?;
            }
            module::STRING => input.string_into(&mut skipped)?,
            other => return Err(input.corrupt(format!("the unknown part {other} in a module's data"))),
        }
    }
}
