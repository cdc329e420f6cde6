//! The control pilot (IEC 61851-1) of real boards: what state it is in, and what
//! it signals to the car.
//!
//! * [`duty`]: the standard's rule between duty cycle and current; pure;
//! * [`level`]: from millivolts to a state, with hysteresis and filter; pure;
//! * `lines`: boards whose safety controller does the pilot and gives two lines;
//! * `linux`: boards where Linux does it: PWM and ADC by sysfs.
//!
//! Not here: when what is signalled; that is the rules' business.

pub mod duty;
pub mod level;
mod lines;
mod linux;

pub use lines::LinePilot;
pub use linux::{AdcPilot, AdcSettings, Pwm, PwmSettings};

use crate::wit::protocol::{Fault, PilotState};

/// What a pilot says.
#[derive(Clone, Debug, PartialEq)]
pub struct PilotFacts {
    /// Its state.
    pub state: PilotState,
    /// A car, or in a socket a cable, is there.
    pub plugged: bool,
    /// Why that cannot be believed.
    pub fault: Option<Fault>,
}

/// Where the state of the pilot comes from.
pub trait PilotInput: Send {
    /// What it says now. `plug` is what the plug's own line says, if there is one.
    fn read(&mut self, plug: Option<bool>) -> PilotFacts;
}

/// What is signalled to the car.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Steady +12 V: connected, but no current for now.
    NoCurrent,
    /// This much, mA.
    Offer(u32),
    /// Steady -12 V, state F: the charger is not fit for use.
    Unfit,
}
