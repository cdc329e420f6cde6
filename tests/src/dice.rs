//! Numbers that look random and are the same for the same seed, and where the
//! seed comes from. Not for secrets.

use crate::tell;

/// A stream of them (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// One of several independent streams of a seed.
    pub fn new(seed: u64, stream: u64) -> Random {
        Random(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Below this.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// The seed of an ordeal: from the environment, or a new one. Said either way.
pub fn seed(of_what: &str) -> u64 {
    let mut fresh = [0; 8];
    let _ = getrandom::fill(&mut fresh);
    let seed = setting("PLUGPOINT_SEED", u64::from_le_bytes(fresh) >> 16);
    tell(&format!("{of_what}: PLUGPOINT_SEED={seed}"));
    seed
}
