//! How often what comes from far away may force a write to flash. A central system
//! that changes a value to and fro would wear it out; so each frame that makes the
//! guest keep something durably is paid for, and once nothing is left, the next
//! frame waits in the socket. Nothing else waits: what cars, cards and meters bring
//! about is stored as ever. Pure: time comes in as an argument.

/// The allowance of writes.
#[derive(Debug)]
pub(super) struct WriteBudget {
    burst: u64,
    per_hour: u64,
    /// Writes, in 3 600 000ths: what one ms adds is a whole number.
    left: u64,
    at_ms: u64,
}

const WRITE: u64 = 3_600_000;

impl WriteBudget {
    pub(super) fn new(burst: u32, per_hour: u32, now_ms: u64) -> Self {
        let burst = u64::from(burst) * WRITE;
        Self {
            burst,
            per_hour: per_hour.into(),
            left: burst,
            at_ms: now_ms,
        }
    }

    /// Another frame may be handled.
    pub(super) fn has_some(&mut self, now_ms: u64) -> bool {
        let passed = now_ms.saturating_sub(self.at_ms);
        self.at_ms = self.at_ms.max(now_ms);
        let more = passed.saturating_mul(self.per_hour);
        self.left = self.left.saturating_add(more).min(self.burst);
        self.left >= WRITE
    }

    /// A frame has led to a write.
    pub(super) fn pay(&mut self) {
        self.left = self.left.saturating_sub(WRITE);
    }

    /// When there will be something left again, if there is nothing.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let missing = WRITE.checked_sub(self.left).filter(|it| *it > 0)?;
        Some(self.at_ms + missing.div_ceil(self.per_hour))
    }
}

#[cfg(test)]
mod tests {
    use super::WriteBudget;

    #[test]
    fn a_burst_and_then_as_many_as_an_hour_allows() {
        let mut budget = WriteBudget::new(20, 1800, 0);
        let mut writes = 0;
        for now_ms in (0..3_600_000).step_by(10) {
            while budget.has_some(now_ms) {
                budget.pay();
                writes += 1;
            }
        }
        assert!((1815..=1820).contains(&writes), "{writes}");
    }

    #[test]
    fn it_says_when_there_is_something_again() {
        let mut budget = WriteBudget::new(1, 1800, 5);
        assert_eq!(budget.next_ms(), None);
        assert!(budget.has_some(100));
        budget.pay();
        let next = budget.next_ms().expect("a time");
        assert_eq!(next, 2100);
        assert!(!budget.has_some(next - 1));
        assert!(budget.has_some(next));
    }
}
