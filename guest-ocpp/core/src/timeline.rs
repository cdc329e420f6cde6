//! Time within one transaction: it never decreases, whatever the clock does. The
//! moments of a transaction count from the monotonic clock; a clock that is set
//! forward is followed at once, one that is set back by little is followed
//! slowly, and one that is set back by much not before the transaction ends. Not
//! here: what time it is (see `clock`).

use crate::clock::Moment;
use plugpoint_guest::packed::packed;

/// A clock that was set back by no more than this is followed.
const MAX_SLEWED_MS: i64 = 60_000;
/// While it is followed, this part of the time that passes makes up for it.
const SLEW_PART: i64 = 10;

/// The time of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Unix minus monotonic, as it was last used here.
    base: Option<i64>,
    /// Monotonic time of that.
    used_at: Option<u64>,
    /// The latest moment that was told.
    latest: Option<Moment>,
}

impl Timeline {
    /// The time has become known, or was known before it changed.
    pub fn count_from(&mut self, offset: i64) {
        if self.base.is_none() {
            self.base = Some(offset);
        }
    }

    /// A moment of this transaction, as the clock has it; what it is told as.
    pub fn stamp(&mut self, plain: Moment) -> Moment {
        let Some(unix_ms) = plain.unix_ms else {
            self.note(plain);
            return plain;
        };
        let at = plain.at.monotonic_ms;
        let offset = unix_ms.saturating_sub(at as i64);
        let base = self.follow(offset, at);
        self.base = Some(base);
        self.used_at = Some(at.max(self.used_at.unwrap_or(0)));
        let latest = self.latest.and_then(|latest| latest.unix_ms);
        let told = base.saturating_add(at as i64);
        let moment = Moment {
            at: plain.at,
            unix_ms: Some(latest.map_or(told, |latest| told.max(latest))),
        };
        self.note(moment);
        moment
    }

    fn follow(&self, offset: i64, at: u64) -> i64 {
        let Some(base) = self.base.filter(|base| *base > offset) else {
            return offset;
        };
        let ahead = base.saturating_sub(offset);
        if ahead > MAX_SLEWED_MS {
            return base;
        }
        let passed = at.saturating_sub(self.used_at.unwrap_or(at)) as i64;
        base - ahead.min(passed / SLEW_PART)
    }

    /// This moment was reported.
    pub fn note(&mut self, moment: Moment) {
        let is_later = self.latest.is_none_or(|latest| {
            latest.at.boot_id != moment.at.boot_id
                || latest.at.monotonic_ms <= moment.at.monotonic_ms
        });
        if is_later {
            self.latest = Some(moment);
        }
    }

    /// The latest moment that was reported.
    pub fn latest(&self) -> Option<Moment> {
        self.latest
    }

    /// The clock that all of it was taken from was wrong by this much.
    pub fn shift(&mut self, shifted: impl Fn(Moment) -> Moment, by_ms: i64) {
        self.base = self.base.map(|base| base.saturating_add(by_ms));
        self.latest = self.latest.map(shifted);
    }
}

packed!(Timeline {
    base,
    used_at,
    latest
});

#[cfg(test)]
mod tests {
    use super::Timeline;
    use crate::clock::Moment;
    use plugpoint_guest::protocol::Stamp;

    /// Monotonic time in s, offset of the clock in s; the time told, in s.
    fn told(timeline: &mut Timeline, at_s: i64, offset_s: i64) -> i64 {
        let plain = Moment {
            at: Stamp {
                boot_id: 1,
                monotonic_ms: at_s as u64 * 1000,
            },
            unix_ms: Some((at_s + offset_s) * 1000),
        };
        timeline.stamp(plain).unix_ms.unwrap() / 1000
    }

    #[test]
    fn time_never_decreases_and_durations_hold() {
        let mut timeline = Timeline::default();
        assert_eq!(told(&mut timeline, 100, 10_000), 10_100);
        // Back by an hour: the duration is right all the same.
        assert_eq!(told(&mut timeline, 160, 6_400), 10_160);
        assert_eq!(told(&mut timeline, 200, 6_400), 10_200);
        // Forward beyond that: followed at once.
        assert_eq!(told(&mut timeline, 210, 20_000), 20_210);
        // Back by 13 s: followed slowly.
        assert_eq!(told(&mut timeline, 220, 19_987), 20_219);
        assert_eq!(told(&mut timeline, 320, 19_987), 20_309);
        assert_eq!(told(&mut timeline, 420, 19_987), 20_407);
        assert_eq!(told(&mut timeline, 520, 19_987), 20_507);
        // A reading that is older than what was told last.
        assert_eq!(told(&mut timeline, 500, 19_987), 20_507);
    }
}
