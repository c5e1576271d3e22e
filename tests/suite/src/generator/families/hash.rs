//! Hashes.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const PAIRS: Part = Repeat(1, 5, &[Member, ShortValue]);
const FIELDS: Part = Repeat(1, 4, &[Member]);

pub(super) static TABLE: &[Row] = &[
    Row::one(20, &[&[Word("HSET"), Key, PAIRS]]),
    Row::one(5, &[&[Word("HSET"), Key, Member, Value]]),
    Row::one(4, &[&[Word("HMSET"), Key, PAIRS]]),
    Row::one(5, &[&[Word("HSETNX"), Key, Member, ShortValue]]),
    Row::one(6, &[&[Word("HGET"), Key, Member]]),
    Row::one(5, &[&[Word("HMGET"), Key, FIELDS]]),
    Row::one(6, &[&[Word("HGETALL"), Key]]),
    Row::one(2, &[&[Word("HKEYS"), Key]]),
    Row::one(2, &[&[Word("HVALS"), Key]]),
    Row::one(4, &[&[Word("HLEN"), Key]]),
    Row::one(3, &[&[Word("HEXISTS"), Key, Member]]),
    Row::one(3, &[&[Word("HSTRLEN"), Key, Member]]),
    Row::one(8, &[&[Word("HDEL"), Key, FIELDS]]),
    Row::one(6, &[&[Word("HINCRBY"), Key, Member, Integer]]),
    Row::one(5, &[&[Word("HINCRBYFLOAT"), Key, Member, Float]]),
    Row::one(2, &[&[Word("HRANDFIELD"), Key]]),
    Row::one(4, &[&[Word("HRANDFIELD"), Key, Place, Optional(&[Word("WITHVALUES")])]]),
    Row::iteration(
        4,
        &[&[Word("HSCAN"), Key, Word("0"), Shuffled(&[&[Word("MATCH"), Pattern], &[Word("COUNT"), Count]])]],
    ),
    Row::one(
        1,
        &[&[Word("HSCAN"), Key, OneOf(&[&[Word("x")], &[Word("-1x")], &[Word("")], &[Word("1.5")]])]],
    ),
];
