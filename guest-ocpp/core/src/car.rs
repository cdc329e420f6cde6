//! The car at an outlet, as it is remembered while it stays: since when it waits, whether
//! it has had its turn, and whose it is. Not here: who may charge it.

use plugpoint_guest::packed::packed_part;
use plugpoint_guest::protocol::{OutletState, PilotState};

use crate::token::Holder;

/// Its time has not begun: the connector is kept for somebody.
const NOT_YET: u64 = u64::MAX;

/// The car that is plugged in, or the cable that is in the socket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Car {
    /// It has had its transaction, or its time.
    finished: bool,
    /// Since when it has been waiting for somebody to show a card.
    plugged_at: Option<u64>,
    /// Its time counts from then, if not from `plugged_at`.
    time_from: Option<u64>,
    /// A plug was in when others last heard of it.
    plug_reported: bool,
    /// The policies were asked about this car.
    policies_asked: bool,
    /// A cable is in the socket, and no car hangs on it.
    cable_only: bool,
    /// Who charged this car last.
    holder: Option<Holder>,
}

impl Car {
    /// It has had its transaction, or its time.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// When it came, ms: together with the outlet, this is which car it is.
    pub fn came_at(&self) -> Option<u64> {
        self.plugged_at
    }

    /// Since when the time counts that it has until somebody shows a card.
    pub fn waits_since(&self) -> Option<u64> {
        let since = self.time_from.or(self.plugged_at)?;
        (self.plugged_at.is_some() && since != NOT_YET).then_some(since)
    }

    /// Until when it waits for a card; none: it does not wait, or for ever (a time of 0).
    pub fn waits_until(&self, timeout_ms: u64) -> Option<u64> {
        let since = self
            .waits_since()
            .filter(|_| timeout_ms > 0 && !self.finished)?;
        Some(since + timeout_ms)
    }

    /// Who charged it last.
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// A cable is in the socket, and no car hangs on it.
    pub fn is_cable_only(&self) -> bool {
        self.cable_only
    }

    /// Nobody has asked the policies about it.
    pub fn is_unasked(&self) -> bool {
        !self.policies_asked
    }

    /// The policies are asked about it.
    pub fn note_asked(&mut self) {
        self.policies_asked = true;
    }

    /// Somebody may charge it, or a transaction has begun.
    pub fn begin(&mut self) {
        self.finished = false;
    }

    /// Its transaction has ended. One that was broken off leaves a car that anybody may
    /// charge.
    pub fn conclude(&mut self, holder: Holder, was_broken_off: bool) {
        self.finished = !was_broken_off;
        self.holder = Some(holder).filter(|_| !was_broken_off);
    }

    /// It has left; a car that is there later has not had its transaction.
    pub fn leave_cable(&mut self) {
        self.cable_only = true;
    }

    /// A plug is in or out since others last heard of it.
    pub fn is_plug_news(&self, plugged: bool) -> bool {
        self.plug_reported != plugged
    }

    /// Others have heard of the plug.
    pub fn report_plug(&mut self, plugged: bool) {
        self.plug_reported = plugged;
    }

    /// It waits for a card, and has its time for that (0: for ever), which does not pass
    /// while the connector is kept for somebody else. None: nothing new.
    pub fn awaiting(&self, is_kept: bool, timeout_ms: u64, ms: u64) -> Option<Self> {
        let paused = self.paused(is_kept, ms);
        let car = paused.as_ref().unwrap_or(self);
        let is_over = car.waits_until(timeout_ms).is_some_and(|until| until <= ms);
        if !is_over {
            return paused;
        }
        Some(Self {
            finished: true,
            ..car.clone()
        })
    }

    fn paused(&self, is_kept: bool, ms: u64) -> Option<Self> {
        let is_paused = self.time_from == Some(NOT_YET);
        let pauses = is_kept && self.plugged_at.is_some() && !self.finished;
        (pauses != is_paused).then(|| Self {
            time_from: Some(if pauses { NOT_YET } else { ms }),
            ..self.clone()
        })
    }

    /// Cars and cables that come and go. One that comes while the outlet is not `usable`
    /// counts from when it is. None: nothing new.
    pub fn seen(&self, facts: &OutletState, usable: bool, ms: u64) -> Option<Self> {
        let mut car = self.clone();
        if !facts.plugged && !facts.has_car() {
            car = Self {
                plug_reported: car.plug_reported,
                ..Self::default()
            };
        } else if facts.pilot == PilotState::A {
            car.cable_only = true;
        } else if car.cable_only && facts.has_car() {
            // A car at the other end of a cable that stayed in the socket.
            car = Self {
                plug_reported: car.plug_reported,
                ..Self::default()
            };
        }
        let is_here = usable && (facts.plugged || facts.has_car());
        if is_here != car.plugged_at.is_some() {
            car.plugged_at = is_here.then_some(ms);
            car.time_from = None;
        }
        (car != *self).then_some(car)
    }
}

packed_part!(Car {
    finished,
    plugged_at,
    time_from,
    plug_reported = "plug_noted",
    policies_asked = "plugged_asked",
    cable_only = "without_car",
    holder
});
