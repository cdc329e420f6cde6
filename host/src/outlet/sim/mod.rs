//! Simulated hardware: an outlet with pilot, contactor, lock and meter, and a
//! car that behaves. A driver like the others; [`SimBench`] is the hand that
//! plugs cars in and presents cards.
//!
//! Not here: threads and clocks. The simulation lives on the safety thread and
//! takes the time as argument, so a night of charging takes a moment in a test.

mod bench;
mod car;
mod keeper;
mod lock;
mod outlet;
mod registers;
mod saved;
#[cfg(test)]
mod tests;
mod words;

pub use bench::{BenchError, SimBench};
pub use car::Pace;
pub use outlet::SimOutlet;
pub use saved::{SimStorage, StorageError};

pub(super) use bench::{BenchAnswer, BenchOrder, OutletOrder, Worked};
pub(super) use keeper::{Keep, Keeper};
pub(super) use registers::Registers;
pub(super) use saved::Saved;
#[cfg(test)]
use saved::SavedOutlet;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is simulated at one outlet.
#[derive(Clone, Debug, Default)]
pub struct SimSettings {
    /// How fast the simulated car and lock are.
    pub pace: Pace,
}

/// The simulation as a whole.
#[derive(Clone)]
pub struct SimOptions {
    /// The register goes back to 0 at each plug-in, and is not kept.
    pub meter_starts_at_zero: bool,
    /// Plug, faults and emergency stop survive the process, in `storage`.
    pub persistent: bool,
    /// The file with the meters' registers; none: they begin at 0.
    pub registers: Option<PathBuf>,
    /// Where plug and faults are kept if `persistent`.
    pub storage: Option<Arc<dyn SimStorage>>,
    /// How long the charger lives after its mains have failed.
    pub hold_up: Duration,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            meter_starts_at_zero: false,
            persistent: false,
            registers: None,
            storage: None,
            hold_up: Duration::from_millis(500),
        }
    }
}

impl std::fmt::Debug for SimOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimOptions")
            .field("meter_starts_at_zero", &self.meter_starts_at_zero)
            .field("persistent", &self.persistent)
            .field("registers", &self.registers)
            .finish_non_exhaustive()
    }
}
