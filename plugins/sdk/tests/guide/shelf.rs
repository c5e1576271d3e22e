//! A sorted map in memory, and a log file that brings it back.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::ops::Bound;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Context, Cursor, Direction, Durability, Error, ErrorKind, Limits,
    LogLevel, Open, OpenRequest, Operation, OptionSpec, Projection, Record, Result, Scan, Setting, Value,
    View, directory,
};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The engine. Whoever takes a view gets the map as it is, and keeps it.
pub struct Shelf {
    contents: Mutex<Contents>,
    file: File,
    _lock: directory::Lock,
}

struct Contents {
    records: Arc<Records>,
    file_bytes: u64,
    file_bytes_max: u64,
}

struct ShelfView(Arc<Records>);

impl View for ShelfView {
    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        Ok(self.0.get(key).map(|value| Value::Borrowed(value)))
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Box<dyn Cursor + '_>> {
        let end = scan.end.map_or(Bound::Unbounded, |end| Bound::Excluded(end.max(scan.start)));
        let range = self.0.range::<[u8], _>((Bound::Included(scan.start), end));
        let is_forward = scan.direction == Direction::Forward;
        let entries: Entries<'_> = if is_forward { Box::new(range) } else { Box::new(range.rev()) };
        Ok(Box::new(ShelfCursor { entries, keys_only: scan.projection == Projection::Keys }))
    }
}

type Entries<'v> = Box<dyn Iterator<Item = (&'v Vec<u8>, &'v Vec<u8>)> + Send + 'v>;

struct ShelfCursor<'v> {
    entries: Entries<'v>,
    keys_only: bool,
}

impl Cursor for ShelfCursor<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        Ok(Some(Record { key, value: if self.keys_only { &[] } else { value } }))
    }
}

fn apply(records: &mut Records, operation: Operation<'_>) {
    match operation {
        Operation::Put { key, value } => drop(records.insert(key.to_vec(), value.to_vec())),
        Operation::Delete { key } => drop(records.remove(key)),
        Operation::DeleteRange { start, end } => {
            records.retain(|key, _| !(start..end).contains(&key.as_slice()));
        }
    }
}

/// One commit in the file: length and checksum of its body (8 bytes each); then for each change its kind (1) and two
/// parts, each behind its length (4).
fn encode(operations: &[Operation<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for operation in operations {
        let (kind, first, second) = match *operation {
            Operation::Put { key, value } => (0, key, value),
            Operation::Delete { key } => (1, key, &[][..]),
            Operation::DeleteRange { start, end } => (2, start, end),
        };
        body.push(kind);
        for part in [first, second] {
            body.extend((part.len() as u32).to_le_bytes());
            body.extend(part);
        }
    }
    [&(body.len() as u64).to_le_bytes(), &checksum(&body).to_le_bytes(), &body[..]].concat()
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The commit at the start of `file` and what follows it; `None` if a crash has cut it off.
fn decode(file: &[u8]) -> Option<(Vec<Operation<'_>>, &[u8])> {
    let (length, file) = file.split_first_chunk()?;
    let (sum, file) = file.split_first_chunk()?;
    let (mut body, file) = file.split_at_checked(u64::from_le_bytes(*length) as usize)?;
    if checksum(body) != u64::from_le_bytes(*sum) {
        return None;
    }
    let mut operations = Vec::new();
    while let Some((kind, rest)) = body.split_first() {
        let (first, rest) = part(rest)?;
        let (second, rest) = part(rest)?;
        operations.push(match kind {
            0 => Operation::Put { key: first, value: second },
            1 => Operation::Delete { key: first },
            _ => Operation::DeleteRange { start: first, end: second },
        });
        body = rest;
    }
    Some((operations, file))
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

impl Backend for Shelf {
    fn capabilities(&self) -> Capabilities {
        let most = u64::from(u32::MAX); // Lengths are four bytes in the file.
        Capabilities::exclusive(Durability::OnSync)
            .with_limits(Limits::NONE.with_key_bytes_max(most).with_value_bytes_max(most))
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        Ok(Box::new(ShelfView(self.contents.lock().expect("no holder panics").records.clone())))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Commit> {
        let mut contents = self.contents.lock().expect("no holder panics");
        let bytes = encode(batch.operations());
        let (start, end) = (contents.file_bytes, contents.file_bytes + bytes.len() as u64);
        if end > contents.file_bytes_max {
            let message = format!("the shelf's file has {start} bytes; raise file_bytes_max");
            return Err(Error::new(ErrorKind::NoSpace, message));
        }
        if let Err(error) = self.file.write_all_at(&bytes, start) {
            // What was written of it must not come back.
            self.file.set_len(start).context("the shelf could not take back half a commit")?;
            return Err(error).context("the shelf could not write its file");
        }
        contents.file_bytes = end;
        let records = Arc::make_mut(&mut contents.records);
        batch.operations().iter().for_each(|operation| apply(records, *operation));
        Ok(Commit::Done)
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().context("the shelf could not sync its file")
    }
}

const FILE_BYTES_MAX: Setting<i64> =
    Setting::integer("file_bytes_max", "bytes of the file at which commits are refused")
        .range(1024, 1 << 46)
        .default(1 << 30);

impl Open for Shelf {
    const NAME: &'static str = "shelf";
    const VERSION: &'static str = "shelf 0.1";

    fn options() -> Vec<OptionSpec> {
        vec![FILE_BYTES_MAX.spec()]
    }

    fn open(request: &OpenRequest) -> Result<Self> {
        let file_bytes_max = FILE_BYTES_MAX.read(&request.options)? as u64;
        let lock = directory::Lock::take(&request.dir)?;
        let path = request.dir.join("shelf.log");
        let file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let file = file.context(format_args!("the shelf could not open {}", path.display()))?;
        let bytes = fs::read(&path).context(format_args!("the shelf could not read {}", path.display()))?;
        let (mut records, mut rest) = (Records::new(), &bytes[..]);
        while let Some((operations, behind)) = decode(rest) {
            operations.iter().for_each(|operation| apply(&mut records, *operation));
            rest = behind;
        }
        if !rest.is_empty() {
            let line = format!("{} bytes of a commit that a crash cut off are dropped", rest.len());
            request.log.log(LogLevel::Warning, &line);
        }
        let file_bytes = (bytes.len() - rest.len()) as u64;
        file.set_len(file_bytes).context("the shelf could not cut its file")?;
        directory::sync(&request.dir)?;
        let contents = Contents { records: Arc::new(records), file_bytes, file_bytes_max };
        Ok(Shelf { contents: Mutex::new(contents), file, _lock: lock })
    }
}

dredis_plugin::export_backend!(Shelf);

#[cfg(test)]
mod tests {
    use super::*;
    use dredis_plugin::{Logger, Options};

    fn open(dir: &std::path::Path) -> Shelf {
        let request = OpenRequest { dir: dir.to_owned(), options: Options::new(), log: Logger::silent() };
        Shelf::open(&request).expect("opens")
    }

    fn contents(view: &dyn View, scan: &Scan<'_>) -> Records {
        let (mut cursor, mut records) = (view.scan(scan).expect("scans"), Records::new());
        while let Some(record) = cursor.next().expect("reads on") {
            records.insert(record.key.to_vec(), record.value.to_vec());
        }
        records
    }

    #[test]
    fn it_does_what_a_map_does_and_comes_back() {
        let dir = std::env::temp_dir().join(format!("shelf-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a directory for the test");
        let mut random: u64 = std::env::var("SEED").map_or(1, |seed| seed.parse().expect("SEED is a number"));
        println!("SEED={random}");
        let mut below = |end: u64| {
            random = (random ^ (random >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
            (random >> 33) % end
        };
        let (mut shelf, mut model) = (open(&dir), Records::new());
        for _ in 0..500 {
            let (first, second) = (below(50) as u8, below(50) as u8);
            let (start, end) = ([first.min(second)], [first.max(second)]);
            let value = vec![first; below(200) as usize];
            let operation = match below(8) {
                0 => Operation::Delete { key: &start },
                1 => Operation::DeleteRange { start: &start, end: &end },
                _ => Operation::Put { key: &start, value: &value },
            };
            let (view, before) = (shelf.view().expect("a view"), model.clone());
            assert_eq!(shelf.commit(&Batch::new(&[operation])), Ok(Commit::Done));
            apply(&mut model, operation);
            assert_eq!(contents(&*view, &Scan::all()), before, "a view changed");
            drop(view);
            if below(20) == 0 {
                // As after a crash: what a cut-off commit leaves is not there any more.
                shelf
                    .file
                    .write_all_at(&[7; 30], shelf.file.metadata().expect("a length").len())
                    .expect("writes");
                drop(shelf);
                shelf = open(&dir);
            }
            let view = shelf.view().expect("a view");
            assert_eq!(contents(&*view, &Scan::all().reverse()), model);
            assert_eq!(view.get(&start).expect("reads").as_deref(), model.get(&start[..]).map(Vec::as_slice));
        }
        assert!(!model.is_empty(), "nothing was tested");
        drop(shelf);
        fs::remove_dir_all(&dir).expect("the directory goes");
    }
}
