//! Which target is dialled next, and when: a state machine without socket or
//! clock.
//!
//! The waits double from attempt to attempt, over all targets. A link that came
//! up does not end that by itself, or a far end that accepts and closes at once
//! would be dialled without a pause: the link has to prove itself first.

use std::time::Duration;

use crate::wit::protocol::BackOff;

/// No wait is shorter, whatever the guest asks for.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// A link that lasted this long has proved itself, even if nothing was said.
pub(super) const PROVEN_AFTER: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Redial {
    targets: usize,
    attempts_per_target: u32,
    back_off: BackOff,
    jitter: Jitter,
    target: usize,
    /// Failed attempts at the present target.
    tried: u32,
    /// Failed attempts since the last link that proved itself.
    failures: u32,
}

impl Redial {
    pub fn new(targets: usize, attempts_per_target: u32, back_off: BackOff, seed: u64) -> Self {
        Self {
            targets: targets.max(1),
            attempts_per_target: attempts_per_target.max(1),
            back_off,
            jitter: Jitter(seed),
            target: 0,
            tried: 0,
            failures: 0,
        }
    }

    /// Index of the target to dial.
    pub fn target(&self) -> usize {
        self.target
    }

    /// An attempt failed, or a link ended: the wait before the next attempt.
    pub fn failed(&mut self) -> Duration {
        self.tried += 1;
        if self.tried >= self.attempts_per_target {
            self.tried = 0;
            self.target = (self.target + 1) % self.targets;
        }
        let doubled = u64::from(self.back_off.first_ms)
            .saturating_mul(1_u64.checked_shl(self.failures).unwrap_or(u64::MAX))
            .min(u64::from(self.back_off.most_ms.max(self.back_off.first_ms)));
        // Beyond this the wait has long reached its bound.
        self.failures = (self.failures + 1).min(32);
        let wait = doubled + self.jitter.up_to(u64::from(self.back_off.jitter_ms));
        Duration::from_millis(wait).max(LEAST_WAIT)
    }

    /// The present link has proved itself: once it ends, its target comes first
    /// again and the waits begin anew.
    pub fn proven(&mut self) {
        self.tried = 0;
        self.failures = 0;
    }
}

/// SplitMix64: tiny, and good enough to spread a fleet.
#[derive(Debug)]
struct Jitter(u64);

impl Jitter {
    /// 0 to `most`, both included.
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % (most + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back_off(first_ms: u32, most_ms: u32, jitter_ms: u32) -> BackOff {
        BackOff {
            first_ms,
            most_ms,
            jitter_ms,
        }
    }

    fn waits(redial: &mut Redial, count: usize) -> Vec<u128> {
        (0..count).map(|_| redial.failed().as_millis()).collect()
    }

    #[test]
    fn waits_double_up_to_the_bound() {
        let mut redial = Redial::new(1, 1, back_off(1000, 10_000, 0), 0);
        assert_eq!(
            waits(&mut redial, 7),
            [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]
        );
        assert_eq!(waits(&mut redial, 100)[99], 10_000);
    }

    #[test]
    fn a_proven_link_begins_anew_and_another_does_not() {
        let mut redial = Redial::new(1, 1, back_off(1000, 60_000, 0), 0);
        waits(&mut redial, 3);
        // A link that came up and fell at once: not proven.
        assert_eq!(redial.failed().as_millis(), 8000);
        redial.proven();
        assert_eq!(waits(&mut redial, 2), [1000, 2000]);
    }

    #[test]
    fn each_target_has_its_attempts_and_the_first_follows_the_last() {
        let mut redial = Redial::new(3, 2, back_off(100, 100, 0), 0);
        let order: Vec<usize> = (0..8)
            .map(|_| {
                let target = redial.target();
                redial.failed();
                target
            })
            .collect();
        assert_eq!(order, [0, 0, 1, 1, 2, 2, 0, 0]);
    }

    #[test]
    fn a_proven_target_keeps_its_attempts() {
        let mut redial = Redial::new(2, 2, back_off(100, 100, 0), 0);
        redial.failed();
        redial.proven();
        redial.failed();
        assert_eq!(redial.target(), 0);
        redial.failed();
        assert_eq!(redial.target(), 1);
    }

    #[test]
    fn jitter_is_bounded_and_differs_from_device_to_device() {
        let fleet: Vec<Vec<u128>> = (0..50)
            .map(|seed| {
                let mut redial = Redial::new(1, 1, back_off(1000, 1000, 500), seed);
                waits(&mut redial, 4)
            })
            .collect();
        assert!(fleet.iter().flatten().all(|w| (1000..=1500).contains(w)));
        let mut first: Vec<u128> = fleet.iter().map(|w| w[0]).collect();
        first.sort_unstable();
        first.dedup();
        assert!(first.len() > 40, "only {} different waits", first.len());
        let mut again = Redial::new(1, 1, back_off(1000, 1000, 500), 7);
        assert_eq!(
            waits(&mut again, 4),
            fleet[7],
            "the same seed, the same waits"
        );
    }

    #[test]
    fn nonsense_is_survived() {
        let mut redial = Redial::new(0, 0, back_off(0, 0, 0), 0);
        assert_eq!(redial.failed(), LEAST_WAIT);
        assert_eq!(redial.target(), 0);
        let mut redial = Redial::new(1, 1, back_off(u32::MAX, 0, u32::MAX), u64::MAX);
        for _ in 0..200 {
            assert!(redial.failed() <= Duration::from_millis(2 * u64::from(u32::MAX)));
        }
    }
}
