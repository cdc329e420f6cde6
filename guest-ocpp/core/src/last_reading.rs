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

/// How old what is known of a running transaction may become. Samples count, so
/// that with a shorter sample interval nothing is noted here.
const NOTE_MS: u64 = 90_000;
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
}

impl Register {
    /// Notes the register of a running transaction when what is known of it has
    /// become old.
    pub(crate) fn advance<P: Protocol>(
        &mut self,
        turn: &mut Turn<'_>,
        clock: &Clock,
        session: &Session<P>,
        facts: &OutletState,
        ids: &mut dyn FnMut() -> u32,
    ) {
        let ms = turn.ms();
        let noted = self.noted_of(session);
        let sampled = session.timeline.and_then(|timeline| timeline.latest());
        let known = noted.map(|noted| noted.at).into_iter().chain(sampled);
        let of_this_boot = known.filter(|moment| moment.at.boot_id == turn.now.at.boot_id);
        let since = of_this_boot
            .map(|moment| moment.at.monotonic_ms)
            .max()
            .unwrap_or(session.started.at.monotonic_ms.min(ms));
        let due = since + NOTE_MS;
        if due > ms {
            return self.ask_at(due);
        }
        let current = facts
            .reading
            .as_ref()
            .filter(|reading| is_current(turn.now.at, reading))
            .map(|reading| (reading.energy_mwh, reading.at));
        let before = session.last_mwh.max(noted.map_or(0, |noted| noted.mwh));
        let number = session.number;
        match current {
            Some((mwh, at)) if mwh > before || since + IDLE_NOTE_MS <= ms => {
                let mut timeline = session.timeline.unwrap_or_default();
                let at = timeline.stamp(clock.moment(&turn.now, at));
                *self.noted.edit() = Some(Noted {
                    session: number,
                    mwh: mwh.max(before),
                    at,
                });
                self.ask_at(ms + NOTE_MS);
            }
            Some(_) => self.ask_at(ms + NOTE_MS),
            None => self.ask(turn, facts.outlet, AGAIN_MS, ids),
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
            };
            return (at, last);
        }
        if meter.is_interrupted() {
            let moments = [
                Some(session.started),
                session.data.last().map(P::time_of),
                timeline.latest(),
                noted.map(|noted| noted.at),
                session
                    .timeline
                    .is_none()
                    .then(|| after(session.started, last_noted)),
            ];
            let at = moments
                .into_iter()
                .flatten()
                .max_by_key(|moment| moment.at.monotonic_ms)
                .unwrap_or(session.started);
            let last = LastReading {
                mwh,
                reading: None,
                at,
                interrupted: true,
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
        };
        (at, last)
    }
}

/// A later moment of the same boot, for a transaction of a build that noted none;
/// the same moment if it is of another boot.
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
