//! Who may begin at an outlet without a transaction. Not here: cars and cables that come and
//! go (see `plugpoint_ocpp_core::idle`), and the card (see `cards`).

use plugpoint_ocpp_core::reservation::Visitor;

use crate::charger::Charger;
use crate::config::Key;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn advance_idle(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        let usable = !outlet.is_faulted() && self.is_operative(outlet.number);
        self.outlets[place].advance_idle(turn, usable);
        if !usable {
            return;
        }
        if self.outlets[place].is_free() && self.outlets[place].has_waiting_car() {
            self.assign_waiting_authorization(place);
        }
        if self.outlets[place].has_authorized_car() {
            return self.advance_authorized(turn, place);
        }
        self.outlets[place].expire_authorization(turn);
        let outlet = &self.outlets[place];
        if outlet.state.authorization.is_some() {
            return;
        }
        let nobody = Visitor::unknown(self.config.text(Key::FreeVendIdTag));
        if outlet.has_waiting_car()
            && outlet.state.car.is_unasked()
            && self.serves()
            && !self.is_kept_from(place, &nobody)
        {
            self.outlets[place].state.edit().car.note_asked();
            self.request_for_car(place);
        }
        let is_kept = self.is_kept(place);
        let timeout = self.config.ms(Key::ConnectionTimeOut);
        let car = &self.outlets[place].state.car;
        if let Some(car) = car.awaiting(is_kept, timeout, turn.ms()) {
            self.outlets[place].state.edit().car = car;
        }
    }
}
