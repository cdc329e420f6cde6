//! The clock proved wrong: what was noted by it, and has never been sent, is told
//! with the right time. What was sent once stays as it was, since a repeated
//! message must say the same; there the transaction's own time goes on (see
//! `timeline`). Not here: what time it is (see `clock`).

use plugpoint_ocpp_core::clock::{Change, Moment};

use crate::charger::Charger;
use crate::outlet::Session;
use crate::profile::Happening;
use crate::record::{Record, What};
use crate::shift::Shift;
use crate::turn::Turn;

/// More corrections than this while messages wait are not worth remembering.
const MAX_SHIFTS: usize = 32;

impl Charger {
    /// Looks whether the time has become known, or has changed. `starting`: after
    /// a power-up or restart.
    pub(crate) fn note_clock(&mut self, turn: &mut Turn<'_>, starting: bool) {
        if !self.can_keep() {
            return;
        }
        match self.clock.look(turn, starting) {
            Some(Change::Known { offset }) => {
                self.happens(Happening::ClockStepped);
                for outlet in &mut self.outlets {
                    outlet.register.clock_set();
                    if outlet.session.is_some() {
                        outlet.edit_session(|session| session.timeline().count_from(offset));
                    }
                }
            }
            Some(Change::Corrected { from, to }) => self.clock_corrected(turn, from, to),
            None => self.forget_shifts(),
        }
    }

    fn clock_corrected(&mut self, turn: &mut Turn<'_>, from: i64, to: i64) {
        self.happens(Happening::ClockStepped);
        turn.info(format!(
            "clock corrected by {} ms; messages not sent yet get the corrected time",
            to.saturating_sub(from)
        ));
        self.state.edit().next_aligned = None;
        let sent = self.queue.sent();
        let shift = Shift {
            boot_id: turn.now.at.boot_id,
            from,
            to,
            first: sent.below,
            below: self.queue.next(),
            session_above: sent.session,
        };
        if self.queue.waiting() > 0 && shift.first < shift.below {
            let shifts = self.shifts.edit();
            if shifts.len() >= MAX_SHIFTS {
                shifts.remove(0);
            }
            shifts.push(shift);
        }
        for outlet in &mut self.outlets {
            outlet.register.clock_set();
            let Some(number) = outlet.session.as_ref().map(|session| session.number) else {
                continue;
            };
            if number <= shift.session_above {
                outlet.edit_session(|session| session.timeline().count_from(from));
                continue;
            }
            let right = |moment: Moment| Moment {
                unix_ms: moment.unix_ms.map(|unix_ms| shift.apply(moment, unix_ms)),
                ..moment
            };
            outlet.edit_session(|session| {
                session.started = right(session.started);
                for value in &mut session.data {
                    value.at = right(value.at);
                }
                session.timeline().shift(right, to.saturating_sub(from));
            });
            outlet.register.correct(right);
        }
    }

    /// A transaction that the power ended: samples may have been told that flash knows
    /// nothing of. So it has ended as late as it can have, which is not in the future.
    pub(crate) fn decide_end(
        &mut self,
        turn: &mut Turn<'_>,
        number: u64,
        record: Record,
    ) -> Record {
        let What::Stop {
            at,
            later_ms: Some(later_ms),
            ..
        } = record.what
        else {
            return record;
        };
        let Some(told) = self.told_time(turn, number, record.session, at) else {
            return record;
        };
        let present = self.clock.time(&turn.now).unwrap_or(told);
        // A clock that says less was set back, and is no measure of it.
        let since = u64::try_from(present.saturating_sub(told)).unwrap_or(later_ms);
        let decided = record.ended_later(later_ms.min(since));
        self.queue.replace_first(turn, decided.clone());
        decided
    }

    /// After a power-up or restart: what waiting samples tell of transactions is known.
    pub(crate) fn recall_told(&mut self, turn: &mut Turn<'_>) {
        for told in self.queue.take_told() {
            let unix_ms = self.told_time(turn, told.number, told.session, told.at);
            let at = Moment { unix_ms, ..told.at };
            for outlet in &mut self.outlets {
                let is_it = |it: &Session| it.number == told.session;
                if outlet.session.as_ref().is_some_and(is_it) {
                    outlet.edit_session(|session| {
                        session.last_mwh = session.last_mwh.max(told.mwh.unwrap_or(0));
                        session.timeline().note(at);
                    });
                }
            }
        }
    }

    fn forget_shifts(&mut self) {
        let head = self.queue.head();
        let is_over = |shift: &Shift| shift.below <= head;
        if self.shifts.iter().any(is_over) {
            self.shifts.edit().retain(|shift| !is_over(shift));
        }
    }

    /// The Unix time that a message tells of a moment; none: not before the time
    /// is known.
    pub(crate) fn told_time(
        &self,
        turn: &mut Turn<'_>,
        number: u64,
        session: u64,
        moment: Moment,
    ) -> Option<i64> {
        let unix_ms = self.clock.resolve(turn, &moment, self.queue.last())?;
        let concerned = self
            .shifts
            .iter()
            .filter(|shift| shift.concerns(number, session));
        Some(concerned.fold(unix_ms, |unix_ms, shift| shift.apply(moment, unix_ms)))
    }
}
