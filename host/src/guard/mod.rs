//! The guard: a second, tiny process that owns the contactor lines and the
//! safety inputs, so that a charger whose main process is dead or hangs has open
//! contactors.
//!
//! In reading order:
//! * this file: the words between the two processes;
//! * `rule`: when a contactor is closed; pure;
//! * `process`: the guard itself, `plugpoint guard`;
//! * `keeper`: the main process's side: starts the guard, listens to it, and
//!   takes its place when it is gone.
//!
//! **A contactor is closed only while** the main process has permitted it and is
//! heard of, no emergency stop and no residual current is seen, and the plug is
//! in. What opened it by itself must be permitted anew.
//!
//! What the guard does *not* know: pilots, locks, meters, guests, time of day.
//! It starts no thread, no async runtime and no component; after its start it
//! allocates nothing that grows.

mod keeper;
mod process;
mod rule;
mod signals;
mod watchdog;

pub use keeper::{Guard, GuardError, Seen};
pub use process::run;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::line::{LineAt, Source};

/// What the guard is told at its start: one line of JSON on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Without a heartbeat for so long, the main process counts as hung.
    pub bound_ms: u32,
    /// A hardware watchdog to feed.
    pub watchdog: Option<PathBuf>,
    /// Which lines there are.
    pub source: Source,
    /// One per outlet.
    pub relays: Vec<RelayPlan>,
}

/// The lines of one outlet that are the guard's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RelayPlan {
    /// Output; active: closed.
    pub contactor: LineAt,
    /// Active: pressed. Several outlets may name the same line, as with the next two.
    pub emergency_stop: Option<LineAt>,
    /// Active: a residual current was detected.
    pub residual_current: Option<LineAt>,
    /// Active: a plug is in.
    pub plug: Option<LineAt>,
}

/// What the main process says: two bytes, an order and the relay's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Still there. The relay's index means nothing.
    Alive,
    /// This contactor may close.
    Permit(u8),
    /// It may not.
    Revoke(u8),
}

impl Order {
    fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Alive => [b'H', 0],
            Self::Permit(relay) => [b'P', relay],
            Self::Revoke(relay) => [b'R', relay],
        }
    }

    fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
        match bytes {
            [b'H', _] => Some(Self::Alive),
            [b'P', relay] => Some(Self::Permit(relay)),
            [b'R', relay] => Some(Self::Revoke(relay)),
            _ => None,
        }
    }
}

/// What the guard says of one relay: two bytes, its index and these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayState {
    /// The contactor's line is active.
    pub closed: bool,
    /// The emergency stop is pressed.
    pub emergency_stop: bool,
    /// A residual current is detected.
    pub residual_current: bool,
    /// A plug is in; false too if there is no such line.
    pub plugged: bool,
    /// The guard opened, or did not close, against the permit. Until the next
    /// order.
    pub tripped: bool,
    /// A line of this relay cannot be used.
    pub broken: bool,
}

impl RelayState {
    fn to_byte(self) -> u8 {
        [
            self.closed,
            self.emergency_stop,
            self.residual_current,
            self.plugged,
            self.tripped,
            self.broken,
        ]
        .into_iter()
        .enumerate()
        .fold(0, |byte, (bit, set)| byte | u8::from(set) << bit)
    }

    const fn from_byte(byte: u8) -> Self {
        Self {
            closed: byte & 1 != 0,
            emergency_stop: byte & 2 != 0,
            residual_current: byte & 4 != 0,
            plugged: byte & 8 != 0,
            tripped: byte & 16 != 0,
            broken: byte & 32 != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        for order in [Order::Alive, Order::Permit(3), Order::Revoke(255)] {
            assert_eq!(Order::from_bytes(order.to_bytes()), Some(order));
        }
        assert_eq!(Order::from_bytes([0, 0]), None);
        for byte in 0..64 {
            assert_eq!(RelayState::from_byte(byte).to_byte(), byte);
        }
    }
}
