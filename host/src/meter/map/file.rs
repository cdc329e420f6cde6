//! A register map as it is written. Every key is described for installers in
//! `docs/meters.md`.

use serde::Deserialize;

use super::plan::Function;
use super::value::{Kind, Order, Unit};
use crate::config::{self, Located};
use crate::wit::protocol::{Phase, Quantity};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapFile {
    pub(super) name: String,
    pub(super) source: String,
    #[serde(default)]
    pub(super) function: Function,
    #[serde(default)]
    pub(super) word_order: Order,
    #[serde(default)]
    pub(super) byte_order: Order,
    #[serde(default = "most_registers")]
    pub(super) max_registers: u16,
    #[serde(default)]
    pub(super) max_gap: u16,
    pub(super) register: Vec<Line>,
}

/// `[[register]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) address: u16,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) measurand: Word,
    pub(super) phase: Option<PhaseWord>,
    pub(super) unit: Unit,
    #[serde(default = "one")]
    pub(super) scale: f64,
    /// In hexadecimal, as text: numbers in TOML end at 63 bits.
    pub(super) not_available: Option<String>,
    #[serde(default)]
    pub(super) wraps: bool,
    pub(super) function: Option<Function>,
    pub(super) word_order: Option<Order>,
    pub(super) byte_order: Option<Order>,
}

fn most_registers() -> u16 {
    125
}

fn one() -> f64 {
    1.0
}

impl MapFile {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        config::read(text).map_err(|Located { line, key, problem }| {
            let key = key.map_or(String::new(), |key| format!("{key}: "));
            format!("line {line}: {key}{problem}")
        })
    }
}

/// What is measured. Those that no meter measures (what is offered, the state of
/// a car's battery) have no word.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    EnergyActiveImport,
    EnergyActiveExport,
    EnergyReactiveImport,
    EnergyReactiveExport,
    PowerActiveImport,
    PowerActiveExport,
    PowerReactiveImport,
    PowerReactiveExport,
    PowerFactor,
    CurrentImport,
    CurrentExport,
    Voltage,
    Frequency,
    Temperature,
}

impl Word {
    /// None for the energy, which has a place of its own.
    pub(super) fn quantity(self) -> Option<Quantity> {
        Some(match self {
            Self::EnergyActiveImport => return None,
            Self::EnergyActiveExport => Quantity::EnergyActiveExport,
            Self::EnergyReactiveImport => Quantity::EnergyReactiveImport,
            Self::EnergyReactiveExport => Quantity::EnergyReactiveExport,
            Self::PowerActiveImport => Quantity::PowerActiveImport,
            Self::PowerActiveExport => Quantity::PowerActiveExport,
            Self::PowerReactiveImport => Quantity::PowerReactiveImport,
            Self::PowerReactiveExport => Quantity::PowerReactiveExport,
            Self::PowerFactor => Quantity::PowerFactor,
            Self::CurrentImport => Quantity::CurrentImport,
            Self::CurrentExport => Quantity::CurrentExport,
            Self::Voltage => Quantity::Voltage,
            Self::Frequency => Quantity::Frequency,
            Self::Temperature => Quantity::Temperature,
        })
    }

    /// What it can be counted in.
    pub(super) fn units(self) -> &'static [Unit] {
        use Unit::{
            Amps, Celsius, Hertz, KiloVarHours, KiloVars, KiloWattHours, KiloWatts, MegaWattHours,
            MilliAmps, MilliVolts, Ratio, VarHours, Vars, Volts, WattHours, Watts,
        };
        match self {
            Self::EnergyActiveImport | Self::EnergyActiveExport => {
                &[WattHours, KiloWattHours, MegaWattHours]
            }
            Self::EnergyReactiveImport | Self::EnergyReactiveExport => &[VarHours, KiloVarHours],
            Self::PowerActiveImport | Self::PowerActiveExport => &[Watts, KiloWatts],
            Self::PowerReactiveImport | Self::PowerReactiveExport => &[Vars, KiloVars],
            Self::PowerFactor => &[Ratio],
            Self::CurrentImport | Self::CurrentExport => &[Amps, MilliAmps],
            Self::Voltage => &[Volts, MilliVolts],
            Self::Frequency => &[Hertz],
            Self::Temperature => &[Celsius],
        }
    }
}

/// A phase, or between which.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum PhaseWord {
    L1,
    L2,
    L3,
    N,
    #[serde(rename = "L1-N")]
    L1N,
    #[serde(rename = "L2-N")]
    L2N,
    #[serde(rename = "L3-N")]
    L3N,
    #[serde(rename = "L1-L2")]
    L1L2,
    #[serde(rename = "L2-L3")]
    L2L3,
    #[serde(rename = "L3-L1")]
    L3L1,
}

impl PhaseWord {
    pub(super) fn phase(self) -> Phase {
        match self {
            Self::L1 => Phase::L1,
            Self::L2 => Phase::L2,
            Self::L3 => Phase::L3,
            Self::N => Phase::N,
            Self::L1N => Phase::L1N,
            Self::L2N => Phase::L2N,
            Self::L3N => Phase::L3N,
            Self::L1L2 => Phase::L1L2,
            Self::L2L3 => Phase::L2L3,
            Self::L3L1 => Phase::L3L1,
        }
    }
}
