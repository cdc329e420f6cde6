//! One outlet: the host's facts beside what is remembered of it. Not here: what follows
//! from them, one file for each concern.

use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::{packed, packed_part};
use plugpoint_guest::protocol::{
    Boot, BootReason, Durability, Fault, FaultKind, LockState, Look, OutletChange, OutletEvent,
    OutletState as Facts,
};
use plugpoint_guest::turn::Turn;

use crate::Protocol;
use crate::authorization::Authorization;
use crate::car::Car;
use crate::demand::Demand;
use crate::fault::{self, ends_transaction, is_mere_warning};
use crate::kept_session::KeptSession;
use crate::lock::Lock;
use crate::meter::{MeterRequests, SampleSchedule};
use crate::permit::Supply;
use crate::register::Register;
use crate::session::{Halted, Session};
use crate::token::Holder;

/// What was reported of an outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported<P: Protocol> {
    /// What was last reported to the central system, or is about to be.
    pub last: Option<P::Report>,
    /// It was reported on this link: nothing happened since that nobody heard of.
    pub reported_on_this_link: bool,
    /// What is to be reported now, and since when, ms.
    pub now: Option<(P::Report, u64)>,
}

impl<P: Protocol> Default for Reported<P> {
    fn default() -> Self {
        Self {
            last: None,
            reported_on_this_link: false,
            now: None,
        }
    }
}

/// What is remembered of an outlet until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutletState<P: Protocol> {
    /// Somebody may charge here.
    pub authorization: Option<Authorization>,
    /// The car that is plugged in.
    pub car: Car,
    /// For whom the cable is kept locked.
    cable_owner: Option<Holder>,
    /// Readings of the meter that were asked for.
    pub readings: MeterRequests,
    /// The lock of the plug.
    pub lock: Lock,
    /// When the next sample is due.
    pub samples: SampleSchedule,
    /// Whether the car asks for energy.
    pub demand: Demand,
    /// A stop waits for the contactor no longer than this, ms.
    pub stop_until: Option<u64>,
    /// What is wrong, in the order in which it came.
    faults: Vec<Fault>,
    /// What was reported of it.
    pub reported: Reported<P>,
    /// A transaction that was stopped while nothing could be stored.
    pub halted: Option<Halted<P>>,
    /// A permit was in force behind the last call whose changes were kept.
    has_permit: bool,
}

impl<P: Protocol> OutletState<P> {
    /// For whom the cable is kept locked.
    pub fn cable_owner(&self) -> Option<&Holder> {
        self.cable_owner.as_ref()
    }

    /// The cable is not kept for anybody any more.
    pub fn release_cable(&mut self) {
        self.lock.release_cable();
        self.cable_owner = None;
    }

    /// The end of a transaction: what becomes of the cable, the car and the permit.
    pub fn conclude(
        &mut self,
        holder: Holder,
        keeps_cable: bool,
        was_broken_off: bool,
        is_socket: bool,
    ) {
        self.stop_until = None;
        self.demand.conclude();
        self.samples = SampleSchedule::none();
        self.cable_owner = keeps_cable.then(|| holder.clone());
        self.lock.conclude(keeps_cable, is_socket);
        self.car.conclude(holder, was_broken_off);
    }

    /// What is wrong, the newest first.
    pub fn newest_faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().rev()
    }

    /// A permit was in force behind the last call whose changes were kept.
    pub fn had_permit(&self) -> bool {
        self.has_permit
    }
}

/// Why a transaction ends without anybody's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// The emergency stop was pressed.
    EmergencyStop,
    /// Something is wrong that does not let it go on.
    Fault,
    /// The car has left.
    CarLeft,
}

/// An outlet.
#[derive(Debug)]
pub struct Outlet<P: Protocol> {
    /// Its number, from 1.
    pub number: u32,
    /// What the host said of it last.
    pub facts: Facts,
    /// What is remembered of it.
    pub state: Cell<OutletState<P>>,
    /// The transaction that goes on, or is being ended.
    pub session: KeptSession<P>,
    /// The register of that.
    pub register: Register,
    /// What it may draw.
    pub supply: Supply,
    /// How it is lit.
    pub look: Option<Look>,
    /// What the control API was last told.
    pub shown: [String; 4],
}

impl<P: Protocol> Outlet<P> {
    /// From the host's facts and the entries.
    pub fn load(turn: &mut Turn<'_>, facts: &Facts, boot: &Boot) -> Self {
        let number = facts.outlet;
        let mut supply = Supply::default();
        if !matches!(
            boot.reason,
            BootReason::PowerUp | BootReason::CleanShutdown | BootReason::Restart
        ) {
            supply.note(&facts.permit);
        }
        let (store, log) = (&mut turn.store, turn.log);
        let mut outlet = Self {
            number,
            facts: facts.clone(),
            state: Cell::load(store, log, format!("outlet/{number}"), Durability::Session),
            session: KeptSession::load(store, log, number),
            register: Register::load(store, log, number),
            supply,
            look: None,
            shown: Default::default(),
        };
        outlet.note_faults();
        outlet
    }

    /// Writes out what has changed.
    pub fn flush(&mut self, turn: &mut Turn<'_>) {
        if self.state.has_permit != self.supply.is_on() {
            self.state.edit().has_permit = self.supply.is_on();
        }
        self.state.flush(&mut turn.store);
        self.session.flush(&mut turn.store);
        self.register.flush(&mut turn.store);
    }

    /// The host says how it is now.
    pub fn note(&mut self, event: OutletEvent) {
        // A permit ends with its car, whoever hears of it first.
        if event.change == OutletChange::Permit || !event.state.has_car() {
            self.supply.note(&event.state.permit);
        }
        self.facts = event.state;
        self.note_faults();
    }

    fn note_faults(&mut self) {
        let faults = fault::in_order(&self.state.faults, &self.facts.faults);
        if self.state.faults != faults {
            self.state.edit().faults = faults;
        }
    }

    /// Cars and cables that come and go.
    pub fn note_car(&mut self, usable: bool, ms: u64) {
        let is_gone = !self.is_plugged();
        let car = self.state.car.seen(&self.facts, usable, ms);
        if is_gone && (self.state.lock.knows_plug() || car.is_some()) {
            let state = self.state.edit();
            state.release_cable();
            state.lock.plug_gone();
        }
        if let Some(car) = car {
            self.state.edit().car = car;
        }
    }

    /// Changes the transaction, if there is one.
    pub fn edit_session(&mut self, change: impl FnOnce(&mut Session<P>)) {
        if let Some(session) = self.session.edit() {
            change(session);
        }
    }

    /// A car hangs on the cable.
    pub fn has_car(&self) -> bool {
        self.facts.has_car()
    }

    /// A cable is in, or a car hangs on it.
    pub fn is_plugged(&self) -> bool {
        self.facts.plugged || self.has_car()
    }

    /// The fault that keeps a car from charging, if there is one.
    pub fn fault(&self) -> Option<&Fault> {
        let mut faults = self.facts.faults.iter();
        faults.find(|fault| !is_mere_warning(fault.kind))
    }

    /// Nothing can begin here.
    pub fn is_faulted(&self) -> bool {
        self.fault().is_some() || self.state.lock.has_failed()
    }

    /// Nobody charges here, and nobody may yet.
    pub fn is_free(&self) -> bool {
        self.session.is_none() && self.state.authorization.is_none()
    }

    /// The car that is plugged in may begin on the authorization that is there.
    pub fn has_authorized_car(&self) -> bool {
        let Some(authorization) = &self.state.authorization else {
            return false;
        };
        self.has_car()
            && match authorization.car {
                Some(came) => self.state.car.came_at() == Some(came),
                None => !self.state.car.is_finished(),
            }
    }

    /// A car is here that has neither had its transaction nor its time.
    pub fn has_waiting_car(&self) -> bool {
        self.has_car() && !self.state.car.is_finished()
    }

    /// A transaction that nobody has stopped yet.
    pub fn running(&self) -> Option<&Session<P>> {
        self.session
            .as_ref()
            .filter(|session| session.stop.is_none() && self.state.halted.is_none())
    }

    /// What ends a transaction without anybody's order. `ends_with_car`: it does not go
    /// on without its car.
    pub fn end_cause(&self, ends_with_car: bool) -> Option<EndCause> {
        let fault = self.fault().map(|fault| fault.kind);
        match fault.filter(|kind| ends_transaction(*kind)) {
            Some(FaultKind::EmergencyStop) => Some(EndCause::EmergencyStop),
            Some(_) => Some(EndCause::Fault),
            None => (ends_with_car && !self.has_car()).then_some(EndCause::CarLeft),
        }
    }

    /// The register as the meter said it last, thousandths of a Wh.
    pub fn register_mwh(&self) -> Option<u64> {
        let reading = self.facts.reading.as_ref();
        reading.map(|reading| reading.energy_mwh)
    }

    /// The earliest time at which something is due without any event, ms.
    pub fn deadline(&self) -> Option<u64> {
        let state = &*self.state;
        let authorization = state
            .authorization
            .as_ref()
            .filter(|_| !self.has_authorized_car())
            .map(|authorization| authorization.until);
        let release = state.lock.release_at();
        let deadlines = [
            authorization,
            state.lock.deadline(),
            state.readings.deadline(),
            state.samples.deadline(),
            release.filter(|_| self.facts.lock == LockState::Failed),
            state.demand.deadline(),
            state.stop_until,
        ];
        let of_register = self.register.watch.deadlines();
        deadlines.into_iter().chain(of_register).flatten().min()
    }
}

packed_part!(Reported<P: Protocol> {
    last = "said",
    reported_on_this_link = "said_here",
    now
});
packed!(OutletState<P: Protocol> {
    authorization = "grant",
    car,
    cable_owner = "owner",
    readings,
    lock,
    samples,
    demand,
    stop_until,
    faults,
    reported,
    halted,
    has_permit
});
