//! Schemas of kept entries: which ones a build can read and write. It says so
//! in the custom section `plugpoint-entries`, as `reads 1-2, writes 1-2`;
//! without one it reads and writes schema 1.
//!
//! The host knows no more of a schema than its number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Name of the custom section.
pub const SECTION: &str = "plugpoint-entries";

/// What a build can read and write, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schemas {
    /// Oldest and newest schema that it can read.
    pub reads: (u32, u32),
    /// Oldest and newest schema that it can write.
    pub writes: (u32, u32),
}

impl Default for Schemas {
    fn default() -> Self {
        Self {
            reads: (1, 1),
            writes: (1, 1),
        }
    }
}

impl Schemas {
    /// From the text of the section; none if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (reads, writes) = text.trim().split_once(',')?;
        Some(Self {
            reads: range(reads.trim().strip_prefix("reads ")?)?,
            writes: range(writes.trim().strip_prefix("writes ")?)?,
        })
    }

    /// What a build writes once nobody before it need read it any more.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.writes.1
    }

    /// It can start on entries of that schema.
    #[must_use]
    pub fn can_read(&self, schema: u32) -> bool {
        within(self.reads, schema)
    }

    /// It can leave entries behind that a build of that schema reads.
    #[must_use]
    pub fn can_write(&self, schema: u32) -> bool {
        within(self.writes, schema)
    }
}

impl fmt::Display for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reads, writes } = self;
        write!(
            f,
            "reads {}-{}, writes {}-{}",
            reads.0, reads.1, writes.0, writes.1
        )
    }
}

fn within((oldest, newest): (u32, u32), schema: u32) -> bool {
    (oldest..=newest).contains(&schema)
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (oldest, newest) = text.trim().split_once('-')?;
    let (oldest, newest) = (oldest.parse().ok()?, newest.parse().ok()?);
    (1 <= oldest && oldest <= newest).then_some((oldest, newest))
}

#[cfg(test)]
mod tests {
    use super::Schemas;

    #[test]
    fn what_is_said_is_read() {
        let said = Schemas {
            reads: (1, 3),
            writes: (2, 3),
        };
        assert_eq!(Schemas::parse(&said.to_string()), Some(said));
        assert!(said.can_read(1) && !said.can_write(1) && !said.can_read(4));
        for wrong in [
            "",
            "reads 1-2",
            "reads 2-1, writes 1-1",
            "reads 0-1, writes 0-1",
        ] {
            assert_eq!(Schemas::parse(wrong), None, "{wrong}");
        }
    }
}
