//! Bytes and objects on their way across the boundary.

use abi_stable::StableAbi;

use crate::Failure;

/// Bytes that someone else owns; how long they live is said where they are used.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct Bytes {
    /// The first byte; anything at all if `length` is 0.
    pub start: *const u8,
    /// How many there are.
    pub length: usize,
}

impl Bytes {
    /// Where `bytes` lie.
    pub const fn new(bytes: &[u8]) -> Self {
        Bytes { start: bytes.as_ptr(), length: bytes.len() }
    }

    /// The bytes themselves.
    ///
    /// # Safety
    ///
    /// They must stay where they are, unchanged, for all of `'a`.
    #[inline]
    pub const unsafe fn get<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: the caller vouches for the memory and for its lifetime.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// A boxed trait object of the plugin's. Only the compiler that made its two words knows what they mean.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct Object {
    /// First word.
    pub first: *mut (),
    /// Second word.
    pub second: *mut (),
}

/// A value that was read.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct Found {
    /// The value. Borrowed ones live as long as the view, kept ones until they are released.
    pub bytes: Bytes,
    /// What keeps the bytes alive; meaningless for borrowed ones.
    pub keeper: Object,
    /// [`Found::BORROWED`]: nothing to release. Anything else: to be given to
    /// [`crate::Functions::value_release`] once, unchanged, before the view is closed.
    pub keeping: u8,
}

impl Found {
    /// [`Found::keeping`] of bytes that belong to the view.
    pub const BORROWED: u8 = 0;
}

/// How a lookup ended.
#[repr(u8)]
#[derive(StableAbi)]
pub enum Lookup {
    /// There is no such key.
    Absent,
    /// This is its value.
    Found(Found),
    /// It could not be read.
    Failed(Failure),
}

/// Records of a scan, as many as were asked for in one call. Good until the cursor's next call.
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct Page {
    /// The lengths of each record, in the order of the scan.
    pub records: *const PageRecord,
    /// How many records there are.
    pub count: usize,
    /// Key, value, key, value and so on, without gaps.
    pub bytes: Bytes,
    /// Whether the scan ends with this page.
    pub last: bool,
}

/// The size of one record in a [`Page`].
#[repr(C)]
#[derive(Clone, Copy, Debug, StableAbi)]
pub struct PageRecord {
    /// Length of the key, in bytes.
    pub key_length: usize,
    /// Length of the value, in bytes.
    pub value_length: usize,
}
