//! One call of `start` or `handle`: what it is told about time and entries,
//! and the actions that it collects.

use std::fmt;

use crate::kept::Store;
use crate::protocol::{Action, Entries, Level, Log, Now};
use crate::schema::Form;

/// What a call works with.
pub struct Turn<'a> {
    /// The present, as the host gave it.
    pub now: Now,
    /// The entries, and what this call changes of them.
    pub store: Store<'a>,
    /// Where a technician reads.
    pub log: &'a dyn Log,
    actions: Vec<Action>,
}

impl<'a> Turn<'a> {
    /// A call that has done nothing yet.
    pub fn new(now: Now, entries: &'a dyn Entries, form: Form, log: &'a dyn Log) -> Self {
        Self {
            now,
            store: Store::new(entries, form),
            log,
            actions: Vec::new(),
        }
    }

    /// Milliseconds since the board was powered.
    pub fn ms(&self) -> u64 {
        self.now.at.monotonic_ms
    }

    /// Adds an action; the host runs them in this order.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// A line for the technician.
    pub fn info(&self, text: impl AsRef<str>) {
        self.log.write(Level::Info, text.as_ref());
    }

    /// A line for the technician, who should look into it.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.log.write(Level::Warn, text.as_ref());
    }

    /// What was changed comes first, so that it is easy to see in a recording
    /// that nothing happens before it is kept.
    pub fn finish(self) -> Vec<Action> {
        let mut actions = Vec::with_capacity(self.actions.len() + 4);
        actions.extend(self.store.into_actions());
        actions.extend(self.actions);
        actions
    }
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("now", &self.now)
            .field("actions", &self.actions)
            .finish_non_exhaustive()
    }
}
