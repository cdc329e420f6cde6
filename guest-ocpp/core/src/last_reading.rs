//! The meter's register in a transaction, independent of samples: noted now and then in
//! case that the power fails, and read a last time when no energy flows any more. Not
//! here: samples (see `meter`).

use plugpoint_guest::protocol::{Action, MeterRequest, OutletState, Reading, Stamp};
use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::clock::{Clock, Moment};
use crate::meter::is_current;
use crate::register::{Noted, Register, RegisterWatch};
use crate::session::{Halted, Session};

/// How old what is known of a running transaction may become; it is what a power cut
/// costs, if the meter does not answer afterwards.
const NOTE_MS: u64 = 90_000;
/// The same, while samples are reported more often than that: so many of them, but not
/// more than this. The central system knows then, and each note costs flash some
/// kilobytes.
const NOTE_SAMPLES: u64 = 12;
const MOST_NOTE_MS: u64 = 300_000;
/// Samples are reported for so much longer before something has to be noted: the meter
/// is asked first ...
const MARGIN_MS: u64 = 30_000;
/// ... and until then whatever waits to be acknowledged is waited for: it would be written
/// together with the note.
const SETTLE_MS: u64 = 15_000;
/// The same, while no energy flows: flash wears out.
const IDLE_NOTE_MS: u64 = 900_000;
/// A meter that does not answer is asked again: during a transaction, and at its
/// end, when somebody waits.
const AGAIN_MS: u64 = 15_000;
const LAST_AGAIN_MS: u64 = 1_500;

/// What is reported at the end of a transaction.
#[derive(Debug)]
pub struct LastReading {
    /// The register, thousandths of a Wh.
    pub mwh: u64,
    /// None: all but the register is out of date.
    pub reading: Option<Reading>,
    /// When the register was read.
    pub at: Moment,
    /// The transaction was broken off before this power-up or restart.
    pub interrupted: bool,
    /// It may have ended this much later, ms: samples may have been reported meanwhile of
    /// which nothing is left here.
    pub later_ms: Option<u64>,
}

/// What a note of the register depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Samples {
    /// 0: none.
    pub(crate) interval_ms: u64,
    /// All that was reported of transactions is acknowledged.
    pub(crate) are_settled: bool,
}

/// How old, with samples at this interval, 0: none.
fn note_ms(sample_interval_ms: u64) -> u64 {
    if sample_interval_ms > NOTE_MS {
        return NOTE_MS;
    }
    let samples = sample_interval_ms * NOTE_SAMPLES;
    samples.clamp(NOTE_MS, MOST_NOTE_MS)
}

/// For how long samples are reported that nothing is noted of.
fn sampled_ms(sample_interval_ms: u64) -> u64 {
    note_ms(sample_interval_ms) + MARGIN_MS
}

impl Register {
    /// Notes the register of a running transaction when what is known of it has
    /// become old.
    pub(crate) fn advance<P: Protocol>(
        &mut self,
        turn: &mut Turn<'_>,
        clock: &Clock,
        (session, samples): (&Session<P>, Samples),
        facts: &OutletState,
        ids: &mut dyn FnMut() -> u32,
    ) {
        let ms = turn.ms();
        let interval_ms = samples.interval_ms;
        let note_ms = note_ms(interval_ms);
        let noted = self.noted_of(session);
        let of_this_boot = noted.filter(|noted| noted.at.at.boot_id == turn.now.at.boot_id);
        let since = of_this_boot
            .map(|noted| noted.at.at.monotonic_ms)
            .unwrap_or(session.started.at.monotonic_ms.min(ms));
        let is_sampled = interval_ms > 0;
        let settle_ms = if is_sampled && !samples.are_settled {
            SETTLE_MS
        } else {
            0
        };
        let due = since + note_ms + settle_ms;
        if due > ms {
            return self.ask_at(due);
        }
        let current = facts
            .reading
            .as_ref()
            .filter(|reading| is_current(turn.now.at, reading))
            .map(|reading| (reading.energy_mwh, reading.at));
        let before = noted.map_or(session.start_mwh, |noted| noted.mwh);
        match current {
            Some((mwh, at)) if mwh > before || since + IDLE_NOTE_MS <= ms => {
                let plain = clock.moment(&turn.now, at);
                self.note(session, mwh.max(before), plain, interval_ms);
                self.ask_at(ms + note_ms);
            }
            Some(_) => self.ask_at(ms + note_ms),
            None => self.ask(turn, facts.outlet, AGAIN_MS, ids),
        }
    }

    /// Notes the register of a transaction, thousandths of a Wh, as it is at this moment.
    /// With samples at an interval some are reported from now on of which nothing may reach
    /// flash. Where the note cannot be stored, none is reported that it should allow for.
    pub(crate) fn note<P: Protocol>(
        &mut self,
        session: &Session<P>,
        mwh: u64,
        plain: Moment,
        sample_interval_ms: u64,
    ) {
        let sampled_ms = (sample_interval_ms > 0).then(|| sampled_ms(sample_interval_ms));
        self.write(session, mwh, plain, sampled_ms);
    }

    fn write<P: Protocol>(
        &mut self,
        session: &Session<P>,
        mwh: u64,
        plain: Moment,
        sampled_ms: Option<u64>,
    ) {
        if self.watch.must_note_again() {
            self.watch.edit().noted();
        }
        self.is_urgent |= sampled_ms.is_some();
        *self.noted.edit() = Some(Noted {
            session: session.number,
            mwh: mwh.max(session.last_mwh),
            at: session.timeline.unwrap_or_default().stamp(plain),
            sampled_ms,
        });
    }

    /// A sample is about to be reported. Where nothing that is noted allows for it to be
    /// lost, that is noted first.
    pub fn note_sample<P: Protocol>(
        &mut self,
        turn: &Turn<'_>,
        clock: &Clock,
        (session, sample_interval_ms): (&Session<P>, u64),
        reading: &Reading,
    ) {
        let noted = self.noted_of(session);
        let allows = noted.is_some_and(|noted| noted.allows(reading.at));
        if self.watch.must_note_again() || !allows {
            let plain = clock.moment(&turn.now, reading.at);
            let sampled_ms = Some(sampled_ms(sample_interval_ms));
            self.write(session, reading.energy_mwh, plain, sampled_ms);
        }
    }

    fn ask_at(&mut self, at: u64) {
        if self.watch.ask_at() != Some(at) {
            self.watch.edit().ask_again_at(at);
        }
    }

    /// Asks the meter, unless it was asked just now.
    fn ask(
        &mut self,
        turn: &mut Turn<'_>,
        outlet: u32,
        again_ms: u64,
        ids: &mut dyn FnMut() -> u32,
    ) {
        let ms = turn.ms();
        if self.watch.ask_at().is_some_and(|at| at > ms) {
            return;
        }
        self.ask_at(ms + again_ms);
        turn.act(Action::ReadMeter(MeterRequest { id: ids(), outlet }));
    }

    /// The transaction has been stopped and no energy flows any more: whether
    /// its end can be reported. Asks the meter for it, for a bounded time.
    pub fn has_last_reading(
        &mut self,
        turn: &mut Turn<'_>,
        facts: &OutletState,
        ids: &mut dyn FnMut() -> u32,
    ) -> bool {
        let ms = turn.ms();
        if self.watch.ended_at().is_none() {
            self.watch.edit().end(ms);
        }
        let meter = *self.watch;
        let from = meter.ended_at().unwrap_or(ms);
        let is_last = facts.reading.as_ref().is_some_and(|reading| {
            !reading.stale
                && reading.at.boot_id == turn.now.at.boot_id
                && (meter.is_interrupted() || reading.at.monotonic_ms >= from)
        });
        if is_last {
            return true;
        }
        if meter.is_late(ms) {
            turn.warn(format!(
                "connector {}: no answer from the meter at the end of the transaction; \
                 reporting the last known register",
                facts.outlet
            ));
            return true;
        }
        self.ask(turn, facts.outlet, LAST_AGAIN_MS, ids);
        false
    }

    /// When the transaction ended, and what the meter said last. `last_noted`: when
    /// anything was noted last, in whatever boot.
    pub(crate) fn end<P: Protocol>(
        &mut self,
        turn: &Turn<'_>,
        clock: &Clock,
        (session, halted): (Option<&Session<P>>, Option<&Halted<P>>),
        facts: &OutletState,
        last_noted: Stamp,
    ) -> (Moment, LastReading) {
        let meter = *self.watch;
        *self.watch.edit() = RegisterWatch::default();
        let noted = self.noted.edit().take();
        let Some(session) = session else {
            let at = clock.present(&turn.now);
            let last = LastReading {
                mwh: 0,
                reading: None,
                at,
                interrupted: meter.is_interrupted(),
                later_ms: None,
            };
            return (at, last);
        };
        let noted = noted.filter(|noted| noted.session == session.number);
        let mwh = self
            .known_mwh(session, facts)
            .max(noted.map_or(0, |noted| noted.mwh));
        let mut timeline = session.timeline.unwrap_or_default();
        if let Some(halted) = halted {
            // It ended while nothing could be stored; what came since is not of it.
            let at = timeline.stamp(halted.at);
            let last = LastReading {
                mwh: halted.mwh.max(session.last_mwh),
                reading: None,
                at,
                interrupted: false,
                later_ms: None,
            };
            return (at, last);
        }
        if meter.is_interrupted() {
            let moments = [
                Some(session.started),
                session.data.last().map(P::time_of),
                timeline.latest(),
                noted.map(|noted| noted.at),
            ];
            let known = moments
                .into_iter()
                .flatten()
                .max_by_key(|moment| moment.at.monotonic_ms)
                .unwrap_or(session.started);
            let at = after(known, last_noted);
            let last = LastReading {
                mwh,
                reading: None,
                at,
                interrupted: true,
                later_ms: noted.and_then(|noted| noted.sampled_ms),
            };
            return (at, last);
        }
        let from = meter.ended_at().unwrap_or(turn.ms());
        let reading = facts.reading.clone().filter(|reading| {
            !reading.stale
                && reading.energy_mwh == mwh
                && reading.at.boot_id == turn.now.at.boot_id
                && reading.at.monotonic_ms >= from
        });
        // An old register is reported with its own time.
        let read_at = match &reading {
            Some(reading) => timeline.stamp(clock.moment(&turn.now, reading.at)),
            None => timeline.latest().unwrap_or(session.started),
        };
        let at = timeline.stamp(clock.present(&turn.now));
        let last = LastReading {
            mwh,
            reading,
            at: read_at,
            interrupted: false,
            later_ms: None,
        };
        (at, last)
    }
}

/// A later moment of the same boot; the same moment if it is of another boot.
fn after(start: Moment, later: Stamp) -> Moment {
    let passed = later.monotonic_ms.saturating_sub(start.at.monotonic_ms);
    if later.boot_id != start.at.boot_id || passed == 0 {
        return start;
    }
    Moment {
        at: later,
        unix_ms: start
            .unix_ms
            .map(|unix_ms| unix_ms.saturating_add(passed as i64)),
    }
}
