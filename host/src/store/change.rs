//! The vocabulary between guests' entries and the database.

use std::sync::Arc;

use crate::wit::{authorization, protocol};

/// How much an entry must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Durability {
    /// On flash before any other action of the same call runs.
    Durable,
    /// Written with the next commit, or when its delay is over.
    Lazy,
    /// Never written: survives the guest, not the power.
    Session,
}

/// One entry as a guest keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptEntry {
    /// At most 256 bytes.
    pub key: String,
    /// Shared with the in-memory view.
    pub value: Arc<[u8]>,
    /// What the guest asked for.
    pub durability: Durability,
    /// Its value must never be shown.
    pub secret: bool,
}

/// What one call of a guest does to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Insert or replace.
    Keep(KeptEntry),
    /// Remove; nothing happens if it is not there.
    Forget(String),
}

impl Change {
    /// The key concerned.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Keep(entry) => &entry.key,
            Self::Forget(key) => key,
        }
    }
}

/// Sizes instead of values: entries may be secret, and are long anyway.
impl std::fmt::Debug for KeptEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptEntry")
            .field("key", &self.key)
            .field("bytes", &self.value.len())
            .field("durability", &self.durability)
            .field("secret", &self.secret)
            .finish()
    }
}

impl From<protocol::Durability> for Durability {
    fn from(wit: protocol::Durability) -> Self {
        match wit {
            protocol::Durability::Durable => Self::Durable,
            protocol::Durability::Lazy => Self::Lazy,
            protocol::Durability::Session => Self::Session,
        }
    }
}

impl From<authorization::Durability> for Durability {
    fn from(wit: authorization::Durability) -> Self {
        match wit {
            authorization::Durability::Durable => Self::Durable,
            authorization::Durability::Lazy => Self::Lazy,
            authorization::Durability::Session => Self::Session,
        }
    }
}

impl From<protocol::Entry> for KeptEntry {
    fn from(wit: protocol::Entry) -> Self {
        Self {
            key: wit.key,
            value: wit.value.into(),
            durability: wit.durability.into(),
            secret: wit.secret,
        }
    }
}

impl From<authorization::Entry> for KeptEntry {
    fn from(wit: authorization::Entry) -> Self {
        Self {
            key: wit.key,
            value: wit.value.into(),
            durability: wit.durability.into(),
            secret: wit.secret,
        }
    }
}
