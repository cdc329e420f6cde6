//! One thing that happened in a slot, as it stands in a record. Encoded by
//! postcard: the types of an interface never change, so a record needs no more
//! than the interface's version to be read.

use serde::{Deserialize, Serialize};

use crate::guest::{FailureKind, Inspection, Kind, Vocabulary};

/// In the order in which it happened.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub enum Moment<V: Vocabulary> {
    /// A new instance was made and started.
    Start {
        /// The build.
        component: Identity,
        /// What it was told.
        boot: V::Boot,
        /// What came of it.
        returned: Returned<V>,
    },
    /// The instance was handed an event.
    Handle {
        /// When.
        now: V::Now,
        /// What.
        event: V::Event,
        /// What came of it.
        returned: Returned<V>,
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
pub enum Returned<V: Vocabulary> {
    /// The guest came back.
    Actions {
        /// All of them, in its order.
        actions: Vec<V::Action>,
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

/// A moment of the release before, in the types of the present interface.
pub(super) fn of_earlier<K: Kind>(moment: Moment<K::Earlier>) -> Moment<K> {
    match moment {
        Moment::Start {
            component,
            boot,
            returned,
        } => Moment::Start {
            component,
            boot: boot.into(),
            returned: returned_earlier::<K>(returned),
        },
        Moment::Handle {
            now,
            event,
            returned,
        } => Moment::Handle {
            now: now.into(),
            event: event.into(),
            returned: returned_earlier::<K>(returned),
        },
        Moment::Exchanged => Moment::Exchanged,
        Moment::PutBack => Moment::PutBack,
        Moment::Reverted => Moment::Reverted,
    }
}

fn returned_earlier<K: Kind>(returned: Returned<K::Earlier>) -> Returned<K> {
    match returned {
        Returned::Actions {
            actions,
            micros,
            memory_bytes,
        } => Returned::Actions {
            actions: actions.into_iter().map(Into::into).collect(),
            micros,
            memory_bytes,
        },
        Returned::Failed { kind, text } => Returned::Failed { kind, text },
    }
}

/// Digits of a hash that name a build.
const MIN_HASH: usize = 4;

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

    /// Whether somebody means this one: by its version, its build's name, or the
    /// beginning of its hash.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let is = |known: &Option<String>| known.as_deref() == Some(name);
        let by_hash = name.len() >= MIN_HASH && {
            let begin = self.hash.get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        };
        is(&self.version) || is(&self.build) || by_hash
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
