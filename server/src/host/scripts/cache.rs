//! The cache of scripts: sources by their SHA-1.
//!
//! It is bounded. Scripts that came with EVAL make way for others, the oldest first; those that SCRIPT LOAD brought stay until
//! SCRIPT FLUSH, and when they fill the cache no more of them are taken. Clients have to expect both: a cache is lost with its
//! process in any case.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use dredis_commands::Origin;

/// How much all scripts may take, in bytes.
const BYTES_MAX: usize = 64 << 20;
/// What a script takes beside its source, about, in bytes.
const ENTRY_BYTES: usize = 200;
const SHA_BYTES: usize = 40;

type Sha = [u8; SHA_BYTES];

#[derive(Default)]
pub(super) struct Cache {
    scripts: HashMap<Sha, Script>,
    /// Those that may make way, oldest first; some of these may be loaded by now.
    run: VecDeque<Sha>,
    bytes: usize,
}

struct Script {
    source: Arc<[u8]>,
    origin: Origin,
}

impl Cache {
    pub fn find(&self, sha: &[u8]) -> Option<Arc<[u8]>> {
        let script = self.scripts.get(<&Sha>::try_from(sha).ok()?)?;
        Some(Arc::clone(&script.source))
    }

    /// Keeps a script; whether there was room.
    pub fn keep(&mut self, sha: &[u8], source: &[u8], origin: Origin) -> bool {
        let Ok(sha) = Sha::try_from(sha) else { return false };
        if let Some(known) = self.scripts.get_mut(&sha) {
            if origin == Origin::Loaded {
                known.origin = Origin::Loaded;
            }
            return true;
        }
        let bytes = source.len() + ENTRY_BYTES;
        while self.bytes + bytes > BYTES_MAX {
            let Some(oldest) = self.run.pop_front() else { return false };
            if self.scripts.get(&oldest).is_some_and(|script| script.origin == Origin::Run)
                && let Some(script) = self.scripts.remove(&oldest)
            {
                self.bytes -= script.source.len() + ENTRY_BYTES;
            }
        }
        self.bytes += bytes;
        self.scripts.insert(sha, Script { source: source.into(), origin });
        if origin == Origin::Run {
            self.run.push_back(sha);
        }
        true
    }

    /// How many there are, and what they take in bytes.
    pub fn figures(&self) -> (usize, usize) {
        (self.scripts.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(number: usize) -> Vec<u8> {
        format!("{number:040}").into_bytes()
    }

    #[test]
    fn scripts_that_were_only_run_make_way() {
        let mut cache = Cache::default();
        let source = vec![b' '; BYTES_MAX / 4 - ENTRY_BYTES];
        assert!(cache.keep(&sha(0), &source, Origin::Run));
        assert!(cache.keep(&sha(1), &source, Origin::Run));
        assert!(cache.keep(&sha(2), &source, Origin::Loaded));
        assert!(cache.keep(&sha(0), &source, Origin::Loaded), "it is loaded from now on");
        assert!(cache.keep(&sha(3), &source, Origin::Run));
        assert!(cache.keep(&sha(4), &source, Origin::Run));
        let found: Vec<bool> = (0..5).map(|number| cache.find(&sha(number)).is_some()).collect();
        assert_eq!(found, [true, false, true, true, true]);
        assert_eq!(cache.figures(), (4, BYTES_MAX));
        assert!(cache.keep(&sha(5), &source, Origin::Loaded) && cache.keep(&sha(6), &source, Origin::Loaded));
        assert!(!cache.keep(&sha(7), &source, Origin::Loaded) && !cache.keep(&sha(7), &source, Origin::Run));
        assert_eq!(cache.figures(), (4, BYTES_MAX));
        assert!(cache.find(b"short").is_none());
    }
}
