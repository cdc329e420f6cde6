//! From a grant to the end of a transaction: meter, start, stop. Every step
//!  is drawn from the facts as they are, so that a fresh instance goes on
//! where the one before left off. Not here: who may charge.

use crate::charger::Charger;
use crate::config::Key;
use crate::host::{Action, LockState, Observed, ObservedKind, PilotState};
use crate::meter::{Context, MeterValue};
use crate::outlet::{Grant, Session, Stop, Why};
use crate::queue::{Record, StopReason, What};
use crate::status::ends_transaction;
use crate::turn::Turn;

/// A reading this fresh need not be taken again.
const FRESH_MS: u64 = 500;
/// The host answers within 1 s.
const METER_WAIT_MS: u64 = 1_500;
/// The host opens a contactor within 3 s.
const OPEN_WAIT_MS: u64 = 6_000;
/// So long a car has to begin before it counts as suspended.
const SETTLE_MS: u64 = 5_000;

impl Charger {
    /// Draws the next conclusion from the facts of one outlet.
    pub(crate) fn advance(&mut self, turn: &mut Turn<'_>, place: usize) {
        self.expire_asks(turn, place);
        if self.outlets[place].session.is_some() {
            self.advance_session(turn, place);
        }
        if self.outlets[place].session.is_none() {
            self.advance_idle(turn, place);
        }
        self.apply_permit(turn, place);
        self.apply_lock(turn, place);
    }

    fn advance_session(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if outlet.running().is_some() {
            let fault = outlet
                .fault()
                .map(|fault| fault.kind)
                .filter(|kind| ends_transaction(*kind));
            if let Some(kind) = fault {
                let reason = match kind {
                    crate::host::FaultKind::EmergencyStop => StopReason::EmergencyStop,
                    _ => StopReason::Other,
                };
                self.stop(turn, place, reason, None);
            } else if !outlet.has_car() && self.config.is_on(Key::StopTransactionOnEVSideDisconnect)
            {
                self.stop(turn, place, StopReason::EvDisconnected, None);
            } else {
                self.note_asking(turn, place);
                self.advance_sampling(turn, place);
            }
        }
        let outlet = &self.outlets[place];
        let late = outlet
            .book
            .stop_until
            .is_none_or(|until| until <= turn.ms());
        if outlet
            .session
            .as_ref()
            .is_some_and(|session| session.stop.is_some())
            && (outlet.is_open() || late)
        {
            self.conclude(turn, place);
        }
    }

    /// Between the car's wish and the contactor nothing is suspended.
    fn note_asking(&mut self, turn: &Turn<'_>, place: usize) {
        let outlet = &mut self.outlets[place];
        let asks = matches!(outlet.facts.pilot, PilotState::C | PilotState::D);
        if outlet.book.asking != asks {
            let open = outlet.is_open();
            let book = outlet.book.edit();
            book.asking = asks;
            if asks && open {
                book.settle_until = Some(turn.ms() + SETTLE_MS);
            }
        }
    }

    fn advance_idle(&mut self, turn: &mut Turn<'_>, place: usize) {
        let ms = turn.ms();
        let has_car = self.outlets[place].has_car();
        let plugged = self.outlets[place].facts.plugged || has_car;
        let usable =
            !self.outlets[place].is_faulted() && self.is_operative(self.outlets[place].number);
        let timeout = self.config.ms(Key::ConnectionTimeOut);
        if !plugged {
            self.forget_car(place);
        } else if usable && self.outlets[place].book.plugged_at.is_none() {
            self.outlets[place].book.edit().plugged_at = Some(ms);
        }
        self.release_forgotten(turn, place);
        if !usable {
            if self.outlets[place].book.plugged_at.is_some() {
                self.outlets[place].book.edit().plugged_at = None;
            }
            if self.outlets[place].book.grant.is_some() {
                self.outlets[place].book.edit().grant = None;
                turn.info(format!(
                    "connector {}: out of order, nothing is started",
                    self.outlets[place].number
                ));
            }
            return;
        }
        if self.outlets[place].is_free() && has_car && !self.outlets[place].book.finished {
            self.take_floating_grant(place);
        }
        if let Some(grant) = &self.outlets[place].book.grant {
            if has_car {
                self.advance_grant(turn, place);
            } else if grant.until <= ms {
                turn.info(format!(
                    "connector {}: nobody plugged in, the card is forgotten",
                    self.outlets[place].number
                ));
                self.outlets[place].book.edit().grant = None;
            }
            return;
        }
        let book = &self.outlets[place].book;
        if has_car && !book.finished && !book.plugged_asked {
            self.outlets[place].book.edit().plugged_asked = true;
            self.wish_plugged(place);
        }
        let book = &self.outlets[place].book;
        let since = book.plugged_at.unwrap_or(ms);
        if has_car && !book.finished && timeout > 0 && since + timeout <= ms {
            self.outlets[place].book.edit().finished = true;
        }
    }

    /// A lock that nobody needs: the car left, or something broke, between
    /// locking and beginning.
    fn release_forgotten(&mut self, turn: &Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        let book = &outlet.book;
        let stuck = outlet.facts.lock == LockState::Failed
            && book.release_at.is_none_or(|at| at <= turn.ms());
        let needed = book.grant.is_some()
            || book.keep_locked
            || book.lock_ask.is_some()
            || book.unlock_wanted;
        if outlet.is_socket() && (outlet.is_locked() || stuck) && !needed {
            self.outlets[place].book.edit().unlock_wanted = true;
        }
    }

    /// Nothing is plugged in: what was remembered of a car is void.
    fn forget_car(&mut self, place: usize) {
        let book = &self.outlets[place].book;
        if book.finished || book.plugged_asked || book.plugged_at.is_some() || book.lock_failed {
            let book = self.outlets[place].book.edit();
            book.finished = false;
            book.plugged_asked = false;
            book.plugged_at = None;
            book.lock_failed = false;
            // Without the plug it may well move again.
            book.release_at = None;
        }
        if self.outlets[place].book.keep_locked {
            self.outlets[place].book.edit().keep_locked = false;
        }
    }

    /// Car and card are there: lock, read the meter, begin.
    fn advance_grant(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if outlet.is_socket() && !outlet.is_locked() {
            if outlet.book.lock_ask.is_none() {
                self.move_lock(turn, place, true);
            }
            return;
        }
        if outlet
            .book
            .meter_asks
            .iter()
            .any(|ask| ask.why == Why::Begin)
        {
            return;
        }
        let fresh = outlet.facts.reading.as_ref().is_some_and(|reading| {
            let now = turn.now.at;
            !reading.stale
                && reading.at.boot_id == now.boot_id
                && now.monotonic_ms.saturating_sub(reading.at.monotonic_ms) <= FRESH_MS
        });
        if fresh {
            self.begin(turn, place);
        } else {
            self.read_meter(turn, place, Why::Begin, METER_WAIT_MS);
        }
    }

    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if outlet.session.is_some()
            || !outlet.has_car()
            || (outlet.is_socket() && !outlet.is_locked())
        {
            return;
        }
        let Some(grant) = self.outlets[place].book.edit().grant.take() else {
            return;
        };
        let register = self.outlets[place].register_mwh();
        if register.is_none() {
            turn.warn(format!(
                "connector {}: the meter has never been read, counting from 0",
                self.outlets[place].number
            ));
        }
        let register = register.unwrap_or(0);
        // Numbers begin with 1: 0 says "no transaction" in the queue.
        let number = self.next_session.max(1);
        *self.next_session.edit() = number + 1;
        let at = self.clock.present(&turn.now);
        let outlet_number = self.outlets[place].number;
        let mut session = Session {
            number,
            id: None,
            tag: grant.tag.clone(),
            parent: grant.parent,
            started: at,
            start_mwh: register,
            last_mwh: register,
            limit_ma: grant.limit_ma,
            energy_limit_wh: grant.energy_limit_wh,
            refused: false,
            stop: None,
            data: Vec::new(),
        };
        if let Some(reading) = &self.outlets[place].facts.reading {
            let selectors = self.config.measurands(Key::StopTxnSampledData);
            session
                .data
                .extend(MeterValue::take(reading, selectors, Context::Begin, at));
        }
        turn.info(format!(
            "connector {outlet_number}: transaction {number} begins at {} Wh",
            register / 1000
        ));
        let what = What::Start {
            tag: grant.tag,
            meter_wh: whole_wh(register),
            at,
            reservation: None,
        };
        self.note(turn, number, outlet_number, what);
        *self.outlets[place].session.edit() = Some(session);
        let interval = self.config.ms(Key::MeterValueSampleInterval);
        let book = self.outlets[place].book.edit();
        book.settle_until = Some(turn.ms() + SETTLE_MS);
        book.next_sample = (interval > 0).then(|| turn.ms() + interval);
        book.finished = false;
        self.observe(turn, place, ObservedKind::Started);
        self.stirred = true;
    }

    /// Somebody or something ends a transaction; it is concluded when the
    /// contactor is open.
    pub(crate) fn stop(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        reason: StopReason,
        tag: Option<String>,
    ) {
        if self.outlets[place].running().is_none() {
            return;
        }
        if let Some(session) = self.outlets[place].session.edit() {
            session.stop = Some(Stop { reason, tag });
        }
        let number = self.outlets[place].number;
        turn.info(format!(
            "connector {number}: transaction is being ended: {}",
            reason.name()
        ));
        let book = self.outlets[place].book.edit();
        book.stop_until = Some(turn.ms() + OPEN_WAIT_MS);
        book.next_sample = None;
        self.stirred = true;
    }

    fn conclude(&mut self, turn: &mut Turn<'_>, place: usize) {
        let at = self.clock.present(&turn.now);
        let register = self.outlets[place].register_mwh().unwrap_or(0);
        self.observe(turn, place, ObservedKind::Ended);
        let Some(session) = self.outlets[place].session.edit().take() else {
            return;
        };
        // A register that went back belongs to another meter, or to a driver
        // that was started anew: what was noted last is right then.
        let register = register.max(session.last_mwh);
        let stop = session.stop.unwrap_or(Stop {
            reason: StopReason::Other,
            tag: None,
        });
        let mut data = session.data;
        if let Some(reading) = &self.outlets[place].facts.reading
            && reading.energy_mwh == register
        {
            let selectors = self.config.measurands(Key::StopTxnSampledData);
            data.extend(MeterValue::take(reading, selectors, Context::End, at));
        }
        let number = self.outlets[place].number;
        let used = (register - session.start_mwh.min(register)) / 1000;
        turn.info(format!(
            "connector {number}: transaction {} has ended, {used} Wh",
            session.number
        ));
        let what = What::Stop {
            tag: stop.tag,
            meter_wh: whole_wh(register),
            at,
            reason: stop.reason,
            data,
        };
        self.note(turn, session.number, number, what);
        let keeps_lock = stop.reason == StopReason::EvDisconnected
            && !self.config.is_on(Key::UnlockConnectorOnEVSideDisconnect);
        let is_socket = self.outlets[place].is_socket();
        let book = self.outlets[place].book.edit();
        book.finished = true;
        book.stop_until = None;
        book.settle_until = None;
        book.next_sample = None;
        book.asking = false;
        book.keep_locked = keeps_lock;
        book.unlock_wanted = is_socket && !keeps_lock;
        self.apply_scheduled_availability(number);
        self.stirred = true;
    }

    /// Transactions that the power, or a restart, has broken off.
    pub(crate) fn end_interrupted(&mut self, turn: &mut Turn<'_>, reason: StopReason) {
        for place in 0..self.outlets.len() {
            if self.outlets[place].session.is_none() {
                continue;
            }
            if self.outlets[place].running().is_some()
                && let Some(session) = self.outlets[place].session.edit()
            {
                session.stop = Some(Stop { reason, tag: None });
            }
            self.conclude(turn, place);
            // The car is still there, and nobody has had enough of it.
            self.outlets[place].book.edit().finished = false;
        }
        for outlet in &mut self.outlets {
            if outlet.is_socket() && outlet.is_locked() {
                outlet.book.edit().unlock_wanted = true;
            }
        }
    }

    pub(crate) fn power_failing(&mut self, turn: &mut Turn<'_>, left_ms: u32) {
        turn.warn(format!("mains have failed; {left_ms} ms left"));
        for place in 0..self.outlets.len() {
            self.stop(turn, place, StopReason::PowerLoss, None);
            if self.outlets[place].session.is_some() {
                self.outlets[place].book.edit().stop_until =
                    Some(turn.ms() + u64::from(left_ms / 4));
            }
        }
    }

    pub(crate) fn note(&mut self, turn: &mut Turn<'_>, session: u64, outlet: u32, what: What) {
        let id = self.ids.next();
        self.queue.push(
            turn,
            &Record {
                id,
                session,
                outlet,
                what,
            },
        );
    }

    pub(crate) fn observe(&mut self, turn: &mut Turn<'_>, place: usize, kind: ObservedKind) {
        let outlet = &self.outlets[place];
        let Some(session) = &*outlet.session else {
            return;
        };
        let register = outlet.register_mwh().unwrap_or(0).max(session.last_mwh);
        turn.act(Action::Observe(Observed {
            kind,
            session: session.number,
            outlet: outlet.number,
            token: session.tag.clone(),
            energy_wh: (register - session.start_mwh.min(register)) / 1000,
        }));
    }

    /// Somebody may charge at this outlet.
    pub(crate) fn give(&mut self, place: usize, grant: Grant) {
        let book = self.outlets[place].book.edit();
        book.grant = Some(grant);
        book.finished = false;
        self.stirred = true;
    }
}

/// Whole Wh, rounded down: a register in a message never seems to go back.
fn whole_wh(mwh: u64) -> i64 {
    i64::try_from(mwh / 1000).unwrap_or(i64::MAX)
}
