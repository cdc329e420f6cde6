//! The packages that `cargo xtask dist` makes for a board: what is in them, what
//! they do to a system, and whether the program can live under their unit.
//!
//! `cargo xtask test` makes some for the 32-bit ARM and names their folder in
//! `PLUGPOINT_PACKAGES`.

mod configuration;
mod contents;
mod installation;
mod package;
mod trace;
mod unit;
