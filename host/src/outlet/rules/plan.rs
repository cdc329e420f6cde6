//! What a permit allows over time: a limit, and steps to others.
//!
//! Not here: converting a component's times (see `unit`), and what the limit
//! means for pilot and contactor (see `rules`).

use std::collections::VecDeque;

use crate::outlet::Moment;
use crate::wit::protocol::Step;

/// The limit in force and those to come.
#[derive(Debug, Default)]
pub(super) struct Plan {
    limit_ma: u32,
    /// Earliest first.
    steps: VecDeque<(Moment, Step)>,
}

impl Plan {
    /// Steps that are due already take effect with the first [`advance`](Self::advance).
    pub(super) fn new(limit_ma: u32, steps: impl IntoIterator<Item = (Moment, Step)>) -> Self {
        Self {
            limit_ma,
            steps: steps.into_iter().collect(),
        }
    }

    /// Takes the steps that are due. True if another limit applies now.
    pub(super) fn advance(&mut self, now: Moment) -> bool {
        let before = self.limit_ma;
        while let Some((_, step)) = self.steps.pop_front_if(|(at, _)| *at <= now) {
            self.limit_ma = step.limit_ma;
        }
        self.limit_ma != before
    }

    pub(super) fn limit_ma(&self) -> u32 {
        self.limit_ma
    }

    /// Those that are still ahead.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.steps.iter().map(|(_, step)| *step).collect()
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.steps.front().map(|(at, _)| *at)
    }

    /// Never more than the other plan allows, at any time.
    pub(super) fn lower(&mut self, to: Self) {
        let (mut ours, mut theirs) = (self.limit_ma, to.limit_ma);
        self.limit_ma = ours.min(theirs);
        let mut left = std::mem::take(&mut self.steps);
        let mut right = to.steps;
        loop {
            let at = match (left.front(), right.front()) {
                (Some((a, _)), Some((b, _))) => (*a).min(*b),
                (Some((at, _)), None) | (None, Some((at, _))) => *at,
                (None, None) => return,
            };
            let mut at_ms = 0;
            if let Some((_, step)) = left.pop_front_if(|(it, _)| *it == at) {
                (ours, at_ms) = (step.limit_ma, step.at_ms);
            }
            if let Some((_, step)) = right.pop_front_if(|(it, _)| *it == at) {
                (theirs, at_ms) = (step.limit_ma, step.at_ms);
            }
            let limit_ma = ours.min(theirs);
            // Power is in the limit of current already.
            let limit_w = None;
            let step = Step {
                at_ms,
                limit_ma,
                limit_w,
            };
            self.steps.push_back((at, step));
        }
    }

    /// The times may mean something else now: the lowest limit of what remains
    /// applies. True if that is another one.
    pub(super) fn flatten(&mut self) -> bool {
        let before = self.limit_ma;
        let later = self.steps.drain(..).map(|(_, step)| step.limit_ma);
        self.limit_ma = later.fold(before, u32::min);
        self.limit_ma != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(limit_ma: u32, steps: &[(u64, u32)]) -> Plan {
        let steps = steps.iter().map(|(at_ms, limit_ma)| {
            let step = Step {
                at_ms: *at_ms,
                limit_ma: *limit_ma,
                limit_w: None,
            };
            (at(*at_ms), step)
        });
        Plan::new(limit_ma, steps)
    }

    fn at(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn each_limit_applies_from_its_time_on() {
        let mut it = plan(16, &[(10, 8), (20, 8), (30, 32)]);
        let seen: Vec<(u64, bool, u32)> = [9, 10, 19, 25, 30]
            .map(|ms| (ms, it.advance(at(ms)), it.limit_ma()))
            .into();
        let expected = [
            (9, false, 16),
            (10, true, 8),
            (19, false, 8),
            (25, false, 8),
            (30, true, 32),
        ];
        assert_eq!(seen, expected);
        assert_eq!(it.next(), None);
        // Late: the last one counts.
        let mut late = plan(16, &[(10, 8), (20, 6)]);
        assert!(late.advance(at(99)));
        assert_eq!(late.limit_ma(), 6);
    }

    #[test]
    fn a_lowered_plan_allows_the_less_of_both_at_any_time() {
        let ours = || plan(20, &[(10, 5), (30, 25), (50, 12)]);
        let theirs = || plan(16, &[(20, 3), (30, 18), (40, 30)]);
        let mut lowered = ours();
        lowered.lower(theirs());
        let (mut a, mut b) = (ours(), theirs());
        for ms in 0..60 {
            for it in [&mut lowered, &mut a, &mut b] {
                it.advance(at(ms));
            }
            let least = a.limit_ma().min(b.limit_ma());
            assert_eq!(lowered.limit_ma(), least, "at {ms}");
        }
    }

    #[test]
    fn a_step_of_the_clock_leaves_the_lowest_limit() {
        let mut it = plan(16, &[(10, 20), (20, 7), (30, 9)]);
        assert!(!it.advance(at(5)));
        assert!(it.flatten());
        assert_eq!((it.limit_ma(), it.next()), (7, None));
        assert!(!it.flatten());
    }
}
