//! Points at which the process can be made to abort, for the tests that sweep
//! a power failure over every step of a session. Off unless configured.

use std::time::Duration;

use crate::config::{Crash, CrashAt};

/// Counts the points that were passed.
#[derive(Debug)]
pub struct CrashPoints {
    at: CrashAt,
    left: u64,
    linger: Duration,
}

impl CrashPoints {
    /// As configured.
    #[must_use]
    pub fn new(crash: Option<Crash>) -> Self {
        match crash {
            Some(Crash { at, n, linger_ms }) => Self {
                at,
                left: n,
                linger: Duration::from_millis(linger_ms.into()),
            },
            None => Self {
                at: CrashAt::Event,
                left: 0,
                linger: Duration::ZERO,
            },
        }
    }

    /// Says that a point was reached. May not return.
    pub async fn pass(&mut self, at: CrashAt) {
        if self.left == 0 || at != self.at {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            // Everything else goes on meanwhile: frames get onto the wire, a
            // contactor closes. Else nothing done before its commit would show.
            if !self.linger.is_zero() {
                tokio::time::sleep(self.linger).await;
            }
            // As a power failure would: no destructors, no flushing.
            std::process::abort();
        }
    }
}
