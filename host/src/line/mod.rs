//! Digital lines: how they are named, taken, set and watched.
//!
//! In reading order: [`LineSpec`] (what the configuration says), [`Lines`] (the
//! seam: who gives lines), `cdev` (the kernel's character devices), `bench`
//! (lines for tests of whole processes, out of a socket).
//!
//! Not here: what a line is for (see [`crate::outlet`] and [`crate::guard`]).
//! There is no polling: an [`Input`] has a file descriptor that becomes readable
//! when the line changes.

mod bench;
mod cdev;
#[cfg(test)]
pub(crate) mod fake;
mod spec;

pub use spec::{LineSpec, Place};

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A line that was found: with this it can be taken without further search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAt {
    /// The chip's device file.
    pub chip: PathBuf,
    /// On that chip.
    pub offset: u32,
    /// The electrical level is the opposite of the logical one.
    pub active_low: bool,
    /// As people know it, for messages.
    pub name: String,
}

/// Why a line cannot be used. Said to technicians as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No chip has a line of that name: wrong name, or the chip is missing.
    #[error("line {name:?}: no GPIO chip has a line of this name{known}")]
    Unknown {
        /// As configured.
        name: String,
        /// Which names there are, if any.
        known: String,
    },
    /// The chip is not there, or may not be opened.
    #[error("line {name:?}: chip {chip} cannot be opened: {why}")]
    Chip {
        /// As configured.
        name: String,
        /// Its device file.
        chip: String,
        /// What the system said.
        why: String,
    },
    /// The chip has fewer lines.
    #[error("line {name:?}: chip {chip} has only {lines} lines")]
    Offset {
        /// As configured.
        name: String,
        /// Its device file.
        chip: String,
        /// How many.
        lines: u32,
    },
    /// Somebody else has it.
    #[error("line {name:?} is busy: it is used by {by:?}")]
    Busy {
        /// As configured.
        name: String,
        /// What the kernel knows of the user.
        by: String,
    },
    /// The kernel refuses: wrong direction, no interrupt, hardware gone.
    #[error("line {name:?} cannot be {what}: {why}")]
    Refused {
        /// As configured.
        name: String,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        why: String,
    },
}

/// Who gives lines.
pub trait Lines: Send + Sync {
    /// Looks a line up and sees whether it is free.
    fn find(&self, spec: &LineSpec) -> Result<LineAt, LineError>;

    /// Takes a line as output. It is inactive from the first moment.
    fn output(&self, at: &LineAt, user: &str) -> Result<Box<dyn Output>, LineError>;

    /// Takes a line as input, with both edges.
    fn input(&self, at: &LineAt, user: &str) -> Result<Box<dyn Input>, LineError>;
}

/// An output that was taken. Dropped, it keeps its level.
pub trait Output: Send {
    /// Sets it, active or not.
    fn set(&mut self, active: bool) -> Result<(), LineError>;
}

/// An input that was taken. Its descriptor becomes readable with each edge.
pub trait Input: Send + AsFd {
    /// Active or not, at this moment.
    fn level(&mut self) -> Result<bool, LineError>;

    /// Takes one edge; whether the line became active by it. To be called when
    /// the descriptor is readable.
    fn edge(&mut self) -> Result<bool, LineError>;
}

/// Which lines there are: in a table of the configuration, and in the guard's
/// plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The kernel's.
    #[default]
    Kernel,
    /// **Only for tests**: a socket that plays the chip.
    Bench(PathBuf),
}

impl Source {
    /// Opens it.
    #[must_use]
    pub fn open(&self) -> std::sync::Arc<dyn Lines> {
        match self {
            Self::Kernel => std::sync::Arc::new(cdev::Chips),
            Self::Bench(socket) => std::sync::Arc::new(bench::Bench::new(socket.clone())),
        }
    }
}

/// Looks a line up; one that is busy is waited for until `until`: a process
/// before us may still be letting go of it.
pub fn find_until(lines: &dyn Lines, spec: &LineSpec, until: Instant) -> Result<LineAt, LineError> {
    loop {
        match lines.find(spec) {
            Err(LineError::Busy { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            found => return found,
        }
    }
}
