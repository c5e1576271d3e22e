//! Generated histories: everything at once, in orders that nobody thought of.

use crate::check::{Proof, Trial};
use crate::histories::{Generator, play_many};

pub(super) fn histories(trial: &Trial<'_>) -> Proof {
    play_many(trial, &Generator::new(&trial.target.capabilities()?, false))
}

pub(super) fn histories_with_reopening(trial: &Trial<'_>) -> Proof {
    play_many(trial, &Generator::new(&trial.target.capabilities()?, true))
}
