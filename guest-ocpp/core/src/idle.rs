//! An outlet without a transaction: cars and cables that come and go, and authorizations
//! whose car does not come. Not here: who may begin.

use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::outlet::Outlet;

impl<P: Protocol> Outlet<P> {
    /// Notes what is plugged in. While the outlet is not `usable`, nobody may charge.
    pub fn advance_idle(&mut self, turn: &Turn<'_>, usable: bool) {
        self.note_car(usable, turn.ms());
        let lock = &self.state.lock;
        let holds = self.facts.is_locked() || lock.is_stuck(self.facts.lock, turn.ms());
        let is_needless = lock.is_needless() && self.state.authorization.is_none();
        if self.facts.is_socket() && holds && is_needless {
            // The car left, or something broke, between locking and beginning.
            self.state.edit().lock.want_unlocked();
        }
        if !usable && self.state.authorization.is_some() {
            self.state.edit().authorization = None;
            turn.info(format!(
                "connector {}: out of order; no transaction is started",
                self.number
            ));
        }
    }

    /// The authorization at this outlet, when the car that it is for is not there.
    pub fn expire_authorization(&mut self, turn: &Turn<'_>) {
        let Some(authorization) = &self.state.authorization else {
            return;
        };
        let why = if authorization.car.is_some() {
            "its car has left"
        } else if authorization.until <= turn.ms() {
            "no car was plugged in"
        } else {
            return;
        };
        turn.info(format!(
            "connector {}: the authorization of token {} has expired: {why}",
            self.number, authorization.tag
        ));
        self.state.edit().authorization = None;
    }
}
