//! The account of the queue: which numbers its messages have, how many wait, and how
//! much of that is on flash. It is written with starts, stops and values that wait
//! behind others; after a power-up or restart it is made up for by looking at what is
//! there. Not here: the messages (see `queue`).

use std::ops::{Deref, DerefMut};

use crate::host::{Durability, Stamp};
use crate::kept::{Cell, unpack};
use crate::packed::packed;
use crate::record::{Record, What};
use crate::turn::Turn;
use plugpoint_ocpp_core::clock::Moment;

/// Of the key of each message.
pub(crate) const PREFIX: &str = "queue/";
/// How many messages are looked at at once.
pub(crate) const PAGE: u32 = 128;
/// Numbers that values may have had which never reached flash: so many are left out
/// after a power-up, since no number is used twice.
const LOST_NUMBERS: u64 = 1 << 20;
/// Boots that leave out different ones.
const BOOTS: u64 = 1 << 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Book {
    /// Number of the next record; never used twice.
    pub(crate) next: u64,
    /// Nothing is kept before this number.
    pub(crate) head: u64,
    pub(crate) waiting: u64,
    /// Where to look for values to leave out.
    pub(crate) thinned: u64,
    /// When the last record was made.
    pub(crate) last: Stamp,
    /// How many of those waiting are starts and stops; none: a build that did
    /// not count them wrote this.
    pub(crate) vital: Option<u64>,
}

/// The account as it is now, for the next instance of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Present {
    /// None: this boot has just begun.
    book: Option<Book>,
    /// As in `Sent`, with values.
    sent_below: u64,
}

/// How much of the account is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Nothing,
    /// With the values that wait.
    WithValues,
    /// With a start or a stop.
    WithVital,
}

/// What a value that waits tells of a transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// Of the message.
    pub(crate) number: u64,
    /// Our number of it; 0: of none.
    pub(crate) session: u64,
    /// The register, thousandths of a Wh, if it is told.
    pub(crate) mwh: Option<u64>,
    pub(crate) at: Moment,
}

/// Reading and changing is by dereference; what is to reach flash is said with `write`.
#[derive(Debug)]
pub(crate) struct Account {
    book: Book,
    /// The same, as it is on flash or about to be.
    kept: Cell<Book>,
    present: Cell<Present>,
    due: Due,
    told: Vec<Told>,
}

impl Account {
    pub(crate) fn load(turn: &mut Turn<'_>) -> Self {
        let (store, log) = (&mut turn.store, turn.log);
        let kept: Cell<Book> = Cell::load(store, log, "queue-book", Durability::Durable);
        let present: Cell<Present> = Cell::load(store, log, "queue-now", Durability::Session);
        let book = present.book;
        let mut account = Self {
            book: book.unwrap_or(*kept),
            kept,
            present,
            due: Due::Nothing,
            told: Vec::new(),
        };
        if book.is_none() {
            account.recount(turn);
        }
        account
    }

    /// The account after a power-up or restart: values have come and gone since it was
    /// written.
    fn recount(&mut self, turn: &mut Turn<'_>) {
        let (mut waiting, mut first) = (0, None);
        let mut from = key_of(self.book.head);
        let mut last_two = [Vec::new(), Vec::new()];
        loop {
            let page = turn.store.scan(PREFIX, &from, PAGE);
            waiting += page.len() as u64;
            first = first.or_else(|| number_of(&page.first()?.0));
            let at_end = page.len() < PAGE as usize;
            if let Some((last, _)) = page.last() {
                from = format!("{last}\0");
                last_two.rotate_left(1);
                last_two[1] = page;
            }
            if at_end {
                break;
            }
        }
        let last = last_two.iter().flatten().last();
        let number = last.and_then(|(key, _)| number_of(key));
        let book = &mut self.book;
        book.waiting = waiting;
        // Nothing may have reached flash for several boots.
        let boots = 1 + turn.now.at.boot_id % BOOTS;
        book.next = book.next.max(number.map_or(0, |number| number + 1)) + boots * LOST_NUMBERS;
        book.head = first.unwrap_or(book.next);
        self.write(Due::WithValues);
        for (key, bytes) in last_two.iter().flatten() {
            let (Some(number), Some(record)) = (number_of(key), unpack::<Record>(bytes)) else {
                continue;
            };
            let What::Values { values } = record.what else {
                continue;
            };
            for value in values {
                let (at, last) = (value.at.at, &mut self.book.last);
                if at.boot_id == last.boot_id && at.monotonic_ms > last.monotonic_ms {
                    *last = at;
                }
                self.told.push(Told {
                    number,
                    session: record.session,
                    mwh: value.register_mwh(),
                    at: value.at,
                });
            }
        }
    }

    /// At least this much is to reach flash with the present call.
    pub(crate) fn write(&mut self, due: Due) {
        self.due = self.due.max(due);
    }

    /// As in `Sent`, with values.
    pub(crate) fn sent_below(&self) -> u64 {
        self.present.sent_below
    }

    pub(crate) fn note_sent(&mut self, number: u64) {
        self.present.edit().sent_below = number + 1;
    }

    /// After a power-up or restart, once.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn flush(&mut self, turn: &mut Turn<'_>) {
        if self.due > Due::Nothing {
            *self.kept.edit() = self.book;
        }
        let durability = match std::mem::replace(&mut self.due, Due::Nothing) {
            Due::WithVital => Durability::Durable,
            Due::WithValues | Due::Nothing => Durability::Lazy,
        };
        self.kept.flush_as(&mut turn.store, durability);
        if self.present.book != Some(self.book) {
            self.present.edit().book = Some(self.book);
        }
        self.present.flush(&mut turn.store);
    }
}

impl Deref for Account {
    type Target = Book;

    fn deref(&self) -> &Book {
        &self.book
    }
}

impl DerefMut for Account {
    fn deref_mut(&mut self) -> &mut Book {
        &mut self.book
    }
}

pub(crate) fn number_of(key: &str) -> Option<u64> {
    key.get(PREFIX.len()..)?.parse().ok()
}

pub(crate) fn key_of(number: u64) -> String {
    format!("{PREFIX}{number:020}")
}

packed!(Present { book, sent_below });
packed!(Book {
    next,
    head,
    waiting,
    thinned,
    last,
    vital
});
