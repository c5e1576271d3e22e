//! Bits of strings.

use crate::generator::Part::*;
use crate::generator::Row;

pub(super) static TABLE: &[Row] = &[
    Row::one(8, &[&[Word("SETBIT"), Key, BitOffset, Bit]]),
    Row::one(6, &[&[Word("GETBIT"), Key, BitOffset]]),
    Row::one(
        6,
        &[&[
            Word("BITCOUNT"),
            Key,
            Optional(&[Index, Index, Optional(&[OneOf(&[&[Word("BIT")], &[Word("BYTE")]])])]),
        ]],
    ),
    Row::one(
        6,
        &[&[
            Word("BITPOS"),
            Key,
            Bit,
            Optional(&[Index, Optional(&[Index, Optional(&[OneOf(&[&[Word("BIT")], &[Word("BYTE")]])])])]),
        ]],
    ),
    Row::one(
        6,
        &[&[
            Word("BITOP"),
            OneOf(&[&[Word("AND")], &[Word("OR")], &[Word("XOR")], &[Word("NOT")]]),
            Key,
            Repeat(1, 3, &[Key]),
        ]],
    ),
];
