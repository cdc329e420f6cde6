//! Spares the contactor when an input flaps: it opens at the first sign, each
//! time, but after closings that lasted only a moment it waits longer and longer
//! before it closes again.

use std::time::Duration;

use crate::outlet::Moment;

/// A closing shorter than this counts as flapping.
const SHORT: Duration = Duration::from_secs(1);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const MOST_WAIT: Duration = Duration::from_secs(60);

/// When the contactor may close again.
#[derive(Debug, Default)]
pub(super) struct Recloser {
    closed_at: Option<Moment>,
    short_closings: u32,
    not_before: Moment,
}

impl Recloser {
    /// The contactor closes.
    pub(super) fn closed(&mut self, now: Moment) {
        self.closed_at = Some(now);
    }

    /// The contactor opens because of an input.
    pub(super) fn thrown_open(&mut self, now: Moment) {
        let short = self.closed_at.is_some_and(|at| now.since(at) < SHORT);
        self.short_closings = if short { self.short_closings + 1 } else { 0 };
        let wait = FIRST_WAIT
            .saturating_mul(1 << self.short_closings.min(16))
            .min(MOST_WAIT);
        self.not_before = now.after(wait);
    }

    /// Another session begins: what was before was another car's doing.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn not_before(&self) -> Moment {
        self.not_before
    }
}
