//! What is remembered of one version of a component, and which of two is the
//! older.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Refusal, Schemas, Vouched};
use crate::guest::Inspection;

/// One version of a component, by its own metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// SHA-256 of the file, in hex; names the file too.
    pub hash: String,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Which build of that version.
    pub build: Option<String>,
    /// What it can read and write.
    pub schemas: Schemas,
    /// The key that its signature is of; none: unsigned, or not installed.
    pub signed_by: Option<String>,
    /// Once it has proved itself, older versions than this are not taken any more.
    #[serde(default)]
    pub floor: Option<String>,
}

impl Version {
    /// From what a component says of itself.
    #[must_use]
    pub fn of(info: &Inspection, vouched: Option<&Vouched>) -> Self {
        Self {
            hash: info.hash.clone(),
            name: info.name.clone(),
            version: info.version.clone(),
            build: info.build.clone(),
            schemas: info.schemas,
            signed_by: vouched.map(|it| it.key.clone()),
            floor: vouched.and_then(|it| it.statement.floor.clone()),
        }
    }

    /// It is an older version of the same component. A build that states no
    /// version counts as older than one that does.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.name == other.name && self.cmp_version(other) == Ordering::Less
    }

    /// What it says of older versions must not be true of itself.
    pub fn check_own_floor(&self) -> Result<(), Refusal> {
        let Some(floor) = &self.floor else {
            return Ok(());
        };
        let parsed = |text: &str| semver::Version::parse(text).ok();
        if parsed(self.stated()) < parsed(floor) {
            return Err(Refusal::FloorAboveItself {
                new: self.stated().to_owned(),
                floor: floor.clone(),
            });
        }
        Ok(())
    }

    /// Whether it can take over entries in that schema, and leave them so that
    /// the version before can.
    pub fn check_schema(&self, kept: u32, one_way: bool) -> Result<(), Refusal> {
        let can = || self.schemas.to_string();
        if !self.schemas.can_read(kept) {
            return Err(Refusal::CannotRead { kept, can: can() });
        }
        if !one_way && !self.schemas.can_write(kept) {
            return Err(Refusal::OneWay { kept, can: can() });
        }
        Ok(())
    }

    /// The version as it is stated.
    #[must_use]
    pub fn stated(&self) -> &str {
        self.version.as_deref().unwrap_or("(none stated)")
    }

    fn cmp_version(&self, other: &Self) -> Ordering {
        let parsed = |it: &Self| {
            let text = it.version.as_deref()?;
            semver::Version::parse(text).ok()
        };
        parsed(self).cmp(&parsed(other))
    }
}

/// `guest-ocpp 0.1.0 (build a, 9f2c01d2)`
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("(no name)");
        write!(f, "{name} {} (", self.stated())?;
        if let Some(build) = &self.build {
            write!(f, "build {build}, ")?;
        }
        write!(f, "{})", self.hash.get(..8).unwrap_or(&self.hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_such() {
        #[track_caller]
        fn check(new: Option<&str>, old: Option<&str>, older: bool) {
            let version = |version: Option<&str>| Version {
                hash: String::new(),
                name: Some("a".into()),
                version: version.map(str::to_owned),
                build: None,
                schemas: Schemas::default(),
                signed_by: None,
                floor: None,
            };
            assert_eq!(version(new).is_older_than(&version(old)), older);
        }
        check(Some("0.9.0"), Some("0.10.0"), true);
        check(Some("0.10.0"), Some("0.9.0"), false);
        check(Some("1.0.0"), Some("1.0.0"), false);
        check(Some("1.0.0-rc.1"), Some("1.0.0"), true);
        check(None, Some("1.0.0"), true);
        check(None, None, false);
        check(Some("1.0.0"), None, false);
    }
}
