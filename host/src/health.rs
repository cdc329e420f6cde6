//! How long to wait before a failed guest gets a new instance. Pure.

/// Good events in a row after which earlier failures are forgiven.
const FORGIVE_AFTER: u32 = 10;
/// The first failure costs no wait: most are the fault of a single event.
const FIRST_MS: u64 = 50;
const MOST_MS: u64 = 30_000;

/// Counts failures of one guest.
#[derive(Debug, Default)]
pub struct Health {
    failures: u32,
    good: u32,
    not_before_ms: u64,
}

impl Health {
    /// The guest handled an event.
    pub fn good(&mut self) {
        if self.failures == 0 {
            return;
        }
        self.good += 1;
        if self.good >= FORGIVE_AFTER {
            *self = Self::default();
        }
    }

    /// The guest failed.
    pub fn failed(&mut self, monotonic_ms: u64) {
        self.good = 0;
        self.failures = self.failures.saturating_add(1);
        let wait = match self.failures {
            1 => 0,
            n => (FIRST_MS << (n - 2).min(16)).min(MOST_MS),
        };
        self.not_before_ms = monotonic_ms + wait;
    }

    /// When a new instance may be made.
    #[must_use]
    pub fn not_before_ms(&self) -> u64 {
        self.not_before_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_failures_back_off_and_good_events_forgive() {
        let mut health = Health::default();
        let mut waits = Vec::new();
        for _ in 0..4 {
            health.failed(1000);
            waits.push(health.not_before_ms() - 1000);
        }
        assert_eq!(waits, [0, 50, 100, 200]);
        for _ in 0..40 {
            health.failed(1000);
        }
        assert_eq!(health.not_before_ms(), 31_000);
        for _ in 0..FORGIVE_AFTER {
            health.good();
        }
        health.failed(2000);
        assert_eq!(health.not_before_ms(), 2000);
    }
}
