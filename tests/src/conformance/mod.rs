//! A conformance suite for OCPP 1.6-J charge points: each case of the
//! certification once, against whatever implements [`Station`].
//!
//! It is the central system and the laboratory's hands in one. It knows OCPP and
//! the control API's idea of a charger (cars, cards, faults, network, power), and
//! nothing of how a charge point works inside.

pub mod attached;
mod hands;
mod outcome;
mod peer;
mod power;
pub mod process;
mod station;

pub use outcome::{Failure, Outcome};
pub use power::Power;
pub use station::{Answer, Cable, Message, Reply, Station, Traits};
