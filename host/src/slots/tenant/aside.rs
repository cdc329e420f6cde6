//! What a version on probation forgot in its first start: kept beside the entries,
//! in the database too, and given back if the version before comes back.

use super::Tenant;
use crate::guest::{Kind, Step};
use crate::store::{Change, EntriesFull};

impl<K: Kind> Tenant<K> {
    /// What a version on probation forgets in its first start may be what it cannot
    /// read. Later it is its work, also in a start: the power may have gone in the
    /// middle of a transaction, and whoever is told of that twice is told wrong.
    pub(super) fn put_aside(&mut self, step: &Step<K::Action>) {
        let new = step
            .forgotten
            .iter()
            .filter(|entry| self.aside.get(&entry.key).is_none());
        let changes: Vec<Change> = new.cloned().map(Change::Keep).collect();
        self.change_aside(changes);
    }

    pub(super) fn give_back(&mut self) {
        if self.aside.is_empty() {
            return;
        }
        let now_ms = self.clock.monotonic_ms();
        let entries = self.life.slot().entries();
        let missing = self
            .aside
            .iter()
            .filter(|it| entries.get(&it.key).is_none());
        let missing: Vec<Change> = missing.map(Change::Keep).collect();
        tracing::info!(
            slot = self.slot,
            "{} entries that were forgotten on probation are given back",
            missing.len()
        );
        let given = self.life.slot_mut().change_entries(|entries| {
            let batch = entries.apply(now_ms, missing)?;
            Ok::<_, EntriesFull>(batch.or_else(|| entries.flush()))
        });
        let batch = given.unwrap_or_else(|error| {
            tracing::error!(slot = self.slot, "they cannot be: {error}");
            None
        });
        if let Some(batch) = batch {
            let written = self.store.commit_blocking(&self.slot, batch.changes);
            // Reported there; then they stay aside until the next start.
            if self.life.written(batch.ticket, written).is_err() {
                return;
            }
        }
        self.clear_aside();
    }

    pub(super) fn clear_aside(&mut self) {
        let keys = self.aside.iter().map(|entry| Change::Forget(entry.key));
        let changes = keys.collect();
        self.change_aside(changes);
    }

    /// In the database's queue before whatever comes after.
    fn change_aside(&mut self, changes: Vec<Change>) {
        // There is no bound that it could exceed.
        let applied = self.aside.apply(self.clock.monotonic_ms(), changes);
        let batch = applied.ok().flatten().or_else(|| self.aside.flush());
        if let Some(batch) = batch {
            drop(self.store.commit(&aside_of(&self.slot), batch.changes));
            self.aside.confirm(batch.ticket);
        }
    }
}

/// Where in the database.
pub(super) fn aside_of(slot: &str) -> String {
    format!("{slot}/aside")
}
