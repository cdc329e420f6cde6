//! What of the simulation survives the process, and who keeps it.

use serde::{Deserialize, Serialize};

use super::car::{Traits, Wish};

/// Why the simulation's document could not be read or written.
pub type StorageError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps one document for the simulation. Called from a thread that may wait.
pub trait SimStorage: Send + Sync {
    /// The document kept last, if any.
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Keeps a document in place of the one before.
    fn save(&self, document: &[u8]) -> Result<(), StorageError>;
}

/// The whole document, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::outlet) struct Saved {
    pub(in crate::outlet) outlets: std::collections::BTreeMap<u32, SavedOutlet>,
}

/// One outlet of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::outlet) struct SavedOutlet {
    pub(super) car: Option<SavedCar>,
    pub(super) plug_in: bool,
    #[serde(default)]
    pub(super) left: bool,
    pub(super) locked: bool,
    pub(super) faults: Vec<String>,
    pub(super) emergency_stop: bool,
}

/// The car of an outlet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedCar {
    pub(super) traits: Traits,
    pub(super) wish: Wish,
    pub(super) taken_mwh: u64,
}

impl Saved {
    /// Reads a document; one that is broken counts as none, since it is only
    /// a simulation's.
    pub(in crate::outlet) fn load(storage: &dyn SimStorage) -> Self {
        match storage.load() {
            Ok(None) => Self::default(),
            Ok(Some(document)) => serde_json::from_slice(&document).unwrap_or_else(|error| {
                tracing::warn!(%error, "what was kept of the simulation cannot be read; it starts anew");
                Self::default()
            }),
            Err(error) => {
                tracing::warn!(%error, "what was kept of the simulation cannot be read; it starts anew");
                Self::default()
            }
        }
    }

    pub(super) fn to_document(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
