//! Values on the grid of the clock: when its points are measured, and that none
//! is told twice when the clock is set back. Not here: what is measured (see
//! `sampling`).

use plugpoint_ocpp_core::meter::Purpose;

use crate::charger::Charger;
use crate::config::Key;
use crate::meter::Context;
use crate::points::Told;
use crate::record::{Record, What};
use crate::turn::Turn;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// A clock that is slewed may have the timer ring this much early.
const EARLY_MS: i64 = 20;
/// A point of the grid that is longer past than this is left out.
pub(crate) const LATE_MS: i64 = 5_000;

impl Charger {
    /// Whether the first message tells of a point that was told before; else it is
    /// noted.
    pub(crate) fn is_told_before(
        &mut self,
        turn: &mut Turn<'_>,
        number: u64,
        record: &Record,
    ) -> bool {
        let What::Values { values } = &record.what else {
            return false;
        };
        let [value] = &values[..] else { return false };
        if value.context != Context::Clock {
            return false;
        }
        let Some(unix_ms) = self.told_time(turn, number, record.session, value.at) else {
            return false;
        };
        let told = self.told_points.told(record.outlet, unix_ms, number);
        if let Told::Now(points) = told {
            *self.told_points.edit() = points;
            return false;
        }
        told == Told::Before
    }

    /// Reads all meters when a point of the grid has come.
    pub(crate) fn advance_aligned(&mut self, turn: &mut Turn<'_>) {
        let interval = self
            .config
            .int(Key::ClockAlignedDataInterval)
            .saturating_mul(1000);
        let time = self.clock.time(&turn.now).filter(|_| interval > 0);
        let Some(time) = time else {
            if self.state.next_aligned.is_some() {
                self.state.edit().next_aligned = None;
            }
            return;
        };
        // A timer that rings a little early counts as being there.
        let time = time.saturating_add(EARLY_MS);
        let next = next_point(time, interval);
        match self.state.next_aligned {
            None => self.state.edit().next_aligned = Some(next),
            Some(due) if due <= time => {
                self.state.edit().next_aligned = Some(next);
                // After a step of the clock it may be long past, or come again.
                let was_measured = self
                    .last_aligned
                    .is_some_and(|last| due <= last && last <= time + DAY_MS);
                if was_measured || time - due > LATE_MS {
                    return;
                }
                *self.last_aligned.edit() = Some(due);
                for place in 0..self.outlets.len() {
                    self.read_meter(turn, place, Purpose::Clock { grid: due });
                }
            }
            // The interval was changed, or the clock.
            Some(due) if due > next => self.state.edit().next_aligned = Some(next),
            Some(_) => {}
        }
    }

    pub(crate) fn aligned_deadline(&self, turn: &Turn<'_>) -> Option<u64> {
        let due = self.state.next_aligned?;
        let time = self.clock.time(&turn.now)?;
        Some(
            turn.ms()
                .saturating_add(u64::try_from(due - time).unwrap_or(0)),
        )
    }
}

/// The grid begins anew at each midnight (UTC).
fn next_point(time: i64, interval: i64) -> i64 {
    let midnight = time - time.rem_euclid(DAY_MS);
    let next = midnight + ((time - midnight) / interval + 1) * interval;
    next.min(midnight + DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, next_point};

    #[test]
    fn the_grid() {
        for (time, interval, expected) in [
            (0, 900_000, 900_000),
            (899_999, 900_000, 900_000),
            (900_000, 900_000, 1_800_000),
            (DAY_MS - 1, 7_000, DAY_MS),
            (DAY_MS, 7_000, DAY_MS + 7_000),
        ] {
            assert_eq!(next_point(time, interval), expected, "{time}");
        }
    }
}
