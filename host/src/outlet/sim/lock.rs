//! The simulated lock of a socket: a motor that takes its time, and can jam.

use std::time::Duration;

use crate::outlet::Moment;
use crate::outlet::driver::LockOrder;
use crate::wit::protocol::LockState;

/// A locking motor.
#[derive(Debug)]
pub(super) struct Lock {
    travel: Duration,
    jammed: bool,
    /// Where the bolt really is.
    engaged: bool,
    /// What the feedback says.
    state: LockState,
    moving: Option<(bool, Moment)>,
    /// Of the order in hand and of the last that has ended.
    serial: u32,
    ended: u32,
}

impl Lock {
    pub(super) fn new(travel: Duration, engaged: bool) -> Self {
        Self {
            travel,
            jammed: false,
            engaged,
            state: position(engaged),
            moving: None,
            serial: 0,
            ended: 0,
        }
    }

    pub(super) fn jam(&mut self, jammed: bool) {
        self.jammed = jammed;
    }

    pub(super) fn obey(&mut self, now: Moment, order: LockOrder) {
        if self.serial != order.serial {
            self.serial = order.serial;
            self.moving = Some((order.locked, now.after(self.travel)));
        }
    }

    pub(super) fn advance(&mut self, now: Moment) {
        let Some((locked, _)) = self.moving.filter(|(_, at)| now >= *at) else {
            return;
        };
        self.moving = None;
        self.ended = self.serial;
        if self.jammed && self.engaged != locked {
            self.state = LockState::Failed;
        } else {
            self.engaged = locked;
            self.state = position(locked);
        }
    }

    /// The bolt holds the plug.
    pub(super) fn holds(&self) -> bool {
        self.engaged
    }

    pub(super) fn state(&self) -> LockState {
        self.state
    }

    /// Serial of the last order that has ended.
    pub(super) fn ended(&self) -> u32 {
        self.ended
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.moving.map(|(_, at)| at)
    }
}

fn position(engaged: bool) -> LockState {
    if engaged {
        LockState::Locked
    } else {
        LockState::Unlocked
    }
}
