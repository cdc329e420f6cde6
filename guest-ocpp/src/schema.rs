//! Schemas of the kept entries: which this build reads and writes, and how one
//! becomes the next. `boot` says which to write; a newer one than is kept is
//! moved to in slices, one per call, and what is not moved yet is still found.
//!
//! A schema differs from the one before in the keys' prefixes; a change of
//! values would go through `packed`.

/// The first one.
pub(crate) const FIRST: u32 = 1;

/// The newest that this build knows.
#[cfg(not(feature = "second-build"))]
pub(crate) const NEWEST: u32 = 1;
/// The newest that this build knows.
#[cfg(feature = "second-build")]
pub(crate) const NEWEST: u32 = 2;

/// Which build this is; also in the component's metadata.
#[cfg(not(feature = "second-build"))]
pub(crate) const BUILD: &str = "first";
/// Which build this is; also in the component's metadata.
#[cfg(feature = "second-build")]
pub(crate) const BUILD: &str = "second";

/// For the host, which reads it before this component runs.
#[cfg(all(target_arch = "wasm32", not(feature = "second-build")))]
#[unsafe(link_section = "plugpoint-entries")]
#[used]
static SCHEMAS: [u8; 21] = *b"reads 1-1, writes 1-1";
/// For the host, which reads it before this component runs.
#[cfg(all(target_arch = "wasm32", feature = "second-build"))]
#[unsafe(link_section = "plugpoint-entries")]
#[used]
static SCHEMAS: [u8; 21] = *b"reads 1-2, writes 1-2";

/// So many entries are moved in one call.
pub(crate) const SLICE: u32 = 200;

/// Prefixes of schema 1, and what they are in schema 2.
pub(crate) const RENAMED: [(&str, &str); 3] = [
    ("session/", "transaction/"),
    ("queue/", "told/"),
    ("cache/", "known/"),
];

/// How this instance reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The schema that is written.
    pub(crate) writes: u32,
    /// There may still be entries of the schema before.
    pub(crate) moving: bool,
}

impl Form {
    /// As `boot` says, on entries of that schema.
    ///
    /// # Panics
    ///
    /// If this build cannot read or write them: the version that wrote them has
    /// to go on.
    pub(crate) fn new(kept: u32, wanted: u32) -> Self {
        assert!(
            kept <= NEWEST && (FIRST..=NEWEST).contains(&wanted),
            "entries are in schema {kept} and wanted in {wanted}, this version knows {NEWEST}"
        );
        Self {
            writes: wanted.max(kept),
            moving: kept < wanted,
        }
    }

    /// What a key of this build's own is in the entries.
    pub(crate) fn key(self, key: &str) -> String {
        if self.writes == FIRST {
            return key.to_owned();
        }
        for (old, new) in RENAMED {
            if let Some(rest) = key.strip_prefix(old) {
                return format!("{new}{rest}");
            }
        }
        key.to_owned()
    }

    /// What a key in the entries is to this build.
    pub(crate) fn own(self, key: String) -> String {
        if self.writes == FIRST {
            return key;
        }
        for (old, new) in RENAMED {
            if let Some(rest) = key.strip_prefix(new) {
                return format!("{old}{rest}");
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn keys_go_there_and_back() {
        let second = Form {
            writes: 2,
            moving: false,
        };
        for (own, kept) in [("queue/1", "told/1"), ("queue-book", "queue-book")] {
            assert_eq!(second.key(own), kept);
            assert_eq!(second.own(kept.to_owned()), own);
        }
        assert_eq!(Form::new(1, 1).key("queue/1"), "queue/1");
    }

    #[test]
    #[should_panic(expected = "this version knows")]
    fn later_schemas_are_not_touched() {
        Form::new(3, 3);
    }
}
