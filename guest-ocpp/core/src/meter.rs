//! When the meter of an outlet is read, and why: what was asked for and not answered yet,
//! and the interval of samples. Not here: what becomes of a reading (the protocol's), and
//! the register (see `register`).

use plugpoint_guest::packed::{packed, packed_enum, packed_part};
use plugpoint_guest::protocol::{Action, MeterRequest, Reading, Stamp};
use plugpoint_guest::turn::Turn;

/// The host answers within 1 s.
const READ_WAIT_MS: u64 = 1_500;
/// A reading older than this is not one of the present.
const MAX_AGE_MS: u64 = 5_000;
/// A reading this fresh need not be taken again.
const FRESH_MS: u64 = 500;

/// Why the meter is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A transaction is to begin.
    Begin,
    /// A sample is due.
    Periodic,
    /// A point of the grid of the clock has come.
    Clock {
        /// Unix time of the point, ms.
        grid: i64,
    },
    /// The central system has asked for it.
    Trigger,
}

/// A reading that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MeterAsk {
    id: u32,
    why: Purpose,
    /// Go on with what is known if there is no answer by then.
    until: u64,
}

/// Readings that were asked for and have not come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeterRequests {
    asks: Vec<MeterAsk>,
}

impl MeterRequests {
    /// Asks the host to read the meter of this outlet.
    pub fn ask(&mut self, turn: &mut Turn<'_>, outlet: u32, id: u32, why: Purpose) {
        self.asks.push(MeterAsk {
            id,
            why,
            until: turn.ms() + READ_WAIT_MS,
        });
        turn.act(Action::ReadMeter(MeterRequest { id, outlet }));
    }

    /// A reading was asked for this purpose.
    pub fn is_asked_for(&self, why: Purpose) -> bool {
        self.asks.iter().any(|ask| ask.why == why)
    }

    /// The host has answered: what it was asked for.
    pub fn answered(&mut self, id: u32) -> Option<Purpose> {
        let at = self.asks.iter().position(|ask| ask.id == id)?;
        Some(self.asks.remove(at).why)
    }

    /// The host has not answered in time.
    pub fn is_overdue(&self, ms: u64) -> bool {
        self.asks.iter().any(|ask| ask.until <= ms)
    }

    /// What the oldest unanswered reading was asked for, of those whose time is over.
    pub fn expired(&mut self, ms: u64) -> Option<Purpose> {
        let at = self.asks.iter().position(|ask| ask.until <= ms)?;
        Some(self.asks.remove(at).why)
    }

    /// When the first of them is waited for no longer.
    pub fn deadline(&self) -> Option<u64> {
        self.asks.iter().map(|ask| ask.until).min()
    }
}

/// When the next sample is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampleSchedule {
    next: Option<u64>,
}

impl SampleSchedule {
    /// From now on; an interval of 0: no samples.
    pub fn from(ms: u64, interval_ms: u64) -> Self {
        Self {
            next: (interval_ms > 0).then(|| ms + interval_ms),
        }
    }

    /// No samples any more.
    pub fn none() -> Self {
        Self::default()
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<u64> {
        self.next
    }

    /// A sample is due now.
    pub fn is_due(&self, ms: u64) -> bool {
        self.next.is_some_and(|due| due <= ms)
    }

    /// The schedule behind this moment. Points that were missed are not made up: they
    /// would all be now.
    pub fn after(self, ms: u64, interval_ms: u64) -> Self {
        match self.next {
            Some(due) if interval_ms > 0 && due <= ms => {
                let missed = (ms - due) / interval_ms;
                Self {
                    next: Some(due + (missed + 1) * interval_ms),
                }
            }
            Some(_) if interval_ms > 0 => self,
            _ => Self::from(ms, interval_ms),
        }
    }
}

/// The meter has said this just now; not something that it said before.
pub fn is_current(now: Stamp, reading: &Reading) -> bool {
    is_younger(now, reading, MAX_AGE_MS)
}

/// It need not be read again for the beginning of a transaction.
pub fn is_fresh(now: Stamp, reading: &Reading) -> bool {
    is_younger(now, reading, FRESH_MS)
}

fn is_younger(now: Stamp, reading: &Reading, than_ms: u64) -> bool {
    !reading.stale
        && reading.at.boot_id == now.boot_id
        && now.monotonic_ms.saturating_sub(reading.at.monotonic_ms) <= than_ms
}

packed_enum!(Purpose { Begin {}, Periodic {}, Clock { grid }, Trigger {} });
packed!(MeterAsk { id, why, until });
packed_part!(MeterRequests { asks = "meter_asks" });
packed_part!(SampleSchedule { next = "next_sample" });

#[cfg(test)]
mod tests {
    use super::SampleSchedule;

    #[test]
    fn missed_samples_are_not_made_up() {
        let schedule = SampleSchedule::from(1_000, 10_000);
        assert!(!schedule.is_due(10_999));
        assert!(schedule.is_due(11_000));
        for (now, next) in [(10_999, 11_000), (11_000, 21_000), (45_000, 51_000)] {
            assert_eq!(schedule.after(now, 10_000).deadline(), Some(next), "{now}");
        }
        assert_eq!(schedule.after(45_000, 0).deadline(), None);
        let none = SampleSchedule::none();
        assert_eq!(none.after(5_000, 10_000).deadline(), Some(15_000));
    }
}
