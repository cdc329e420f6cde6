//! Where a meter is and how patiently it is asked.

use std::path::PathBuf;
use std::time::Duration;

use crate::meter::map::RegisterMap;

/// How a bus is reached. Meters with the same connection share the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Over the network.
    Tcp {
        /// `HOST:PORT`.
        address: String,
    },
    /// A serial bus.
    Rtu {
        /// The serial device.
        path: PathBuf,
        /// Bits per second.
        baud: u32,
        /// The parity bit.
        parity: Parity,
        /// How many stop bits.
        stop_bits: StopBits,
    },
}

impl std::fmt::Display for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { address } => f.write_str(address),
            Self::Rtu { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

/// The parity bit of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say it
pub enum Parity {
    #[default]
    None,
    Even,
    Odd,
}

/// Stop bits of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum StopBits {
    #[default]
    One,
    Two,
}

/// One meter.
#[derive(Clone, Debug)]
pub struct MeterSettings {
    /// The outlet that it measures.
    pub outlet: u32,
    /// How its bus is reached.
    pub connection: Connection,
    /// Its number on the bus.
    pub unit: u8,
    /// What stands in its registers.
    pub map: RegisterMap,
    /// How often it is asked while nothing presses.
    pub poll: Duration,
    /// How long it may take for one answer.
    pub timeout: Duration,
    /// How long it may give no answer before that is a fault.
    pub fault_after: Duration,
}
