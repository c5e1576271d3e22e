//! Claims: spaces and object ids that a load under way writes to.
//!
//! On disk all of that stands in the garbage queue, so that a load that dies is swept. A claim, which only lives in memory,
//! keeps the sweep away from it meanwhile.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All claims on a store.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: Mutex<Vec<(u64, Claimed)>>,
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// A space.
    Space(u32),
    /// Object ids.
    Objects(Range<u64>),
}

/// Holds a claim until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Arc<Claims>,
    number: u64,
}

impl Claims {
    /// Claims something.
    pub fn claim(self: &Arc<Self>, what: Claimed) -> Claim {
        let mut held = self.held();
        let number = held.last().map_or(0, |(number, _)| number + 1);
        held.push((number, what));
        Claim { claims: Arc::clone(self), number }
    }

    /// Whether somebody claims this space.
    pub fn has_space(&self, space: u64) -> bool {
        self.held()
            .iter()
            .any(|(_, claimed)| matches!(claimed, Claimed::Space(claimed) if u64::from(*claimed) == space))
    }

    /// Whether somebody claims this object id.
    pub fn has_object(&self, object: u64) -> bool {
        self.held()
            .iter()
            .any(|(_, claimed)| matches!(claimed, Claimed::Objects(ids) if ids.contains(&object)))
    }

    fn held(&self) -> MutexGuard<'_, Vec<(u64, Claimed)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.held().retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_ends_when_it_is_dropped() {
        let claims = Arc::new(Claims::default());
        let space = claims.claim(Claimed::Space(7));
        let objects = claims.claim(Claimed::Objects(10..20));
        assert!(claims.has_space(7) && !claims.has_space(8) && !claims.has_object(7));
        assert!(claims.has_object(10) && claims.has_object(19) && !claims.has_object(20));
        drop(space);
        let again = claims.claim(Claimed::Space(8));
        assert!(!claims.has_space(7) && claims.has_space(8) && claims.has_object(15));
        drop(objects);
        drop(again);
        assert!(!claims.has_space(8) && !claims.has_object(15));
    }
}
