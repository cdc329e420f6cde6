//! When a meter that gave no reading is asked again, and when that is a fault.
//! Pure: the time is an argument.

use std::time::{Duration, Instant};

use super::failure::MeterFailure;

/// The longest time that a meter is left alone: so long does it take at most to
/// find one that is back.
const MOST: Duration = Duration::from_secs(10);
/// The first wait, on the network: every request is made on a fresh connection.
const FIRST_TCP: Duration = Duration::from_millis(250);
/// The first wait on a serial bus. Its frames do not say which request they
/// answer: an answer that comes late must have come before the next request, or
/// it would be taken for the answer to that. Meters take well below a second.
const FIRST_RTU: Duration = Duration::from_secs(2);

/// How one meter has answered of late.
#[derive(Debug)]
pub(super) struct Patience {
    first: Duration,
    fault_after: Duration,
    /// It has given a reading since the start.
    known: bool,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    wait: Duration,
}

/// What follows from a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// So long it is left alone.
    pub(super) wait: Duration,
    /// It is to be told as a fault.
    pub(super) is_fault: bool,
    /// The first since the last reading.
    pub(super) is_news: bool,
}

impl Patience {
    pub(super) fn new(is_serial: bool, fault_after: Duration) -> Self {
        Self {
            first: if is_serial { FIRST_RTU } else { FIRST_TCP },
            fault_after,
            known: false,
            failing: None,
        }
    }

    /// A reading; whether it had failed before.
    pub(super) fn answered(&mut self) -> bool {
        self.known = true;
        self.failing.take().is_some()
    }

    /// No reading.
    pub(super) fn failed(&mut self, now: Instant, failure: &MeterFailure) -> Verdict {
        let is_news = self.failing.is_none();
        let failing = self.failing.get_or_insert(Failing {
            since: now,
            wait: self.first,
        });
        let in_values = failure.is_in_the_values();
        let wait = if in_values {
            Duration::ZERO
        } else {
            let wait = failing.wait;
            failing.wait = (wait * 2).min(MOST);
            wait
        };
        // One that was never read has no register to go on with: no grace.
        let overdue = now.duration_since(failing.since) >= self.fault_after;
        Verdict {
            wait,
            is_fault: in_values || !self.known || overdue,
            is_news,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_a_fault_comes_in_time() {
        let start = Instant::now();
        let silent = MeterFailure::Silent(500);
        let mut patience = Patience::new(true, Duration::from_secs(5));
        assert!(!patience.answered());
        let verdicts: Vec<(u64, bool, bool)> = [0, 2, 6, 14, 24]
            .into_iter()
            .map(|s| patience.failed(start + Duration::from_secs(s), &silent))
            .map(|v| (v.wait.as_secs(), v.is_fault, v.is_news))
            .collect();
        assert_eq!(
            verdicts,
            [
                (2, false, true),
                (4, false, false),
                (8, true, false),
                (10, true, false),
                (10, true, false)
            ]
        );
        assert!(patience.answered());
        let again = patience.failed(start + Duration::from_secs(30), &silent);
        assert_eq!((again.wait.as_secs(), again.is_fault), (2, false));
    }

    #[test]
    fn no_grace_for_one_never_read_nor_for_what_it_says() {
        let now = Instant::now();
        let mut patience = Patience::new(false, Duration::from_secs(5));
        assert!(patience.failed(now, &MeterFailure::Silent(500)).is_fault);
        patience.answered();
        let verdict = patience.failed(now, &MeterFailure::NoEnergy);
        assert_eq!((verdict.wait, verdict.is_fault), (Duration::ZERO, true));
    }
}
