//! All that can be wrong with a meter, in the words that a technician and the
//! back office read. The one at fault is the meter, its wiring or its map.

use crate::meter::map::Batch;

/// Why there is no reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeterFailure {
    /// The serial device is not there or may not be used; the far end does not
    /// take the connection.
    #[error("cannot reach it: {0}")]
    Unreachable(String),
    /// Wrong unit number, wrong speed or parity, wires swapped, no power.
    #[error("no answer within {0} ms")]
    Silent(u128),
    /// Noise, wrong speed or parity, two devices with one number.
    #[error("garbled answer ({0} bytes, none of them a valid frame)")]
    Garbled(usize),
    /// The connection ended before the answer did.
    #[error("connection closed in an answer, after {0} bytes")]
    Closed(usize),
    /// The meter refuses: the map does not fit it.
    #[error("exception {code} ({word}) for {batch}")]
    Exception {
        /// As in the frame.
        code: u8,
        /// Its name in the standard.
        word: &'static str,
        /// What was asked for.
        batch: Batch,
    },
    /// Another unit, another function or another number of registers.
    #[error("answer to something else than {0}")]
    Mismatch(Batch),
    /// The meter says that it has no energy register, or writes no number.
    #[error("energy register: not available")]
    NoEnergy,
    /// A value that no meter can have: the map does not fit it.
    #[error("register {0}: impossible value")]
    Impossible(u16),
    /// The energy register is lower than before: another meter, or a broken one.
    #[error("energy went back from {before_wh} to {now_wh} Wh")]
    WentBack {
        /// What it was.
        before_wh: u64,
        /// What it says now.
        now_wh: u64,
    },
}

impl MeterFailure {
    /// The meter answers, but what it says cannot be used: it is asked again at
    /// its usual pace, and it is a fault without delay.
    #[must_use]
    pub fn is_in_the_values(&self) -> bool {
        matches!(
            self,
            Self::NoEnergy | Self::Impossible(_) | Self::WentBack { .. }
        )
    }
}

/// The standard's name of an exception.
#[must_use]
pub fn exception_word(code: u8) -> &'static str {
    match code {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "device failure",
        5 => "acknowledge",
        6 => "device busy",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "no answer behind the gateway",
        _ => "unknown",
    }
}
