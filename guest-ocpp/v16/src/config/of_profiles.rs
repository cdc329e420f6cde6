//! The configuration keys of profiles, which come and go with them. Not here: the keys
//! of the standard's core (see `keys`).

use super::keys::{Access, Kind};
use super::value::{self, Value};
use super::{BadValue, Offer};

/// A configuration key of a profile.
#[derive(Debug)]
pub struct KeyInfo {
    /// As the central system calls it, compared without regard to case. At most 50
    /// characters.
    pub name: &'static str,
    /// What its values look like.
    pub values: Values,
    /// The central system may change it.
    pub writable: bool,
    /// Its value until somebody gives it another.
    pub default: &'static str,
    /// Such as `s`; empty if it has none.
    pub unit: &'static str,
    /// For people, in one or two sentences.
    pub meaning: &'static str,
}

/// What the values of a key look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int {
        /// From this one
        min: i64,
        /// to this one.
        max: i64,
    },
    /// Any text of at most this many characters.
    Text {
        /// At most 500.
        max: usize,
    },
}

impl KeyInfo {
    pub(super) fn access(&self) -> Access {
        if self.writable {
            Access::ReadWrite
        } else {
            Access::Read
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.values {
            Values::Bool => Kind::Bool,
            Values::Int { min, max } => Kind::Int {
                least: min,
                most: max,
            },
            Values::Text { max } => Kind::Text { longest: max },
        }
    }

    pub(super) fn check(&self, text: &str) -> Result<(), BadValue> {
        let good = match self.values {
            Values::Bool => value::boolean(text).is_some(),
            Values::Int { min, max } => {
                value::integer(text).is_some_and(|number| (min..=max).contains(&number))
            }
            Values::Text { max } => text.chars().count() <= max,
        };
        if good { Ok(()) } else { Err(BadValue) }
    }
}

/// The keys of those profiles that are there, and their values.
#[derive(Debug, Default)]
pub(super) struct OfProfiles {
    keys: Vec<(&'static KeyInfo, Value)>,
}

impl OfProfiles {
    pub(super) fn new<'o>(offers: impl Iterator<Item = &'o Offer>) -> Self {
        let infos = offers.flat_map(|offer| offer.keys);
        Self {
            keys: infos
                .map(|info| (info, Value::new(&info.kind(), info.default)))
                .collect(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.keys
            .iter()
            .position(|(info, _)| info.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn info(&self, place: usize) -> &'static KeyInfo {
        self.keys[place].0
    }

    pub(super) fn text(&self, place: usize) -> &str {
        &self.keys[place].1.text
    }

    pub(super) fn put(&mut self, place: usize, text: &str) {
        let (info, value) = &mut self.keys[place];
        *value = Value::new(&info.kind(), text);
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}
