//! A PN532 at our end of a serial line, as the manual UM0701-02 describes it.
//! It is not made to fit the driver under test: libnfc takes it for one too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Pty;

/// What goes wrong from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// It does not answer.
    Dead,
    /// The first frame of each answer has a broken checksum.
    BrokenOnce,
    /// Noise before each frame.
    Noise,
    /// The first of each command is not heard.
    HardOfHearing,
}

/// A running chip; the line hangs up when it is dropped.
#[derive(Debug)]
pub struct Chip {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    card: Mutex<Option<Vec<u8>>>,
    trouble: Mutex<Trouble>,
    commands: AtomicUsize,
    stop: AtomicBool,
}

/// The thread's own memory.
struct Worker {
    line: Pty,
    state: Arc<State>,
    input: Vec<u8>,
    registers: HashMap<u16, u8>,
    /// For NACK.
    last: Vec<u8>,
    broken: bool,
    heard: Option<Vec<u8>>,
}

impl Chip {
    /// At our end of this line.
    pub fn new(line: Pty) -> Chip {
        let state = Arc::new(State::default());
        let mut worker = Worker {
            line,
            state: state.clone(),
            input: Vec::new(),
            registers: HashMap::new(),
            last: Vec::new(),
            broken: false,
            heard: None,
        };
        let thread = std::thread::spawn(move || worker.run());
        Chip {
            state,
            thread: Some(thread),
        }
    }

    /// A card with this UID lies on the reader; none: it is taken away.
    pub fn card(&self, uid: Option<&[u8]>) {
        let mut card = self
            .state
            .card
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *card = uid.map(<[u8]>::to_vec);
    }

    /// What goes wrong from now on.
    pub fn trouble(&self, trouble: Trouble) {
        *self
            .state
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// How many commands it has answered.
    pub fn commands(&self) -> usize {
        self.state.commands.load(Ordering::Relaxed)
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn run(&mut self) {
        const LOOK: Duration = Duration::from_millis(5);
        while !self.state.stop.load(Ordering::Relaxed) {
            let Ok(bytes) = self.line.read(LOOK) else {
                return;
            };
            self.input.extend(bytes);
            while let Some(frame) = self.next_frame() {
                if self.trouble() != Trouble::Dead {
                    self.frame(&frame);
                }
            }
        }
    }

    fn trouble(&self) -> Trouble {
        *self
            .state
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// From the start code to the postamble.
    fn next_frame(&mut self) -> Option<Vec<u8>> {
        let start = self
            .input
            .windows(3)
            .position(|w| w == [0x00, 0x00, 0xFF])?;
        self.input.drain(..start);
        let length = match self.input[3..] {
            [0x00, 0xFF, ..] | [0xFF, 0x00, ..] => 0,
            [0xFF, 0xFF, high, low, ..] => 5 + usize::from(u16::from_be_bytes([high, low])) - 2,
            [length, _, ..] => usize::from(length) + 1,
            _ => return None,
        };
        let end = 5 + length + 1;
        (self.input.len() >= end).then(|| self.input.drain(..end).collect())
    }

    fn frame(&mut self, frame: &[u8]) {
        match frame[3..] {
            // ACK ends what is going on; NACK: say it again.
            [0x00, 0xFF, ..] => {}
            [0xFF, 0x00, ..] => {
                let last = self.last.clone();
                self.send(&last);
            }
            [length, check, ..] if length.wrapping_add(check) == 0 => {
                let data = &frame[5..5 + usize::from(length)];
                let sum = frame[5..frame.len() - 1]
                    .iter()
                    .fold(0u8, |s, b| s.wrapping_add(*b));
                if sum == 0 && data.first() == Some(&0xD4) {
                    self.command(&data[1..]);
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, command: &[u8]) {
        let first = self.heard.as_deref() != Some(command);
        if self.trouble() == Trouble::HardOfHearing && first {
            self.heard = Some(command.to_vec());
            return;
        }
        self.heard = None;
        self.send(&[0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00]);
        self.state.commands.fetch_add(1, Ordering::Relaxed);
        match self.answer(command) {
            Some(data) => {
                let data = [vec![0xD5, command[0] + 1], data].concat();
                let length = data.len() as u8;
                let mut frame = vec![0x00, 0x00, 0xFF, length, length.wrapping_neg()];
                frame.extend(&data);
                let sum = data.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                frame.extend([sum.wrapping_neg(), 0x00]);
                self.last = frame.clone();
                self.broken = self.trouble() == Trouble::BrokenOnce;
                self.send(&frame);
            }
            // An application-level error.
            None => self.send(&[0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00]),
        }
    }

    fn send(&mut self, frame: &[u8]) {
        let mut bytes = frame.to_vec();
        if std::mem::take(&mut self.broken)
            && let Some(sum) = bytes.len().checked_sub(2)
        {
            bytes[sum] ^= 0x5A;
        }
        if self.trouble() == Trouble::Noise {
            bytes = [vec![0x12, 0x00, 0x34, 0xFF], bytes].concat();
        }
        let _ = self.line.write(&bytes);
    }

    /// The data of the answer, behind the command's code (chapter 7).
    fn answer(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        Some(match *command {
            // Diagnose: the communication line test returns what it is given.
            [0x00, 0x00, ref data @ ..] => [vec![0x00], data.to_vec()].concat(),
            [0x00, ..] => vec![0x00],
            // GetFirmwareVersion: a PN532, 1.6, for types A, B and 18092.
            [0x02] => vec![0x32, 0x01, 0x06, 0x07],
            // GetGeneralStatus.
            [0x04] => vec![0x00, 0x00, 0x00, 0x80],
            // ReadRegister, WriteRegister.
            [0x06, ref addresses @ ..] => addresses
                .chunks_exact(2)
                .map(|a| u16::from_be_bytes([a[0], a[1]]))
                .map(|address| self.registers.get(&address).copied().unwrap_or(0))
                .collect(),
            [0x08, ref triples @ ..] => {
                for triple in triples.chunks_exact(3) {
                    let address = u16::from_be_bytes([triple[0], triple[1]]);
                    self.registers.insert(address, triple[2]);
                }
                vec![]
            }
            // SetParameters, SAMConfiguration, RFConfiguration.
            [0x12 | 0x14 | 0x32, ..] => vec![],
            // PowerDown.
            [0x16, ..] => vec![0x00],
            // InCommunicateThru, InDataExchange: the card does not answer.
            [0x40 | 0x42, ..] => vec![0x01],
            // InDeselect, InRelease.
            [0x44 | 0x52, _] => vec![0x00],
            // InListPassiveTarget, 106 kbit/s type A; nothing of other kinds.
            [0x4A, _, 0x00, ..] => self.target(),
            [0x4A, ..] => vec![0x00],
            _ => return None,
        })
    }

    fn target(&self) -> Vec<u8> {
        let card = self
            .state
            .card
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(uid) = card.as_deref() else {
            return vec![0x00];
        };
        // ATQA says how long the UID is (ISO/IEC 14443-3, 6.5.2).
        let size = match uid.len() {
            4 => 0x04,
            7 => 0x44,
            _ => 0x84,
        };
        let mut target = vec![0x01, 0x01, 0x00, size, 0x00, uid.len() as u8];
        target.extend(uid);
        target
    }
}
