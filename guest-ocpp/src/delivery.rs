//! What the central system's answers to transaction messages bring about.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{Level, TokenStatus};
use crate::queue::{Record, StopReason, What, numbers};
use crate::turn::Turn;

impl Charger {
    /// The central system has taken a transaction message.
    pub(crate) fn transaction_taken(
        &mut self,
        turn: &mut Turn<'_>,
        record: &Record,
        answer: Fields<'_, '_>,
    ) {
        let info = answer.optional_object("idTagInfo").ok().flatten();
        match &record.what {
            What::Start { tag, .. } => {
                let id = answer.int("transactionId").unwrap_or(-1);
                numbers::note(turn, record.session, id);
                let entry = info.and_then(|info| self.token_entry(turn, info));
                if let Some(entry) = &entry {
                    self.remember(turn, tag, entry);
                }
                let place = self.place_of(record.outlet);
                let running = place.filter(|place| {
                    self.outlets[*place]
                        .session
                        .as_ref()
                        .is_some_and(|session| session.number == record.session)
                });
                if let Some(place) = running {
                    if let Some(session) = self.outlets[place].session.edit() {
                        session.id = Some(id);
                        if let Some(parent) = entry.as_ref().and_then(|entry| entry.parent.clone())
                        {
                            session.parent = Some(parent);
                        }
                    }
                    if entry.is_some_and(|entry| entry.status != TokenStatus::Accepted) {
                        self.refused_after_start(turn, place);
                    }
                }
            }
            What::Stop { tag, .. } => {
                numbers::forget(turn, record.session);
                if let (Some(tag), Some(info)) = (tag, info)
                    && let Some(entry) = self.token_entry(turn, info)
                {
                    self.remember(turn, tag, &entry);
                }
            }
            What::Values { .. } => {}
        }
        if self.queue.waiting() == 0 {
            self.clock.forget_other_boots(turn);
        }
    }

    fn refused_after_start(&mut self, turn: &mut Turn<'_>, place: usize) {
        if self.config.is_on(Key::StopTransactionOnInvalidId) {
            self.stop(turn, place, StopReason::DeAuthorized, None);
        } else if let Some(session) = self.outlets[place].session.edit() {
            session.refused = true;
        }
    }

    /// The central system could not process a message, as often as it may.
    pub(crate) fn transaction_given_up(&mut self, turn: &mut Turn<'_>, record: &Record) {
        let name = match record.what {
            What::Start { .. } => {
                numbers::note(turn, record.session, -1);
                "StartTransaction"
            }
            What::Values { .. } => "MeterValues",
            What::Stop { .. } => {
                numbers::forget(turn, record.session);
                "StopTransaction"
            }
        };
        let session = record.session;
        turn.log.write(
            Level::Error,
            &format!("{name} of transaction {session} is dropped: the central system failed on it too often"),
        );
    }
}
