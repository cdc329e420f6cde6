//! From a grant to the end of a transaction: lock, meter, start, stop. Every
//! step is drawn from the facts as they are, so that a fresh instance goes on
//! where the one before left off. Not here: who may charge.

use crate::charger::Charger;
use crate::config::Key;
use crate::fields::Fields;
use crate::host::{
    Action, LockMove, LockMoved, LockState, MeterRead, Observed, ObservedKind, OutletChange,
    OutletEvent, Permit, PilotState, Stamp,
};
use crate::meter::{Context, MeterValue};
use crate::outlet::{Grant, LockAsk, Session, Stop, Why, has_car};
use crate::queue::{Record, StopReason, What, numbers};
use crate::status::ends_transaction;
use crate::turn::Turn;

/// A reading this fresh need not be taken again.
const FRESH_MS: u64 = 500;
/// The host answers within 1 s.
const METER_WAIT_MS: u64 = 1_500;
const LOCK_WAIT_MS: u64 = 10_000;
/// The host opens a contactor within 3 s.
const OPEN_WAIT_MS: u64 = 6_000;
/// So long a car has to begin before it counts as suspended.
const SETTLE_MS: u64 = 5_000;

impl Charger {
    pub(crate) fn on_outlet(&mut self, turn: &mut Turn<'_>, event: OutletEvent) {
        let Some(place) = self.place_of(event.state.outlet) else {
            return;
        };
        let is_old = event.at.boot_id != self.since.boot_id
            || event.at.monotonic_ms < self.since.monotonic_ms;
        if is_old {
            return self.on_old_news(turn, place, event);
        }
        let outlet = &mut self.outlets[place];
        if event.change == OutletChange::Permit {
            outlet.permit.clone_from(&event.state.permit);
        }
        outlet.facts = event.state;
        self.config
            .note_meters(self.outlets.iter().map(|outlet| &outlet.facts));
    }

    /// From before this instance: `boot` has shown what came of it. But a car
    /// that left, and perhaps came back, ends what it was charging on.
    fn on_old_news(&mut self, turn: &mut Turn<'_>, place: usize, event: OutletEvent) {
        let outlet = &self.outlets[place];
        let reading = event.state.reading.clone();
        let left = !has_car(&event.state);
        let before = outlet
            .running()
            .is_some_and(|session| began_before(session.started.at, event.at));
        if left && before && self.config.is_on(Key::StopTransactionOnEVSideDisconnect) {
            if let (Some(session), Some(reading)) = (self.outlets[place].session.edit(), reading) {
                session.last_mwh = session.last_mwh.max(reading.energy_mwh);
            }
            self.stop(turn, place, StopReason::EvDisconnected, None);
        }
    }

    pub(crate) fn on_lock_moved(&mut self, turn: &mut Turn<'_>, moved: &LockMoved) {
        let Some(place) = self.place_of(moved.outlet) else {
            return;
        };
        let outlet = &mut self.outlets[place];
        outlet.facts.lock = moved.state;
        let asked = outlet
            .book
            .lock_ask
            .as_ref()
            .is_some_and(|ask| ask.id == moved.id);
        if asked && let Some(ask) = outlet.book.edit().lock_ask.take() {
            self.lock_settled(turn, place, ask.locked);
        }
    }

    pub(crate) fn on_meter(&mut self, turn: &mut Turn<'_>, read: MeterRead) {
        let Some(place) = self.place_of(read.outlet) else {
            return;
        };
        if read.reading.is_some() {
            self.outlets[place].facts.reading = read.reading;
            self.config
                .note_meters(self.outlets.iter().map(|outlet| &outlet.facts));
        }
        let book = self.outlets[place].book.edit();
        if let Some(at) = book.meter_asks.iter().position(|ask| ask.id == read.id) {
            let ask = book.meter_asks.remove(at);
            self.meter_settled(turn, place, ask.why);
        }
    }

    fn meter_settled(&mut self, turn: &mut Turn<'_>, place: usize, why: Why) {
        match why {
            Why::Begin => self.begin(turn, place),
            Why::Periodic => self.sample(turn, place, Context::Periodic, None),
            Why::Clock(grid) => self.sample(turn, place, Context::Clock, Some(grid)),
        }
    }

    /// The lock has reached an end, or has not within its time.
    fn lock_settled(&mut self, turn: &mut Turn<'_>, place: usize, locking: bool) {
        let outlet = &mut self.outlets[place];
        let reached = if locking {
            LockState::Locked
        } else {
            LockState::Unlocked
        };
        let good = outlet.facts.lock == reached;
        let number = outlet.number;
        if locking && !good {
            turn.warn(format!(
                "connector {number}: the plug could not be locked, nothing is started"
            ));
            let book = outlet.book.edit();
            book.lock_failed = true;
            book.grant = None;
            // So that the plug can be taken out and put in again.
            book.unlock_wanted = true;
        }
        if !locking {
            self.answer_unlock(turn, number, good);
        }
    }

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

    fn expire_asks(&mut self, turn: &mut Turn<'_>, place: usize) {
        let ms = turn.ms();
        while let Some(at) = self.outlets[place]
            .book
            .meter_asks
            .iter()
            .position(|ask| ask.until <= ms)
        {
            let ask = self.outlets[place].book.edit().meter_asks.remove(at);
            turn.warn(format!(
                "connector {}: the meter did not answer",
                self.outlets[place].number
            ));
            self.meter_settled(turn, place, ask.why);
        }
        let book = &self.outlets[place].book;
        if book.lock_ask.as_ref().is_some_and(|ask| ask.until <= ms)
            && let Some(ask) = self.outlets[place].book.edit().lock_ask.take()
        {
            self.lock_settled(turn, place, ask.locked);
        }
        if self.outlets[place]
            .book
            .settle_until
            .is_some_and(|until| until <= ms)
        {
            self.outlets[place].book.edit().settle_until = None;
        }
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

    /// Nothing is plugged in: what was remembered of a car is void.
    fn forget_car(&mut self, place: usize) {
        let book = &self.outlets[place].book;
        if book.finished || book.plugged_asked || book.plugged_at.is_some() || book.lock_failed {
            let book = self.outlets[place].book.edit();
            book.finished = false;
            book.plugged_asked = false;
            book.plugged_at = None;
            book.lock_failed = false;
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

    fn begin(&mut self, turn: &mut Turn<'_>, place: usize) {
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

    /// The central system has taken a transaction message.
    pub(crate) fn transaction_taken(
        &mut self,
        turn: &mut Turn<'_>,
        record: &Record,
        answer: Fields<'_, '_>,
    ) {
        let info = answer.optional_object("idTagInfo").ok().flatten();
        match &record.what {
            What::Start { tag, .. } => {
                let id = answer.int("transactionId").unwrap_or(-1);
                numbers::note(turn, record.session, id);
                let entry = info.and_then(|info| self.token_entry(turn, info));
                if let Some(entry) = &entry {
                    self.remember(turn, tag, entry);
                }
                let place = self.place_of(record.outlet);
                let running = place.filter(|place| {
                    self.outlets[*place]
                        .session
                        .as_ref()
                        .is_some_and(|session| session.number == record.session)
                });
                if let Some(place) = running {
                    if let Some(session) = self.outlets[place].session.edit() {
                        session.id = Some(id);
                        if let Some(parent) = entry.as_ref().and_then(|entry| entry.parent.clone())
                        {
                            session.parent = Some(parent);
                        }
                    }
                    if entry.is_some_and(|entry| entry.status != crate::host::TokenStatus::Accepted)
                    {
                        self.refused_after_start(turn, place);
                    }
                }
            }
            What::Stop { tag, .. } => {
                numbers::forget(turn, record.session);
                if let (Some(tag), Some(info)) = (tag, info)
                    && let Some(entry) = self.token_entry(turn, info)
                {
                    self.remember(turn, tag, &entry);
                }
            }
            What::Values(_) => {}
        }
    }

    fn refused_after_start(&mut self, turn: &mut Turn<'_>, place: usize) {
        if self.config.is_on(Key::StopTransactionOnInvalidId) {
            self.stop(turn, place, StopReason::DeAuthorized, None);
        } else if let Some(session) = self.outlets[place].session.edit() {
            session.refused = true;
        }
    }

    /// The central system could not process a message, as often as it may.
    pub(crate) fn transaction_given_up(&mut self, turn: &mut Turn<'_>, record: &Record) {
        let name = match record.what {
            What::Start { .. } => {
                numbers::note(turn, record.session, -1);
                "StartTransaction"
            }
            What::Values(_) => "MeterValues",
            What::Stop { .. } => {
                numbers::forget(turn, record.session);
                "StopTransaction"
            }
        };
        let session = record.session;
        turn.log.write(
            crate::host::Level::Error,
            &format!("{name} of transaction {session} is dropped: the central system failed on it too often"),
        );
    }

    fn apply_permit(&mut self, turn: &mut Turn<'_>, place: usize) {
        let wanted = self.wanted_permit(place);
        let outlet = &mut self.outlets[place];
        if outlet.permit == wanted {
            return;
        }
        match &wanted {
            Some(permit) => turn.act(Action::Permit(permit.clone())),
            None => turn.act(Action::Revoke(outlet.number)),
        }
        outlet.permit = wanted;
    }

    fn wanted_permit(&self, place: usize) -> Option<Permit> {
        let outlet = &self.outlets[place];
        let session = outlet.running()?;
        let most = outlet.facts.max_current_ma;
        let mut permit = Permit {
            outlet: outlet.number,
            limit_ma: session.limit_ma.map_or(most, |limit| limit.min(most)),
            phases: outlet.facts.phases,
            energy_limit_wh: session.energy_limit_wh,
            session: session.number,
        };
        if session.refused {
            let most_wh = u64::try_from(self.config.int(Key::MaxEnergyOnInvalidId)).unwrap_or(0);
            permit.energy_limit_wh = Some(
                permit
                    .energy_limit_wh
                    .map_or(most_wh, |limit| limit.min(most_wh)),
            );
            if most_wh == 0 {
                permit.limit_ma = 0;
            }
        }
        Some(permit)
    }

    fn apply_lock(&mut self, turn: &mut Turn<'_>, place: usize) {
        let outlet = &self.outlets[place];
        if !outlet.book.unlock_wanted || outlet.book.lock_ask.is_some() || outlet.session.is_some()
        {
            return;
        }
        self.outlets[place].book.edit().unlock_wanted = false;
        self.move_lock(turn, place, false);
    }

    fn move_lock(&mut self, turn: &mut Turn<'_>, place: usize, locked: bool) {
        let id = self.ticket();
        let outlet = &mut self.outlets[place];
        outlet.book.edit().lock_ask = Some(LockAsk {
            id,
            locked,
            until: turn.ms() + LOCK_WAIT_MS,
        });
        turn.act(Action::MoveLock(LockMove {
            id,
            outlet: outlet.number,
            locked,
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

fn began_before(start: Stamp, event: Stamp) -> bool {
    start.boot_id != event.boot_id || start.monotonic_ms <= event.monotonic_ms
}
