//! When the lock's motor may run, and the answer to who asked.
//!
//! Locking needs a plug. Unlocking waits until the contactor is open; if that
//! does not happen within a bound, the answer is that the lock is as it was.

use std::time::Duration;

use crate::outlet::Moment;
use crate::outlet::driver::{Facts, LockOrder};
use crate::wit::protocol::{Cable, ContactorState, LockMove, LockState};

/// The lock of one outlet.
#[derive(Debug)]
pub(super) struct LockControl {
    cable: Cable,
    /// How long an unlock waits for the contactor.
    wait_bound: Duration,
    /// How long the motor may run.
    motor_bound: Duration,
    job: Option<Job>,
    last_order: Option<LockOrder>,
    /// The driver never told that the motor has ended.
    overdue: bool,
    answers: Vec<(u32, LockState)>,
}

#[derive(Debug)]
struct Job {
    id: u32,
    locked: bool,
    until: Moment,
    running: bool,
}

impl LockControl {
    pub(super) fn new(cable: Cable, wait_bound: Duration, motor_bound: Duration) -> Self {
        Self {
            cable,
            wait_bound,
            motor_bound,
            job: None,
            last_order: None,
            overdue: false,
            answers: Vec::new(),
        }
    }

    /// Takes an order; one that is under way is answered with what has come of
    /// it so far.
    pub(super) fn ask(&mut self, now: Moment, order: &LockMove, facts: &Facts) {
        let present = self.state(facts);
        if let Some(before) = self.job.take() {
            self.answers.push((before.id, present));
        }
        self.job = Some(Job {
            id: order.id,
            locked: order.locked,
            until: now.after(self.wait_bound),
            running: false,
        });
    }

    /// Goes on with the order in hand. `energised`: the contactor is told to be
    /// closed, or still is.
    pub(super) fn step(&mut self, now: Moment, facts: &Facts, energised: bool) {
        let state = self.state(facts);
        let moving = self.is_moving(facts);
        let Some(job) = &mut self.job else {
            return;
        };
        let done = if job.running {
            if !moving {
                self.overdue = false;
                Some(facts.lock)
            } else if now >= job.until {
                self.overdue = true;
                Some(LockState::Failed)
            } else {
                None
            }
        } else {
            let there = match job.locked {
                true => LockState::Locked,
                false => LockState::Unlocked,
            };
            let impossible = self.cable == Cable::Fixed || (job.locked && !facts.plugged);
            if impossible || (state == there && !moving) {
                Some(state)
            } else if job.locked || !energised {
                job.running = true;
                job.until = now.after(self.motor_bound);
                self.overdue = false;
                self.last_order = Some(LockOrder {
                    locked: job.locked,
                    serial: self.last_order.map_or(1, |o| o.serial.wrapping_add(1)),
                });
                None
            } else if now >= job.until {
                Some(state)
            } else {
                None
            }
        };
        if let Some(state) = done {
            self.answers.push((job.id, state));
            self.job = None;
        }
    }

    /// The lock as the outside sees it.
    pub(super) fn state(&self, facts: &Facts) -> LockState {
        match self.cable {
            Cable::Fixed => LockState::None,
            Cable::Socket if self.overdue && self.is_moving(facts) => LockState::Failed,
            Cable::Socket => facts.lock,
        }
    }

    fn is_moving(&self, facts: &Facts) -> bool {
        self.last_order
            .is_some_and(|order| order.serial != facts.lock_ended)
    }

    /// The plug is held, and the motor is not on its way.
    pub(super) fn holds(&self, facts: &Facts) -> bool {
        self.cable == Cable::Fixed || (facts.lock == LockState::Locked && !self.is_moving(facts))
    }

    pub(super) fn order(&self) -> Option<LockOrder> {
        self.last_order
    }

    pub(super) fn take_answers(&mut self) -> Vec<(u32, LockState)> {
        std::mem::take(&mut self.answers)
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.job.as_ref().map(|job| job.until)
    }
}

/// True while anything says that there may be voltage at the socket.
pub(super) fn energised(told: ContactorState, facts: &Facts) -> bool {
    told == ContactorState::Closed || facts.contactor == ContactorState::Closed
}
