//! One thing that happened in a slot, as it stands in a record. Encoded by
//! postcard: the types of an interface never change, so a record needs no more
//! than the interface's version to be read.

use serde::{Deserialize, Serialize};

use crate::guest::{FailureKind, Inspection, Kind};

/// In the order in which it happened.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Moment<K: Kind> {
    /// A new instance was made and started.
    Start {
        /// The build.
        component: Identity,
        /// What it was told.
        boot: K::Boot,
        /// What came of it.
        returned: Returned<K>,
    },
    /// The instance was handed an event.
    Handle {
        /// When.
        now: K::Now,
        /// What.
        event: K::Event,
        /// What came of it.
        returned: Returned<K>,
    },
    /// Another component was put into the slot; the instance before may come
    /// back.
    Exchanged,
    /// It did.
    PutBack,
    /// What the last call kept could not be written and was undone.
    Reverted,
}

/// What came of a call.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Returned<K: Kind> {
    /// The guest came back.
    Actions {
        /// All of them, in its order.
        actions: Vec<K::Action>,
        /// How long it took, in microseconds.
        micros: u64,
        /// Linear memory afterwards.
        memory_bytes: u64,
    },
    /// It failed: trap, time, memory, limit, or actions that make no sense.
    Failed {
        /// Of what.
        kind: FailureKind,
        /// In words.
        text: String,
    },
}

/// Which build it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Which build of that version.
    pub build: Option<String>,
    /// SHA-256 of the file, in hex.
    pub hash: String,
}

impl Identity {
    /// From what a component says of itself.
    #[must_use]
    pub fn of(info: &Inspection) -> Self {
        Self {
            name: info.name.clone(),
            version: info.version.clone(),
            build: info.build.clone(),
            hash: info.hash.clone(),
        }
    }
}

/// `guest-ocpp 0.1.0 (build first, 9f2c01d2)`
impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or = |text: &Option<String>, none: &str| text.clone().unwrap_or(none.to_owned());
        let name = or(&self.name, "(no name)");
        write!(f, "{name} {} (", or(&self.version, "(none stated)"))?;
        if let Some(build) = &self.build {
            write!(f, "build {build}, ")?;
        }
        write!(f, "{})", self.hash.get(..8).unwrap_or(&self.hash))
    }
}

/// Positions of the cases, for who writes them piece by piece.
pub(super) mod case {
    pub(in super::super) const START: u8 = 0;
    pub(in super::super) const HANDLE: u8 = 1;
    pub(in super::super) const EXCHANGED: u8 = 2;
    pub(in super::super) const PUT_BACK: u8 = 3;
    pub(in super::super) const REVERTED: u8 = 4;
    pub(in super::super) const ACTIONS: u8 = 0;
    pub(in super::super) const FAILED: u8 = 1;
}
