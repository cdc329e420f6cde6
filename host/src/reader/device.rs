//! What a reader on real hardware is: settings, how it is opened, how it is
//! asked for the next card, and what can be wrong with it.

use std::path::PathBuf;
use std::time::Duration;

use super::keyboard::Keyboard;
use super::pn532::Pn532;
use super::serial::SerialReader;
use super::uid::{Card, Writing};
use crate::meter::modbus::{Parity, StopBits};
use crate::wit::protocol::TokenKind;

/// One reader on real hardware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSettings {
    /// Unique; shown to policies and in the log.
    pub name: String,
    /// The outlets that it serves.
    pub outlets: Vec<u32>,
    /// Its device.
    pub path: PathBuf,
    /// How it is spoken to.
    pub driver: DeviceDriver,
    /// How its tokens are made.
    pub writing: Writing,
    /// The kind of all its tokens.
    pub kind: TokenKind,
    /// A card is read anew only after it has been away for so long.
    pub debounce: Duration,
}

/// How a reader is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceDriver {
    /// It writes a line per card.
    Serial {
        /// Bits per second.
        baud: u32,
        /// The parity bit.
        parity: Parity,
        /// How many stop bits.
        stop_bits: StopBits,
    },
    /// A PN532 on a serial line.
    Pn532 {
        /// Bits per second.
        baud: u32,
    },
    /// It types like a keyboard.
    Evdev,
}

impl DeviceDriver {
    /// As in the configuration.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Serial { .. } => "serial",
            Self::Pn532 { .. } => "pn532",
            Self::Evdev => "evdev",
        }
    }
}

/// What is wrong with a reader. The one at fault is the reader or its wiring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReaderFailure {
    /// The device is not there, or may not be used.
    #[error("cannot be opened: {0}")]
    CannotOpen(String),
    /// It was there, and is no more.
    #[error("is gone: {0}")]
    Gone(String),
    /// It does not answer what it is told.
    #[error("does not answer")]
    Silent,
    /// It answers, but not as this kind of reader does.
    #[error("answers nonsense: {0}")]
    Nonsense(String),
}

/// A reader that is open.
pub trait Source {
    /// Waits for a card, if need be for ever; none if there may be one later.
    fn next(&mut self) -> Result<Option<Card>, ReaderFailure>;

    /// Whether it looks by itself, so that none means that no card is there.
    fn watches(&self) -> bool {
        false
    }

    /// What it says of itself, for technicians.
    fn describe(&self) -> String;
}

impl DeviceSettings {
    /// Opens the reader and makes sure that it is one, as far as it can tell.
    pub fn open(&self) -> Result<Box<dyn Source>, ReaderFailure> {
        Ok(match self.driver {
            DeviceDriver::Serial {
                baud,
                parity,
                stop_bits,
            } => Box::new(SerialReader::open(&self.path, baud, parity, stop_bits)?),
            DeviceDriver::Pn532 { baud } => Box::new(Pn532::open(&self.path, baud)?),
            DeviceDriver::Evdev => Box::new(Keyboard::open(&self.path)?),
        })
    }
}
