//! Sets.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const MEMBERS: Part = Repeat(1, 5, &[Member]);
const KEYS: Part = Repeat(1, 3, &[Key]);

pub(super) static TABLE: &[Row] = &[
    Row::one(14, &[&[Word("SADD"), Key, MEMBERS]]),
    Row::one(10, &[&[Word("SADD"), Key, Repeat(1, 5, &[WholeMember])]]),
    Row::one(8, &[&[Word("SREM"), Key, MEMBERS]]),
    Row::one(4, &[&[Word("SCARD"), Key]]),
    Row::one(4, &[&[Word("SISMEMBER"), Key, Member]]),
    Row::one(4, &[&[Word("SMISMEMBER"), Key, MEMBERS]]),
    Row::one(5, &[&[Word("SMEMBERS"), Key]]),
    Row::one(5, &[&[Word("SMOVE"), Key, Key, Member]]),
    Row::one(3, &[&[Word("SINTER"), KEYS]]),
    Row::one(3, &[&[Word("SUNION"), KEYS]]),
    Row::one(3, &[&[Word("SDIFF"), KEYS]]),
    Row::one(4, &[&[Word("SINTERSTORE"), Key, KEYS]]),
    Row::one(4, &[&[Word("SUNIONSTORE"), Key, KEYS]]),
    Row::one(4, &[&[Word("SDIFFSTORE"), Key, KEYS]]),
    Row::one(4, &[&[Word("SINTERCARD"), CountedKeys, Optional(&[Word("LIMIT"), Place])]]),
    Row::one(2, &[&[Word("SRANDMEMBER"), Key]]),
    Row::one(3, &[&[Word("SRANDMEMBER"), Key, Place]]),
    // A random member is gone, so the rest has to go as well.
    Row::several(2, &[&[Word("SPOP"), Key], &[Word("DEL"), SameKey]]),
    Row::several(2, &[&[Word("SPOP"), Key, Place], &[Word("SCARD"), SameKey], &[Word("DEL"), SameKey]]),
    // Made wrong, this one would pop a random member, too.
    Row::several(
        2,
        &[
            &[Word("SPOP"), Key, OneOf(&[&[Word("0")], &[Word("-1")], &[Word("1000")], &[Word("x")]])],
            &[Word("DEL"), SameKey],
        ],
    ),
    Row::iteration(
        4,
        &[&[Word("SSCAN"), Key, Word("0"), Shuffled(&[&[Word("MATCH"), Pattern], &[Word("COUNT"), Count]])]],
    ),
];
