//! What a central system may conclude from all that it was told: the
//! transactions, and every breach of the rules that no crash, cut or power
//! failure excuses. Looks at finished journals; it waits for nothing.
//!
//! * message ids are unique; the same one again is a retransmission, with the
//!   same action and payload, of something that was not answered by a CALLRESULT;
//! * one CALL at a time per connection;
//! * nothing but BootNotification before the first one of a process was
//!   accepted, nor after one was answered otherwise; while that is Pending, also
//!   what a TriggerMessage asked for and was promised;
//! * each transaction has one StartTransaction, before everything else of it,
//!   and at most one StopTransaction, after everything else; where the start was
//!   answered by errors only, the rest of it has the number -1;
//! * timestamps in order and registers never going back, per transaction and
//!   over all transactions of a connector.

mod book;

use std::fmt;
use std::time::Duration;

use book::Book;

use crate::central_system::Entry;

/// What the ledger takes for granted.
#[derive(Debug, Clone)]
pub struct Rules {
    /// After this long without an answer a CALL no longer counts as
    /// outstanding.
    pub call_timeout: Duration,
    /// The meter is a real one: its register never goes back. Off for a
    /// simulated meter that is set by hand.
    pub registers_only_grow: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            call_timeout: Duration::from_secs(5),
            registers_only_grow: true,
        }
    }
}

/// One transaction as the central system knows it.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// The id that the central system gave; -1 if it failed on the start until
    /// that was given up.
    pub id: i64,
    /// Where.
    pub connector: u64,
    /// Who.
    pub id_tag: String,
    /// Register at the start, in Wh.
    pub meter_start: i64,
    /// `timestamp` of the start.
    pub started_at: String,
    /// The registers between start and stop, in Wh, in the order they came.
    pub samples: Vec<Sample>,
    /// Its end, if that has been told.
    pub stop: Option<Stop>,
}

/// The end of a transaction.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Register at the end, in Wh.
    pub meter: i64,
    /// Why; `Local` if it was not said.
    pub reason: String,
    /// Who stopped it, if that was said.
    pub id_tag: Option<String>,
    /// `timestamp` of the end.
    pub at: String,
}

/// One register reading out of MeterValues.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its `timestamp`.
    pub at: String,
    /// The register in Wh.
    pub register_wh: f64,
}

impl Transaction {
    /// What was charged, in Wh; none while it runs.
    pub fn energy_wh(&self) -> Option<i64> {
        Some(self.stop.as_ref()?.meter - self.meter_start)
    }
}

/// The conclusions.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// All transactions, in the order in which they were started.
    pub transactions: Vec<Transaction>,
    /// How many CALLs were sent more than once.
    pub retransmissions: usize,
    /// Everything that should not have been.
    pub breaches: Vec<Breach>,
}

/// Something that should not have been, and where in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// Number of the entry.
    pub entry: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}", self.entry, self.what)
    }
}

impl Ledger {
    /// Draws the conclusions from a journal of one charge point.
    pub fn of(journal: &[Entry], rules: &Rules) -> Ledger {
        let mut book = Book::new(rules);
        for entry in journal {
            book.enter(entry);
        }
        book.ledger
    }

    /// The transaction with this id.
    pub fn transaction(&self, id: i64) -> Option<&Transaction> {
        self.transactions.iter().find(|tx| tx.id == id)
    }

    /// Panics with all breaches, if there are any.
    ///
    /// # Panics
    /// See there.
    pub fn assert_clean(&self, transcript: impl FnOnce() -> String) -> &Ledger {
        if !self.breaches.is_empty() {
            let list: Vec<String> = self.breaches.iter().map(Breach::to_string).collect();
            panic!("{}\n{}", list.join("\n"), transcript());
        }
        self
    }
}
