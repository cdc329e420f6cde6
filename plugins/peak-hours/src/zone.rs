//! Local time, from what `boot` tells of the time zone.

/// The offset now, and the next changes, earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Local time less UTC, in seconds.
    pub offset_s: i32,
    /// Unix ms of a change, and the offset from then on.
    pub changes: Vec<(i64, i32)>,
}

impl Zone {
    /// Milliseconds of local time.
    #[must_use]
    pub fn local_ms(&self, unix_ms: i64) -> i64 {
        let past = self.changes.iter().rev().find(|(at, _)| *at <= unix_ms);
        let offset_s = past.map_or(self.offset_s, |(_, offset_s)| *offset_s);
        unix_ms + i64::from(offset_s) * 1000
    }

    /// Back again. A local time that a change leaves out is taken with the first offset;
    /// of one that comes twice, one of both.
    #[must_use]
    pub fn unix_ms(&self, local_ms: i64) -> i64 {
        let offsets = self.changes.iter().map(|(_, offset_s)| *offset_s);
        let candidates = [self.offset_s].into_iter().chain(offsets);
        let unix = |offset_s: i32| local_ms - i64::from(offset_s) * 1000;
        candidates
            .map(unix)
            .find(|unix_ms| self.local_ms(*unix_ms) == local_ms)
            .unwrap_or_else(|| unix(self.offset_s))
    }
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn summer_time_begins_and_ends() {
        let hour = 3_600_000;
        let london = Zone {
            offset_s: 0,
            changes: vec![(100 * hour, 3600), (200 * hour, 0)],
        };
        for (unix, local) in [(99, 99), (100, 101), (199, 200), (200, 200), (201, 201)] {
            assert_eq!(london.local_ms(unix * hour), local * hour, "{unix}");
        }
        assert_eq!(london.unix_ms(150 * hour), 149 * hour);
        assert_eq!(london.unix_ms(99 * hour), 99 * hour);
        // There is no such time, and this one comes twice.
        assert_eq!(london.unix_ms(100 * hour), 100 * hour);
        assert_eq!(london.unix_ms(200 * hour), 200 * hour);
    }
}
