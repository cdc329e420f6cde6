//! Meters, through the real program: what it reads from servers of the package
//! `pymodbus`, and what it makes of meters that misbehave. The right value or a
//! named fault, never a wrong value.

mod configuration;
mod crooked;
mod presets;
mod session;
mod shared_bus;
mod stage;
mod types;
