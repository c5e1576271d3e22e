//! Sorted sets.

use crate::generator::Part::*;
use crate::generator::{Part, Row};

const CONDITIONS: Part =
    Shuffled(&[&[Word("NX")], &[Word("XX")], &[Word("GT")], &[Word("LT")], &[Word("CH")]]);
const SCORED: Part = Repeat(1, 5, &[Score, Member]);
const MEMBERS: Part = Repeat(1, 4, &[Member]);
const LIMIT: &[Part] = &[Word("LIMIT"), Place, Place];
const WITH_SCORES: &[Part] = &[Word("WITHSCORES")];
const ALGEBRA: Part = Shuffled(&[
    &[Word("WEIGHTS"), Repeat(1, 3, &[Score])],
    &[Word("AGGREGATE"), OneOf(&[&[Word("SUM")], &[Word("MIN")], &[Word("MAX")], &[Word("AVG")]])],
]);
const ENDS: Part = OneOf(&[&[Word("MIN")], &[Word("MAX")], &[Word("MID")]]);
/// Members of one score, which alone have an order of bytes.
const LEX_MEMBERS: Part = Repeat(1, 9, &[Word("0"), Member]);

pub(super) static TABLE: &[Row] = &[
    Row::one(24, &[&[Word("ZADD"), Key, CONDITIONS, SCORED]]),
    Row::one(5, &[&[Word("ZADD"), Key, CONDITIONS, Word("INCR"), Score, Member]]),
    Row::one(6, &[&[Word("ZINCRBY"), Key, Score, Member]]),
    Row::one(8, &[&[Word("ZREM"), Key, MEMBERS]]),
    Row::one(4, &[&[Word("ZCARD"), Key]]),
    Row::one(4, &[&[Word("ZSCORE"), Key, Member]]),
    Row::one(4, &[&[Word("ZMSCORE"), Key, MEMBERS]]),
    Row::one(4, &[&[Word("ZRANK"), Key, Member]]),
    Row::one(4, &[&[Word("ZREVRANK"), Key, Member]]),
    Row::one(4, &[&[Word("ZCOUNT"), Key, ScoreEnd, ScoreEnd]]),
    Row::one(8, &[&[Word("ZRANGE"), Key, Place, Place, Shuffled(&[&[Word("REV")], WITH_SCORES, LIMIT])]]),
    Row::one(
        8,
        &[&[
            Word("ZRANGE"),
            Key,
            ScoreEnd,
            ScoreEnd,
            Word("BYSCORE"),
            Shuffled(&[&[Word("REV")], WITH_SCORES, LIMIT]),
        ]],
    ),
    Row::one(4, &[&[Word("ZREVRANGE"), Key, Place, Place, Shuffled(&[WITH_SCORES])]]),
    Row::one(5, &[&[Word("ZRANGEBYSCORE"), Key, ScoreEnd, ScoreEnd, Shuffled(&[WITH_SCORES, LIMIT])]]),
    Row::one(5, &[&[Word("ZREVRANGEBYSCORE"), Key, ScoreEnd, ScoreEnd, Shuffled(&[WITH_SCORES, LIMIT])]]),
    Row::one(4, &[&[Word("ZRANGESTORE"), Key, Key, Place, Place, Shuffled(&[&[Word("REV")], LIMIT])]]),
    Row::one(
        4,
        &[&[
            Word("ZRANGESTORE"),
            Key,
            Key,
            ScoreEnd,
            ScoreEnd,
            Word("BYSCORE"),
            Shuffled(&[&[Word("REV")], LIMIT]),
        ]],
    ),
    Row::several(
        6,
        &[
            &[Word("DEL"), Key],
            &[Word("ZADD"), SameKey, LEX_MEMBERS],
            &[Word("ZRANGEBYLEX"), SameKey, LexEnd, LexEnd, Optional(LIMIT)],
            &[Word("ZREVRANGEBYLEX"), SameKey, LexEnd, LexEnd, Optional(LIMIT)],
            &[Word("ZRANGE"), SameKey, LexEnd, LexEnd, Word("BYLEX"), Shuffled(&[&[Word("REV")], LIMIT])],
            &[Word("ZLEXCOUNT"), SameKey, LexEnd, LexEnd],
            &[Word("ZREMRANGEBYLEX"), SameKey, LexEnd, LexEnd],
        ],
    ),
    Row::one(4, &[&[Word("ZREMRANGEBYRANK"), Key, Place, Place]]),
    Row::one(4, &[&[Word("ZREMRANGEBYSCORE"), Key, ScoreEnd, ScoreEnd]]),
    Row::one(4, &[&[Word("ZPOPMIN"), Key, Optional(&[Place])]]),
    Row::one(4, &[&[Word("ZPOPMAX"), Key, Optional(&[Place])]]),
    Row::one(4, &[&[Word("ZMPOP"), CountedKeys, ENDS, Optional(&[Word("COUNT"), Place])]]),
    Row::one(4, &[&[Word("ZUNION"), CountedKeys, ALGEBRA, Optional(WITH_SCORES)]]),
    Row::one(4, &[&[Word("ZINTER"), CountedKeys, ALGEBRA, Optional(WITH_SCORES)]]),
    Row::one(4, &[&[Word("ZDIFF"), CountedKeys, Optional(WITH_SCORES)]]),
    Row::one(4, &[&[Word("ZUNIONSTORE"), Key, CountedKeys, ALGEBRA]]),
    Row::one(4, &[&[Word("ZINTERSTORE"), Key, CountedKeys, ALGEBRA]]),
    Row::one(4, &[&[Word("ZDIFFSTORE"), Key, CountedKeys]]),
    Row::one(3, &[&[Word("ZINTERCARD"), CountedKeys, Optional(&[Word("LIMIT"), Place])]]),
    Row::one(2, &[&[Word("ZRANDMEMBER"), Key]]),
    Row::one(3, &[&[Word("ZRANDMEMBER"), Key, Place, Optional(WITH_SCORES)]]),
    Row::iteration(
        4,
        &[&[Word("ZSCAN"), Key, Word("0"), Shuffled(&[&[Word("MATCH"), Pattern], &[Word("COUNT"), Count]])]],
    ),
];
