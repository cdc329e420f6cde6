//! What the hardware tells: outlet events, readings, and what was asked for
//! and never came.

use plugpoint_ocpp_core::meter::Purpose;

use crate::charger::Charger;
use crate::host::{MeterRead, OutletEvent};
use crate::meter::Context;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn on_outlet(&mut self, event: OutletEvent) {
        let Some(place) = self.place_of(event.state.outlet) else {
            return;
        };
        self.outlets[place].note(event);
        self.config
            .note_meters(self.outlets.iter().map(|outlet| &outlet.facts));
    }

    pub(crate) fn on_meter(&mut self, turn: &mut Turn<'_>, read: MeterRead) {
        let Some(place) = self.place_of(read.outlet) else {
            return;
        };
        if read.reading.is_some() {
            self.outlets[place].facts.reading = read.reading;
            self.config
                .note_meters(self.outlets.iter().map(|outlet| &outlet.facts));
        }
        let state = self.outlets[place].state.edit();
        if let Some(why) = state.readings.answered(read.id) {
            self.meter_settled(turn, place, why);
        }
    }

    fn meter_settled(&mut self, turn: &mut Turn<'_>, place: usize, why: Purpose) {
        if why == Purpose::Trigger {
            return self.tell_values(turn, place);
        }
        if !self.can_keep() {
            return;
        }
        match why {
            Purpose::Begin => self.begin(turn, place),
            Purpose::Periodic => self.sample(turn, place, Context::Periodic, None),
            Purpose::Clock { grid } => self.sample(turn, place, Context::Clock, Some(grid)),
            Purpose::Trigger => {}
        }
    }

    pub(crate) fn expire_asks(&mut self, turn: &mut Turn<'_>, place: usize) {
        let ms = turn.ms();
        while self.outlets[place].state.readings.is_overdue(ms) {
            let why = self.outlets[place].state.edit().readings.expired(ms);
            turn.warn(format!(
                "connector {}: no answer from the meter",
                self.outlets[place].number
            ));
            if let Some(why) = why {
                self.meter_settled(turn, place, why);
            }
        }
        if self.outlets[place].state.lock.is_overdue(ms) {
            self.lock_settled(turn, place);
        }
        if self.outlets[place].state.demand.is_over(ms) {
            self.outlets[place].state.edit().demand.settled();
        }
    }
}
