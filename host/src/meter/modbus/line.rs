//! One connection to a bus, and one request on it. After anything but an answer
//! the connection is dropped: what was still to come on it is never taken for
//! the answer to a later request.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_modbus::client::{Client as _, Context, rtu, tcp};
use tokio_modbus::slave::{Slave, SlaveContext as _};
use tokio_modbus::{Error, ExceptionCode, Request, Response};
use tokio_serial::{ClearBuffer, SerialPort as _, SerialStream};

use super::failure::{MeterFailure, exception_word};
use super::settings::{Connection, Parity, StopBits};
use super::tap::{Counter, Tap};
use crate::meter::map::{Batch, Function};

/// Between two frames on a serial bus: a little more than the 3.5 characters of
/// the standard at 9600 baud.
const LEAST_PAUSE: Duration = Duration::from_millis(5);

/// A bus, connected or not.
pub(super) struct Line {
    connection: Connection,
    open: Option<Open>,
}

struct Open {
    context: Context,
    counter: Counter,
    /// Something was answered on it.
    proven: bool,
}

impl Line {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            open: None,
        }
    }

    /// Reads registers of a meter. A network connection that the far end has
    /// closed since the last answer is opened anew once.
    pub(super) async fn read(
        &mut self,
        unit: u8,
        batch: Batch,
        bound: Duration,
    ) -> Result<Vec<u16>, MeterFailure> {
        let was_proven = self.open.as_ref().is_some_and(|open| open.proven);
        let result = self.ask(unit, batch, bound).await;
        match result {
            Err(MeterFailure::Closed(0)) if was_proven && !self.is_serial() => {
                self.ask(unit, batch, bound).await
            }
            result => result,
        }
    }

    fn is_serial(&self) -> bool {
        matches!(self.connection, Connection::Rtu { .. })
    }

    async fn ask(
        &mut self,
        unit: u8,
        batch: Batch,
        bound: Duration,
    ) -> Result<Vec<u16>, MeterFailure> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open(bound).await?,
        };
        if let Connection::Rtu { baud, .. } = &self.connection {
            sleep(pause(*baud)).await;
        }
        open.context.set_slave(Slave(unit));
        open.counter.begin();
        let request = match batch.function {
            Function::Holding => Request::ReadHoldingRegisters(batch.address, batch.count),
            Function::Input => Request::ReadInputRegisters(batch.address, batch.count),
        };
        let answer = timeout(bound, open.context.call(request)).await;
        let came = open.counter.bytes();
        let ended = open.counter.has_ended();
        let words = match answer {
            Ok(Ok(Ok(
                Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words),
            ))) => words,
            Ok(Ok(Ok(_)) | Err(Error::Protocol(_))) => return Err(MeterFailure::Mismatch(batch)),
            Ok(Ok(Err(exception))) => {
                open.proven = true;
                self.open = Some(open);
                return Err(refused(exception, batch));
            }
            Ok(Err(Error::Transport(_))) if ended => return Err(MeterFailure::Closed(came)),
            Ok(Err(Error::Transport(_))) if came > 0 => return Err(MeterFailure::Garbled(came)),
            Ok(Err(Error::Transport(error))) => {
                return Err(MeterFailure::Unreachable(error.to_string()));
            }
            Err(_) if came > 0 => return Err(MeterFailure::Garbled(came)),
            Err(_) => return Err(MeterFailure::Silent(bound.as_millis())),
        };
        if words.len() != usize::from(batch.count) {
            return Err(MeterFailure::Mismatch(batch));
        }
        open.proven = true;
        self.open = Some(open);
        Ok(words)
    }

    async fn open(&self, bound: Duration) -> Result<Open, MeterFailure> {
        let counter = Counter::default();
        let unreachable = |text: String| MeterFailure::Unreachable(text);
        let context = match &self.connection {
            Connection::Tcp { address } => {
                let stream = match timeout(bound, TcpStream::connect(address.as_str())).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => return Err(unreachable(error.to_string())),
                    Err(_) => {
                        let ms = bound.as_millis();
                        return Err(unreachable(format!("not connected within {ms} ms")));
                    }
                };
                if let Err(error) = stream.set_nodelay(true) {
                    return Err(unreachable(error.to_string()));
                }
                tcp::attach(Tap {
                    inner: stream,
                    counter: counter.clone(),
                })
            }
            Connection::Rtu {
                path,
                baud,
                parity,
                stop_bits,
            } => {
                let port = tokio_serial::new(path.to_string_lossy(), *baud)
                    .parity(match parity {
                        Parity::None => tokio_serial::Parity::None,
                        Parity::Even => tokio_serial::Parity::Even,
                        Parity::Odd => tokio_serial::Parity::Odd,
                    })
                    .stop_bits(match stop_bits {
                        StopBits::One => tokio_serial::StopBits::One,
                        StopBits::Two => tokio_serial::StopBits::Two,
                    });
                let wrong = |error| unreachable(format!("{}: {error}", path.display()));
                let stream = SerialStream::open(&port).map_err(wrong)?;
                // An answer that came too late for a request before.
                stream.clear(ClearBuffer::All).map_err(wrong)?;
                rtu::attach(Tap {
                    inner: stream,
                    counter: counter.clone(),
                })
            }
        };
        Ok(Open {
            context,
            counter,
            proven: false,
        })
    }
}

fn pause(baud: u32) -> Duration {
    // 3.5 characters of 11 bits.
    Duration::from_micros(38_500_000 / u64::from(baud.max(1))).max(LEAST_PAUSE)
}

fn refused(exception: ExceptionCode, batch: Batch) -> MeterFailure {
    let code = u8::from(exception);
    MeterFailure::Exception {
        code,
        word: exception_word(code),
        batch,
    }
}
