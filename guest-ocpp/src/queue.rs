//! The one durable log of transaction messages: what was to be told about
//! transactions, in order, each removed only when the central system has
//! answered it. Not here: when the next one is sent (see `outbox`).

use crate::clock::Moment;
use crate::host::{Durability, Stamp};
use crate::kept::{Cell, unpack};
use crate::meter::MeterValue;
use crate::packed::{packed, packed_enum, packed_words};
use crate::turn::Turn;

const PREFIX: &str = "queue/";
/// From so many messages on, meter values in the middle of transactions go.
const MANY: u64 = 5_000;
/// So many messages are kept whatever they are; nothing is begun beyond.
const MOST: u64 = 20_000;
/// How many records are looked at to make room for one.
const PAGE: u32 = 128;

/// One message. The central system's number of the transaction is filled in
/// when it is sent; here it goes by our own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Message id, the same each time it is sent.
    pub(crate) id: String,
    /// Our number of the transaction; 0: values outside of any.
    pub(crate) session: u64,
    pub(crate) outlet: u32,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Start {
        tag: String,
        meter_wh: i64,
        at: Moment,
        reservation: Option<i64>,
    },
    Values {
        values: Vec<MeterValue>,
    },
    Stop {
        tag: Option<String>,
        meter_wh: i64,
        at: Moment,
        reason: StopReason,
        data: Vec<MeterValue>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    Local,
    Remote,
    EvDisconnected,
    DeAuthorized,
    EmergencyStop,
    HardReset,
    SoftReset,
    Reboot,
    PowerLoss,
    UnlockCommand,
    Other,
}

impl StopReason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::Remote => "Remote",
            Self::EvDisconnected => "EVDisconnected",
            Self::DeAuthorized => "DeAuthorized",
            Self::EmergencyStop => "EmergencyStop",
            Self::HardReset => "HardReset",
            Self::SoftReset => "SoftReset",
            Self::Reboot => "Reboot",
            Self::PowerLoss => "PowerLoss",
            Self::UnlockCommand => "UnlockCommand",
            Self::Other => "Other",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Book {
    /// Number of the next record; never used twice.
    next: u64,
    /// Nothing is kept before this number.
    head: u64,
    waiting: u64,
    /// Where to look for values to leave out.
    thinned: u64,
    /// When the last record was made.
    last: Stamp,
}

/// The central system failed on the first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Trouble {
    number: u64,
    failures: u32,
    /// Not to be sent again before.
    until: Stamp,
}

/// What came of a failure that the central system reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    Again,
    GiveUp,
}

#[derive(Debug)]
pub(crate) struct Queue {
    book: Cell<Book>,
    trouble: Cell<Trouble>,
    first: Option<(u64, Record)>,
}

impl Queue {
    pub(crate) fn load(turn: &mut Turn<'_>) -> Self {
        Self {
            book: Cell::load(&mut turn.store, turn.log, "queue-book", Durability::Durable),
            trouble: Cell::load(&mut turn.store, turn.log, "queue-trouble", Durability::Lazy),
            first: None,
        }
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.book.flush(&mut turn.store);
        self.trouble.flush(&mut turn.store);
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.book.waiting
    }

    /// When the last message was noted, in whatever boot.
    pub(crate) fn last(&self) -> Stamp {
        self.book.last
    }

    /// Records made from now on have this number or more.
    pub(crate) fn next(&self) -> u64 {
        self.book.next
    }

    /// There is no room for another transaction.
    pub(crate) fn is_full(&self) -> bool {
        self.book.waiting >= MOST
    }

    pub(crate) fn push(&mut self, turn: &mut Turn<'_>, record: &Record) {
        if self.book.waiting >= MANY {
            self.thin(turn);
            if self.book.waiting >= MOST && matches!(record.what, What::Values { .. }) {
                turn.warn("too many messages are waiting; meter values are left out");
                return;
            }
        }
        let at = turn.now.at;
        let book = self.book.edit();
        let number = book.next;
        book.next += 1;
        book.waiting += 1;
        book.last = at;
        turn.store
            .write(key_of(number), record, Durability::Durable);
    }

    /// Leaves out every second of the meter values that stand in the middle of
    /// a transaction, a page of the log at a time. Starts, stops, the first and
    /// the last values of a transaction stay.
    fn thin(&mut self, turn: &mut Turn<'_>) {
        // The first may be on its way to the central system.
        let from = self.book.thinned.max(self.book.head + 1);
        let page = turn.store.scan(PREFIX, &key_of(from), PAGE);
        let Some((last, _)) = page.last() else {
            self.book.edit().thinned = 0;
            return;
        };
        let next = last[PREFIX.len()..]
            .parse::<u64>()
            .map_or(0, |number| number + 1);
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
        let book = self.book.edit();
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
        while self.first.is_none() && self.book.waiting > 0 {
            let found = turn.store.scan(PREFIX, &key_of(self.book.head), 1).pop();
            let Some((key, bytes)) = found else {
                // The count is a little too high if the power failed between a
                // removal and its commit.
                self.book.edit().waiting = 0;
                break;
            };
            let number = key[PREFIX.len()..].parse().ok();
            let log = turn.log;
            match (number, turn.store.decode(&key, &bytes, log)) {
                (Some(number), Some(record)) => self.first = Some((number, record)),
                _ => {
                    turn.store.forget(&key);
                    let book = self.book.edit();
                    book.waiting = book.waiting.saturating_sub(1);
                }
            }
        }
        self.first.as_ref()
    }

    /// The first message may be sent at once, or from this time on.
    pub(crate) fn held_until(&self, turn: &Turn<'_>) -> Option<u64> {
        let (number, _) = self.first.as_ref()?;
        let trouble = &*self.trouble;
        let holds = trouble.number == *number
            && trouble.failures > 0
            && trouble.until.boot_id == turn.now.at.boot_id
            && trouble.until.monotonic_ms > turn.ms();
        holds.then_some(trouble.until.monotonic_ms)
    }

    /// The first message has been answered, or is given up.
    pub(crate) fn remove_first(&mut self, turn: &mut Turn<'_>) -> Option<Record> {
        let (number, record) = self.first.take()?;
        turn.store.forget(&key_of(number));
        let book = self.book.edit();
        book.head = number + 1;
        book.waiting = book.waiting.saturating_sub(1);
        if self.trouble.failures > 0 {
            *self.trouble.edit() = Trouble::default();
        }
        Some(record)
    }

    /// The central system has reported that it could not process the first
    /// message: the wait grows by `interval_ms` with each failure.
    pub(crate) fn fail_first(
        &mut self,
        turn: &Turn<'_>,
        most: i64,
        interval_ms: u64,
    ) -> AfterFailure {
        let Some((number, _)) = self.first.as_ref() else {
            return AfterFailure::Again;
        };
        let before = if self.trouble.number == *number {
            self.trouble.failures
        } else {
            0
        };
        let failures = before + 1;
        if i64::from(failures) >= most {
            return AfterFailure::GiveUp;
        }
        let wait = interval_ms.saturating_mul(u64::from(failures));
        let until = Stamp {
            boot_id: turn.now.at.boot_id,
            monotonic_ms: turn.ms().saturating_add(wait),
        };
        *self.trouble.edit() = Trouble {
            number: *number,
            failures,
            until,
        };
        AfterFailure::Again
    }
}

fn key_of(number: u64) -> String {
    format!("{PREFIX}{number:020}")
}

/// The central system's number of one of our transactions, for messages that
/// are sent later.
pub(crate) mod numbers {
    use super::{Durability, Turn};

    pub(crate) fn note(turn: &mut Turn<'_>, session: u64, id: i64) {
        turn.store.write(key_of(session), &id, Durability::Durable);
    }

    pub(crate) fn find(turn: &mut Turn<'_>, session: u64) -> Option<i64> {
        let log = turn.log;
        turn.store.read(&key_of(session), log)
    }

    pub(crate) fn forget(turn: &mut Turn<'_>, session: u64) {
        turn.store.forget(&key_of(session));
    }

    fn key_of(session: u64) -> String {
        format!("number/{session:020}")
    }
}

packed!(Record {
    id,
    session,
    outlet,
    what
});
packed_enum!(What {
    Start { tag, meter_wh, at, reservation },
    Values { values },
    Stop { tag, meter_wh, at, reason, data },
});
packed!(Book {
    next,
    head,
    waiting,
    thinned,
    last
});
packed!(Trouble {
    number,
    failures,
    until
});

packed_words!(StopReason { Local = "Local", Remote = "Remote", EvDisconnected = "EVDisconnected", DeAuthorized = "DeAuthorized", EmergencyStop = "EmergencyStop", HardReset = "HardReset", SoftReset = "SoftReset", Reboot = "Reboot", PowerLoss = "PowerLoss", UnlockCommand = "UnlockCommand", Other = "Other" });
