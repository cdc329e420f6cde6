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
    last_serial: Option<u32>,
}

impl Lock {
    pub(super) fn new(travel: Duration, engaged: bool) -> Self {
        Self {
            travel,
            jammed: false,
            engaged,
            state: position(engaged),
            moving: None,
            last_serial: None,
        }
    }

    pub(super) fn jam(&mut self, jammed: bool) {
        self.jammed = jammed;
    }

    pub(super) fn obey(&mut self, now: Moment, order: LockOrder) {
        if self.last_serial != Some(order.serial) {
            self.last_serial = Some(order.serial);
            self.moving = Some((order.locked, now.after(self.travel)));
        }
    }

    pub(super) fn advance(&mut self, now: Moment) {
        let Some((locked, _)) = self.moving.filter(|(_, at)| now >= *at) else {
            return;
        };
        self.moving = None;
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

    pub(super) fn is_moving(&self) -> bool {
        self.moving.is_some()
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
