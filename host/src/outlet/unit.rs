//! One outlet: its driver, its meter, its rules and what is to be told of it.
//! Knows no thread and no clock; the time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connection::{Connections, OutletNews, OutletView, PermitFate, PermitNews};
use super::driver::{Facts, Flow, OutletDriver, Outputs, Source};
use super::group::Member;
use super::moment::{Moment, earliest};
use super::rules::{Clamp, Rules, Timed};
use super::settings::{Fittings, OutletLimits, SafetySettings};
use super::watch::{Seen, Watch};
use crate::meter::{Answer, Meter, Sample};
use crate::wit::protocol::{
    AcSupply, ContactorState, Fault, FaultKind, Indication, LockMove, LockMoved, Measurement,
    MeterRead, OutletChange, OutletEvent, OutletState, Permit, PilotState, Quantity, Reading,
    Stamp, Step, Supply,
};

/// Rules, inputs and outputs settle in a few rounds; more would be a loop.
const MOST_ROUNDS: u32 = 8;

/// Between two looks at a meter that does not say how often.
const METER_PACE: Duration = Duration::from_secs(1);
/// The same, when an energy limit is nearly used up.
const METER_PACE_NEAR_LIMIT: Duration = Duration::from_millis(20);

/// A meter apart from the hardware must have been read by then after the start,
/// or it is a fault: before anybody who asks for it is told that there is no
/// reading, and would count from 0.
const FIRST_READING: Duration = Duration::from_millis(800);

/// A moment and the stamp that it has outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    pub(super) moment: Moment,
    pub(super) stamp: Stamp,
}

/// What is to be told outside.
#[allow(clippy::large_enum_variant)] // nearly all of them are of the largest
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    Outlet(OutletNews),
    Permit(PermitNews),
    Meter(MeterRead),
    Lock(LockMoved),
}

/// One outlet.
pub(super) struct Unit {
    pub(super) number: u32,
    limits: OutletLimits,
    meter_bound: Duration,
    driver: Box<dyn OutletDriver>,
    meter: Option<Box<dyn Meter>>,
    rules: Rules,
    watch: Watch,
    facts: Facts,
    connections: Connections,
    /// Of the last event.
    serial: u64,
    /// The connection that the last event was of.
    told_connection: u64,
    permit_end: Option<PermitNews>,
    outputs: Outputs,
    last: Option<Sample>,
    stale: bool,
    /// The meter was asked at this moment and has not answered.
    asked: Option<Moment>,
    readers: Vec<(u32, Moment)>,
    /// Devices beside the hardware that are not well.
    troubles: BTreeMap<Source, Fault>,
    looked_at: Moment,
    /// From then on a meter that was never read is a fault.
    unread_from: Moment,
    told: Vec<Told>,
}

impl Unit {
    pub(super) fn new(
        now: Moment,
        limits: OutletLimits,
        safety: &SafetySettings,
        fittings: Fittings,
    ) -> Self {
        let Fittings { mut driver, meter } = fittings;
        driver.apply(now, &Outputs::SAFE);
        let rules = Rules::new(&limits, safety);
        let facts = driver.facts(now);
        let connections = Connections::new(&facts);
        let watch = Watch::new(seen(&rules, &facts, &connections));
        let mut unit = Self {
            number: limits.number,
            limits,
            meter_bound: safety.meter_bound,
            driver,
            meter,
            rules,
            watch,
            facts,
            told_connection: connections.number(),
            connections,
            serial: 1,
            permit_end: None,
            outputs: Outputs::SAFE,
            last: None,
            stale: false,
            asked: None,
            readers: Vec::new(),
            troubles: BTreeMap::new(),
            looked_at: now,
            unread_from: now.after(FIRST_READING),
            told: Vec::new(),
        };
        unit.look(now);
        unit
    }

    /// A permit for one connection: refused if that car has already left.
    pub(super) fn permit(&mut self, now: Present, permit: &Permit, connection: u64) {
        if connection != self.connections.number() {
            let news = self.permit_news(now, permit.session, connection, PermitFate::TooLate);
            self.told.push(Told::Permit(news));
            return self.rules.permit_refused();
        }
        // The energy count begins with the register as it is now.
        self.look(now.moment);
        self.rules
            .permit(now.moment, permit, &moments(now, &permit.steps));
    }

    /// The outlet was not watched for so long that the car may be another one. It
    /// counts as one: the connection ends, with the register as it was before.
    pub(super) fn unwatched(&mut self, now: Present) {
        if !self.connections.lapse() {
            return;
        }
        self.rules.connection_ended(PermitFate::Unwatched);
        let state = OutletState {
            pilot: PilotState::A,
            ..self.state(now)
        };
        self.connections.departed(now.stamp, state);
        self.tell(now);
    }

    pub(super) fn lower(&mut self, now: Present, to: &Permit) {
        self.rules.lower(now.moment, to, &moments(now, &to.steps));
    }

    /// What is said of a session beside its permit.
    pub(super) fn clamp(&mut self, now: Present, session: u64, clamps: Vec<Clamp>) {
        let timed = |clamp: Clamp| Timed {
            not_before: clamp.not_before_ms.map(|ms| moment(now, ms)),
            until: clamp.until_ms.map(|ms| moment(now, ms)),
            clamp,
        };
        let clamps = clamps.into_iter().map(timed).collect();
        self.rules.clamp(session, clamps);
    }

    pub(super) fn clock_stepped(&mut self) {
        self.rules.clock_stepped();
    }

    /// The component knows of all departures before this connection.
    pub(super) fn known(&mut self, connection: u64) {
        self.connections.known(connection);
    }

    pub(super) fn revoke(&mut self, now: Present) {
        if let Some(permit) = self.rules.permit_in_force() {
            let connection = self.connections.number();
            let news = self.permit_news(now, permit.session, connection, PermitFate::Revoked);
            self.permit_end = Some(news);
        }
        self.rules.revoke();
    }

    pub(super) fn guest_healthy(&mut self, now: Moment, healthy: bool) {
        self.rules.guest_healthy(now, healthy);
    }

    pub(super) fn mains(&mut self, present: bool) {
        self.rules.mains(present);
    }

    pub(super) fn close_down(&mut self) {
        self.rules.close_down();
    }

    /// The end: whatever the rules would still wait for.
    pub(super) fn open_now(&mut self) {
        self.rules.open_now();
    }

    pub(super) fn move_lock(&mut self, now: Moment, order: &LockMove) {
        self.facts = self.present_facts(now);
        self.rules.move_lock(now, order, &self.facts);
    }

    pub(super) fn indicate(&mut self, indication: &Indication) {
        self.driver.indicate(indication);
    }

    pub(super) fn read_meter(&mut self, now: Moment, id: u32) {
        self.readers.push((id, now.after(self.meter_bound)));
        self.look(now);
    }

    /// The answer of a meter that takes its time.
    pub(super) fn sample(&mut self, now: Moment, sample: Option<Sample>) {
        self.asked = None;
        self.take(sample);
        self.looked_at = now;
    }

    /// A device beside the hardware is not well, or well again.
    pub(super) fn trouble(&mut self, source: Source, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.troubles.insert(source, fault),
            None => self.troubles.remove(&source),
        };
    }

    pub(super) fn driver(&mut self) -> &mut dyn OutletDriver {
        &mut *self.driver
    }

    /// As its group sees it, by what was settled last.
    pub(super) fn member(&self) -> Member {
        Member {
            wanted_ma: self.rules.wanted_ma(&self.facts),
            closed: self.is_closed() || self.facts.contactor == ContactorState::Closed,
            flow: self.facts.current,
        }
    }

    /// What its group left to it last.
    pub(super) fn share_ma(&self) -> u32 {
        self.rules.share_ma()
    }

    /// What its group leaves to it. True if that changes anything.
    pub(super) fn share(&mut self, share_ma: u32) -> bool {
        self.rules.share(share_ma)
    }

    /// Brings rules and hardware into agreement with what has changed.
    pub(super) fn settle(&mut self, now: Present) {
        let moment = now.moment;
        if moment >= self.next_look() {
            self.look(moment);
        }
        let mut left = false;
        for _ in 0..MOST_ROUNDS {
            self.facts = self.present_facts(moment);
            if self.connections.note(&self.facts) {
                left = true;
                self.rules.connection_ended(PermitFate::CarLeft);
            }
            let register = self.last.as_ref().map(|sample| sample.energy_mwh);
            let outputs = self.rules.step(moment, &self.facts, register);
            if outputs == self.outputs {
                break;
            }
            self.outputs = outputs;
            self.driver.apply(moment, &outputs);
        }
        if left {
            self.look(moment);
            self.connections.departed(now.stamp, self.state(now));
        }
        self.tell(now);
    }

    /// When [`settle`](Self::settle) has to be called although nothing changes.
    pub(super) fn wake_at(&self, now: Moment) -> Option<Moment> {
        let readers = self.readers.iter().map(|(_, until)| *until).min();
        let unread = self.is_unread() && now < self.unread_from;
        [
            unread.then_some(self.unread_from),
            self.rules.wake_at(now),
            self.driver.wake_at(),
            self.watch.wake_at(),
            readers,
        ]
        .into_iter()
        .fold(Some(self.next_look()), earliest)
    }

    pub(super) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Whether anything says that the contactor is, or is to be, closed.
    pub(super) fn is_closed(&self) -> bool {
        self.outputs.contactor == ContactorState::Closed
    }

    /// Everything that is known, with the last register read.
    pub(super) fn state(&self, now: Present) -> OutletState {
        OutletState {
            outlet: self.number,
            cable: self.limits.cable,
            supply: Supply::Ac(AcSupply {
                phases: self.limits.phases,
                max_current_ma: self.limits.max_current_ma,
            }),
            pilot: self.facts.pilot,
            plugged: self.facts.plugged,
            lock: self.rules.lock_state(&self.facts),
            contactor: self.facts.contactor,
            offered_ma: self.outputs.offered_ma,
            permit: self.rules.permit_in_force(),
            serial: self.serial,
            connection: self.connections.number(),
            limited_by: self.rules.limiter(),
            energy_spent: self.rules.is_spent(),
            faults: self.rules.faults(&self.facts),
            reading: self.reading(now),
        }
    }

    /// The same, with the numbers that tell old from new.
    pub(super) fn view(&self, now: Present) -> OutletView {
        OutletView {
            state: self.state(now),
            serial: self.serial,
            connection: self.connections.number(),
            departures: self.connections.departures(),
            permit_end: self.permit_end.clone(),
            paced: self.rules.is_paced(now.moment),
        }
    }

    /// What the driver says, and what is known beside it.
    fn present_facts(&mut self, now: Moment) -> Facts {
        let mut facts = self.driver.facts(now);
        if facts.current.is_none() {
            facts.current = self.last.as_ref().and_then(flow);
        }
        facts.faults.extend(self.troubles.values().cloned());
        let unread = self.is_unread() && now >= self.unread_from;
        if unread && !self.troubles.contains_key(&Source::Meter) {
            facts.faults.push(Fault {
                kind: FaultKind::MeterFailure,
                text: "not read since the start".to_owned(),
            });
        }
        facts
    }

    fn is_unread(&self) -> bool {
        self.meter.is_some() && self.last.is_none()
    }

    fn tell(&mut self, now: Present) {
        if let Some((permit, fate)) = self.rules.take_ended() {
            // That of the car that has left, not of the next one.
            let ended = matches!(fate, PermitFate::CarLeft | PermitFate::Unwatched);
            let connection = self.connections.number() - u64::from(ended);
            let news = self.permit_news(now, permit.session, connection, fate);
            self.permit_end = Some(news.clone());
            self.told.push(Told::Permit(news));
        }
        let seen = seen(&self.rules, &self.facts, &self.connections);
        let changes = self.watch.changes(now.moment, &seen);
        if !changes.is_empty() {
            self.look(now.moment);
            self.tell_hidden_departure();
            let state = self.state(now);
            for change in changes {
                self.tell_change(change, now.stamp, state.clone());
            }
        }
        for (id, state) in self.rules.take_lock_answers() {
            self.told.push(Told::Lock(LockMoved {
                id,
                outlet: self.number,
                state,
            }));
        }
        self.answer_readers(now);
    }

    /// A car left and another came before anything was told of it, since the pilot
    /// flutters. Nothing is told of the next car before that.
    fn tell_hidden_departure(&mut self) {
        let hidden = self.told_connection < self.connections.number();
        if let Some(departure) = self.connections.last_departure().filter(|_| hidden)
            && self.connections.has_car()
        {
            let (at, state) = (departure.at, departure.state.clone());
            self.tell_change(OutletChange::Pilot, at, state);
        }
        self.told_connection = self.connections.number();
    }

    fn tell_change(&mut self, change: OutletChange, at: Stamp, state: OutletState) {
        self.serial += 1;
        let state = OutletState {
            serial: self.serial,
            ..state
        };
        self.told.push(Told::Outlet(OutletNews {
            event: OutletEvent { change, at, state },
            serial: self.serial,
            connection: self.connections.number(),
        }));
    }

    fn permit_news(
        &self,
        now: Present,
        session: u64,
        connection: u64,
        fate: PermitFate,
    ) -> PermitNews {
        PermitNews {
            outlet: self.number,
            session,
            connection,
            fate,
            at: now.stamp,
            register_mwh: self.last.as_ref().map(|sample| sample.energy_mwh),
        }
    }

    fn answer_readers(&mut self, now: Present) {
        let asked = self.asked.is_some();
        let (waiting, due) = std::mem::take(&mut self.readers)
            .into_iter()
            .partition(|(_, until)| asked && now.moment < *until);
        self.readers = waiting;
        let due: Vec<(u32, Moment)> = due;
        if due.is_empty() {
            return;
        }
        let reading = self.reading(now);
        for (id, _) in due {
            self.told.push(Told::Meter(MeterRead {
                id,
                outlet: self.number,
                reading: reading.clone(),
            }));
        }
    }

    /// Asks the meter, if it is not being asked already.
    pub(super) fn look(&mut self, now: Moment) {
        if self.asked.is_some() && now < self.next_look() {
            return;
        }
        let answer = match (&mut self.meter, self.driver.meter()) {
            (Some(meter), _) => meter.ask(now),
            (None, Some(meter)) => meter.ask(now),
            (None, None) => Answer::Silent,
        };
        match answer {
            Answer::Now(sample) => self.take(Some(sample)),
            Answer::Silent => self.take(None),
            Answer::Later => {
                // Asked before and still no answer: the last value is old.
                self.stale |= self.asked.is_some();
                self.asked = Some(now);
            }
        }
        self.looked_at = now;
    }

    /// When the meter is to be asked next.
    fn next_look(&self) -> Moment {
        match self.asked {
            Some(at) => at.after(self.meter_bound),
            None => self.looked_at.after(self.pace()),
        }
    }

    fn take(&mut self, sample: Option<Sample>) {
        self.stale = sample.is_none();
        if sample.is_some() {
            self.last = sample;
        }
    }

    /// Looks more often when an energy limit is nearly used up, and when zero
    /// current is waited for.
    fn pace(&self) -> Duration {
        if self.is_closed() && self.outputs.offered_ma == 0 {
            return METER_PACE_NEAR_LIMIT;
        }
        let usual = self
            .meter
            .as_ref()
            .and_then(|meter| meter.pace())
            .unwrap_or(METER_PACE);
        let Some(left) = self.rules.left_mwh().filter(|left| *left > 0) else {
            return usual;
        };
        // At the most that can flow: 230 V on each phase.
        let milliwatts = u64::from(self.outputs.offered_ma) * 230 * u64::from(self.limits.phases);
        if !self.is_closed() || milliwatts == 0 {
            return usual;
        }
        let left_ms = left.saturating_mul(3_600_000) / milliwatts;
        Duration::from_millis(left_ms)
            .clamp(METER_PACE_NEAR_LIMIT, usual.max(METER_PACE_NEAR_LIMIT))
    }

    fn reading(&self, now: Present) -> Option<Reading> {
        let sample = self.last.as_ref()?;
        let age = now.moment.since(sample.at);
        let age_ms = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
        let overdue = self
            .asked
            .is_some_and(|at| now.moment >= at.after(self.meter_bound));
        let mut measurements = sample.measurements.clone();
        measurements.extend(self.offer());
        Some(Reading {
            energy_mwh: sample.energy_mwh,
            measurements,
            at: Stamp {
                monotonic_ms: now.stamp.monotonic_ms.saturating_sub(u64::from(age_ms)),
                ..now.stamp
            },
            age_ms,
            stale: self.stale || overdue,
            register_ms: sample.register_ms,
            signed: sample.signed.clone(),
        })
    }

    /// What no meter can know.
    fn offer(&self) -> [Measurement; 2] {
        let milliamps = i64::from(self.outputs.offered_ma);
        [
            (Quantity::CurrentOffered, milliamps),
            (
                Quantity::PowerOffered,
                milliamps * 230 * i64::from(self.outputs.phases),
            ),
        ]
        .map(|(quantity, milli)| Measurement {
            quantity,
            phase: None,
            milli,
        })
    }
}

/// The largest current of the phases, from a meter that measures it.
fn flow(sample: &Sample) -> Option<Flow> {
    let most = sample
        .measurements
        .iter()
        .filter(|m| m.quantity == Quantity::CurrentImport)
        .map(|m| m.milli.unsigned_abs())
        .max()?;
    Some(Flow {
        ma: u32::try_from(most).unwrap_or(u32::MAX),
        at: sample.at,
    })
}

/// When the steps of a permit are due, on this thread's clock.
fn moments(now: Present, steps: &[Step]) -> Vec<Moment> {
    steps.iter().map(|step| moment(now, step.at_ms)).collect()
}

/// A monotonic time on this thread's clock.
fn moment(now: Present, at_ms: u64) -> Moment {
    let ahead = at_ms.saturating_sub(now.stamp.monotonic_ms);
    now.moment.after(Duration::from_millis(ahead))
}

fn seen(rules: &Rules, facts: &Facts, connections: &Connections) -> Seen {
    Seen {
        pilot: facts.pilot,
        plugged: facts.plugged,
        lock: rules.lock_state(facts),
        contactor: facts.contactor,
        faults: rules.faults(facts),
        own_acts: rules.own_acts(),
        connection: connections.number(),
    }
}
