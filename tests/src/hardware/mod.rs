//! Hardware that the charger under test believes to have: serial lines, meters
//! and readers at their other end. Not here: GPIO, which needs a kernel of its own.

pub mod chip;
pub mod crooked_meter;
mod pty;
pub mod pymodbus;

pub use pty::{Pty, join};
