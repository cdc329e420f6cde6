//! The seam between rules and hardware: what a driver reports ([`Facts`]), what
//! it is told ([`Outputs`]), and how it calls for attention ([`Inputs`]).
//!
//! A driver decides nothing. All its methods run on the safety thread and never
//! block; what has to wait (an edge of a line, an answer on a bus) waits on a
//! thread of the driver's own, which then calls [`Inputs`].

use std::sync::mpsc::Sender;
use std::time::Instant;

use super::command::Command;
use super::moment::Moment;
use super::sim::SimOutlet;
use crate::meter::{Meter, Sample};
use crate::wit::protocol::{ContactorState, Fault, Indication, LockState, PilotState};

/// What the hardware of one outlet says at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Control pilot.
    pub pilot: PilotState,
    /// A cable is in the socket, or, with a fixed cable, in a car.
    pub plugged: bool,
    /// Where the lock is.
    pub lock: LockState,
    /// Serial of the last [`LockOrder`] that the motor has ended, well or not;
    /// 0 before the first.
    pub lock_ended: u32,
    /// What the contactor's feedback says; without one, what it was told.
    pub contactor: ContactorState,
    /// Largest current of the phases, if the driver can tell.
    pub current: Option<Flow>,
    /// Everything that is wrong with this outlet.
    pub faults: Vec<Fault>,
    /// The emergency stop is pressed.
    pub emergency_stop: bool,
}

/// A current, and when it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// mA.
    pub ma: u32,
    /// When.
    pub at: Moment,
}

/// What the hardware of one outlet is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// To be opened without any delay.
    pub contactor: ContactorState,
    /// How many phases the contactor switches: 1 or 3.
    pub phases: u8,
    /// What the pilot offers, mA; 0: "no current".
    pub offered_ma: u32,
    /// The last order to the lock; a new serial is a new order.
    pub lock: Option<LockOrder>,
    /// The contactor does not open: where the pilot can say so (state F), the
    /// car is told that this outlet is not fit for use.
    pub unfit: bool,
}

impl Outputs {
    /// The safe level of everything, for start and end.
    pub const SAFE: Self = Self {
        contactor: ContactorState::Open,
        phases: 3,
        offered_ma: 0,
        lock: None,
        unfit: false,
    };
}

/// An order to the lock's motor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockOrder {
    /// Which way.
    pub locked: bool,
    /// From 1 on, one more with each order, also with one the same way again.
    pub serial: u32,
}

/// The hardware of one outlet.
pub trait OutletDriver: Send {
    /// What the inputs say at `now`.
    fn facts(&mut self, now: Moment) -> Facts;

    /// Sets the outputs; of a change, the offer before the contactor.
    fn apply(&mut self, now: Moment, outputs: &Outputs);

    /// When [`facts`](Self::facts) should be called next although nothing calls.
    fn wake_at(&self) -> Option<Moment> {
        None
    }

    /// Shows something to the user.
    fn indicate(&mut self, _indication: &Indication) {}

    /// The meter, if it is of one piece with the outlet.
    fn meter(&mut self) -> Option<&mut dyn Meter> {
        None
    }

    /// The simulated outlet, if it is one.
    fn sim(&mut self) -> Option<&mut SimOutlet> {
        None
    }
}

/// How a driver's own threads call for the safety thread's attention. Cheap to
/// clone; never blocks.
#[derive(Clone, Debug)]
pub struct Inputs {
    outlet: u32,
    commands: Sender<Command>,
    /// [`Moment::ZERO`].
    origin: Instant,
}

/// A device beside an outlet's own hardware that can be in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The outlet's meter.
    Meter,
    /// A reader that serves the outlet, by its place in the configuration.
    Reader(usize),
}

impl Inputs {
    pub(super) fn new(outlet: u32, commands: Sender<Command>, origin: Instant) -> Self {
        Self {
            outlet,
            commands,
            origin,
        }
    }

    /// That instant as the safety side counts.
    #[must_use]
    pub fn moment(&self, at: Instant) -> Moment {
        let since = at.saturating_duration_since(self.origin);
        Moment::ZERO.after(since)
    }

    /// An input of the outlet has changed, at `at`: the facts are asked for.
    pub fn edge(&self, at: Instant) {
        let _ = self.commands.send(Command::Edge(self.outlet, at));
    }

    /// The meter's answer; none if it did not answer in time.
    pub fn sample(&self, sample: Option<Sample>) {
        let _ = self.commands.send(Command::Sample(self.outlet, sample));
    }

    /// What is wrong with a device beside the outlet; none: nothing any more.
    pub fn trouble(&self, source: Source, fault: Option<Fault>) {
        let _ = self
            .commands
            .send(Command::Trouble(self.outlet, source, fault));
    }
}
