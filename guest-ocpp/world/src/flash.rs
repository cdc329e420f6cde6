//! Entries as a host keeps them, with what a power failure leaves of them.

use std::cell::Cell;
use std::collections::BTreeMap;

use plugpoint_guest::protocol::{Durability, Entries, Entry};

/// The entries in memory, and what of them has reached the flash.
#[derive(Debug, Default, Clone)]
pub struct Flash {
    memory: BTreeMap<String, Entry>,
    flash: BTreeMap<String, Entry>,
    /// Changes on their way to the flash.
    lazy: Vec<(String, Option<Entry>)>,
    /// Nothing reaches the flash any more.
    pub broken: bool,
    /// The flash does not answer: a commit is given up after a while, and may be
    /// written all the same when it answers again.
    stalled: bool,
    /// What was given up. Until that is answered nothing else is handed over.
    late: Option<Vec<(String, Option<Entry>)>>,
    /// Commits that had to reach the flash before anything else happened.
    pub syncs: u64,
    /// How many entries the charger has read.
    pub reads: Cell<usize>,
}

impl Flash {
    /// What one call changed; false if it had to reach the flash and did not.
    pub fn apply(&mut self, kept: Vec<Entry>, forgotten: Vec<String>) -> bool {
        let durable = |key: &String| {
            self.memory
                .get(key)
                .is_some_and(|entry| entry.durability == Durability::Durable)
        };
        let must_be_written = kept
            .iter()
            .any(|entry| entry.durability == Durability::Durable)
            || forgotten.iter().any(durable);
        if must_be_written && (self.broken || self.stalled) {
            if self.stalled && self.late.is_none() {
                let kept = kept
                    .into_iter()
                    .map(|entry| (entry.key.clone(), Some(entry)));
                let forgotten = forgotten.into_iter().map(|key| (key, None));
                let session = |entry: &Entry| entry.durability == Durability::Session;
                let changes = kept.chain(forgotten);
                let lasting = changes.filter(|(_, entry)| !entry.as_ref().is_some_and(session));
                self.late = Some(lasting.collect());
            }
            return false;
        }
        for entry in kept {
            if entry.durability != Durability::Session {
                self.lazy.push((entry.key.clone(), Some(entry.clone())));
            }
            self.memory.insert(entry.key.clone(), entry);
        }
        for key in forgotten {
            if let Some(entry) = self.memory.remove(&key)
                && entry.durability != Durability::Session
            {
                self.lazy.push((key, None));
            }
        }
        // Removing something is as urgent as keeping it was.
        if must_be_written {
            self.syncs += 1;
            self.sync();
        }
        true
    }

    /// Something waits for the next commit.
    pub(super) fn is_behind(&self) -> bool {
        !self.lazy.is_empty() && !self.broken
    }

    /// The flash does not answer any more.
    pub fn stall(&mut self) {
        self.stalled = true;
    }

    /// It answers again: what was given up is written, and then what is in memory
    /// is written over it.
    pub fn resume(&mut self) {
        self.stalled = false;
        for (key, entry) in self.late.take().unwrap_or_default() {
            let there = self.memory.get(&key);
            let held = there.filter(|entry| entry.durability != Durability::Session);
            self.lazy.push((key.clone(), held.cloned()));
            match entry {
                Some(entry) => self.flash.insert(key, entry),
                None => self.flash.remove(&key),
            };
        }
        if !self.broken {
            self.sync();
        }
    }

    /// Everything that waits reaches the flash.
    pub fn sync(&mut self) {
        for (key, entry) in self.lazy.drain(..) {
            match entry {
                Some(entry) => self.flash.insert(key, entry),
                None => self.flash.remove(&key),
            };
        }
    }

    /// The power fails: only what had reached the flash is left.
    pub fn fail(&mut self) {
        self.stalled = false;
        self.late = None;
        self.lazy.clear();
        self.memory = self.flash.clone();
    }

    /// `restart`: the host goes on, session entries do not.
    pub fn drop_session(&mut self) {
        self.memory
            .retain(|_, entry| entry.durability != Durability::Session);
    }

    /// For tests that damage entries.
    pub fn memory_mut(&mut self) -> &mut BTreeMap<String, Entry> {
        &mut self.memory
    }

    /// The value of an entry, as text.
    pub fn text(&self, key: &str) -> Option<String> {
        let entry = self.memory.get(key)?;
        Some(String::from_utf8_lossy(&entry.value).into_owned())
    }

    /// What is on the flash, one entry a line; secrets are not shown.
    pub fn dump(&self) -> String {
        let lines = self.flash.iter().map(|(key, entry)| {
            let value = if entry.secret {
                "(secret)".into()
            } else {
                String::from_utf8_lossy(&entry.value)
            };
            format!("{key} = {value}\n")
        });
        lines.collect()
    }

    /// A flash with the entries of a dump.
    pub fn restore(dump: &str) -> Self {
        let mut flash = Self::default();
        for (key, value) in dump.lines().filter_map(|line| line.split_once(" = ")) {
            let entry = Entry {
                key: key.to_owned(),
                value: value.as_bytes().to_vec(),
                durability: Durability::Durable,
                secret: false,
            };
            flash.flash.insert(key.to_owned(), entry);
        }
        flash.fail();
        flash
    }

    /// How many entries there are, and the bytes of their keys and values.
    pub fn size(&self) -> (usize, usize) {
        let bytes = |entry: &Entry| entry.key.len() + entry.value.len();
        (self.memory.len(), self.memory.values().map(bytes).sum())
    }

    /// How many entries begin like this.
    pub fn count(&self, prefix: &str) -> u64 {
        let from = self.memory.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).count() as u64
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.memory.keys().map(String::as_str)
    }
}

impl Entries for Flash {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.reads.set(self.reads.get() + 1);
        self.memory.get(key).map(|entry| entry.value.clone())
    }

    fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)> {
        let from = prefix.max(start_at).to_owned();
        let found: Vec<_> = self
            .memory
            .range(from..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(most.min(256) as usize)
            .map(|(key, entry)| (key.clone(), entry.value.clone()))
            .collect();
        self.reads.set(self.reads.get() + found.len());
        found
    }
}
