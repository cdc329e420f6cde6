//! What holds a plug and lets energy through: the lock and the permit. Both
//! follow from the state of the outlet; nobody switches them by hand.

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, LockMove, LockMoved, LockState, Permit};
use crate::outlet::LockAsk;
use crate::turn::Turn;

const LOCK_WAIT_MS: u64 = 10_000;
/// A lock that did not open is tried again, for it holds somebody's cable.
const RELEASE_AGAIN_MS: u64 = 300_000;

impl Charger {
    pub(crate) fn on_lock_moved(&mut self, turn: &mut Turn<'_>, moved: &LockMoved) {
        let Some(place) = self.place_of(moved.outlet) else {
            return;
        };
        let outlet = &mut self.outlets[place];
        outlet.facts.lock = moved.state;
        let asked = outlet
            .book
            .lock_ask
            .as_ref()
            .is_some_and(|ask| ask.id == moved.id);
        if asked && let Some(ask) = outlet.book.edit().lock_ask.take() {
            self.lock_settled(turn, place, ask.locked);
        }
    }

    /// The lock has reached an end, or has not within its time.
    pub(crate) fn lock_settled(&mut self, turn: &mut Turn<'_>, place: usize, locking: bool) {
        let outlet = &mut self.outlets[place];
        let reached = if locking {
            LockState::Locked
        } else {
            LockState::Unlocked
        };
        let good = outlet.facts.lock == reached;
        let number = outlet.number;
        if locking && !good {
            turn.warn(format!(
                "connector {number}: the plug could not be locked, nothing is started"
            ));
            let book = outlet.book.edit();
            book.lock_failed = true;
            book.grant = None;
            // So that the plug can be taken out and put in again.
            book.unlock_wanted = true;
        }
        if !locking {
            let release_at = (!good).then(|| turn.ms() + RELEASE_AGAIN_MS);
            self.outlets[place].book.edit().release_at = release_at;
            self.answer_unlock(turn, number, good);
        }
    }

    pub(crate) fn apply_permit(&mut self, turn: &mut Turn<'_>, place: usize) {
        let wanted = self.wanted_permit(place);
        let outlet = &mut self.outlets[place];
        if outlet.permit == wanted {
            return;
        }
        match &wanted {
            Some(permit) => turn.act(Action::Permit(permit.clone())),
            None => turn.act(Action::Revoke(outlet.number)),
        }
        outlet.permit = wanted;
    }

    fn wanted_permit(&self, place: usize) -> Option<Permit> {
        let outlet = &self.outlets[place];
        let session = outlet.running()?;
        let most = outlet.facts.max_current_ma;
        let mut permit = Permit {
            outlet: outlet.number,
            limit_ma: session.limit_ma.map_or(most, |limit| limit.min(most)),
            phases: outlet.facts.phases,
            energy_limit_wh: session.energy_limit_wh,
            session: session.number,
        };
        if session.refused {
            let most_wh = u64::try_from(self.config.int(Key::MaxEnergyOnInvalidId)).unwrap_or(0);
            permit.energy_limit_wh = Some(
                permit
                    .energy_limit_wh
                    .map_or(most_wh, |limit| limit.min(most_wh)),
            );
            if most_wh == 0 {
                permit.limit_ma = 0;
            }
        }
        Some(permit)
    }

    pub(crate) fn apply_lock(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if !outlet.book.unlock_wanted || outlet.book.lock_ask.is_some() || outlet.session.is_some()
        {
            return;
        }
        self.outlets[place].book.edit().unlock_wanted = false;
        self.move_lock(turn, place, false);
    }

    pub(crate) fn move_lock(&mut self, turn: &mut Turn<'_>, place: usize, locked: bool) {
        let id = self.ticket();
        let outlet = &mut self.outlets[place];
        outlet.book.edit().lock_ask = Some(LockAsk {
            id,
            locked,
            until: turn.ms() + LOCK_WAIT_MS,
        });
        turn.act(Action::MoveLock(LockMove {
            id,
            outlet: outlet.number,
            locked,
        }));
    }
}
