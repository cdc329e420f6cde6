//! How long and how parallel the ordeals are; settable by the environment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugpoint_tests::tell;

/// Numbers that look random and are the same for the same seed (splitmix64).
pub struct Random(u64);

impl Random {
    /// For one of several independent streams.
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

/// The seed: from the environment, or a new one. Printed either way.
pub fn seed() -> u64 {
    let mut fresh = [0; 8];
    let _ = getrandom::fill(&mut fresh);
    let seed = setting("PLUGPOINT_SEED", u64::from_le_bytes(fresh) >> 16);
    tell(&format!("killed at random: PLUGPOINT_SEED={seed}"));
    seed
}

/// Runs `work` on 1, 2, 3, … with several at a time, until it has said `false`
/// (nothing left to do) for a few in a row. Says how many were done.
pub fn sweep(work: impl Fn(u64) -> bool + Sync) -> u64 {
    // The number of points differs a little from run to run: one that was not
    // reached does not mean that the next one is not.
    const ENOUGH: u64 = 4;
    let done = Mutex::new((0_u64, 0_u64));
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..setting("PLUGPOINT_PARALLEL", 4) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed) as u64;
                    {
                        let done = done.lock().expect("no worker has failed");
                        if done.1 >= ENOUGH {
                            return;
                        }
                    }
                    let more = work(n);
                    let mut done = done.lock().expect("no worker has failed");
                    if more {
                        done.0 = done.0.max(n);
                    } else {
                        done.1 += 1;
                    }
                }
            });
        }
    });
    done.into_inner().expect("no worker has failed").0
}
