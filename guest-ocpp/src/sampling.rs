//! When meters are read: during a transaction at its interval, and on the grid
//! of the clock.

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, MeterRequest, ObservedKind};
use crate::meter::{Context, MeterValue, make_room};
use crate::outlet::{MeterAsk, Why};
use crate::queue::What;
use crate::turn::Turn;

const METER_WAIT_MS: u64 = 1_500;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A clock that is slewed may have the timer ring this much early.
const EARLY_MS: i64 = 20;

impl Charger {
    pub(crate) fn read_meter(&mut self, turn: &mut Turn<'_>, place: usize, why: Why, wait_ms: u64) {
        let id = self.ticket();
        let outlet = &mut self.outlets[place];
        outlet.book.edit().meter_asks.push(MeterAsk {
            id,
            why,
            until: turn.ms() + wait_ms,
        });
        turn.act(Action::ReadMeter(MeterRequest {
            id,
            outlet: outlet.number,
        }));
    }

    pub(crate) fn advance_sampling(&mut self, turn: &mut Turn<'_>, place: usize) {
        let interval = self.config.ms(Key::MeterValueSampleInterval);
        let next = self.outlets[place].book.next_sample;
        if interval == 0 {
            if next.is_some() {
                self.outlets[place].book.edit().next_sample = None;
            }
            return;
        }
        let ms = turn.ms();
        let Some(due) = next else {
            self.outlets[place].book.edit().next_sample = Some(ms + interval);
            return;
        };
        if due <= ms {
            // Points that were missed are not made up: they would all be now.
            let missed = (ms - due) / interval;
            self.outlets[place].book.edit().next_sample = Some(due + (missed + 1) * interval);
            self.read_meter(turn, place, Why::Periodic, METER_WAIT_MS);
        }
    }

    /// The sample interval has another value: it counts from now.
    pub(crate) fn restart_sampling(&mut self, turn: &Turn<'_>) {
        let interval = self.config.ms(Key::MeterValueSampleInterval);
        for outlet in &mut self.outlets {
            if outlet.session.is_some() {
                outlet.book.edit().next_sample = (interval > 0).then(|| turn.ms() + interval);
            }
        }
    }

    /// A reading that was due has come.
    pub(crate) fn sample(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        context: Context,
        grid: Option<i64>,
    ) {
        let outlet = &self.outlets[place];
        let Some(reading) = outlet.facts.reading.clone() else {
            return;
        };
        let number = outlet.number;
        let session = outlet.running().map(|session| session.number);
        if session.is_none() && context == Context::Periodic {
            return;
        }
        let taken_at = if reading.stale {
            turn.now.at
        } else {
            reading.at
        };
        let mut at = self.clock.moment(&turn.now, taken_at);
        if grid.is_some() {
            at.unix_ms = grid;
        }
        let (sent, stored) = match context {
            Context::Clock => (Key::MeterValuesAlignedData, Key::StopTxnAlignedData),
            _ => (Key::MeterValuesSampledData, Key::StopTxnSampledData),
        };
        let value = MeterValue::take(&reading, self.config.measurands(sent), context, at);
        let datum = MeterValue::take(&reading, self.config.measurands(stored), context, at);
        let most =
            usize::try_from(self.config.int(Key::StopTransactionMaxMeterValues)).unwrap_or(2);
        if session.is_some()
            && let Some(session) = self.outlets[place].session.edit()
        {
            session.last_mwh = session.last_mwh.max(reading.energy_mwh);
            if let Some(datum) = datum {
                session.data.push(datum);
                // One place is left for the end.
                make_room(&mut session.data, most);
            }
        }
        if let Some(value) = value {
            self.note(
                turn,
                session.unwrap_or(0),
                number,
                What::Values {
                    values: vec![value],
                },
            );
        }
        if session.is_some() {
            self.observe(turn, place, ObservedKind::Energy);
        }
        self.stirred = true;
    }

    /// Reads all meters when a point of the grid has come.
    pub(crate) fn advance_aligned(&mut self, turn: &mut Turn<'_>) {
        let interval = self
            .config
            .int(Key::ClockAlignedDataInterval)
            .saturating_mul(1000);
        let time = self.clock.time(&turn.now).filter(|_| interval > 0);
        let Some(time) = time else {
            if self.desk.next_aligned.is_some() {
                self.desk.edit().next_aligned = None;
            }
            return;
        };
        // A timer that rings a little early counts as being there.
        let time = time.saturating_add(EARLY_MS);
        let next = next_point(time, interval);
        match self.desk.next_aligned {
            None => self.desk.edit().next_aligned = Some(next),
            Some(due) if due <= time => {
                self.desk.edit().next_aligned = Some(next);
                for place in 0..self.outlets.len() {
                    self.read_meter(turn, place, Why::Clock { grid: due }, METER_WAIT_MS);
                }
            }
            // The interval was changed, or the clock.
            Some(due) if due > next => self.desk.edit().next_aligned = Some(next),
            Some(_) => {}
        }
    }

    pub(crate) fn aligned_deadline(&self, turn: &Turn<'_>) -> Option<u64> {
        let due = self.desk.next_aligned?;
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
