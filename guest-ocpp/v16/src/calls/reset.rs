//! Reset: transactions are ended, what can be told is told, then everything
//! begins anew.

use super::{Answer, status};
use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{Action, Level, Restart, RestartKind};
use crate::record::StopReason;
use crate::state::PendingReset;
use crate::timers;
use crate::turn::Turn;

/// So long a reset waits for messages to get through.
const HARD_WAIT_MS: u64 = 10_000;
const SOFT_WAIT_MS: u64 = 60_000;
/// One that was not carried out by then is asked for again (ResetRetries).
const AGAIN_MS: u64 = 30_000;

impl Charger {
    pub(super) fn reset(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        fields: Fields<'_, '_>,
    ) -> Answer {
        let hard = fields.choice("type", &[("Hard", true), ("Soft", false)])?;
        let wait = if hard { HARD_WAIT_MS } else { SOFT_WAIT_MS };
        let until = turn.ms() + wait;
        // Asked for again, it comes no later, and a hard one is not softened.
        let before = self.state.reset.clone();
        self.state.edit().reset = Some(PendingReset {
            hard: hard || before.as_ref().is_some_and(|before| before.hard),
            until: before.map_or(until, |before| before.until.min(until)),
            tried: None,
            again_at: None,
        });
        self.state.edit().unassigned.clear();
        self.needs_settling = true;
        for outlet in &mut self.outlets {
            outlet.state.edit().authorization = None;
        }
        status(id, "Accepted")
    }

    /// Not while nothing can be kept: then the end could not be noted, and the next
    /// start does it when it can.
    fn stop_for_reset(&mut self, turn: &mut Turn<'_>) {
        let reason = match &self.state.reset {
            Some(PendingReset { hard: true, .. }) => StopReason::HardReset,
            Some(_) => StopReason::SoftReset,
            None => return,
        };
        for place in 0..self.outlets.len() {
            self.stop(turn, place, reason, None);
        }
    }

    /// What concerns the charger as a whole.
    pub(crate) fn advance_charger(&mut self, turn: &mut Turn<'_>) {
        self.advance_aligned(turn);
        if self.late.deadline().is_some_and(|at| at <= turn.ms()) {
            self.late.edit().expire(turn);
        }
        self.stop_for_reset(turn);
        self.expire_unassigned(turn);
    }

    /// Comes last: what this call sends is sent before.
    pub(crate) fn advance_reset(&mut self, turn: &mut Turn<'_>) {
        let Some(reset) = self.state.reset.clone() else {
            return;
        };
        let ms = turn.ms();
        // What could not be stored when it ended is concluded after the restart.
        let ended = self.outlets.iter().all(|outlet| {
            let halted = outlet.state.halted.as_ref();
            outlet.session.is_none() || halted.is_some_and(|it| it.settled)
        });
        let told = !self.is_online() || (self.queue.waiting() == 0 && self.outbox.is_idle());
        let is_late = reset.until <= ms;
        let is_ready = (ended && (told || is_late)) || (is_late && !self.can_keep());
        if !is_ready || reset.again_at.is_some_and(|at| at > ms) {
            return;
        }
        let (kind, why) = if reset.hard {
            (RestartKind::Hard, "hard reset")
        } else {
            (RestartKind::Soft, "soft reset")
        };
        // Whoever carries it out ends this instance, so that it is not asked twice
        // unless that failed.
        let tried = reset.tried.unwrap_or(0);
        if i64::from(tried) > self.config.int(Key::ResetRetries) {
            turn.log.write(
                Level::Error,
                &format!(
                    "{why} was not carried out in {tried} attempts; the charge point goes on as it is"
                ),
            );
            self.state.edit().reset = None;
            return;
        }
        self.state.edit().reset = Some(PendingReset {
            tried: Some(tried + 1),
            again_at: Some(ms + AGAIN_MS),
            ..reset
        });
        let why = why.to_owned();
        turn.act(Action::Restart(Restart { kind, why }));
        self.timers.want(turn, timers::CHARGER, Some(ms + AGAIN_MS));
    }
}
