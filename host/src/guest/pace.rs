//! How much a guest may keep itself busy. Events that it caused itself (its timers,
//! answers to what it asked for) are paid out of an allowance of time; what the
//! world brings (frames, cars, cards, questions) costs nothing. Pure: time comes
//! in as an argument.

use std::time::Duration;

/// What each such event costs at least: the host's own work.
const MIN_COST_US: i64 = 1000;

/// The allowance of one slot. It outlives instances, or a guest that is replaced
/// whenever it is used up would go on for ever.
#[derive(Debug)]
pub(super) struct Pace {
    max_us: i64,
    /// Per second.
    refill_us: i64,
    /// Less than none once an event took longer than was left.
    left_us: i64,
    at_ms: u64,
}

impl Pace {
    /// Twenty whole events at once, and half of the time in the long run. `handle`
    /// is the time for one event.
    pub(super) fn new(handle: Duration) -> Self {
        let handle_us = i64::try_from(handle.as_micros()).unwrap_or(i64::MAX);
        let max_us = handle_us.saturating_mul(20);
        Self {
            max_us,
            refill_us: handle_us.saturating_mul(4).min(500_000),
            left_us: max_us,
            at_ms: 0,
        }
    }

    /// There is something left for another event.
    pub(super) fn has_some(&mut self, now_ms: u64) -> bool {
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        let passed_ms = i64::try_from(passed_ms).unwrap_or(i64::MAX);
        self.at_ms = now_ms;
        let refill_us = passed_ms.saturating_mul(self.refill_us) / 1000;
        self.left_us = self.left_us.saturating_add(refill_us).min(self.max_us);
        self.left_us >= MIN_COST_US
    }

    /// An event took this long.
    pub(super) fn pay(&mut self, micros: u64) {
        let cost_us = i64::try_from(micros).unwrap_or(i64::MAX).max(MIN_COST_US);
        self.left_us = self.left_us.saturating_sub(cost_us);
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    /// Events in 100 s for a guest that takes as many as it gets.
    fn greedy(micros: u64) -> u64 {
        let mut pace = Pace::new(Duration::from_millis(50));
        let mut events = 0;
        for now_ms in 0..100_000 {
            while pace.has_some(now_ms) {
                pace.pay(micros);
                events += 1;
            }
        }
        events
    }

    #[test]
    fn who_keeps_itself_busy_gets_a_fifth_of_the_time() {
        // 1 s at first, then 200 ms in each second.
        assert!((20_000..22_000).contains(&greedy(10)), "{}", greedy(10));
        assert!((400..450).contains(&greedy(50_000)), "{}", greedy(50_000));
    }

    #[test]
    fn a_timer_each_second_never_runs_out() {
        let mut pace = Pace::new(Duration::from_millis(50));
        for second in 0..10_000 {
            assert!(pace.has_some(second * 1000));
            pace.pay(50_000);
        }
    }
}
