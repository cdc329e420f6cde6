//! The table of lines of one outlet, as it stands in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

use crate::line::LineSpec;
use crate::outlet::pilot::{AdcSettings, PwmSettings};
use crate::wit::protocol::Look;

/// Everything about one outlet on GPIO.
#[derive(Clone, Debug)]
pub struct GpioSettings {
    /// The outlet's number.
    pub number: u32,
    /// Contactor, safety, inputs.
    pub lines: Table,
    /// The lock's motor, if there is a lock.
    pub lock: Option<LockLines>,
    /// The pilot, if Linux has to do with it.
    pub pilot: PilotSettings,
    /// The lamps.
    pub lamps: Vec<Lamp>,
}

/// `[connector.lines]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    /// Output; active: closed. The guard's.
    pub contactor: Option<LineSpec>,
    /// Input; active: its contacts are closed.
    pub contactor_feedback: Option<LineSpec>,
    /// Input; active: pressed. The guard's; outlets may share it.
    pub emergency_stop: Option<LineSpec>,
    /// Input; active: a residual current was detected. The guard's.
    pub residual_current: Option<LineSpec>,
    /// Input; active: a plug is in. The guard's.
    pub plug_present: Option<LineSpec>,
    /// Input; active: the car asks for energy.
    pub energy_request: Option<LineSpec>,
}

/// `[connector.lock]`: one of the three ways to drive a motor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct LockLines {
    /// With `unlock`: pulsed to lock.
    pub lock: Option<LineSpec>,
    /// With `lock`: pulsed to unlock.
    pub unlock: Option<LineSpec>,
    /// With `direction`: pulsed to move.
    pub run: Option<LineSpec>,
    /// With `run`: active to lock.
    pub direction: Option<LineSpec>,
    /// Active as long as it is locked.
    pub hold: Option<LineSpec>,
    /// Input; active: locked.
    pub feedback: Option<LineSpec>,
    /// How long the motor runs, or may take. 0 stands for 600.
    pub pulse_ms: u32,
}

/// `[connector.pilot]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PilotSettings {
    /// Linux gives the duty cycle.
    pub pwm: Option<PwmSettings>,
    /// Linux reads the level.
    pub adc: Option<AdcSettings>,
}

/// `[[connector.lamp]]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Lamp {
    /// Output.
    pub line: LineSpec,
    /// It is lit while one of these is shown.
    #[serde(default)]
    pub on: Vec<LookName>,
    /// It blinks while one of these is shown.
    #[serde(default)]
    pub blink: Vec<LookName>,
}

/// What is shown to the user, as the configuration names it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the contract's names
pub enum LookName {
    Available,
    Preparing,
    Charging,
    Suspended,
    Finishing,
    Reserved,
    Unavailable,
    Faulted,
    Accepted,
    Refused,
}

impl LookName {
    /// Whether this is the look's name.
    pub(super) fn is(self, look: Look) -> bool {
        let name = match look {
            Look::Off => return false,
            Look::Available => Self::Available,
            Look::Preparing => Self::Preparing,
            Look::Charging => Self::Charging,
            Look::Suspended => Self::Suspended,
            Look::Finishing => Self::Finishing,
            Look::Reserved => Self::Reserved,
            Look::Unavailable => Self::Unavailable,
            Look::Faulted => Self::Faulted,
            Look::Accepted => Self::Accepted,
            Look::Refused => Self::Refused,
        };
        self == name
    }
}

/// `[guard]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Without a sign of life of the safety thread for so long, the guard opens
    /// all contactors.
    pub bound_ms: u32,
    /// A hardware watchdog that the guard feeds.
    pub watchdog: Option<PathBuf>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            bound_ms: 400,
            watchdog: None,
        }
    }
}
