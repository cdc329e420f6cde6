//! Calls of ours that nobody answers. A call without an answer says little about
//! the link: the central system may be slow with one kind of message, and
//! answer all others. So a heartbeat follows as a probe. If that is answered, the
//! link stays, and what was not answered waits; if not, the link is dialled
//! again, each time after more patience. Not here: errors (see `delivery`).

use crate::charger::Charger;
use crate::config::Key;
use crate::outbox::Kind;
use crate::profile::Outcome;
use crate::retries::ValuesFailure;
use crate::turn::Turn;

impl Charger {
    /// Its time is over.
    pub(crate) fn unanswered(&mut self, turn: &mut Turn<'_>, kind: Kind) {
        let action = match &kind {
            Kind::Boot => "BootNotification",
            Kind::Heartbeat => "Heartbeat",
            Kind::Status { .. } => "StatusNotification",
            Kind::Authorize { .. } => "Authorize",
            Kind::Transaction => {
                let first = self.queue.first(turn);
                first.map_or("a transaction message", |(_, record)| record.action())
            }
            Kind::Triggered { action } => action,
            Kind::Profile { owner, .. } => owner,
        };
        turn.warn(format!(
            "central system did not answer {action} within {} s",
            self.config.int(Key::MessageTimeout)
        ));
        self.silence.edit().begins();
        match kind {
            // Before the registration nothing else is sent that could be a probe.
            Kind::Boot => {
                self.boot_failed(turn, "no answer");
                self.probe_lost(turn);
            }
            Kind::Authorize { request } => self.authorization_unanswered(turn, request),
            Kind::Status { connector } => {
                self.silence.edit().status_lost(connector, turn.ms());
            }
            Kind::Heartbeat => self.probe_lost(turn),
            Kind::Transaction => self.transaction_unanswered(turn),
            Kind::Triggered { .. } => {}
            Kind::Profile { owner, label } => {
                self.tell_outcome(turn, &owner, &label, Outcome::Unanswered);
            }
        }
    }

    /// The central system has answered some call of ours.
    pub(crate) fn heard(&mut self, turn: &mut Turn<'_>) {
        if self.silence.is_there() {
            self.silence.edit().ends();
        }
        let Some(suspect) = self.silence.suspect() else {
            return;
        };
        self.silence.edit().suspects(None);
        if self
            .queue
            .first(turn)
            .is_some_and(|(number, _)| *number == suspect)
        {
            self.values_failed(turn, ValuesFailure::Unanswered, "no answer");
        }
    }

    pub(crate) fn status_answered(&mut self) {
        if self.silence.has_lost_status() {
            self.silence.edit().status_answered();
        }
    }

    /// It is being told again.
    pub(crate) fn status_told(&mut self, connector: u32) {
        if self.silence.is_untold(connector) {
            self.silence.edit().status_told(connector);
        }
    }

    /// What waits because nobody answered is tried on the new link.
    pub(crate) fn silence_broken(&mut self) {
        self.queue.try_again();
        let after = self.silence.on_a_new_link();
        if *self.silence != after {
            *self.silence.edit() = after;
        }
    }

    fn probe_lost(&mut self, turn: &mut Turn<'_>) {
        if self.silence.is_too_long() {
            let unanswered = self.silence.unanswered();
            self.silence.edit().note_dead_link();
            turn.warn(format!(
                "central system has not answered {unanswered} calls in a row; reconnecting"
            ));
            self.dial_again(turn);
        }
    }

    /// A start or stop is sent again for as long as it takes: a hung central
    /// system must not cost a record. Meter values wait for the judgement.
    fn transaction_unanswered(&mut self, turn: &mut Turn<'_>) {
        let patience = self.patience();
        let Some((number, record)) = self.queue.first(turn) else {
            return;
        };
        if record.is_vital() {
            self.queue.first_unanswered(turn, patience);
        } else {
            let number = *number;
            self.silence.edit().suspects(Some(number));
        }
    }
}
