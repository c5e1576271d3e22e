//! The random numbers of `math.random`: the same sequence for the same seed everywhere.

/// The 48-bit linear congruential generator of POSIX's `lrand48`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(u64);

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;
/// The low bits of every seeded state, as `srand48` sets them.
const SEEDED_LOW: u64 = 0x330E;
/// Redis's REDIS_LRAND48_MAX, by which it divides.
const LARGEST: u32 = i32::MAX as u32;

/// Where the generator stands before anybody seeded it.
const UNSEEDED: i32 = 0x1234_ABCD;

impl Default for Random {
    fn default() -> Random {
        Random::seeded(UNSEEDED)
    }
}

impl Random {
    /// As `srand48` seeds it.
    pub(crate) fn seeded(seed: i32) -> Random {
        Random((u64::from(seed as u32) << 16) | SEEDED_LOW)
    }

    /// At least 0, less than 1.
    pub(crate) fn next_fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        let drawn = (self.0 >> 17) as u32;
        f64::from(drawn % LARGEST) / f64::from(LARGEST)
    }
}
