//! What is said of a session beside its permit: limits that count with it, the
//! lowest of all, until the session is over. They never allow more than the permit.
//!
//! Not here: who says it, and keeping it (see [`crate::sessions`]).

use std::collections::BTreeMap;

use super::current_ma;
use crate::outlet::Moment;
use crate::outlet::moment::earliest;

/// A limit of one session, by somebody. Times are monotonic ms, [`NEVER`] included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clamp {
    /// Who; empty: the permit's own end.
    pub by: String,
    /// For people.
    pub why: String,
    /// The most current, per phase.
    pub limit_ma: Option<u32>,
    /// The most power, of all phases together.
    pub limit_w: Option<u32>,
    /// No current before then.
    pub not_before_ms: Option<u64>,
    /// No current from then on; 0: from now on.
    pub until_ms: Option<u64>,
}

/// A time that does not come.
pub const NEVER: u64 = u64::MAX;

/// A clamp with its times on the safety thread's clock.
#[derive(Debug)]
pub(in crate::outlet) struct Timed {
    pub(in crate::outlet) clamp: Clamp,
    pub(in crate::outlet) not_before: Option<Moment>,
    pub(in crate::outlet) until: Option<Moment>,
}

impl Timed {
    fn limit_ma(&self, now: Moment, phases: u8) -> u32 {
        let is_over = self.until.is_some_and(|until| until <= now);
        if is_over || self.not_before.is_some_and(|begin| begin > now) {
            return 0;
        }
        let of_power = self.clamp.limit_w.map(|watts| current_ma(watts, phases));
        [self.clamp.limit_ma, of_power]
            .into_iter()
            .flatten()
            .fold(u32::MAX, u32::min)
    }

    fn next(&self, now: Moment) -> Option<Moment> {
        let times = [self.not_before, self.until].into_iter().flatten();
        times.filter(|at| *at > now).min()
    }
}

/// All of one outlet, by session.
#[derive(Debug, Default)]
pub(super) struct Clamps {
    sessions: BTreeMap<u64, Vec<Timed>>,
    /// Of the session whose permit is in force.
    present: Option<Present>,
}

/// The lowest clamp at this moment.
#[derive(Debug, PartialEq, Eq)]
struct Present {
    limit_ma: u32,
    by: String,
    why: String,
}

impl Clamps {
    /// In place of all that was said of the session.
    pub(super) fn set(&mut self, session: u64, all: Vec<Timed>) {
        if all.is_empty() {
            self.sessions.remove(&session);
        } else {
            self.sessions.insert(session, all);
        }
    }

    /// True if something else applies now than before.
    pub(super) fn advance(&mut self, now: Moment, session: Option<u64>, phases: u8) -> bool {
        let all = session.and_then(|it| self.sessions.get(&it));
        let lowest = all.into_iter().flatten();
        let lowest = lowest
            .map(|it| (it.limit_ma(now, phases), &it.clamp))
            .min_by_key(|(limit_ma, _)| *limit_ma)
            .filter(|(limit_ma, _)| *limit_ma < u32::MAX);
        let present = lowest.map(|(limit_ma, clamp)| Present {
            limit_ma,
            by: clamp.by.clone(),
            why: clamp.why.clone(),
        });
        let limit = |it: &Option<Present>| it.as_ref().map_or(u32::MAX, |it| it.limit_ma);
        let is_changed = limit(&present) != limit(&self.present);
        self.present = present;
        is_changed
    }

    /// When [`advance`](Self::advance) is due although nothing is said.
    pub(super) fn next(&self, now: Moment, session: u64) -> Option<Moment> {
        let all = self.sessions.get(&session).into_iter().flatten();
        all.map(|it| it.next(now)).fold(None, earliest)
    }

    /// No limit: the greatest number.
    pub(super) fn limit_ma(&self) -> u32 {
        self.present.as_ref().map_or(u32::MAX, |it| it.limit_ma)
    }

    /// Who limits, and why.
    pub(super) fn who(&self) -> Option<(String, String)> {
        let present = self.present.as_ref()?;
        Some((present.by.clone(), present.why.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    fn timed(clamp: Clamp) -> Timed {
        Timed {
            not_before: clamp.not_before_ms.map(at),
            until: clamp.until_ms.map(at),
            clamp,
        }
    }

    #[test]
    fn the_lowest_of_all_counts_at_each_time() {
        let mut it = Clamps::default();
        let limited = Clamp {
            by: "a".to_owned(),
            limit_ma: Some(20_000),
            limit_w: Some(6_900),
            ..Clamp::default()
        };
        let waits = Clamp {
            by: "b".to_owned(),
            limit_ma: Some(16_000),
            not_before_ms: Some(10),
            until_ms: Some(30),
            ..Clamp::default()
        };
        it.set(7, vec![timed(limited), timed(waits)]);
        let seen: Vec<(bool, u32, Option<Moment>)> = [5, 10, 20, 30]
            .map(|ms| {
                (
                    it.advance(at(ms), Some(7), 3),
                    it.limit_ma(),
                    it.next(at(ms), 7),
                )
            })
            .into();
        let expected = [
            (true, 0, Some(at(10))),
            (true, 10_000, Some(at(30))),
            (false, 10_000, Some(at(30))),
            (true, 0, None),
        ];
        assert_eq!(seen, expected);
        assert_eq!(it.who().map(|it| it.0).as_deref(), Some("b"));
        // One phase carries all of the power.
        it.advance(at(10), Some(7), 1);
        assert_eq!(it.limit_ma(), 16_000);
        assert!(it.advance(at(10), Some(8), 3), "another session");
        assert_eq!((it.limit_ma(), it.who()), (u32::MAX, None));
        it.set(7, Vec::new());
        assert!(!it.advance(at(10), Some(7), 3));
    }
}
