//! Spares the contactor whoever asks: from one closing to the next there is a least
//! time, and in an hour there are so many and no more. A session that is started and
//! stopped in a loop, by whomever, ends with a wait and not with a worn contactor.
//!
//! Not here: inputs that flap; that is `reclose`.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outlet::{Cycling, Moment};

const HOUR: Duration = Duration::from_secs(3600);

/// The closings of one contactor.
#[derive(Debug)]
pub(super) struct Cycles {
    bounds: Option<Cycling>,
    /// Of the last hour, oldest first.
    closings: VecDeque<Moment>,
}

impl Cycles {
    /// None: no bounds.
    pub(super) fn new(bounds: Option<Cycling>) -> Self {
        Self {
            bounds,
            closings: VecDeque::new(),
        }
    }

    /// The contactor closes.
    pub(super) fn closed(&mut self, now: Moment) {
        let Some(bounds) = self.bounds else {
            return;
        };
        self.closings.push_back(now);
        while self.closings.len() > bounds.per_hour as usize {
            self.closings.pop_front();
        }
    }

    /// When the contactor may close again, as far as this is concerned.
    pub(super) fn not_before(&self) -> Option<Moment> {
        let bounds = self.bounds?;
        let least = self.closings.back()?.after(bounds.interval);
        if self.closings.len() < bounds.per_hour as usize {
            return Some(least);
        }
        let oldest = self.closings.front()?;
        Some(least.max(oldest.after(HOUR)))
    }

    /// It has to wait although everything else is ready.
    pub(super) fn holds(&self, now: Moment) -> bool {
        self.not_before().is_some_and(|at| now < at)
    }
}
