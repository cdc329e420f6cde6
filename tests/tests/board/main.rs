//! The program on an emulated board with a real kernel, through real interfaces
//! only. `cargo xtask board` runs `session`, `cargo xtask board --safety` the rest.

mod meter;
mod safety;
mod session;
mod stage;
