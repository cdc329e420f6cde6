//! How long a permit lives without a healthy guest.
//!
//! The life is used up while no guest is well and recovers at the same pace
//! while one is, so that a guest that fails again and again cannot hold a permit
//! for ever by being well for a moment in between.

use std::time::Duration;

use crate::outlet::Moment;

/// The life of one outlet's permit.
#[derive(Debug)]
pub(super) struct OrphanLife {
    life: Duration,
    used: Duration,
    healthy: bool,
    since: Moment,
}

impl OrphanLife {
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            used: Duration::ZERO,
            healthy: false,
            since: Moment::ZERO,
        }
    }

    /// A permit was given: a guest is at work.
    pub(super) fn renew(&mut self, now: Moment) {
        self.used = Duration::ZERO;
        self.since = now;
    }

    pub(super) fn healthy(&mut self, now: Moment, healthy: bool) {
        self.used = self.used(now);
        self.since = now;
        self.healthy = healthy;
    }

    pub(super) fn is_over(&self, now: Moment) -> bool {
        !self.healthy && self.used(now) >= self.life
    }

    /// When it will be over if nothing changes.
    pub(super) fn ends_at(&self) -> Option<Moment> {
        (!self.healthy).then(|| self.since.after(self.life.saturating_sub(self.used)))
    }

    fn used(&self, now: Moment) -> Duration {
        let passed = now.since(self.since);
        if self.healthy {
            self.used.saturating_sub(passed)
        } else {
            self.used + passed
        }
    }
}
