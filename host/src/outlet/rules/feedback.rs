//! Compares what the contactor was told with what its feedback says.
//!
//! "Told to open and still closed" (welded) lasts as long as it is so. "Told to
//! close and still open" is remembered until the permit or the car is gone,
//! since opening it makes the contradiction vanish.

use std::time::Duration;

use crate::outlet::Moment;
use crate::wit::protocol::{ContactorState, Fault, FaultKind};

const DOES_NOT_OPEN: &str = "contactor does not open";
const DOES_NOT_CLOSE: &str = "contactor does not close";

/// Watches one contactor.
#[derive(Debug)]
pub(super) struct Feedback {
    bound: Duration,
    differs_since: Option<Moment>,
    welded: bool,
    dead: bool,
}

impl Feedback {
    pub(super) fn new(bound: Duration) -> Self {
        Self {
            bound,
            differs_since: None,
            welded: false,
            dead: false,
        }
    }

    /// Compares at `now`; `told` is the command in force until now.
    pub(super) fn compare(&mut self, now: Moment, told: ContactorState, is: ContactorState) {
        if told == is {
            self.differs_since = None;
            self.welded = false;
            return;
        }
        let since = *self.differs_since.get_or_insert(now);
        if now >= since.after(self.bound) {
            match told {
                ContactorState::Open => self.welded = true,
                ContactorState::Closed => self.dead = true,
            }
        }
    }

    /// The command has changed: give the contactor its time anew.
    pub(super) fn told_anew(&mut self) {
        self.differs_since = None;
    }

    /// Permit or car are gone: the next one may try again.
    pub(super) fn forgive(&mut self) {
        self.dead = false;
    }

    /// Told to open, and still closed.
    pub(super) fn is_welded(&self) -> bool {
        self.welded
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        let text = if self.welded {
            DOES_NOT_OPEN
        } else if self.dead {
            DOES_NOT_CLOSE
        } else {
            return None;
        };
        Some(Fault {
            kind: FaultKind::ContactorFailure,
            text: text.to_owned(),
        })
    }

    /// Whether a fault is one that was seen here.
    pub(super) fn has_made(fault: &Fault) -> bool {
        [DOES_NOT_OPEN, DOES_NOT_CLOSE].contains(&fault.text.as_str())
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        if self.welded || self.dead {
            return None;
        }
        self.differs_since.map(|since| since.after(self.bound))
    }
}
