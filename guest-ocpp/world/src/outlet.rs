//! An outlet with a car, as the safety thread of the host would run it.

use plugpoint_guest::protocol::{
    Cable, ContactorState, Fault, LockMoved, LockState, Measurement, OutletChange, OutletEvent,
    OutletState, Permit, Phase, PilotState, Quantity, Reading, Stamp, Step,
};

/// How long a car takes to ask for energy, and a contactor to follow.
const CAR_MS: u64 = 300;
const CONTACTOR_MS: u64 = 50;
/// How long the current takes to go down when a permit is taken back.
const RAMP_MS: u64 = 200;

/// One outlet. Fields are the facts; change them through the methods, so that
/// events come of it.
#[derive(Debug, Clone)]
pub struct SimOutlet {
    /// The facts as the host would tell them, but for the reading.
    pub state: OutletState,
    /// The meter's register.
    pub register_mwh: u64,
    /// What the car draws while it charges.
    pub car_ma: u64,
    /// The car wants energy now.
    pub wants: bool,
    /// The lock's motor does not move.
    pub jammed: bool,
    /// What the meter measures beside the usual.
    pub extra: Vec<Measurement>,
    /// The meter does not answer.
    pub silent: bool,
    /// The meter is read only when somebody asks: events tell what it said then.
    pub polled: bool,
    last_read: Option<Reading>,
    /// How long it takes to move.
    pub lock_ms: u64,
    /// Energy that has gone through while the contactor was closed.
    pub delivered_mwh: u64,
    /// How often the contactor has closed.
    pub closings: u64,
    /// Counts cars that have left.
    pub(super) connection: u64,
    /// The connection that the permit was given for.
    pub(super) permit_connection: u64,
    /// When a permit was last taken back.
    pub(super) revoked_at: u64,
    /// A mistake on purpose: a permit outlives the car that it was given for.
    pub(super) clings: bool,
    milli_joule: u64,
    last_ms: u64,
    due: Option<(u64, Due)>,
    /// Where the lock is on its way to: when, by which request, locked.
    lock_due: Option<(u64, u32, bool)>,
    spent_from_mwh: u64,
    spent_at: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    CarAsks,
    Close,
    Open,
}

impl SimOutlet {
    /// How many cars have left.
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// Nothing plugged in.
    pub fn new(outlet: u32, cable: Cable) -> Self {
        Self {
            state: OutletState {
                outlet,
                cable,
                max_current_ma: 32_000,
                phases: 3,
                pilot: PilotState::A,
                plugged: false,
                lock: if cable == Cable::Socket {
                    LockState::Unlocked
                } else {
                    LockState::None
                },
                contactor: ContactorState::Open,
                offered_ma: 0,
                permit: None,
                energy_spent: false,
                held_back: false,
                faults: Vec::new(),
                reading: None,
            },
            // So far apart that a register tells its connector.
            register_mwh: 1_000_000 + u64::from(outlet - 1) * 10_000_000_000,
            car_ma: 16_000,
            wants: true,
            jammed: false,
            extra: Vec::new(),
            silent: false,
            polled: false,
            last_read: None,
            lock_ms: 0,
            delivered_mwh: 0,
            closings: 0,
            connection: 0,
            permit_connection: 0,
            revoked_at: 0,
            clings: false,
            milli_joule: 0,
            last_ms: 0,
            due: None,
            lock_due: None,
            spent_from_mwh: 0,
            spent_at: None,
        }
    }

    pub(super) fn snapshot(&mut self, at: Stamp) -> OutletState {
        let reading = if self.polled {
            self.known_reading(at)
        } else {
            self.read_meter(at)
        };
        OutletState {
            reading,
            ..self.state.clone()
        }
    }

    /// What the meter says when it is asked.
    pub(super) fn read_meter(&mut self, at: Stamp) -> Option<Reading> {
        if !self.silent {
            self.last_read = Some(self.measure(at));
        }
        self.known_reading(at)
    }

    fn known_reading(&self, at: Stamp) -> Option<Reading> {
        let reading = self.last_read.clone()?;
        let age = at.monotonic_ms.saturating_sub(reading.at.monotonic_ms);
        Some(Reading {
            age_ms: u32::try_from(age).unwrap_or(u32::MAX),
            stale: self.silent,
            ..reading
        })
    }

    fn measure(&self, at: Stamp) -> Reading {
        let amps = if self.is_closed() {
            self.flowing_ma() as i64
        } else {
            0
        };
        let mut measurements = Vec::new();
        for phase in [Phase::L1, Phase::L2, Phase::L3] {
            measurements.push(Measurement {
                quantity: Quantity::CurrentImport,
                phase: Some(phase),
                milli: amps,
            });
        }
        for phase in [Phase::L1N, Phase::L2N, Phase::L3N] {
            measurements.push(Measurement {
                quantity: Quantity::Voltage,
                phase: Some(phase),
                milli: 230_000,
            });
        }
        measurements.push(Measurement {
            quantity: Quantity::PowerActiveImport,
            phase: None,
            milli: amps * 690,
        });
        measurements.push(Measurement {
            quantity: Quantity::CurrentOffered,
            phase: None,
            milli: i64::from(self.state.offered_ma),
        });
        measurements.extend(self.extra.iter().cloned());
        Reading {
            energy_mwh: self.register_mwh,
            measurements,
            at,
            age_ms: 0,
            stale: false,
            register_ms: None,
            signed: None,
        }
    }

    fn is_closed(&self) -> bool {
        self.state.contactor == ContactorState::Closed
    }

    fn flowing_ma(&self) -> u64 {
        self.car_ma.min(u64::from(self.state.offered_ma))
    }

    fn advance_energy(&mut self, ms: u64) {
        let passed = ms.saturating_sub(self.last_ms);
        self.last_ms = ms;
        if self.is_closed() {
            // mA * V * ms = microjoule; 3.6 J are a mWh.
            self.milli_joule += self.flowing_ma() * 690 * passed / 1000;
            let mwh = self.milli_joule / 3600;
            self.milli_joule %= 3600;
            self.register_mwh += mwh;
            self.delivered_mwh += mwh;
        }
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.due
            .map(|(at, _)| at)
            .into_iter()
            .chain(self.spent_at)
            .chain(self.next_step())
            .chain(self.lock_due.map(|(at, ..)| at))
            .min()
    }

    fn event(&mut self, at: Stamp, change: OutletChange) -> OutletEvent {
        OutletEvent {
            change,
            at,
            state: self.snapshot(at),
        }
    }

    /// What is due at this moment.
    pub(super) fn tick(&mut self, at: Stamp) -> Vec<OutletEvent> {
        self.advance_energy(at.monotonic_ms);
        let spent = self.spend(at);
        if !spent.is_empty() {
            return spent;
        }
        if self.take_steps(at.monotonic_ms) {
            return vec![self.event(at, OutletChange::Permit)];
        }
        let Some((due, what)) = self.due else {
            return Vec::new();
        };
        if due > at.monotonic_ms {
            return Vec::new();
        }
        self.due = None;
        match what {
            Due::CarAsks => {
                self.state.pilot = PilotState::C;
                self.due = Some((at.monotonic_ms + CONTACTOR_MS, Due::Close));
                vec![self.event(at, OutletChange::Pilot)]
            }
            Due::Close => {
                if !self.may_close() {
                    return Vec::new();
                }
                self.state.contactor = ContactorState::Closed;
                self.closings += 1;
                self.foresee_spent(at.monotonic_ms);
                vec![self.event(at, OutletChange::Contactor)]
            }
            Due::Open => self.open(at),
        }
    }

    /// When the permit's limit becomes another.
    fn next_step(&self) -> Option<u64> {
        let permit = self.state.permit.as_ref()?;
        permit.steps.first().map(|step| step.at_ms)
    }

    /// Those that are due, with no component having a hand in it. True if one was.
    fn take_steps(&mut self, ms: u64) -> bool {
        let Some(permit) = &mut self.state.permit else {
            return false;
        };
        let before = permit.limit_ma;
        let due = permit.steps.iter().take_while(|step| step.at_ms <= ms);
        let due = due.count();
        if let Some(step) = permit.steps.drain(..due).next_back() {
            permit.limit_ma = step.limit_ma;
        }
        let is_other = permit.limit_ma != before;
        if is_other {
            self.consider(ms);
            self.foresee_spent(ms);
        }
        is_other
    }

    /// When the energy of the permit will have been used up.
    fn foresee_spent(&mut self, ms: u64) {
        self.spent_at = None;
        let limit = self
            .state
            .permit
            .as_ref()
            .and_then(|permit| permit.energy_limit_wh);
        if let Some(limit) = limit.filter(|_| self.is_closed() && self.flowing_ma() > 0) {
            let left_mwh = (limit * 1000).saturating_sub(self.register_mwh - self.spent_from_mwh);
            self.spent_at = Some(ms + left_mwh * 3_600_000 / (self.flowing_ma() * 690) + 1);
        }
    }

    fn spend(&mut self, at: Stamp) -> Vec<OutletEvent> {
        if self.spent_at.is_none_or(|due| due > at.monotonic_ms) {
            return Vec::new();
        }
        self.spent_at = None;
        self.state.energy_spent = true;
        self.due = None;
        let mut events = self.open(at);
        events.push(self.event(at, OutletChange::Permit));
        events
    }

    fn may_close(&self) -> bool {
        self.state.pilot == PilotState::C
            && self.state.faults.is_empty()
            && self.state.offered_ma > 0
            && !self.state.energy_spent
    }

    fn open(&mut self, at: Stamp) -> Vec<OutletEvent> {
        if !self.is_closed() {
            return Vec::new();
        }
        self.state.contactor = ContactorState::Open;
        self.spent_at = None;
        let mut events = vec![self.event(at, OutletChange::Contactor)];
        if self.state.offered_ma == 0 && self.state.pilot == PilotState::C {
            self.state.pilot = PilotState::B;
            events.push(self.event(at, OutletChange::Pilot));
        }
        events
    }

    /// Looks whether the car would begin.
    fn consider(&mut self, ms: u64) {
        let offered = self
            .state
            .permit
            .as_ref()
            .map_or(0, |permit| permit.limit_ma);
        // A pilot cannot say less than 6 A.
        let is_none = offered < 6_000 || self.state.held_back;
        let offered = if is_none { 0 } else { offered };
        self.state.offered_ma = offered;
        let ready =
            offered > 0 && self.wants && self.state.faults.is_empty() && !self.state.energy_spent;
        match self.state.pilot {
            PilotState::B if ready => self.due = Some((ms + CAR_MS, Due::CarAsks)),
            PilotState::C if ready && !self.is_closed() => {
                self.due = Some((ms + CONTACTOR_MS, Due::Close))
            }
            _ if !ready && self.is_closed() => self.due = Some((ms + RAMP_MS, Due::Open)),
            _ if !ready => self.due = None,
            _ => {}
        }
    }

    /// A group or a policy leaves no current to it, or does so again.
    pub(super) fn hold_back(&mut self, at: Stamp, held_back: bool) -> OutletEvent {
        self.advance_energy(at.monotonic_ms);
        self.state.held_back = held_back;
        self.consider(at.monotonic_ms);
        self.event(at, OutletChange::Permit)
    }

    pub(super) fn permit(&mut self, at: Stamp, permit: Permit) {
        self.advance_energy(at.monotonic_ms);
        if self
            .state
            .permit
            .as_ref()
            .is_none_or(|before| before.session != permit.session)
        {
            self.spent_from_mwh = self.register_mwh;
            self.state.energy_spent = false;
        }
        let used = (self.register_mwh - self.spent_from_mwh) / 1000;
        self.state.energy_spent = permit.energy_limit_wh.is_some_and(|limit| used >= limit);
        self.state.permit = Some(permit);
        self.take_steps(at.monotonic_ms);
        self.permit_connection = self.connection;
        self.consider(at.monotonic_ms);
        self.foresee_spent(at.monotonic_ms);
    }

    /// Lowers the permit in force, if it is of the same session.
    pub(super) fn lower(&mut self, at: Stamp, to: &Permit) {
        let Some(permit) = self.state.permit.clone() else {
            return;
        };
        if permit.session != to.session {
            return;
        }
        let lowest = |permit: &Permit| {
            let steps = permit.steps.iter().map(|step| step.limit_ma);
            steps.fold(permit.limit_ma, u32::min)
        };
        // Never more than both allow; which is less than the host grants where both have
        // steps, and no less safe.
        if to.limit_ma < permit.limit_ma || lowest(to) < lowest(&permit) {
            let limit_ma = to.limit_ma.min(permit.limit_ma);
            let steps = to.steps.iter().map(|step| Step {
                limit_ma: step.limit_ma.min(permit.limit_ma),
                ..*step
            });
            let steps = steps.collect();
            let lowered = Permit {
                limit_ma,
                steps,
                ..permit
            };
            self.permit(at, lowered);
        }
    }

    /// A permit came too late for its car: whoever gave it hears of that.
    pub(super) fn refuse_permit(&mut self, at: Stamp) -> OutletEvent {
        self.event(at, OutletChange::Permit)
    }

    pub(super) fn revoke(&mut self, at: Stamp) {
        self.advance_energy(at.monotonic_ms);
        if self.state.permit.is_some() {
            self.revoked_at = at.monotonic_ms;
        }
        self.state.permit = None;
        self.consider(at.monotonic_ms);
    }

    pub(super) fn send_lock(&mut self, ms: u64, id: u32, locked: bool) {
        self.lock_due = Some((ms + self.lock_ms, id, locked));
    }

    /// The lock has come to where it was sent, or is stuck.
    pub(super) fn lock_moved(&mut self, ms: u64) -> Option<LockMoved> {
        let (_, id, locked) = self.lock_due.filter(|(at, ..)| *at <= ms)?;
        self.lock_due = None;
        Some(LockMoved {
            id,
            outlet: self.state.outlet,
            state: self.move_lock(locked),
        })
    }

    fn move_lock(&mut self, locked: bool) -> LockState {
        if self.state.cable == Cable::Fixed {
            return LockState::None;
        }
        self.state.lock = match (self.jammed, locked) {
            (true, _) => LockState::Failed,
            (false, true) => LockState::Locked,
            (false, false) => LockState::Unlocked,
        };
        self.state.lock
    }

    pub(super) fn plug(&mut self, at: Stamp) -> Vec<OutletEvent> {
        self.advance_energy(at.monotonic_ms);
        self.state.plugged = true;
        self.state.pilot = PilotState::B;
        self.consider(at.monotonic_ms);
        vec![self.event(at, OutletChange::Pilot)]
    }

    pub(super) fn plug_cable(&mut self, at: Stamp) -> Vec<OutletEvent> {
        self.state.plugged = true;
        vec![self.event(at, OutletChange::Plug)]
    }

    /// `cable`: it leaves the socket too.
    pub(super) fn unplug(&mut self, at: Stamp, cable: bool) -> Vec<OutletEvent> {
        self.advance_energy(at.monotonic_ms);
        self.due = None;
        self.state.pilot = PilotState::A;
        if cable {
            self.state.plugged = false;
        }
        let was_closed = self.is_closed();
        self.spent_at = None;
        self.state.contactor = ContactorState::Open;
        self.connection += 1;
        let had_permit = self.state.permit.is_some();
        if !self.clings {
            self.state.permit = None;
            self.state.offered_ma = 0;
        }
        let mut events = vec![self.event(at, OutletChange::Pilot)];
        if had_permit && !self.clings {
            events.push(self.event(at, OutletChange::Permit));
        }
        if was_closed {
            events.push(self.event(at, OutletChange::Contactor));
        }
        events
    }

    pub(super) fn set_wants(&mut self, at: Stamp, wants: bool) -> Vec<OutletEvent> {
        self.advance_energy(at.monotonic_ms);
        self.wants = wants;
        let mut events = Vec::new();
        if !wants && self.state.pilot == PilotState::C {
            self.state.pilot = PilotState::B;
            events.push(self.event(at, OutletChange::Pilot));
            events.extend(self.open(at));
        }
        self.consider(at.monotonic_ms);
        events
    }

    pub(super) fn set_faults(&mut self, at: Stamp, faults: Vec<Fault>) -> Vec<OutletEvent> {
        self.advance_energy(at.monotonic_ms);
        self.state.faults = faults;
        let mut events = Vec::new();
        if !self.state.faults.is_empty() {
            events.extend(self.open(at));
        }
        events.push(self.event(at, OutletChange::Fault));
        self.consider(at.monotonic_ms);
        events
    }

    /// The power fails.
    pub(super) fn power_off(&mut self, ms: u64) {
        self.advance_energy(ms);
        self.last_read = None;
        self.due = None;
        self.lock_due = None;
        self.spent_at = None;
        self.state.permit = None;
        self.state.offered_ma = 0;
        self.state.energy_spent = false;
        self.state.contactor = ContactorState::Open;
        if self.state.pilot == PilotState::C {
            self.state.pilot = PilotState::B;
        }
    }
}
