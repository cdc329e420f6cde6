//! Numbers for tests that look random and are the same from the same seed.

/// xorshift64*.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// From 0 up to, not including, `sides`.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}
