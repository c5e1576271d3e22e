//! The parameters of RDB files: `save`, `dbfilename`, `rdb-version`, `rdbcompression`, `rdbchecksum`.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use super::values::choice;

/// The versions that can be written, by the names that `rdb-version` takes.
const VERSIONS: [(&str, u8); 4] = [("7", 7), ("9", 9), ("10", 10), ("11", 11)];

/// What `dbfilename` must end in: so a client that may set it cannot have the engine's files overwritten.
const SUFFIX: &str = ".rdb";

/// How files are written, and when.
pub struct SavingParameters {
    version: AtomicU8,
    /// `rdbcompression`.
    pub(super) is_compressed: AtomicBool,
    /// `rdbchecksum`.
    pub(super) has_checksum: AtomicBool,
    file_name: Mutex<String>,
    points: Mutex<Vec<SavePoint>>,
}

/// Saves when so many changes have come in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Since the last save.
    pub seconds: u64,
    /// Since the last save.
    pub changes: u64,
}

/// How a file is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveOptions {
    /// The file's version.
    pub version: u8,
    /// Whether strings are compressed where that makes them shorter.
    pub is_compressed: bool,
    /// Whether it ends in a checksum.
    pub has_checksum: bool,
    /// Its name; empty for one made of the time.
    pub file_name: String,
}

impl Default for SavingParameters {
    fn default() -> Self {
        SavingParameters {
            version: AtomicU8::new(7),
            is_compressed: AtomicBool::new(false),
            has_checksum: AtomicBool::new(true),
            file_name: Mutex::default(),
            points: Mutex::default(),
        }
    }
}

impl SavingParameters {
    /// How files are written now.
    pub fn options(&self) -> SaveOptions {
        SaveOptions {
            version: self.version.load(Ordering::Relaxed),
            is_compressed: self.is_compressed.load(Ordering::Relaxed),
            has_checksum: self.has_checksum.load(Ordering::Relaxed),
            file_name: self.file_name.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// When the server saves by itself.
    pub fn points(&self) -> Vec<SavePoint> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn show_version(&self) -> Vec<u8> {
        self.version.load(Ordering::Relaxed).to_string().into()
    }

    pub(super) fn set_version(&self, text: &[u8]) -> Result<(), String> {
        self.version.store(choice(text, &VERSIONS)?, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn show_file_name(&self) -> Vec<u8> {
        self.options().file_name.into_bytes()
    }

    pub(super) fn set_file_name(&self, text: &[u8]) -> Result<(), String> {
        let name = std::str::from_utf8(text).map_err(|_| "the name must be UTF-8".to_owned())?;
        if name.contains(['/', '\0']) {
            return Err("dbfilename can't be a path, just a filename".to_owned());
        }
        if !name.is_empty() && (!name.ends_with(SUFFIX) || name == SUFFIX) {
            return Err(format!("dbfilename must end in {SUFFIX}, or be empty for a name made of the time"));
        }
        name.clone_into(&mut self.file_name.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    pub(super) fn show_points(&self) -> Vec<u8> {
        let shown: Vec<String> =
            self.points().iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect();
        shown.join(" ").into_bytes()
    }

    pub(super) fn set_points(&self, text: &[u8]) -> Result<(), String> {
        let points = points(text).ok_or("Invalid save parameters")?;
        *self.points.lock().unwrap_or_else(PoisonError::into_inner) = points;
        Ok(())
    }
}

/// Pairs of seconds, at least 1, and changes.
fn points(text: &[u8]) -> Option<Vec<SavePoint>> {
    let text = std::str::from_utf8(text).ok()?;
    let numbers: Option<Vec<u64>> =
        text.split_ascii_whitespace().map(|word| word.parse::<i32>().ok()?.try_into().ok()).collect();
    let (pairs, rest) = numbers.as_deref()?.as_chunks::<2>();
    let is_well_formed = rest.is_empty() && pairs.iter().all(|[seconds, _]| *seconds > 0);
    is_well_formed.then(|| {
        pairs.iter().map(|[seconds, changes]| SavePoint { seconds: *seconds, changes: *changes }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_in_pairs() {
        let saving = SavingParameters::default();
        assert_eq!(saving.show_points(), b"");
        saving.set_points(b" 900 1  300\t10 ").expect("it is well formed");
        assert_eq!(saving.show_points(), b"900 1 300 10");
        for wrong in [&b"900"[..], b"0 1", b"900 -1", b"900 1 x", b"9000000000 1", b"900 1 300"] {
            saving.set_points(wrong).expect_err("it is not well formed");
        }
        assert_eq!(saving.points().len(), 2);
        saving.set_points(b"").expect("none is fine");
        assert!(saving.points().is_empty());
    }

    #[test]
    fn a_name_cannot_be_that_of_an_engines_file() {
        let saving = SavingParameters::default();
        for wrong in [&b"data.mdb"[..], b"../x.rdb", b"a/b.rdb", b".rdb", b"dredis.json"] {
            saving.set_file_name(wrong).expect_err("it is refused");
        }
        saving.set_file_name(b"dump.rdb").expect("it is a name");
        assert_eq!(saving.options().file_name, "dump.rdb");
        saving.set_file_name(b"").expect("none is fine");
    }
}
