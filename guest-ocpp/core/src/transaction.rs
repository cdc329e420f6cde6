//! A transaction at one outlet, from the authorization to the end of its energy. Every step
//! is drawn from the facts as they are, so that a fresh instance goes on where the one
//! before left off. Not here: what is reported of it, and what ends it from afar.

use plugpoint_guest::protocol::{PilotState, Stamp};
use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::authorization::Authorization;
use crate::clock::{Clock, Moment};
use crate::last_reading::{LastReading, Samples};
use crate::meter::{Purpose, SampleSchedule, is_fresh};
use crate::outlet::{EndCause, Outlet};
use crate::session::{Session, Stop};
use crate::token::Holder;

/// The host opens a contactor within 3 s.
const OPEN_WAIT_MS: u64 = 6_000;

/// What the configuration says of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// They end with their car.
    pub ends_with_car: bool,
    /// 0: no samples.
    pub sample_interval_ms: u64,
    /// All that was reported of transactions is acknowledged.
    pub is_settled: bool,
}

/// A transaction has begun.
#[derive(Debug)]
pub struct Begun {
    /// On this authorization.
    pub authorization: Authorization,
    /// The charge point's own number of it.
    pub number: u64,
    /// The register, thousandths of a Wh.
    pub mwh: u64,
    /// When.
    pub at: Moment,
}

/// A transaction has ended.
#[derive(Debug)]
pub struct Ended<P: Protocol> {
    /// As it was.
    pub session: Session<P>,
    /// When.
    pub at: Moment,
    /// What the meter said last.
    pub last: LastReading,
}

impl<P: Protocol> Outlet<P> {
    /// The car that may charge is here: locks the plug and reads the meter, whose requests
    /// get `ids`. True: the transaction can begin.
    pub fn prepare(&mut self, turn: &mut Turn<'_>, ids: &mut dyn FnMut() -> u32) -> bool {
        let number = self.number;
        // A lock that is still to open for the last driver, or about to, holds nothing.
        if self.facts.is_socket() && (!self.facts.is_locked() || self.state.lock.is_moving()) {
            if !self.state.lock.is_asked() {
                self.state.edit().lock.start(turn, number, ids(), true);
            }
            return false;
        }
        if self.state.readings.is_asked_for(Purpose::Begin) {
            return false;
        }
        let reading = self.facts.reading.as_ref();
        let has_reading = reading.is_some_and(|reading| is_fresh(turn.now.at, reading));
        if !has_reading {
            let readings = &mut self.state.edit().readings;
            readings.ask(turn, number, ids(), Purpose::Begin);
        }
        has_reading
    }

    /// A transaction begins, if its car is still there and the plug is held. The next
    /// free number becomes its own.
    pub fn begin(
        &mut self,
        turn: &Turn<'_>,
        clock: &Clock,
        number: impl FnOnce() -> u64,
        rules: &Rules,
    ) -> Option<Begun> {
        let is_held = !self.facts.is_socket() || self.facts.is_locked();
        if self.session.is_some() || !self.has_authorized_car() || !is_held {
            return None;
        }
        let authorization = self.state.edit().authorization.take()?;
        let register = self.register_mwh();
        if register.is_none() {
            turn.warn(format!(
                "connector {}: the meter has never been read; counting from 0",
                self.number
            ));
        }
        let mwh = register.unwrap_or(0);
        let (number, at) = (number(), clock.present(&turn.now));
        let mut session = Session {
            number,
            id: None,
            tag: authorization.tag.clone(),
            parent: authorization.parent.clone(),
            started: at,
            start_mwh: mwh,
            last_mwh: mwh,
            limit_ma: authorization.limit_ma,
            energy_limit_wh: authorization.energy_limit_wh,
            until_ms: authorization.session_until_ms,
            refused: false,
            stop: None,
            data: Vec::new(),
            timeline: None,
        };
        session.timeline().stamp(at);
        // With the start, so that it is on flash before the first sample.
        self.register
            .note(&session, mwh, at, rules.sample_interval_ms);
        *self.session.edit() = Some(session);
        let state = self.state.edit();
        state.demand.settle(turn.ms());
        state.samples = SampleSchedule::from(turn.ms(), rules.sample_interval_ms);
        state.car.begin();
        turn.info(format!(
            "connector {}: transaction {number} begins at {} Wh",
            self.number,
            mwh / 1000
        ));
        Some(Begun {
            authorization,
            number,
            mwh,
            at,
        })
    }

    /// A transaction goes on: samples and the register, whose requests get `ids`. What
    /// ends it without anybody's order is returned.
    pub fn advance_running(
        &mut self,
        turn: &mut Turn<'_>,
        clock: &Clock,
        rules: &Rules,
        ids: &mut dyn FnMut() -> u32,
    ) -> Option<EndCause> {
        self.running()?;
        let cause = self.end_cause(rules.ends_with_car);
        if cause.is_some() {
            return cause;
        }
        // The host may have taken a step of the permit, also before this instance began.
        let held_back = self.facts.held_back || self.supply.is_held_back();
        if let Some(demand) = self.state.demand.held_back(held_back, turn.ms()) {
            self.state.edit().demand = demand;
        }
        let asks = matches!(self.facts.pilot, PilotState::C | PilotState::D);
        let is_open = self.facts.is_open();
        if let Some(demand) = self.state.demand.asked(asks, is_open, turn.ms()) {
            self.state.edit().demand = demand;
        }
        let (ms, before) = (turn.ms(), self.state.samples);
        let after = before.after(ms, rules.sample_interval_ms);
        if after != before {
            self.state.edit().samples = after;
        }
        if rules.sample_interval_ms > 0 && before.is_due(ms) {
            let number = self.number;
            let readings = &mut self.state.edit().readings;
            readings.ask(turn, number, ids(), Purpose::Periodic);
        }
        if let Some(session) = self.session.as_ref() {
            let register = &mut self.register;
            let samples = Samples {
                interval_ms: rules.sample_interval_ms,
                are_settled: rules.is_settled,
            };
            register.advance(turn, clock, (session, samples), &self.facts, ids);
        }
        None
    }

    /// A transaction that was stopped. True: no energy flows, and the meter has been read,
    /// or does not answer, so that it can be concluded.
    pub fn advance_ending(&mut self, turn: &mut Turn<'_>, ids: &mut dyn FnMut() -> u32) -> bool {
        let is_over = self.session.is_some() && self.running().is_none();
        if is_over && !self.has_car() && !self.state.car.is_cable_only() {
            // A car that comes before this is concluded has not had its transaction.
            self.state.edit().car.leave_cable();
        }
        let session = self.session.as_ref();
        let is_stopped = session.is_some_and(|session| session.stop.is_some());
        let is_late = self.state.stop_until.is_none_or(|until| until <= turn.ms());
        is_stopped
            && (self.facts.is_open() || is_late)
            && self.register.has_last_reading(turn, &self.facts, ids)
    }

    /// Somebody or something ends the transaction; it is concluded when the contactor is
    /// open.
    pub fn stop(&mut self, stop: Stop<P>, ms: u64) {
        self.edit_session(|session| session.stop = Some(stop));
        let state = self.state.edit();
        state.stop_until = Some(ms + OPEN_WAIT_MS);
        state.samples = SampleSchedule::none();
    }

    /// Power or a restart has broken off whatever went on here.
    pub fn break_off(&mut self, reason: P::Reason, ms: u64) {
        if self.session.is_some() {
            if self.running().is_some() {
                let stop = Stop { reason, tag: None };
                self.edit_session(|session| session.stop = Some(stop));
            }
            self.register.interrupt();
            self.state.edit().stop_until = Some(ms + OPEN_WAIT_MS);
        }
        if self.facts.is_socket() && self.facts.is_locked() {
            let state = self.state.edit();
            state.lock.want_unlocked();
            state.release_cable();
        }
    }

    /// The transaction is to be concluded by then, whatever is still missing.
    pub fn hurry(&mut self, until: u64) {
        if self.session.is_some() {
            self.state.edit().stop_until = Some(until);
            self.register.hurry(until);
        }
    }

    /// Takes the transaction out. `last_noted`: when anything was noted last, in whatever
    /// boot.
    pub fn end(&mut self, turn: &Turn<'_>, clock: &Clock, last_noted: Stamp) -> Option<Ended<P>> {
        let ending = (self.session.as_ref(), self.state.halted.as_ref());
        let register = &mut self.register;
        let (at, last) = register.end(turn, clock, ending, &self.facts, last_noted);
        let session = self.session.edit().take()?;
        turn.info(format!(
            "connector {}: transaction {} has ended, {} Wh",
            self.number,
            session.number,
            session.used_wh(last.mwh)
        ));
        Some(Ended { session, at, last })
    }

    /// What becomes of car and cable behind a transaction. `keeps_cable`: until its owner
    /// comes, where there is a socket.
    pub fn part(&mut self, holder: Holder, keeps_cable: bool, was_broken_off: bool) {
        let is_socket = self.facts.is_socket();
        let keeps_cable = keeps_cable && is_socket && !was_broken_off;
        let state = self.state.edit();
        state.conclude(holder, keeps_cable, was_broken_off, is_socket);
    }
}
