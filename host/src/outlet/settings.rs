//! What the configuration says about outlets and safety.

use std::time::Duration;

use super::driver::{Inputs, OutletDriver};
use super::group::GroupSettings;
use super::sim::SimSettings;
use crate::meter::Meter;
use crate::wit::protocol::Cable;

/// One outlet.
#[derive(Debug)]
pub struct OutletSettings {
    /// From 1 on, unique.
    pub number: u32,
    /// Tethered cable, or socket with lock.
    pub cable: Cable,
    /// What the installation allows, per phase.
    pub max_current_ma: u32,
    /// 1 or 3.
    pub phases: u8,
    /// The room is ventilated: a car in pilot state D may charge.
    pub ventilated: bool,
    /// The hardware.
    pub driver: DriverSettings,
    /// A meter apart from the hardware; goes before one that the driver has.
    pub meter: Option<MeterFitter>,
}

impl OutletSettings {
    /// What an outlet is, apart from its hardware.
    pub(super) fn split(self) -> (OutletLimits, DriverSettings, Option<MeterFitter>) {
        let limits = OutletLimits {
            number: self.number,
            cable: self.cable,
            max_current_ma: self.max_current_ma,
            phases: self.phases,
            ventilated: self.ventilated,
        };
        (limits, self.driver, self.meter)
    }
}

/// What an outlet is; see [`OutletSettings`].
#[derive(Clone, Copy, Debug)]
pub(super) struct OutletLimits {
    pub(super) number: u32,
    pub(super) cable: Cable,
    pub(super) max_current_ma: u32,
    pub(super) phases: u8,
    pub(super) ventilated: bool,
}

/// The hardware of an outlet.
pub enum DriverSettings {
    /// Simulated, with a car that behaves.
    Sim(SimSettings),
    /// Made by whoever starts the outlets.
    Other(Fitter),
}

/// Makes a driver; called once, before the safety thread starts.
pub type Fitter = Box<dyn FnOnce(Inputs) -> Result<Fittings, DriverError> + Send>;

/// What a [`Fitter`] makes.
pub struct Fittings {
    /// The outlet's hardware, with its outputs at their safe level.
    pub driver: Box<dyn OutletDriver>,
    /// The meter, unless the driver has its own.
    pub meter: Option<Box<dyn Meter>>,
}

/// Makes a meter; called once, before the safety thread starts.
pub struct MeterFitter(Box<dyn FnOnce(Inputs) -> Box<dyn Meter> + Send>);

impl MeterFitter {
    /// From what makes it.
    pub fn new(fit: impl FnOnce(Inputs) -> Box<dyn Meter> + Send + 'static) -> Self {
        Self(Box::new(fit))
    }

    pub(super) fn fit(self, inputs: Inputs) -> Box<dyn Meter> {
        (self.0)(inputs)
    }
}

impl std::fmt::Debug for MeterFitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MeterFitter(..)")
    }
}

/// The hardware cannot be used; the text says which line, bus or file, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DriverError(pub String);

/// The bounds of the safety rules.
#[derive(Clone, Debug)]
pub struct SafetySettings {
    /// From "no current" until the contactor is opened all the same.
    pub zero_current_bound: Duration,
    /// How long a permit lives while there is no healthy guest.
    pub orphan_permit_life: Duration,
    /// From a command to the contactor until its feedback must agree.
    pub contactor_bound: Duration,
    /// How often the contactor may close; none: as often as somebody wants.
    pub cycling: Option<Cycling>,
    /// How long the lock's motor may take.
    pub lock_bound: Duration,
    /// How long a meter may take to answer; then its last value counts as stale.
    pub meter_bound: Duration,
    /// How long the end of the process waits for zero current.
    pub shutdown_bound: Duration,
    /// Outlets that share a power path.
    pub groups: Vec<GroupSettings>,
}

/// How often a contactor may close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycling {
    /// From one closing to the next.
    pub interval: Duration,
    /// In any hour.
    pub per_hour: u32,
}

impl Default for SafetySettings {
    fn default() -> Self {
        Self {
            zero_current_bound: Duration::from_secs(3),
            orphan_permit_life: Duration::from_secs(600),
            contactor_bound: Duration::from_millis(500),
            cycling: None,
            lock_bound: Duration::from_secs(3),
            meter_bound: Duration::from_millis(900),
            shutdown_bound: Duration::from_millis(700),
            groups: Vec::new(),
        }
    }
}

impl std::fmt::Debug for DriverSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sim(settings) => f.debug_tuple("Sim").field(settings).finish(),
            Self::Other(_) => f.write_str("Other(..)"),
        }
    }
}
