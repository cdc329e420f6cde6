//! One call of `start` or `handle`: what it is told about time and entries,
//! and the actions that it collects.

use crate::host::{Action, Entries, Level, Log, Now};
use crate::kept::Store;
use crate::schema::Form;

pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) store: Store<'a>,
    pub(crate) log: &'a dyn Log,
    actions: Vec<Action>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(now: Now, entries: &'a dyn Entries, form: Form, log: &'a dyn Log) -> Self {
        Self {
            now,
            store: Store::new(entries, form),
            log,
            actions: Vec::new(),
        }
    }

    /// Milliseconds since the board was powered.
    pub(crate) fn ms(&self) -> u64 {
        self.now.at.monotonic_ms
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn info(&self, text: impl AsRef<str>) {
        self.log.write(Level::Info, text.as_ref());
    }

    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        self.log.write(Level::Warn, text.as_ref());
    }

    /// What was changed comes first, so that it is easy to see in a recording
    /// that nothing happens before it is kept.
    pub(crate) fn finish(self) -> Vec<Action> {
        let mut actions = Vec::with_capacity(self.actions.len() + 4);
        actions.extend(self.store.into_actions());
        actions.extend(self.actions);
        actions
    }
}
