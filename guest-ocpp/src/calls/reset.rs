//! Reset: transactions are ended, what can be told is told, then everything
//! begins anew.

use super::{Answer, status};
use crate::charger::{Charger, PendingReset};
use crate::fields::Fields;
use crate::host::Action;
use crate::queue::StopReason;
use crate::turn::Turn;

/// So long a reset waits for messages to get through.
const HARD_WAIT_MS: u64 = 10_000;
const SOFT_WAIT_MS: u64 = 60_000;

impl Charger {
    pub(super) fn reset(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let hard = fields.choice("type", &[("Hard", true), ("Soft", false)])?;
        let wait = if hard { HARD_WAIT_MS } else { SOFT_WAIT_MS };
        self.desk.edit().reset = Some(PendingReset {
            hard,
            until: turn.ms() + wait,
        });
        self.desk.edit().grant = None;
        self.stirred = true;
        let reason = if hard {
            StopReason::HardReset
        } else {
            StopReason::SoftReset
        };
        for place in 0..self.outlets.len() {
            self.outlets[place].book.edit().grant = None;
            self.stop(turn, place, reason, None);
        }
        status(id, "Accepted")
    }

    /// What concerns the charger as a whole.
    pub(crate) fn advance_charger(&mut self, turn: &mut Turn<'_>) {
        self.advance_aligned(turn);
        self.advance_unlocks(turn);
        let ms = turn.ms();
        if self
            .desk
            .grant
            .as_ref()
            .is_some_and(|(grant, _)| grant.until <= ms)
        {
            self.desk.edit().grant = None;
        }
    }

    /// Comes last: what this call sends is sent before.
    pub(crate) fn advance_reset(&mut self, turn: &mut Turn<'_>) {
        let Some(reset) = &self.desk.reset else {
            return;
        };
        let ended = self.outlets.iter().all(|outlet| outlet.session.is_none());
        let told = !self.is_online() || (self.queue.waiting() == 0 && self.outbox.is_idle());
        if ended && (told || reset.until <= turn.ms()) {
            let why = if reset.hard {
                "hard reset"
            } else {
                "soft reset"
            };
            turn.act(Action::Restart(why.to_owned()));
        }
    }
}
