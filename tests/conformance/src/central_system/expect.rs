//! Waiting for what the charge point does. Each thing in the journal can be
//! expected once, in any order after the mark; what came before something else
//! is compared by [`Call::number`].

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::journal::{Entry, Opening, What};
use super::{CentralSystem, lock};
use crate::frame::Frame;

/// A CALL of the charge point.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its place in the journal.
    pub number: usize,
    /// When it came in.
    pub at: Instant,
    /// When it came in.
    pub wall: SystemTime,
    /// On which connection.
    pub connection: u32,
    /// Its message id.
    pub id: String,
    /// What it asks for.
    pub action: String,
    /// Its arguments.
    pub payload: Value,
}

/// What has been expected already.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    mark: usize,
    taken: BTreeSet<usize>,
}

impl Seen {
    fn is_new(&self, entry: &Entry) -> bool {
        entry.number >= self.mark && !self.taken.contains(&entry.number)
    }
}

impl CentralSystem {
    /// Waits for a CALL of this action that `is` says is the right one.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn expect(&self, action: &str, is: impl Fn(&Value) -> bool) -> Call {
        self.expect_within(self.shared.patience, action, is)
    }

    /// As [`CentralSystem::expect`], with a time of its own.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn expect_within(
        &self,
        patience: Duration,
        action: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Call {
        self.take(patience, &format!("a {action}"), |entry| {
            call_of(entry).filter(|call| call.action == action && is(&call.payload))
        })
    }

    /// Waits for the next CALL of this action, whatever it says.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn expect_any(&self, action: &str) -> Call {
        self.expect(action, |_| true)
    }

    /// Waits for StatusNotification of this connector.
    ///
    /// # Panics
    /// If it does not come in time.
    pub fn expect_status(&self, connector: u32, status: &str) -> Call {
        let what = format!("status {status} of connector {connector}");
        self.take(self.shared.patience, &what, |entry| {
            call_of(entry).filter(|call| {
                call.action == "StatusNotification"
                    && call.payload["connectorId"] == connector
                    && call.payload["status"] == status
            })
        })
    }

    /// Waits for a WebSocket to be opened.
    ///
    /// # Panics
    /// If none is in time.
    pub fn expect_opened(&self) -> Opening {
        self.take(self.shared.patience, "a connection", |entry| {
            match &entry.what {
                What::Opened(opening) => Some(opening.clone()),
                _ => None,
            }
        })
    }

    /// Waits for an attempt to connect that comes to nothing; says why.
    ///
    /// # Panics
    /// If there is none in time.
    pub fn expect_not_opened(&self) -> String {
        self.take(
            self.shared.patience,
            "a failed connection",
            |entry| match &entry.what {
                What::NotOpened(why) => Some(why.clone()),
                _ => None,
            },
        )
    }

    /// Waits for a connection to end; says how.
    ///
    /// # Panics
    /// If none does in time.
    pub fn expect_ended(&self) -> String {
        self.take(
            self.shared.patience,
            "the end of a connection",
            |entry| match &entry.what {
                What::Ended(how) => Some(how.clone()),
                _ => None,
            },
        )
    }

    /// Waits for a text frame that is not OCPP-J.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn expect_text(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        self.take(self.shared.patience, what, |entry| match &entry.what {
            What::Nonsense(text) if is(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// Waits for a ping.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn expect_ping(&self) {
        self.take(self.shared.patience, "a ping", |entry| {
            matches!(entry.what, What::Ping).then_some(())
        });
    }

    /// No CALL of this action has come that was not expected. Whoever asks
    /// makes sure first that it would have come by now.
    ///
    /// # Panics
    /// If one has.
    pub fn assert_none(&self, action: &str) {
        let entries = self.journal().entries();
        let seen = lock(&self.expectations.seen);
        let stray = entries
            .iter()
            .filter(|entry| seen.is_new(entry))
            .filter_map(call_of)
            .find(|call| call.action == action);
        if let Some(call) = stray {
            panic!(
                "a {action} that should not be, number {}:\n{}",
                call.number,
                self.journal().transcript()
            );
        }
    }

    /// What has happened so far is not expected any more.
    pub fn forget_earlier(&self) {
        // Never the other way round: who waits holds the journal first.
        let mark = self.journal().len();
        let mut seen = lock(&self.expectations.seen);
        seen.mark = mark;
        seen.taken.clear();
    }

    /// All CALLs so far of this action, expected or not.
    pub fn calls(&self, action: &str) -> Vec<Call> {
        self.all_calls()
            .into_iter()
            .filter(|call| call.action == action)
            .collect()
    }

    /// All CALLs so far.
    pub fn all_calls(&self) -> Vec<Call> {
        self.journal()
            .entries()
            .iter()
            .filter_map(call_of)
            .collect()
    }

    fn take<T>(
        &self,
        patience: Duration,
        what: &str,
        mut is: impl FnMut(&Entry) -> Option<T>,
    ) -> T {
        let found = self.journal().wait(patience, |entries| {
            let mut seen = lock(&self.expectations.seen);
            let (number, it) = entries[seen.mark.min(entries.len())..]
                .iter()
                .filter(|entry| seen.is_new(entry))
                .find_map(|entry| Some((entry.number, is(entry)?)))?;
            seen.taken.insert(number);
            Some(it)
        });
        match found {
            Some(it) => it,
            None => panic!(
                "waited {patience:?} in vain for {what}:\n{}",
                self.journal().transcript()
            ),
        }
    }
}

/// The entry as a CALL of the charge point.
pub(crate) fn call_of(entry: &Entry) -> Option<Call> {
    match &entry.what {
        What::Received(Frame::Call {
            id,
            action,
            payload,
        }) => Some(Call {
            number: entry.number,
            at: entry.at,
            wall: entry.wall,
            connection: entry.connection,
            id: id.clone(),
            action: action.clone(),
            payload: payload.clone(),
        }),
        _ => None,
    }
}
