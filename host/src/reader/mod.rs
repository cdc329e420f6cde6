//! Readers of cards: which there are and which outlets they serve.
//!
//! A reader is no part of safety. A driver on real hardware has a thread of its
//! own and sends what it reads as
//! [`HardwareEvent::Token`](crate::outlet::HardwareEvent) by way of
//! [`TokenSink`]; the simulated one is driven by
//! [`SimBench::present_card`](crate::outlet::SimBench::present_card).
//!
//! In reading order:
//! * [`device`]: what a reader on real hardware is, and how it is opened;
//! * `thread`: the thread of one reader: cards, failures, trying again;
//! * [`uid`]: from what was read to a token; `debounce`: a card held too long;
//! * `serial` and `lines`: readers that write a line per card;
//! * [`pn532`]: the chip of that name on a serial line;
//! * `keyboard` and [`typing`]: readers that type.

mod debounce;
pub mod device;
mod keyboard;
mod lines;
pub mod pn532;
mod serial;
mod thread;
pub mod typing;
pub mod uid;

pub use device::{DeviceDriver, DeviceSettings, ReaderFailure};
pub use thread::start;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::outlet::HardwareEvent;
use crate::wit::protocol::{Token, TokenKind, TokenRead};

/// The longest token of the interface, in bytes. A protocol may carry less.
pub const MAX_TOKEN_BYTES: usize = 255;

/// A reader, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Unique; shown to policies and in the log.
    pub name: String,
    /// Numbers of the outlets that it serves.
    pub outlets: Vec<u32>,
    /// What reads the card.
    pub driver: ReaderDriver,
}

/// What reads the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderDriver {
    /// Nothing does: cards are presented through the simulation.
    Sim,
    /// A device with a thread of its own.
    Device,
}

/// Why a token is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The reader sent nothing.
    #[error("the token is empty")]
    Empty,
    /// Longer than [`MAX_TOKEN_BYTES`]; cutting it could make two cards equal.
    #[error("the token has {0} bytes; {MAX_TOKEN_BYTES} are allowed")]
    TooLong(usize),
    /// Control characters: the reader is set up wrongly.
    #[error("the token has characters that are not printable")]
    NotPrintable,
}

/// Where a reader's driver puts what it has read.
#[derive(Clone, Debug)]
pub struct TokenSink {
    events: UnboundedSender<HardwareEvent>,
    clock: Clock,
}

impl TokenSink {
    pub(crate) fn new(events: UnboundedSender<HardwareEvent>, clock: Clock) -> Self {
        Self { events, clock }
    }

    /// Passes a token on, if it is one. The driver has removed the repetitions
    /// of a card held too long.
    pub fn put(
        &self,
        reader: &str,
        outlets: Vec<u32>,
        token: &str,
        kind: TokenKind,
    ) -> Result<(), TokenError> {
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong(token.len()));
        }
        if token.chars().any(char::is_control) {
            return Err(TokenError::NotPrintable);
        }
        // A receiver that is gone means that the process is ending.
        let _ = self.events.send(HardwareEvent::Token(TokenRead {
            reader: reader.to_owned(),
            token: Token {
                id: token.to_owned(),
                kind,
            },
            outlets,
            at: self.clock.stamp(),
        }));
        Ok(())
    }
}
