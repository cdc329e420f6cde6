//! What one profile allows at one instant, and until when. Not here: which profile
//! prevails (see `prevailing`).

use super::charging_profile::{ChargingProfile, Kind, Period};

/// No end in sight, Unix ms.
pub(super) const NEVER: i64 = i64::MAX;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A profile at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State<'p> {
    /// Before validFrom, or from validTo on.
    NotValid,
    /// Valid, and its schedule has not begun.
    Waiting,
    /// This period is in force.
    Running(&'p Period),
    /// Its duration has ended, for good or until it recurs.
    Over,
}

/// A state, and the first instant (Unix ms) at which it can be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch<'p> {
    pub(super) state: State<'p>,
    pub(super) until: i64,
}

impl ChargingProfile {
    /// At the instant `t`. `origin` is what a schedule without a start of its own is
    /// relative to. Both are Unix ms.
    pub(super) fn at(&self, origin: i64, t: i64) -> Stretch<'_> {
        let stretch = |state, until: i64| Stretch {
            state,
            until: until.min(self.valid_to.unwrap_or(NEVER)),
        };
        if self.valid_to.is_some_and(|to| to <= t) {
            return Stretch {
                state: State::NotValid,
                until: NEVER,
            };
        }
        if let Some(from) = self.valid_from.filter(|from| *from > t) {
            return stretch(State::NotValid, from);
        }
        let start = self.start(origin);
        if t < start {
            return stretch(State::Waiting, start);
        }
        let (begin, end) = match self.interval_ms() {
            // The next recurrence cuts off what is left of this one.
            Some(interval) => {
                let begin = t - (t - start) % interval;
                (begin, begin.saturating_add(interval))
            }
            None => (start, NEVER),
        };
        let at = |seconds: i64| begin.saturating_add(seconds.saturating_mul(1000));
        let over = self.schedule.duration_s.map_or(NEVER, at);
        if over <= t {
            return stretch(State::Over, end);
        }
        let periods = &self.schedule.periods;
        let next = periods.partition_point(|period| at(period.start_s) <= t);
        let after = periods.get(next).map_or(NEVER, |it| at(it.start_s));
        let state = match next.checked_sub(1).and_then(|place| periods.get(place)) {
            Some(period) => State::Running(period),
            None => State::Waiting,
        };
        stretch(state, after.min(over).min(end))
    }

    fn start(&self, origin: i64) -> i64 {
        match self.kind {
            Kind::Relative => origin,
            Kind::Absolute | Kind::Daily | Kind::Weekly => self.schedule.start.unwrap_or(origin),
        }
    }

    fn interval_ms(&self) -> Option<i64> {
        match self.kind {
            Kind::Daily => Some(DAY_MS),
            Kind::Weekly => Some(7 * DAY_MS),
            Kind::Absolute | Kind::Relative => None,
        }
    }
}
