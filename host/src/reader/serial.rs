//! A reader that writes a line per card to a serial port.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use tokio_serial::SerialPort;

use super::device::{ReaderFailure, Source};
use super::lines::Lines;
use super::uid::Card;
use crate::meter::modbus::{Parity, StopBits};

/// How long one look at the port waits.
const LOOK: Duration = Duration::from_millis(500);

/// An open port.
pub(super) struct SerialReader {
    port: Box<dyn SerialPort>,
    lines: Lines,
    cards: VecDeque<Card>,
    what: String,
}

impl SerialReader {
    pub(super) fn open(
        path: &Path,
        baud: u32,
        parity: Parity,
        stop_bits: StopBits,
    ) -> Result<Self, ReaderFailure> {
        Ok(Self {
            port: open_port(path, baud, parity, stop_bits, LOOK)?,
            lines: Lines::default(),
            cards: VecDeque::new(),
            what: format!("serial port {} at {baud} baud", path.display()),
        })
    }
}

/// A blocking port with this patience.
pub(super) fn open_port(
    path: &Path,
    baud: u32,
    parity: Parity,
    stop_bits: StopBits,
    patience: Duration,
) -> Result<Box<dyn SerialPort>, ReaderFailure> {
    tokio_serial::new(path.to_string_lossy(), baud)
        .parity(match parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        })
        .stop_bits(match stop_bits {
            StopBits::One => tokio_serial::StopBits::One,
            StopBits::Two => tokio_serial::StopBits::Two,
        })
        .timeout(patience)
        .open()
        .map_err(|error| ReaderFailure::CannotOpen(error.to_string()))
}

impl Source for SerialReader {
    fn next(&mut self) -> Result<Option<Card>, ReaderFailure> {
        if let Some(card) = self.cards.pop_front() {
            return Ok(Some(card));
        }
        let mut buffer = [0; 256];
        let count = match self.port.read(&mut buffer) {
            Ok(0) => return Err(ReaderFailure::Gone("the line was hung up".into())),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                return Ok(None);
            }
            Err(error) => return Err(ReaderFailure::Gone(error.to_string())),
        };
        let lines = buffer[..count].iter().filter_map(|b| self.lines.push(*b));
        self.cards.extend(lines.map(Card::Text));
        Ok(self.cards.pop_front())
    }

    fn describe(&self) -> String {
        self.what.clone()
    }
}
