//! Plugpoint: the native runtime of an EV charge point.
//!
//! In reading order:
//! * [`wit`]: the contract with guests, as Rust types; the host's vocabulary
//! * [`station`]: the loop that ties everything together
//! * [`guest`]: components: engine, limits, instances
//! * [`slots`]: which version of a component runs, and how another one comes
//! * [`store`]: what outlives the power
//! * [`recorder`]: what happened in a slot, and another build on the same
//! * [`outlet`], [`meter`], [`reader`]: hardware and the safety thread
//! * [`guard`]: the second process, which owns the contactors' lines; [`mod@line`]: lines
//! * [`link`]: the WebSocket
//! * [`services`]: what a guest can ask for: clock, transfers, keys
//! * [`policy`]: the chain of authorization policies
//! * [`control`]: the HTTP API; [`board`], [`equipment`] and [`journal`] are what it shows
//! * [`logging`]: the sink of the log; `secrets`: what is shown nowhere
//! * `manager`: what the service manager that started us is told
//! * [`config`]: the configuration file; [`check`]: whether the hardware is as it says
//! * [`operator`]: the commands for whoever looks after a charger; [`component`]: those
//!   for components
//! * [`residue`]: what the start leaves in memory, and how it goes
//! * `kit`: for authors of plugins; nothing that a charger needs
//!
//! What is *not* here: any knowledge of what a charger says to a central system.
//! No message and no key of such a protocol is named in this crate.

#![deny(unsafe_code)]

pub mod board;
pub mod carried;
pub mod check;
pub mod clock;
pub mod component;
pub mod config;
pub mod control;
mod crash;
pub mod equipment;
pub mod guard;
pub mod guest;
mod health;
pub mod journal;
#[cfg(feature = "kit")]
pub mod kit;
pub mod line;
pub mod link;
pub mod logging;
mod manager;
pub mod meter;
pub mod operator;
pub mod outlet;
pub mod policy;
mod priority;
mod random;
pub mod reader;
mod reboot;
pub mod recorder;
pub mod residue;
mod rfc3339;
mod secrets;
pub mod services;
pub mod sessions;
pub mod slots;
pub mod station;
pub mod store;
mod timers;
mod whole_file;
pub mod wit;
mod words;
pub mod zone;
