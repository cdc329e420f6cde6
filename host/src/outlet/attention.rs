//! Whether the safety thread ran when it should have: notices that it stood still
//! for so long that a car may have been exchanged for another one unseen.
//!
//! A process that is stopped, frozen or starved sees the pilot before and after,
//! and nothing in between. The guard opens the contactor meanwhile (see `guard`);
//! this is about whose energy flows afterwards.

use std::time::Duration;

use super::moment::Moment;

/// Nobody takes a plug out of one car and puts it into another within this.
const MAX_LAPSE: Duration = Duration::from_secs(3);

/// When the thread was last seen to run.
#[derive(Debug)]
pub(super) struct Attention {
    last: Moment,
}

impl Attention {
    pub fn new(now: Moment) -> Self {
        Self { last: now }
    }

    /// For how long nothing was watched, if that was too long. `planned` is how long
    /// the thread meant to wait since it was last asked; hardware would have woken
    /// it in that time.
    pub fn lapse(&mut self, now: Moment, planned: Duration) -> Option<Duration> {
        let since = now.since(self.last);
        self.last = now;
        let lapse = since.saturating_sub(planned);
        (lapse > MAX_LAPSE).then_some(lapse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_long_wait_that_was_meant_is_no_lapse() {
        let mut attention = Attention::new(at(0));
        assert_eq!(attention.lapse(at(60_000), MS(60_000)), None);
        assert_eq!(attention.lapse(at(60_010), MS(0)), None);
        // Woken early.
        assert_eq!(attention.lapse(at(61_000), MS(60_000)), None);
        assert_eq!(attention.lapse(at(64_000), MS(0)), None, "the bound itself");
    }

    #[test]
    fn a_wait_or_a_piece_of_work_that_takes_seconds_longer_is_one() {
        let mut attention = Attention::new(at(0));
        assert_eq!(attention.lapse(at(5_000), MS(1_000)), Some(MS(4_000)));
        assert_eq!(attention.lapse(at(9_000), MS(0)), Some(MS(4_000)));
        assert_eq!(attention.lapse(at(10_000), MS(1_000)), None, "told once");
    }
}
