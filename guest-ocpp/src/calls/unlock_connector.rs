//! UnlockConnector: answered once the lock has moved.

use super::{Answer, status};
use crate::charger::{Charger, PendingUnlock};
use crate::fields::Fields;
use crate::host::{Action, Frame};
use crate::queue::StopReason;
use crate::rpc;
use crate::turn::Turn;

/// Ending a transaction and moving the lock take no longer.
const WAIT_MS: u64 = 20_000;

impl Charger {
    pub(super) fn unlock_connector(
        &mut self,
        turn: &mut Turn<'_>,
        link: u32,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let connector = fields.int("connectorId")?;
        let place = u32::try_from(connector)
            .ok()
            .and_then(|number| self.place_of(number));
        let Some(place) = place.filter(|place| self.outlets[*place].is_socket()) else {
            return status(id, "NotSupported");
        };
        let outlet = self.outlets[place].number;
        self.desk.edit().unlocks.push(PendingUnlock {
            message: id.to_owned(),
            link,
            outlet,
            until: turn.ms() + WAIT_MS,
        });
        self.stop(turn, place, StopReason::UnlockCommand, None);
        let book = self.outlets[place].book.edit();
        book.unlock_wanted = true;
        book.keep_locked = false;
        book.grant = None;
        self.stirred = true;
        Ok(None)
    }

    /// The lock of an outlet was sent open, and is or is not.
    pub(crate) fn answer_unlock(&mut self, turn: &mut Turn<'_>, outlet: u32, open: bool) {
        let word = if open { "Unlocked" } else { "UnlockFailed" };
        self.answer_unlocks(turn, word, |unlock| unlock.outlet == outlet);
    }

    pub(super) fn advance_unlocks(&mut self, turn: &mut Turn<'_>) {
        let ms = turn.ms();
        self.answer_unlocks(turn, "UnlockFailed", |unlock| unlock.until <= ms);
    }

    fn answer_unlocks(
        &mut self,
        turn: &mut Turn<'_>,
        word: &str,
        which: impl Fn(&PendingUnlock) -> bool,
    ) {
        if !self.desk.unlocks.iter().any(&which) {
            return;
        }
        let all = std::mem::take(&mut self.desk.edit().unlocks);
        let (due, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(which);
        self.desk.edit().unlocks = rest;
        for unlock in due {
            let text = rpc::result(&unlock.message, 32, |w| w.text("status", word));
            turn.act(Action::Send(Frame {
                link: unlock.link,
                text,
            }));
        }
    }
}
