//! The rules that a charger's life is measured by.

use std::fmt;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each transaction is reported once, under one message id, in order.
    Reports,
    /// Energy flows only as configuration and policy permit.
    Energy,
    /// A contactor is closed only on a permit for the car that is there, and with
    /// exactly one open transaction.
    Contactor,
    /// The energy of the transactions is what the meter counted while the
    /// contactor was closed, to 1 Wh each.
    Billing,
    /// A transaction ends when it began or later, within it time never goes
    /// back, and no point of the clock's grid is told twice.
    Time,
    /// Who was let in starts at most one transaction, on a car that came for him
    /// or was waiting.
    Cards,
    /// No status follows another that it must not follow (OCPP 1.6, 4.9).
    Status,
    /// Before the registration nothing is sent but BootNotification; while it
    /// is Pending also answers, and what was asked for by a trigger.
    Registration,
    /// One call is open at a time, and each call is answered once.
    OneCall,
    /// The queue keeps its bound.
    Bound,
    /// A file is installed at most once, and the central system hears of it.
    Updates,
    /// What waits is told, and the outlets come to rest.
    Rest,
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// How.
    pub what: String,
}

impl Broken {
    pub(crate) fn new(rule: Rule, what: impl Into<String>) -> Self {
        Self {
            rule,
            what: what.into(),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}
