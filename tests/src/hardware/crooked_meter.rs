//! A meter with one 32-bit register, 0, that answers as a test wants: rightly,
//! not at all, or in every wrong way. Modbus TCP, or RTU on a serial line.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Pty;

/// How it answers from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Right,
    /// Not at all.
    Silent,
    /// With bytes that are no frame.
    Garbage,
    /// With a frame whose checksum is wrong; on TCP, whose head is.
    BrokenFrame,
    /// With noise before the right frame.
    NoiseFirst,
    /// With an exception.
    Exception(u8),
    /// For another unit.
    OtherUnit,
    /// For another function.
    OtherFunction,
    /// With one register too few.
    TooShort,
    /// With one register too many.
    TooLong,
    /// With the answer to a request before this one; on TCP only.
    OldTransaction,
    /// With the first bytes of the answer; then it closes (TCP) or falls silent.
    CutShort,
    /// It closes at once; on TCP only.
    Closes,
    /// Rightly, but so much later.
    Late(Duration),
}

/// Its map of registers: one of 32 bits in Wh.
pub const PLAIN_MAP: &str = r#"
name = "Crooked"
source = "the test"
[[register]]
address = 0
type = "u32"
measurand = "energy-active-import"
unit = "Wh"
"#;

/// A running one; it ends when it is dropped.
#[derive(Debug)]
pub struct CrookedMeter {
    state: Arc<State>,
    place: String,
}

#[derive(Debug)]
struct State {
    value: Mutex<u32>,
    manner: Mutex<Manner>,
    asked: AtomicUsize,
    stop: AtomicBool,
}

impl CrookedMeter {
    /// On a free port of the loopback.
    ///
    /// # Errors
    /// If there is none.
    pub fn tcp(value: u32) -> anyhow::Result<CrookedMeter> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let place = listener.local_addr()?.to_string();
        let meter = CrookedMeter::new(value, place);
        let state = meter.state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if state.stop.load(Ordering::Relaxed) {
                    return;
                }
                let state = state.clone();
                std::thread::spawn(move || serve_tcp(stream, &state));
            }
        });
        Ok(meter)
    }

    /// At our end of a line, for as long as it is kept.
    pub fn rtu(value: u32, line: Pty) -> CrookedMeter {
        let meter = CrookedMeter::new(value, line.path().to_string_lossy().into_owned());
        let state = meter.state.clone();
        std::thread::spawn(move || serve_rtu(&line, &state));
        meter
    }

    fn new(value: u32, place: String) -> CrookedMeter {
        CrookedMeter {
            state: Arc::new(State {
                value: Mutex::new(value),
                manner: Mutex::new(Manner::Right),
                asked: AtomicUsize::new(0),
                stop: AtomicBool::new(false),
            }),
            place,
        }
    }

    /// `ADDRESS:PORT`, or the device.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What the register says from now on.
    pub fn set(&self, value: u32) {
        *self
            .state
            .value
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// How it answers from now on.
    pub fn behave(&self, manner: Manner) {
        *self
            .state
            .manner
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Relaxed)
    }
}

impl Drop for CrookedMeter {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        // Wakes the listener; a serial line is looked at often enough.
        let _ = TcpStream::connect(&self.place);
    }
}

impl State {
    fn manner(&self) -> Manner {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Function and data of an answer to a reading of all registers.
    fn answer(&self, function: u8, manner: Manner) -> Vec<u8> {
        let value = *self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let mut data = value.to_be_bytes().to_vec();
        match manner {
            Manner::Exception(code) => return vec![function | 0x80, code],
            Manner::TooShort => data.truncate(2),
            Manner::TooLong => data.extend([0, 0]),
            _ => {}
        }
        let function = match manner {
            Manner::OtherFunction if function == 3 => 4,
            Manner::OtherFunction => 3,
            _ => function,
        };
        let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
        [vec![function, length], data].concat()
    }
}

fn serve_tcp(mut stream: TcpStream, state: &State) {
    let mut head = [0; 7];
    while stream.read_exact(&mut head).is_ok() && !state.stop.load(Ordering::Relaxed) {
        let mut pdu = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) - 1];
        if stream.read_exact(&mut pdu).is_err() {
            return;
        }
        let manner = state.manner();
        let answer = state.answer(pdu[0], manner);
        let mut frame = head.to_vec();
        frame[5] = u8::try_from(answer.len() + 1).unwrap_or(u8::MAX);
        frame.extend(answer);
        match manner {
            Manner::Silent => continue,
            Manner::Closes => return,
            Manner::Garbage => frame = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            // The protocol identifier is always 0.
            Manner::BrokenFrame => frame[2] = 0x55,
            Manner::OtherUnit => frame[6] ^= 0x10,
            Manner::OldTransaction => frame[1] = frame[1].wrapping_sub(1),
            Manner::CutShort => {
                let _ = stream.write_all(&frame[..9]);
                return;
            }
            Manner::Late(by) => std::thread::sleep(by),
            _ => {}
        }
        if stream.write_all(&frame).is_err() {
            return;
        }
    }
}

fn serve_rtu(line: &Pty, state: &State) {
    const LOOK: Duration = Duration::from_millis(5);
    let mut request = Vec::new();
    while !state.stop.load(Ordering::Relaxed) {
        match line.read(LOOK) {
            Ok(bytes) if bytes.is_empty() => continue,
            Ok(bytes) => request.extend(bytes),
            Err(_) => return,
        }
        // A request to read is always 8 bytes long.
        if request.len() < 8 {
            continue;
        }
        let manner = state.manner();
        let unit = match manner {
            Manner::OtherUnit => request[0] ^ 0x10,
            _ => request[0],
        };
        let mut frame = [vec![unit], state.answer(request[1], manner)].concat();
        request.clear();
        frame.extend(crc(&frame).to_le_bytes());
        match manner {
            Manner::Silent | Manner::Closes => continue,
            Manner::Garbage => frame = vec![0x13, 0x37, 0xC0, 0xFF, 0xEE, 0x00],
            Manner::BrokenFrame => {
                if let Some(last) = frame.last_mut() {
                    *last ^= 0xFF;
                }
            }
            Manner::NoiseFirst => frame = [vec![0x00, 0xFF, 0x55], frame].concat(),
            Manner::CutShort => frame.truncate(4),
            Manner::Late(by) => std::thread::sleep(by),
            _ => {}
        }
        if line.write(&frame).is_err() {
            return;
        }
    }
}

/// CRC-16 of the Modbus standard.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xA001
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn checksum_of_the_standard() {
        // The example of "MODBUS over serial line" V1.02, appendix B.
        assert_eq!(super::crc(&[0x02, 0x07]).to_le_bytes(), [0x41, 0x12]);
    }
}
