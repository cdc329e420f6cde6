//! Schemas of the kept entries: which of them a build reads and writes, and how
//! one becomes the next. `boot` says which to write; a newer one than is kept is
//! moved to in slices, one per call, and what is not moved yet is still found.
//!
//! A schema differs from the one before in the prefixes of keys; a change of
//! values would go through `packed`.

use crate::protocol::Durability;

/// The first schema.
pub const FIRST: u32 = 1;

/// Entries that are moved in one call.
pub(crate) const SLICE: u32 = 200;

/// What a build knows of schemas. It reads all from the first one on.
#[derive(Debug, PartialEq, Eq)]
pub struct Schemas {
    /// The newest that it knows.
    pub newest: u32,
    /// Prefixes of the first schema, what they are in the second, and how such
    /// entries are kept.
    pub renamed: &'static [(&'static str, &'static str, Durability)],
}

/// How an instance reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    known: &'static Schemas,
    writes: u32,
    moving: bool,
}

impl Form {
    /// As `boot` wants it (`wanted`), on entries that are in schema `kept`.
    ///
    /// # Panics
    ///
    /// If this build cannot read or write them: the version that wrote them has
    /// to go on.
    pub fn new(known: &'static Schemas, kept: u32, wanted: u32) -> Self {
        let newest = known.newest;
        assert!(
            kept <= newest && (FIRST..=newest).contains(&wanted),
            "entries are in schema {kept} and wanted in {wanted}, this version knows {newest}"
        );
        Self {
            known,
            writes: wanted.max(kept),
            moving: kept < wanted,
        }
    }

    /// The schema that is written.
    pub fn writes(self) -> u32 {
        self.writes
    }

    /// There may still be entries of an older schema.
    pub fn is_moving(self) -> bool {
        self.moving
    }

    /// Writes the newest schema that this build knows, once no other build needs
    /// the older ones.
    pub fn to_newest(self) -> Self {
        Self {
            writes: self.known.newest,
            moving: self.moving || self.writes < self.known.newest,
            ..self
        }
    }

    /// Nothing of an older schema is left.
    pub fn moved(self) -> Self {
        Self {
            moving: false,
            ..self
        }
    }

    pub(crate) fn renamed(self) -> &'static [(&'static str, &'static str, Durability)] {
        self.known.renamed
    }

    /// What a key of this build is in the entries.
    pub fn key(self, key: &str) -> String {
        if self.writes == FIRST {
            return key.to_owned();
        }
        for (old, new, _) in self.known.renamed {
            if let Some(rest) = key.strip_prefix(old) {
                return format!("{new}{rest}");
            }
        }
        key.to_owned()
    }

    /// What a key in the entries is to this build.
    pub fn own(self, key: String) -> String {
        if self.writes == FIRST {
            return key;
        }
        for (old, new, _) in self.known.renamed {
            if let Some(rest) = key.strip_prefix(new) {
                return format!("{old}{rest}");
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Schemas};
    use crate::protocol::Durability;

    static TWO: Schemas = Schemas {
        newest: 2,
        renamed: &[("queue/", "told/", Durability::Durable)],
    };

    #[test]
    fn keys_go_there_and_back() {
        let second = Form::new(&TWO, 2, 2);
        for (own, kept) in [("queue/1", "told/1"), ("queue-book", "queue-book")] {
            assert_eq!(second.key(own), kept);
            assert_eq!(second.own(kept.to_owned()), own);
        }
        assert_eq!(Form::new(&TWO, 1, 1).key("queue/1"), "queue/1");
    }

    #[test]
    #[should_panic(expected = "this version knows")]
    fn later_schemas_are_not_touched() {
        Form::new(&TWO, 3, 3);
    }
}
