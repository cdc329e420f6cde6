//! What several profiles allow a connector, now and later: the lowest of all. Not here:
//! where the limits come from (see `profile`), and what becomes of them (see `securing`).

use crate::exchange::{Limit, Step};

/// More than any outlet has.
const NO_LIMIT: u32 = u32::MAX;

/// What is allowed now, and later if nothing happens.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) limit: Option<Limit>,
    /// From when on (monotonic ms), mA per phase; earliest first.
    pub(crate) later: Vec<(u64, u32)>,
}

impl Planned {
    /// Never more than this allows, at any time.
    pub(crate) fn lower(&mut self, limit: Option<Limit>, later: &[Step]) {
        let (ours, theirs) = (self.limit, limit);
        self.limit = match (ours, theirs) {
            (Some(ours), Some(theirs)) => Some(Limit {
                ma: ours.ma.min(theirs.ma),
                phases: ours.phases.min(theirs.phases),
            }),
            (one, other) => one.or(other),
        };
        if later.is_empty() && self.later.is_empty() {
            return;
        }
        let ma = |limit: Option<Limit>| limit.map_or(NO_LIMIT, |limit| limit.ma);
        let (mut ours, mut theirs) = (ma(ours), ma(theirs));
        let mut right = later.iter().peekable();
        let left = std::mem::take(&mut self.later);
        let mut left = left.into_iter().peekable();
        loop {
            let at = match (left.peek(), right.peek()) {
                (Some((at, _)), Some(step)) => (*at).min(step.from_ms),
                (Some((at, _)), None) => *at,
                (None, Some(step)) => step.from_ms,
                (None, None) => return,
            };
            if let Some((_, ma)) = left.next_if(|(it, _)| *it == at) {
                ours = ma;
            }
            if let Some(step) = right.next_if(|step| step.from_ms == at) {
                theirs = step.limit.ma;
            }
            self.later.push((at, ours.min(theirs)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, Planned, Step};

    fn limit(ma: u32) -> Limit {
        Limit { ma, phases: 3 }
    }

    fn step(from_ms: u64, ma: u32) -> Step {
        let limit = limit(ma);
        Step { from_ms, limit }
    }

    #[test]
    fn the_lowest_of_all_counts_at_any_time() {
        let mut planned = Planned::default();
        planned.lower(Some(limit(16)), &[step(10, 8), step(30, 20)]);
        planned.lower(None, &[]);
        planned.lower(Some(limit(12)), &[step(20, 6), step(30, 32)]);
        assert_eq!(planned.limit, Some(limit(12)));
        assert_eq!(planned.later, [(10, 8), (20, 6), (30, 20)]);
    }

    #[test]
    fn what_begins_later_limits_nothing_before() {
        let mut planned = Planned::default();
        planned.lower(None, &[step(10, 8)]);
        assert_eq!(planned.limit, None);
        assert_eq!(planned.later, [(10, 8)]);
    }
}
