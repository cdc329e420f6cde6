//! Entries as a host keeps them, with what a power failure leaves of them.

use std::collections::BTreeMap;

use crate::host::{Durability, Entries, Entry};

/// The entries in memory, and what of them has reached the flash.
#[derive(Debug, Default, Clone)]
pub struct Flash {
    memory: BTreeMap<String, Entry>,
    flash: BTreeMap<String, Entry>,
    /// Changes on their way to the flash.
    lazy: Vec<(String, Option<Entry>)>,
    /// Nothing reaches the flash any more.
    pub broken: bool,
    /// Commits that had to reach the flash before anything else happened.
    pub syncs: u64,
}

impl Flash {
    /// What one call changed; false if it had to reach the flash and did not.
    pub fn apply(&mut self, kept: Vec<Entry>, forgotten: Vec<String>) -> bool {
        let durable = |key: &String| {
            self.memory
                .get(key)
                .is_some_and(|entry| entry.durability == Durability::Durable)
        };
        if self.broken
            && (kept
                .iter()
                .any(|entry| entry.durability == Durability::Durable)
                || forgotten.iter().any(durable))
        {
            return false;
        }
        let mut durable = false;
        for entry in kept {
            match entry.durability {
                Durability::Durable => {
                    durable = true;
                    self.lazy.push((entry.key.clone(), Some(entry.clone())));
                }
                Durability::Lazy => self.lazy.push((entry.key.clone(), Some(entry.clone()))),
                Durability::Session => {}
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
        if durable {
            self.syncs += 1;
            self.sync();
        }
        true
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
        self.memory.get(key).map(|entry| entry.value.clone())
    }

    fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)> {
        let from = prefix.max(start_at).to_owned();
        self.memory
            .range(from..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(most.min(256) as usize)
            .map(|(key, entry)| (key.clone(), entry.value.clone()))
            .collect()
    }
}
