//! What the central system's answers to transaction messages bring about. Not
//! here: when there is none (see `silence`).

use crate::charger::Charger;
use crate::codes;
use crate::config::Key;
use crate::fields::Fields;
use crate::frame::CallError;
use crate::host::{Level, TokenStatus};
use crate::json::Json;
use crate::profile::Happening;
use crate::record::{Record, StopReason, What, numbers};
use crate::retries::{AfterFailure, MAX_VALUES_DELAY_MS, Patience, ValuesFailure};
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
        if info.is_none() && matches!(record.what, What::Start { .. }) {
            turn.warn("central system's answer to StartTransaction has no idTagInfo: the transaction goes on");
        }
        match &record.what {
            What::Start { tag, .. } => {
                let id = answer.int("transactionId").unwrap_or(-1);
                numbers::note(turn, record.session, id);
                let entry = info.map(|info| self.hear_of(turn, tag, info));
                if let Some(entry) = &entry {
                    self.happens(Happening::StartAnswered {
                        connector: record.outlet,
                        id_tag: tag.clone(),
                        entry: entry.clone(),
                    });
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
                if let (Some(tag), Some(info)) = (tag, info) {
                    self.hear_of(turn, tag, info);
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

    pub(crate) fn transaction_answered(
        &mut self,
        turn: &mut Turn<'_>,
        outcome: Result<Json<'_>, CallError>,
    ) {
        let Some((_, record)) = self.queue.first(turn) else {
            return;
        };
        let needs_number = matches!(record.what, What::Start { .. });
        let (is_vital, action) = (record.is_vital(), record.action());
        let good =
            outcome.and_then(
                |payload| match Fields::of(&payload).optional_int("transactionId") {
                    Ok(None) | Err(_) if needs_number => {
                        Err(CallError::of_answer("there is no transactionId in it"))
                    }
                    _ => Ok(payload),
                },
            );
        match good {
            Ok(payload) => {
                if !is_vital {
                    self.queue.values_taken();
                }
                if let Some(record) = self.queue.remove_first(turn) {
                    self.transaction_taken(turn, &record, Fields::of(&payload));
                }
            }
            Err(error) if is_vital => {
                turn.warn(format!("central system answered {action} with {error}"));
                let patience = self.patience();
                if self.queue.first_failed(turn, patience) == AfterFailure::GiveUp {
                    self.give_up_first(turn, &error.to_string());
                }
            }
            Err(error) => {
                turn.warn(format!("central system answered {action} with {error}"));
                let failure = if codes::is_permanent(&error) || codes::is_generic(&error) {
                    ValuesFailure::Permanent
                } else {
                    ValuesFailure::Error
                };
                self.values_failed(turn, failure, &error.to_string());
            }
        }
    }

    /// The meter values in front have not got through.
    pub(crate) fn values_failed(&mut self, turn: &mut Turn<'_>, failure: ValuesFailure, why: &str) {
        let patience = self.patience();
        if self.queue.values_failed(turn, failure, patience) == AfterFailure::GiveUp {
            self.give_up_first(turn, why);
        }
    }

    /// What the configuration allows for a message that fails.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            attempts: self.config.int(Key::TransactionMessageAttempts).max(1),
            interval_ms: self.config.ms(Key::TransactionMessageRetryInterval),
        }
    }

    /// Meter values that fail may not hold up a start or stop for ever.
    pub(crate) fn clear_jam(&mut self, turn: &mut Turn<'_>) {
        if !self.can_keep() {
            return;
        }
        let dropped = self.queue.clear_jam(turn);
        if dropped > 0 {
            self.needs_settling = true;
            turn.log.write(
                Level::Error,
                &format!(
                    "{dropped} MeterValues are dropped: the central system has taken none for {} s, \
                     and they hold up a StartTransaction or StopTransaction",
                    MAX_VALUES_DELAY_MS / 1000
                ),
            );
        }
    }

    /// The first message is dropped.
    fn give_up_first(&mut self, turn: &mut Turn<'_>, why: &str) {
        let Some(record) = self.queue.remove_first(turn) else {
            return;
        };
        match record.what {
            What::Start { .. } => numbers::note(turn, record.session, -1),
            What::Stop { .. } => numbers::forget(turn, record.session),
            What::Values { .. } => {}
        }
        turn.log.write(
            Level::Error,
            &format!(
                "{} of transaction {} on connector {} is dropped after several attempts: {why}",
                record.action(),
                record.session,
                record.outlet
            ),
        );
    }
}
