//! Where the charger is: a time zone by its name in the IANA's database, and what
//! that means for a guest, which has no such database: the offset now and the next
//! changes.
//!
//! The database is the system's if it has one, else the copy that is built in.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::wit::authorization as wit;
use crate::wit::protocol::Now;

/// So many changes are told: two years of summer time.
const CHANGES: usize = 4;

/// A time zone that there is.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// There is no such time zone.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no time zone; expected one of the IANA's, such as `Europe/Berlin` or `UTC`")]
pub struct UnknownZone(String);

impl Default for Zone {
    fn default() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }
}

impl Zone {
    /// The one of this name.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        if name == "UTC" {
            return Ok(Self::default());
        }
        match TimeZone::get(name) {
            Ok(zone) => Ok(Self {
                name: name.to_owned(),
                zone,
            }),
            Err(_) => Err(UnknownZone(name.to_owned())),
        }
    }

    /// As guests are told. While the clock is unset nobody knows whether it is summer.
    #[must_use]
    pub fn told(&self, now: &Now) -> wit::TimeZone {
        let now = now
            .wall_ms
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let (offset_s, changes) = match now {
            None => (self.standard_offset_s(), Vec::new()),
            Some(now) => (self.zone.to_offset(now).seconds(), self.changes(now)),
        };
        wit::TimeZone {
            name: self.name.clone(),
            offset_s,
            changes,
        }
    }

    fn changes(&self, now: Timestamp) -> Vec<wit::OffsetChange> {
        let mut before = self.zone.to_offset(now);
        let mut changes = Vec::new();
        // A transition may change the abbreviation alone.
        for it in self.zone.following(now).take(2 * CHANGES) {
            if it.offset() != before && changes.len() < CHANGES {
                before = it.offset();
                changes.push(wit::OffsetChange {
                    at_ms: it.timestamp().as_millisecond(),
                    offset_s: before.seconds(),
                });
            }
        }
        changes
    }

    /// The lesser one of a recent year.
    fn standard_offset_s(&self) -> i32 {
        let in_2024 = [1_704_067_200, 1_719_792_000]
            .into_iter()
            .filter_map(|s| Timestamp::from_second(s).ok());
        let offsets = in_2024.map(|at| self.zone.to_offset(at).seconds());
        offsets.min().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit::protocol::{ClockTrust, Stamp};

    fn at(wall_ms: Option<i64>) -> Now {
        Now {
            at: Stamp {
                boot_id: 1,
                monotonic_ms: 1,
            },
            wall_ms,
            trust: ClockTrust::Set,
        }
    }

    #[test]
    fn summer_time_is_told_two_years_ahead() {
        let zone = Zone::named("Europe/London").expect("there is a London");
        // 2026-01-15T00:00:00Z.
        let told = zone.told(&at(Some(1_768_435_200_000)));
        assert_eq!((told.name.as_str(), told.offset_s), ("Europe/London", 0));
        let changes: Vec<(i64, i32)> = told
            .changes
            .iter()
            .map(|it| (it.at_ms / 1000, it.offset_s))
            .collect();
        // The last Sundays of March and October, at 01:00 UTC.
        let expected = [
            (1_774_746_000, 3_600),
            (1_792_890_000, 0),
            (1_806_195_600, 3_600),
            (1_824_944_400, 0),
        ];
        assert_eq!(changes, expected);
        assert!(zone.told(&at(None)).changes.is_empty());
        assert_eq!(
            Zone::named("Australia/Sydney")
                .expect("Sydney")
                .told(&at(None))
                .offset_s,
            36_000
        );
    }

    #[test]
    fn utc_never_changes_and_others_are_refused() {
        let told = Zone::default().told(&at(Some(1_768_435_200_000)));
        assert_eq!((told.offset_s, told.changes.len()), (0, 0));
        let error = Zone::named("Europe/Atlantis").expect_err("there is none");
        assert!(error.to_string().contains("Europe/Atlantis"), "{error}");
    }
}
