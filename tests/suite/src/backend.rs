//! The backends that ship with dredis, and the macros that run a test on each of them.

/// A backend that ships with dredis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Ordered map in memory: gone with the process.
    Memory,
    /// LevelDB.
    LevelDb,
    /// LMDB.
    Lmdb,
}

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 3] = [Backend::Memory, Backend::LevelDb, Backend::Lmdb];

    /// The name that operators type.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Memory => "memory",
            Backend::LevelDb => "leveldb",
            Backend::Lmdb => "lmdb",
        }
    }

    /// The backend of this name.
    pub fn named(name: &str) -> Option<Backend> {
        Backend::ALL.into_iter().find(|backend| backend.name() == name)
    }
}

/// Makes one `#[test]` per backend out of each function named: `name::memory`, `name::leveldb`, `name::lmdb`.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        $($crate::on_backends!($test: memory Memory, leveldb LevelDb, lmdb Lmdb);)+
    };
}

/// The same for the backends whose data outlives the process.
#[macro_export]
macro_rules! on_durable_backends {
    ($($test:ident),+ $(,)?) => {
        $($crate::on_backends!($test: leveldb LevelDb, lmdb Lmdb);)+
    };
}

/// A module named like the function, with one `#[test]` per backend.
#[macro_export]
macro_rules! on_backends {
    ($test:ident: $($name:ident $backend:ident),+) => {
        mod $test {
            $(
                #[test]
                fn $name() {
                    super::$test($crate::Backend::$backend)
                }
            )+
        }
    };
}
