//! Lock and permit of an outlet, with what concerns the charge point as a whole. Not here:
//! how they follow from the state of the outlet (see `plugpoint_ocpp_core`).

use plugpoint_ocpp_core::lock::Moved;
use plugpoint_ocpp_core::permit::{self, Limits};

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{LockMoved, Permit};
use crate::turn::Turn;

impl Charger {
    pub(crate) fn on_lock_moved(&mut self, turn: &mut Turn<'_>, moved: &LockMoved) {
        let Some(place) = self.place_of(moved.outlet) else {
            return;
        };
        let outlet = &mut self.outlets[place];
        outlet.facts.lock = moved.state;
        if outlet.state.lock.is_answer(moved.id) {
            self.lock_settled(turn, place);
        }
    }

    /// The lock has reached an end, or has not within its time.
    pub(crate) fn lock_settled(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &mut self.outlets[place];
        let (number, state) = (outlet.number, outlet.facts.lock);
        match outlet.state.edit().lock.settle(state, turn.ms()) {
            Some(Moved::NotLocked) => {
                turn.warn(format!(
                    "connector {number}: the plug could not be locked; no transaction is started"
                ));
                outlet.state.edit().authorization = None;
            }
            Some(Moved::Unlocked) => self.answer_unlock(turn, number, true),
            Some(Moved::NotUnlocked) => self.answer_unlock(turn, number, false),
            Some(Moved::Locked) | None => {}
        }
    }

    pub(crate) fn apply_permit(&mut self, turn: &mut Turn<'_>, place: usize) {
        let wanted = self.wanted_permit(turn, place);
        let outlet = &mut self.outlets[place];
        if outlet.supply.apply(turn, outlet.number, wanted) {
            outlet.state.edit().demand.settle(turn.ms());
        }
    }

    /// A limit that falls is in force, whatever can be stored.
    pub(crate) fn lower_permit(&mut self, turn: &mut Turn<'_>, place: usize) {
        if self.outlets[place].supply.is_on() {
            let wanted = self.wanted_permit(turn, place);
            self.outlets[place].supply.lower(turn, wanted);
        }
    }

    fn wanted_permit(&mut self, turn: &mut Turn<'_>, place: usize) -> Option<Permit> {
        let outlet = &self.outlets[place];
        outlet.running().filter(|_| outlet.has_car())?;
        let planned = self.limits_of_profiles(turn, outlet.number);
        let refused_wh = self.config.int(Key::MaxEnergyOnInvalidId);
        let limits = Limits {
            refused_wh: u64::try_from(refused_wh).unwrap_or(0),
            others: planned.limit.map(|limit| (limit.ma, limit.phases)),
            later: planned.later,
        };
        let outlet = &self.outlets[place];
        let session = outlet.running()?;
        Some(permit::wanted(session, &outlet.facts, &limits))
    }

    pub(crate) fn apply_lock(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if outlet.state.lock.is_to_open() && outlet.session.is_none() {
            self.move_lock(turn, place, false);
        }
    }

    pub(crate) fn move_lock(&mut self, turn: &mut Turn<'_>, place: usize, locked: bool) {
        let id = self.ticket();
        let outlet = &mut self.outlets[place];
        let number = outlet.number;
        outlet.state.edit().lock.start(turn, number, id, locked);
    }
}
