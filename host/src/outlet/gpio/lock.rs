//! The lock's motor: what its lines do while it moves, and what has come of it.

use std::time::Duration;

use super::Level;
use crate::line::{LineError, Output};
use crate::outlet::{LockOrder, Moment};
use crate::wit::protocol::{Fault, FaultKind, LockState};

/// How the motor is driven.
pub(super) enum Motor {
    /// One line for each way, active for a while.
    Ways {
        lock: Box<dyn Output>,
        unlock: Box<dyn Output>,
    },
    /// One line to run, one for the direction (active: lock).
    Direction {
        run: Box<dyn Output>,
        direction: Box<dyn Output>,
    },
    /// Active as long as it is locked.
    Hold(Box<dyn Output>),
}

impl Motor {
    fn begin(&mut self, locked: bool) -> Result<(), LineError> {
        match self {
            Self::Ways { lock, unlock } => {
                let (this, other) = if locked {
                    (lock, unlock)
                } else {
                    (unlock, lock)
                };
                // Never both at once.
                other.set(false)?;
                this.set(true)
            }
            Self::Direction { run, direction } => {
                run.set(false)?;
                direction.set(locked)?;
                run.set(true)
            }
            Self::Hold(line) => line.set(locked),
        }
    }

    fn end(&mut self) -> Result<(), LineError> {
        match self {
            Self::Ways { lock, unlock } => {
                let done = lock.set(false);
                unlock.set(false).and(done)
            }
            Self::Direction { run, direction } => {
                let done = run.set(false);
                direction.set(false).and(done)
            }
            Self::Hold(_) => Ok(()),
        }
    }
}

/// The lock of one outlet.
pub(super) struct Lock {
    motor: Motor,
    feedback: Option<Level>,
    pulse: Duration,
    /// The last order, and until when the motor runs.
    order: Option<LockOrder>,
    until: Option<Moment>,
    ended: u32,
    failed: Option<LineError>,
}

impl Lock {
    pub(super) fn new(motor: Motor, feedback: Option<Level>, pulse: Duration) -> Self {
        Self {
            motor,
            feedback,
            pulse,
            order: None,
            until: None,
            ended: 0,
            failed: None,
        }
    }

    /// Takes an order, if it is a new one.
    pub(super) fn obey(&mut self, now: Moment, order: LockOrder) {
        if self
            .order
            .is_some_and(|before| before.serial == order.serial)
        {
            return;
        }
        self.order = Some(order);
        self.until = Some(now.after(self.pulse));
        let done = self.motor.begin(order.locked);
        self.note(done);
    }

    /// Ends what is over.
    pub(super) fn advance(&mut self, now: Moment) {
        if self.until.is_some_and(|until| now >= until) {
            self.stop();
        }
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.until
    }

    /// The motor stands.
    pub(super) fn stop(&mut self) {
        self.until = None;
        let done = self.motor.end();
        self.note(done);
        self.ended = self.order.map_or(0, |order| order.serial);
    }

    pub(super) fn ended(&self) -> u32 {
        self.ended
    }

    /// With feedback what that says; without, what was ordered last.
    pub(super) fn state(&self) -> LockState {
        let ordered = self.order.filter(|_| self.until.is_none());
        let is = match &self.feedback {
            Some(level) => level.is_active(),
            None => ordered.is_some_and(|order| order.locked),
        };
        let missed = ordered.is_some_and(|order| order.locked != is);
        match is {
            _ if missed || self.failed.is_some() => LockState::Failed,
            true => LockState::Locked,
            false => LockState::Unlocked,
        }
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        let error = self.failed.as_ref().map(|error| Fault {
            kind: FaultKind::LockFailure,
            text: error.to_string(),
        });
        error.or_else(|| self.feedback.as_ref()?.fault())
    }

    fn note(&mut self, done: Result<(), LineError>) {
        if let Err(error) = done {
            tracing::error!("{error}");
            self.failed = Some(error);
        }
    }
}
