//! Meters that speak Modbus, on a serial bus (RTU) or on the network (TCP).
//!
//! In reading order:
//! * [`settings`]: where a meter is and how patiently it is asked;
//! * `bus`: the thread of one bus, which asks its meters one after another;
//! * `line`: one connection and one request; `tap`: what came in on it;
//! * `reading`: from registers to values; `count`: a register that must grow;
//! * `patience`: when a silent meter is asked again, and when that is a fault;
//! * [`failure`]: all that can be wrong, in words;
//! * [`probe`]: one look at a meter, for `plugpoint check`.
//!
//! The safety thread holds one [`Meter`](super::Meter) per meter, which only
//! leaves word with the bus. Nothing here runs on the safety thread but that.

mod bus;
mod count;
pub mod failure;
mod handle;
mod line;
mod patience;
pub mod probe;
mod reading;
pub mod settings;
mod tap;

pub use bus::Buses;
pub use failure::MeterFailure;
pub use settings::{Connection, MeterSettings, Parity, StopBits};
