//! The program on an emulated board with a real kernel, through real interfaces
//! only. `cargo xtask board` runs `session`, `cargo xtask board --safety` runs `safety`,
//! and `cargo xtask test` all.

mod broken_hardware;
mod keyboard;
mod meter;
mod safety;
mod session;
mod stage;
mod watchdog;
