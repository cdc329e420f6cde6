//! The entries as the recorded build kept them, call by call. An instance that
//! differed once goes on from its own entries; the next one begins with these.

use crate::guest::Kind;
use crate::store::Entries;

/// See above.
#[derive(Debug)]
pub(super) struct Course {
    entries: Entries,
    /// The last commit, confirmed by whatever comes next.
    ticket: Option<u64>,
}

impl Course {
    /// From the entries that a segment begins with.
    pub(super) fn new(entries: Entries) -> Self {
        Self {
            entries,
            ticket: None,
        }
    }

    /// What a recorded call kept and forgot.
    pub(super) fn follow<K: Kind>(&mut self, actions: &[K::Action]) {
        let changes = actions
            .iter()
            .filter_map(|action| K::change(action.clone()).ok());
        // The charger had the same bound, so what it kept fits.
        if let Ok(batch) = self.entries.apply(0, changes) {
            self.ticket = batch.map(|it| it.ticket);
        }
    }

    pub(super) fn confirm(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.entries.confirm(ticket);
        }
    }

    /// The last call's could not be written.
    pub(super) fn revert(&mut self) {
        self.ticket = None;
        self.entries.revert(0);
    }

    /// The same entries, for an instance to begin with.
    pub(super) fn entries(&self) -> Entries {
        Entries::new(self.entries.iter().collect(), self.entries.most_bytes())
    }
}
