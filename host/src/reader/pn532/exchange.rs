//! One command to a PN532 and its answer: acknowledged within a moment, or sent
//! again; answered within a bound, or asked for again if the frame was broken.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use tokio_serial::SerialPort;

use super::frame::{ACK, Decoder, FROM_CHIP, Frame, NACK, TO_CHIP, encode};
use crate::reader::device::ReaderFailure;

/// How long one look at the port waits.
pub(super) const READ_PATIENCE: Duration = Duration::from_millis(20);

/// The chip acknowledges within 15 ms (UM0701-02, 6.2.2); USB adapters add theirs.
const ACK_BOUND: Duration = Duration::from_millis(150);

/// How often a frame is sent, by us or by the chip.
const ATTEMPTS: u32 = 3;

/// A port with a PN532 on it.
pub(super) struct Exchange {
    port: Box<dyn SerialPort>,
    decoder: Decoder,
}

/// What has come of waiting for a frame.
enum Waited {
    For(Frame),
    InVain,
}

impl Exchange {
    pub(super) fn new(port: Box<dyn SerialPort>) -> Self {
        Self {
            port,
            decoder: Decoder::default(),
        }
    }

    /// A chip that sleeps needs a long preamble before it listens (6.3.2.3); what
    /// it was doing is given up.
    pub(super) fn wake_up(&mut self) -> Result<(), ReaderFailure> {
        let mut preamble = vec![0x55, 0x55];
        preamble.extend([0x00; 14]);
        self.write(&preamble)?;
        self.write(&ACK)
    }

    /// Sends a command; the data of its answer.
    pub(super) fn call(
        &mut self,
        command: u8,
        data: &[u8],
        bound: Duration,
    ) -> Result<Vec<u8>, ReaderFailure> {
        let frame = encode(TO_CHIP, &[&[command], data].concat());
        self.forget_input()?;
        self.send(&frame)?;
        self.answer(command.wrapping_add(1), bound)
    }

    fn send(&mut self, frame: &[u8]) -> Result<(), ReaderFailure> {
        let mut heard = false;
        for _ in 0..ATTEMPTS {
            self.write(frame)?;
            let until = Instant::now() + ACK_BOUND;
            while let Waited::For(frame) = self.wait(until)? {
                match frame {
                    Frame::Ack => return Ok(()),
                    // Late, from before; or noise.
                    Frame::Data(..) | Frame::Error | Frame::Broken => heard = true,
                    Frame::Nack => break,
                }
            }
        }
        Err(if heard {
            ReaderFailure::Nonsense("commands are not acknowledged".into())
        } else {
            ReaderFailure::Silent
        })
    }

    fn answer(&mut self, code: u8, bound: Duration) -> Result<Vec<u8>, ReaderFailure> {
        let mut broken = 0;
        let mut until = Instant::now() + bound;
        loop {
            match self.wait(until)? {
                Waited::For(Frame::Data(FROM_CHIP, mut data)) if data.first() == Some(&code) => {
                    return Ok(data.split_off(1));
                }
                Waited::For(Frame::Error) => {
                    return Err(ReaderFailure::Nonsense("it refuses a command".into()));
                }
                Waited::For(Frame::Broken) => {
                    broken += 1;
                    if broken == ATTEMPTS {
                        return Err(ReaderFailure::Nonsense("broken frames".into()));
                    }
                    self.decoder.clear();
                    self.write(&NACK)?;
                    until = Instant::now() + bound;
                }
                // An acknowledgement too many, or the answer to something before.
                Waited::For(Frame::Ack | Frame::Nack | Frame::Data(..)) => {}
                Waited::InVain => return Err(ReaderFailure::Silent),
            }
        }
    }

    fn wait(&mut self, until: Instant) -> Result<Waited, ReaderFailure> {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                return Ok(Waited::For(frame));
            }
            if Instant::now() >= until {
                return Ok(Waited::InVain);
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), ReaderFailure> {
        let mut buffer = [0; 512];
        match self.port.read(&mut buffer) {
            Ok(0) => Err(ReaderFailure::Gone("the line was hung up".into())),
            Ok(count) => {
                self.decoder.push(&buffer[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                Ok(())
            }
            Err(error) => Err(ReaderFailure::Gone(error.to_string())),
        }
    }

    /// What came before a command is no answer to it.
    fn forget_input(&mut self) -> Result<(), ReaderFailure> {
        self.decoder.clear();
        let gone = |error: tokio_serial::Error| ReaderFailure::Gone(error.to_string());
        self.port
            .clear(tokio_serial::ClearBuffer::Input)
            .map_err(gone)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ReaderFailure> {
        let written = self.port.write_all(bytes);
        written.map_err(|error| ReaderFailure::Gone(error.to_string()))
    }
}
