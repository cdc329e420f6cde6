//! What is known of a slot's versions, and outlives the power: one document per
//! slot in the database, so it changes all at once or not at all.
//!
//! The files themselves are on the shelf.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Expected, Version};
use crate::store::{Store, StoreError};

/// Where a version comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The file that the configuration names, or what the program carries.
    #[default]
    Base,
    /// The shelf.
    Installed(Version),
}

/// A version that has to prove itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub place: Place,
    /// How often a process has begun with it, the swap included.
    pub starts: u32,
    /// What the version before did.
    pub expected: Expected,
    /// Its probation is a brief one.
    #[serde(default)]
    pub brief: bool,
}

/// A slot's versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version that has proved itself.
    pub active: Place,
    /// The one that was active before.
    pub last_good: Option<Place>,
    /// The one that runs on probation instead of the active one.
    pub candidate: Option<Candidate>,
    /// The one that was on probation when the candidate was installed over it, until
    /// one of them has proved itself.
    #[serde(default)]
    pub candidate_before: Option<Place>,
    /// Hashes of those that were replaced last; kept compiled, they often come
    /// again.
    #[serde(default)]
    pub spare: Vec<String>,
    /// The schema in which entries are written; 0: not known yet.
    pub schema: u32,
}

/// So many spares are kept.
const SPARES: usize = 2;

impl Record {
    /// Keeps the files of one that was replaced for a while.
    pub fn spare(&mut self, place: &Place) {
        let Some(version) = place.version() else {
            return;
        };
        self.spare.retain(|hash| *hash != version.hash);
        self.spare.insert(0, version.hash.clone());
        self.spare.truncate(SPARES);
    }

    /// The version that runs.
    #[must_use]
    pub fn running(&self) -> &Place {
        self.candidate
            .as_ref()
            .map_or(&self.active, |candidate| &candidate.place)
    }

    /// Hashes of the files that are still needed.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        let places = [
            Some(&self.active),
            self.last_good.as_ref(),
            self.candidate.as_ref().map(|candidate| &candidate.place),
            self.candidate_before.as_ref(),
        ];
        let installed = places.into_iter().flatten().filter_map(Place::version);
        installed
            .map(|version| version.hash.as_str())
            .chain(self.spare.iter().map(String::as_str))
    }
}

impl Place {
    /// What is known of it, if it was installed.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Base => None,
            Self::Installed(version) => Some(version),
        }
    }
}

/// The records of all slots; clones share them.
#[derive(Clone, Debug)]
pub struct Records {
    store: Store,
    all: Arc<Mutex<BTreeMap<String, Record>>>,
}

impl Records {
    /// Reads the records of these slots. One that cannot be understood was
    /// written by a newer program: the slot begins with its base.
    pub fn load(store: &Store, slots: &[String]) -> Result<Self, StoreError> {
        let mut all = BTreeMap::new();
        for slot in slots {
            let record = match store.document_get(&document(slot))? {
                Some(body) => serde_json::from_slice(&body).unwrap_or_else(|error| {
                    tracing::error!(slot, %error, "what was installed here cannot be understood");
                    Record::default()
                }),
                None => Record::default(),
            };
            all.insert(slot.clone(), record);
        }
        Ok(Self {
            store: store.clone(),
            all: Arc::new(Mutex::new(all)),
        })
    }

    /// A copy of a slot's record.
    #[must_use]
    pub fn get(&self, slot: &str) -> Record {
        self.lock().get(slot).cloned().unwrap_or_default()
    }

    /// Replaces a slot's record. It is on flash before any of the slot's entries that
    /// are committed after this, whatever happens to the disk meanwhile.
    pub fn put(&self, slot: &str, record: &Record) {
        match serde_json::to_vec(record) {
            Ok(body) => self.store.document_put_before(slot, &document(slot), body),
            Err(error) => tracing::error!(slot, %error, "a record cannot be written"),
        }
        self.lock().insert(slot.to_owned(), record.clone());
    }

    /// The slots, and the hashes that they need.
    #[must_use]
    pub fn hashes(&self) -> Vec<String> {
        let all = self.lock();
        all.values()
            .flat_map(|record| record.hashes().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn document(slot: &str) -> String {
    format!("slot/{slot}")
}
