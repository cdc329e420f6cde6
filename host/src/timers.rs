//! The guest's named timers. Pure: time comes in as an argument.

use std::collections::HashMap;

use crate::wit::protocol::{Deadline, Now, Timer, TimerFired};

/// A timer set in the past fires at once, but one name at most this often, so
/// that a guest that does nothing else cannot keep the loop busy.
const CLOSEST_MS: u64 = 10;

/// All timers of one guest.
#[derive(Debug, Default)]
pub struct Timers {
    set: HashMap<String, Deadline>,
    /// When a name fired last, kept only for as long as it matters.
    fired: HashMap<String, u64>,
}

impl Timers {
    /// Sets a timer, or sets it anew.
    pub fn set(&mut self, timer: Timer) {
        self.set.insert(timer.name, timer.deadline);
    }

    /// Takes one back.
    pub fn cancel(&mut self, name: &str) {
        self.set.remove(name);
    }

    /// Takes all back.
    pub fn clear(&mut self) {
        self.set.clear();
        self.fired.clear();
    }

    /// How many are pending.
    #[must_use]
    pub fn count(&self) -> usize {
        self.set.len()
    }

    /// All that are pending.
    #[must_use]
    pub fn pending(&self) -> Vec<Timer> {
        let mut pending: Vec<Timer> = self
            .set
            .iter()
            .map(|(name, deadline)| Timer {
                name: name.clone(),
                deadline: *deadline,
            })
            .collect();
        pending.sort_by(|a, b| a.name.cmp(&b.name));
        pending
    }

    /// The monotonic time of the next one, if any can ever come.
    #[must_use]
    pub fn next_ms(&self, now: &Now) -> Option<u64> {
        self.set
            .iter()
            .filter_map(|(name, deadline)| self.due_ms(name, *deadline, now))
            .min()
    }

    /// Takes the earliest timer that is due.
    pub fn take_due(&mut self, now: &Now) -> Option<TimerFired> {
        let present = now.at.monotonic_ms;
        self.fired
            .retain(|_, at| present.saturating_sub(*at) < CLOSEST_MS);
        let (_, name) = self
            .set
            .iter()
            .filter_map(|(name, deadline)| Some((self.due_ms(name, *deadline, now)?, name)))
            .filter(|(due, _)| *due <= present)
            // By name too: the order must not depend on the map's.
            .min()?;
        let name = name.clone();
        let deadline = self.set.remove(&name)?;
        self.fired.insert(name.clone(), present);
        Some(TimerFired { name, deadline })
    }

    fn due_ms(&self, name: &str, deadline: Deadline, now: &Now) -> Option<u64> {
        let due = match deadline {
            Deadline::Monotonic(ms) => ms,
            Deadline::Wall(ms) => {
                let left = ms.saturating_sub(now.wall_ms?).max(0);
                now.at.monotonic_ms.saturating_add(left.unsigned_abs())
            }
        };
        let earliest = self.fired.get(name).map_or(0, |at| at + CLOSEST_MS);
        Some(due.max(earliest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit::protocol::{ClockTrust, Stamp};

    fn now(monotonic_ms: u64, wall_ms: Option<i64>) -> Now {
        Now {
            at: Stamp {
                boot_id: 1,
                monotonic_ms,
            },
            wall_ms,
            trust: ClockTrust::Board,
        }
    }

    fn timer(name: &str, deadline: Deadline) -> Timer {
        Timer {
            name: name.into(),
            deadline,
        }
    }

    #[test]
    fn fires_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(timer("b", Deadline::Monotonic(20)));
        timers.set(timer("a", Deadline::Monotonic(10)));
        assert_eq!(timers.next_ms(&now(0, None)), Some(10));
        assert!(timers.take_due(&now(9, None)).is_none());
        let names: Vec<_> = std::iter::from_fn(|| timers.take_due(&now(30, None)))
            .map(|fired| fired.name)
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(timers.next_ms(&now(30, None)), None);
    }

    #[test]
    fn setting_again_replaces() {
        let mut timers = Timers::default();
        timers.set(timer("a", Deadline::Monotonic(10)));
        timers.set(timer("a", Deadline::Monotonic(50)));
        assert!(timers.take_due(&now(20, None)).is_none());
        assert_eq!(timers.pending().len(), 1);
    }

    #[test]
    fn wall_deadline_moves_with_the_clock_and_waits_for_one() {
        let mut timers = Timers::default();
        timers.set(timer("a", Deadline::Wall(1_000_500)));
        assert_eq!(timers.next_ms(&now(100, None)), None);
        assert_eq!(timers.next_ms(&now(100, Some(1_000_000))), Some(600));
        assert_eq!(timers.next_ms(&now(100, Some(1_000_400))), Some(200));
        assert!(timers.take_due(&now(101, Some(1_000_600))).is_some());
    }

    #[test]
    fn a_timer_in_the_past_cannot_spin() {
        let mut timers = Timers::default();
        let mut fired = 0;
        for ms in 0..100 {
            timers.set(timer("a", Deadline::Monotonic(0)));
            while timers.take_due(&now(ms, None)).is_some() {
                fired += 1;
                timers.set(timer("a", Deadline::Monotonic(0)));
            }
        }
        assert_eq!(fired, 10);
    }
}
