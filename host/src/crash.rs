//! Points at which the process can be made to abort, for the tests that sweep
//! a power failure over every step of a session. Off unless configured.

use crate::config::{Crash, CrashAt};

/// Counts the points that were passed.
#[derive(Debug)]
pub struct CrashPoints {
    at: CrashAt,
    left: u64,
}

impl CrashPoints {
    /// As configured.
    #[must_use]
    pub fn new(crash: Option<Crash>) -> Self {
        match crash {
            Some(Crash { at, n }) => Self { at, left: n },
            None => Self {
                at: CrashAt::Event,
                left: 0,
            },
        }
    }

    /// Says that a point was reached. May not return.
    pub fn pass(&mut self, at: CrashAt) {
        if self.left == 0 || at != self.at {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            // As a power failure would: no destructors, no flushing.
            std::process::abort();
        }
    }
}
