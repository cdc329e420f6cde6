//! The one log of transaction messages: what was to be told about transactions, in
//! order, each removed only when the central system has answered it. Starts and stops
//! are durable. Meter values are lazy, so that one that is acknowledged within 10 s
//! never reaches flash; for the same reason the account of the queue is written only
//! with starts, stops and values that wait behind others. After a power-up or restart
//! it is made up for by looking at what is there. Not here: when the next one is sent
//! (see `outbox`).

use crate::host::{Durability, Stamp};
use crate::kept::{Cell, unpack};
use crate::packed::packed;
use crate::queue_account::{Account, Due, PAGE, PREFIX, Told, key_of, number_of};
use crate::record::{Record, What};
use crate::retries::{AfterFailure, Front, Patience, Trouble, ValuesFailure};
use crate::turn::Turn;
use plugpoint_ocpp_core::clock;

/// From so many messages on, meter values in the middle of transactions go.
const MANY: u64 = 5_000;
/// So many messages are kept whatever they are; nothing is begun beyond.
const MOST: u64 = 20_000;
/// What the central system may have seen already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sent {
    /// All messages with lesser numbers were sent.
    pub(crate) below: u64,
    /// Number of the last transaction whose start was sent.
    pub(crate) session: u64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    account: Account,
    trouble: Cell<Trouble>,
    sent: Cell<Sent>,
    first: Option<(u64, Record)>,
}

impl Queue {
    pub(crate) fn load(turn: &mut Turn<'_>) -> Self {
        let account = Account::load(turn);
        let (store, log) = (&mut turn.store, turn.log);
        Self {
            account,
            trouble: Cell::load(store, log, "queue-trouble", Durability::Lazy),
            sent: Cell::load(store, log, "queue-sent", Durability::Lazy),
            first: None,
        }
    }

    /// What waiting values tell of transactions, after a power-up or restart. Once.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        self.account.take_told()
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.account.flush(turn);
        self.trouble.flush(&mut turn.store);
        self.sent.flush(&mut turn.store);
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.account.waiting
    }

    /// When the last message was noted, in whatever boot.
    pub(crate) fn last(&self) -> Stamp {
        self.account.last
    }

    /// The boot that the last message was noted in lasted at least until this
    /// moment of it.
    pub(crate) fn lasted_until(&mut self, at: Stamp) {
        let last = self.account.last;
        if last.boot_id == at.boot_id && last.monotonic_ms < at.monotonic_ms {
            self.account.last = at;
            self.account.write(Due::WithVital);
        }
    }

    /// Records made from now on have this number or more.
    pub(crate) fn next(&self) -> u64 {
        self.account.next
    }

    /// Nothing is kept before this number.
    pub(crate) fn head(&self) -> u64 {
        self.account.head
    }

    pub(crate) fn sent(&self) -> Sent {
        Sent {
            below: self.sent.below.max(self.account.sent_below()),
            session: self.sent.session,
        }
    }

    /// The first message is on its way for the first time, or again.
    pub(crate) fn first_sent(&mut self) {
        let Some((number, record)) = &self.first else {
            return;
        };
        if *number < self.sent().below {
            return;
        }
        self.account.note_sent(*number);
        if record.is_vital() {
            let sent = self.sent.edit();
            sent.below = *number + 1;
            if matches!(record.what, What::Start { .. }) {
                sent.session = record.session;
            }
        }
    }

    /// There is no room for another transaction.
    pub(crate) fn is_full(&self) -> bool {
        self.account.waiting >= MOST
    }

    pub(crate) fn push(&mut self, turn: &mut Turn<'_>, record: &Record) {
        if self.account.waiting >= MANY {
            self.thin(turn);
            if self.account.waiting >= MOST && matches!(record.what, What::Values { .. }) {
                turn.warn("too many messages are waiting; meter values are left out");
                return;
            }
        }
        let at = turn.now.at;
        let last = self.account.last;
        if last.boot_id != at.boot_id && last.boot_id != 0 {
            clock::note_end(turn, last);
        }
        let is_vital = record.is_vital();
        // Values that nothing waits before are acknowledged in a moment, as a rule.
        self.account.write(match (is_vital, self.account.waiting) {
            (true, _) => Due::WithVital,
            (false, 0) => Due::Nothing,
            (false, _) => Due::WithValues,
        });
        let book = &mut *self.account;
        let number = book.next;
        book.next += 1;
        book.waiting += 1;
        book.last = at;
        if let Some(vital) = book.vital.as_mut().filter(|_| is_vital) {
            *vital += 1;
        } else if book.waiting == 1 {
            book.vital = Some(u64::from(is_vital));
        }
        let durability = if is_vital {
            Durability::Durable
        } else {
            Durability::Lazy
        };
        turn.store.write(key_of(number), record, durability);
    }

    /// Leaves out every second of the meter values that stand in the middle of
    /// a transaction, a page of the log at a time. Starts, stops, the first and
    /// the last values of a transaction stay.
    fn thin(&mut self, turn: &mut Turn<'_>) {
        // The first may be on its way to the central system.
        let from = self.account.thinned.max(self.account.head + 1);
        let page = turn.store.scan(PREFIX, &key_of(from), PAGE);
        let Some((last, _)) = page.last() else {
            self.account.thinned = 0;
            return;
        };
        let next = number_of(last).map_or(0, |number| number + 1);
        let at_end = page.len() < PAGE as usize;
        let values_of: Vec<Option<u64>> = page
            .iter()
            .map(|(_, bytes)| unpack::<Record>(bytes))
            .map(|record| {
                record
                    .filter(|record| matches!(record.what, What::Values { .. }))
                    .map(|record| record.session)
            })
            .collect();
        let mut left_out = 0;
        let mut at = 1;
        while at + 1 < page.len() {
            let session = values_of[at];
            if session.is_some() && values_of[at - 1] == session && values_of[at + 1] == session {
                turn.store.forget(&page[at].0);
                left_out += 1;
                at += 1;
            }
            at += 1;
        }
        let book = &mut *self.account;
        book.thinned = if at_end { 0 } else { next };
        book.waiting = book.waiting.saturating_sub(left_out);
        if left_out > 0 {
            turn.warn(format!(
                "many messages are waiting; {left_out} meter values are left out"
            ));
        }
    }

    /// The message that is to be sent first. A damaged one is dropped.
    pub(crate) fn first(&mut self, turn: &mut Turn<'_>) -> Option<&(u64, Record)> {
        while self.first.is_none() && self.account.waiting > 0 {
            let found = turn.store.scan(PREFIX, &key_of(self.account.head), 1).pop();
            let Some((key, bytes)) = found else {
                // The count is a little too high if the power failed between a
                // removal and its commit.
                self.account.waiting = 0;
                self.account.vital = Some(0);
                break;
            };
            let number = number_of(&key);
            let log = turn.log;
            match (number, turn.store.decode(&key, &bytes, log)) {
                (Some(number), Some(record)) => self.first = Some((number, record)),
                _ => {
                    turn.store.forget(&key);
                    self.account.waiting = self.account.waiting.saturating_sub(1);
                    // It cannot be seen what it was: to be counted again.
                    self.account.vital = None;
                    self.account.write(Due::WithValues);
                }
            }
        }
        self.first.as_ref()
    }

    /// The first message says this from now on. Only before it is sent.
    pub(crate) fn replace_first(&mut self, turn: &mut Turn<'_>, record: Record) {
        if let Some((number, first)) = &mut self.first {
            turn.store
                .write(key_of(*number), &record, Durability::Durable);
            *first = record;
        }
    }

    /// The first message has been answered, or is given up.
    pub(crate) fn remove_first(&mut self, turn: &mut Turn<'_>) -> Option<Record> {
        let (number, record) = self.first.take()?;
        turn.store.forget(&key_of(number));
        let book = &mut *self.account;
        book.head = number + 1;
        book.waiting = book.waiting.saturating_sub(1);
        if record.is_vital() {
            book.vital = book.vital.map(|vital| vital.saturating_sub(1));
            self.account.write(Due::WithVital);
        }
        let trouble = self.trouble.of_the_next();
        self.set_trouble(trouble);
        Some(record)
    }

    /// The first message, for judging its troubles; none before `first` has
    /// looked.
    fn front(&self) -> Option<Front> {
        self.first.as_ref().map(|(number, record)| Front {
            number: *number,
            is_vital: record.is_vital(),
        })
    }

    fn set_trouble(&mut self, trouble: Trouble) {
        if *self.trouble != trouble {
            *self.trouble.edit() = trouble;
        }
    }

    /// The first message may be sent at once, or from this time on.
    pub(crate) fn held_until(&self, turn: &Turn<'_>) -> Option<u64> {
        self.trouble.held_until(self.front()?, turn.now.at)
    }

    /// The central system could not process the first message, a start or stop.
    pub(crate) fn first_failed(&mut self, turn: &Turn<'_>, patience: Patience) -> AfterFailure {
        match self.front() {
            Some(front) => self.trouble.edit().failed(front, turn.now.at, patience),
            None => AfterFailure::Again,
        }
    }

    /// Nobody has answered the first message, a start or stop.
    pub(crate) fn first_unanswered(&mut self, turn: &Turn<'_>, patience: Patience) {
        if let Some(front) = self.front() {
            self.trouble
                .edit()
                .not_answered(front, turn.now.at, patience);
        }
    }

    /// The first message are meter values, and they did not get through.
    pub(crate) fn values_failed(
        &mut self,
        turn: &Turn<'_>,
        failure: ValuesFailure,
        patience: Patience,
    ) -> AfterFailure {
        let Some(front) = self.front() else {
            return AfterFailure::Again;
        };
        let trouble = self.trouble.edit();
        trouble.values_failed(front, turn.now.at, failure, patience)
    }

    /// Meter values have got through.
    pub(crate) fn values_taken(&mut self) {
        let trouble = self.trouble.without_values();
        self.set_trouble(trouble);
    }

    /// There is a new link.
    pub(crate) fn try_again(&mut self) {
        let trouble = self.trouble.on_a_new_link();
        self.set_trouble(trouble);
    }

    /// When meter values in front that fail have held up others for long enough.
    pub(crate) fn jammed_at(&self, turn: &Turn<'_>) -> Option<u64> {
        self.trouble.jammed_at(self.front()?, turn.now.at)
    }

    /// Drops the meter values in front of the next start or stop if they have
    /// held it up for too long, a page of them at a time; returns how many.
    pub(crate) fn clear_jam(&mut self, turn: &mut Turn<'_>) -> u64 {
        let now = turn.now.at;
        if self.first(turn).is_none()
            || !self
                .front()
                .is_some_and(|front| self.trouble.is_jammed(front, now))
            || self.count_vital(turn) == 0
        {
            return 0;
        }
        let mut dropped = 0;
        while dropped < u64::from(PAGE)
            && self
                .first(turn)
                .is_some_and(|(_, record)| !record.is_vital())
        {
            self.remove_first(turn);
            dropped += 1;
        }
        if dropped > 0 {
            // What follows is sent at once. After a power cut they must not come behind it.
            self.account.write(Due::WithVital);
        }
        dropped
    }

    /// How many starts and stops wait.
    pub(crate) fn count_vital(&mut self, turn: &Turn<'_>) -> u64 {
        if let Some(vital) = self.account.vital {
            return vital;
        }
        let mut vital = 0;
        let mut from = key_of(self.account.head);
        loop {
            let page = turn.store.scan(PREFIX, &from, PAGE);
            let records = page.iter().filter_map(|(_, bytes)| unpack::<Record>(bytes));
            vital += records.filter(Record::is_vital).count() as u64;
            match page.last() {
                Some((last, _)) if page.len() == PAGE as usize => from = format!("{last}\0"),
                _ => break,
            }
        }
        self.account.vital = Some(vital);
        vital
    }
}

packed!(Sent { below, session });
