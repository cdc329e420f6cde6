//! What the hardware tells: outlet events, readings, and what was asked for
//! and never came.

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{MeterRead, OutletChange, OutletEvent, Stamp};
use crate::meter::Context;
use crate::outlet::{Why, has_car};
use crate::queue::StopReason;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn on_outlet(&mut self, turn: &mut Turn<'_>, event: OutletEvent) {
        let Some(place) = self.place_of(event.state.outlet) else {
            return;
        };
        let is_old = event.at.boot_id != self.since.boot_id
            || event.at.monotonic_ms < self.since.monotonic_ms;
        if is_old {
            return self.on_old_news(turn, place, event);
        }
        let outlet = &mut self.outlets[place];
        if event.change == OutletChange::Permit {
            outlet.permit.clone_from(&event.state.permit);
        }
        outlet.facts = event.state;
        self.config
            .note_meters(self.outlets.iter().map(|outlet| &outlet.facts));
    }

    /// From before this instance: `boot` has shown what came of it. But a car
    /// that left, and perhaps came back, ends what it was charging on.
    fn on_old_news(&mut self, turn: &mut Turn<'_>, place: usize, event: OutletEvent) {
        let outlet = &self.outlets[place];
        let reading = event.state.reading.clone();
        let left = !has_car(&event.state);
        let before = outlet
            .running()
            .is_some_and(|session| began_before(session.started.at, event.at));
        if left && before && self.config.is_on(Key::StopTransactionOnEVSideDisconnect) {
            if let (Some(session), Some(reading)) = (self.outlets[place].session.edit(), reading) {
                session.last_mwh = session.last_mwh.max(reading.energy_mwh);
            }
            self.stop(turn, place, StopReason::EvDisconnected, None);
        }
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
        let book = self.outlets[place].book.edit();
        if let Some(at) = book.meter_asks.iter().position(|ask| ask.id == read.id) {
            let ask = book.meter_asks.remove(at);
            self.meter_settled(turn, place, ask.why);
        }
    }

    fn meter_settled(&mut self, turn: &mut Turn<'_>, place: usize, why: Why) {
        if !self.can_keep(turn) {
            return;
        }
        match why {
            Why::Begin => self.begin(turn, place),
            Why::Periodic => self.sample(turn, place, Context::Periodic, None),
            Why::Clock { grid } => self.sample(turn, place, Context::Clock, Some(grid)),
        }
    }

    pub(crate) fn expire_asks(&mut self, turn: &mut Turn<'_>, place: usize) {
        let ms = turn.ms();
        while let Some(at) = self.outlets[place]
            .book
            .meter_asks
            .iter()
            .position(|ask| ask.until <= ms)
        {
            let ask = self.outlets[place].book.edit().meter_asks.remove(at);
            turn.warn(format!(
                "connector {}: the meter did not answer",
                self.outlets[place].number
            ));
            self.meter_settled(turn, place, ask.why);
        }
        let book = &self.outlets[place].book;
        if book.lock_ask.as_ref().is_some_and(|ask| ask.until <= ms)
            && let Some(ask) = self.outlets[place].book.edit().lock_ask.take()
        {
            self.lock_settled(turn, place, ask.locked);
        }
        if self.outlets[place]
            .book
            .settle_until
            .is_some_and(|until| until <= ms)
        {
            self.outlets[place].book.edit().settle_until = None;
        }
    }
}

fn began_before(start: Stamp, event: Stamp) -> bool {
    start.boot_id != event.boot_id || start.monotonic_ms <= event.monotonic_ms
}
