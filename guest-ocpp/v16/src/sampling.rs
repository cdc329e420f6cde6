//! Samples of a transaction, and what is kept and told of them. Not here: when they are due
//! (see `plugpoint_ocpp_core::meter`, and `aligned` for the grid of the clock).

use plugpoint_ocpp_core::meter::{Purpose, SampleSchedule, is_current};

use crate::aligned::LATE_MS;
use crate::charger::Charger;
use crate::config::Key;
use crate::host::{ObservedKind, Reading};
use crate::meter::{Context, MeterValue, make_room};
use crate::record::What;
use crate::turn::Turn;

impl Charger {
    pub(crate) fn read_meter(&mut self, turn: &mut Turn<'_>, place: usize, why: Purpose) {
        let id = self.ticket();
        let outlet = &mut self.outlets[place];
        let number = outlet.number;
        outlet.state.edit().readings.ask(turn, number, id, why);
    }

    /// The sample interval has another value: it counts from now.
    pub(crate) fn restart_sampling(&mut self, turn: &Turn<'_>) {
        let interval = self.config.ms(Key::MeterValueSampleInterval);
        for outlet in &mut self.outlets {
            if outlet.session.is_some() {
                outlet.state.edit().samples = SampleSchedule::from(turn.ms(), interval);
            }
        }
    }

    /// A value of a transaction is about to be reported.
    pub(crate) fn note_sample(&mut self, turn: &Turn<'_>, place: usize, reading: &Reading) {
        let interval_ms = self.config.ms(Key::MeterValueSampleInterval);
        let outlet = &mut self.outlets[place];
        if let Some(session) = outlet.session.as_ref() {
            let register = &mut outlet.register;
            register.note_sample(turn, &self.clock, (session, interval_ms), reading);
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
        let Some(mut reading) = outlet.facts.reading.clone() else {
            return;
        };
        let number = outlet.number;
        if outlet.running().is_none() && context == Context::Periodic {
            return;
        }
        // Until its stop is noted a transaction goes on, but one that was broken
        // off has ended long ago.
        let session = outlet
            .session
            .as_ref()
            .filter(|_| !outlet.register.is_interrupted())
            .map(|session| session.number);
        if !is_current(turn.now.at, &reading) {
            let Some(register) = self.old_register(turn, place, &reading, context) else {
                turn.warn(format!(
                    "connector {number}: no current meter reading; nothing to report"
                ));
                return;
            };
            reading = register;
        }
        let plain = self.clock.moment(&turn.now, reading.at);
        let mut at = match self.outlets[place].session.edit() {
            Some(known) if session.is_some() => known.timeline().stamp(plain),
            _ => plain,
        };
        let is_near = |grid: i64| {
            let off = at.unix_ms.map(|unix_ms| unix_ms.abs_diff(grid));
            off.is_none_or(|off| session.is_none() || off <= LATE_MS.unsigned_abs())
        };
        if let Some(grid) = grid.filter(|grid| is_near(*grid)) {
            at.unix_ms = Some(grid);
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
            self.note_sample(turn, place, &reading);
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
        self.needs_settling = true;
    }

    /// What can be told of a reading that is not one of the present: the register
    /// with its own time, once, and not as one of the grid.
    fn old_register(
        &self,
        turn: &Turn<'_>,
        place: usize,
        reading: &Reading,
        context: Context,
    ) -> Option<Reading> {
        let session = self.outlets[place].running()?;
        let told = session.timeline.and_then(|timeline| timeline.latest());
        let is_news = reading.at.boot_id == turn.now.at.boot_id
            && told.is_some_and(|told| {
                told.at.boot_id == reading.at.boot_id
                    && told.at.monotonic_ms < reading.at.monotonic_ms
            });
        (is_news && context == Context::Periodic).then(|| Reading {
            measurements: Vec::new(),
            ..reading.clone()
        })
    }
}
