//! An outlet on the lines of a board.
//!
//! In reading order: [`GpioSettings`] (the table of lines, from the
//! configuration), `fit` (finds and takes the lines, starts the guard), `outlet`
//! (the driver), `inputs` (levels that follow their lines), `lock` (the motor),
//! `indicator` (the lamps).
//!
//! The contactor's line, emergency stop, residual current and plug are not taken
//! here: they are the guard's (see [`crate::guard`]).
//!
//! A line that cannot be used is a fault of its outlet and no more: the other
//! outlets, and everything that has no need of it, work.

mod fit;
mod indicator;
mod inputs;
mod lock;
mod outlet;
mod settings;
#[cfg(test)]
mod tests;

pub use fit::fit;
pub(in crate::outlet) use inputs::Level;
pub use settings::{GpioSettings, GuardSettings, Lamp, LockLines, LookName, PilotSettings, Table};
