//! A conformance suite for OCPP 1.6-J charge points: each case of the
//! certification once, against whatever implements [`Station`].
//!
//! It is the central system and the laboratory's hands in one. It knows OCPP and
//! the control API's idea of a charger (cars, cards, faults, network, power), and
//! nothing of how a charge point works inside.
//!
//! In reading order:
//!
//! * `station`: the station under test, as the suite sees it; `deed`: what is
//!   done to it; `outcome`
//! * [`cases`]: the list of cases, and each of them; [`registry`]: what a case is
//! * [`session`]: one case at work; [`expected`]: what it expects; [`tags`]: whose
//!   cards there are
//! * `rules` and [`schema`]: what holds for every message
//! * [`native`]: the `guest-ocpp` library as a station, in virtual time
//! * [`process`], [`attached`]: a real program at the end of a WebSocket, started
//!   here or by somebody else; `hands`, `peer`, `power`: what they share
//! * [`run`]: many cases on many stations, side by side

pub mod attached;
pub mod cases;
mod deed;
pub mod expected;
mod hands;
pub mod native;
mod outcome;
mod peer;
mod power;
pub mod process;
pub mod registry;
mod rules;
pub mod run;
pub mod schema;
pub mod session;
mod station;
pub mod tags;

pub use deed::Deed;
pub use outcome::{Failure, Outcome};
pub use power::Power;
pub use registry::{Case, Group, Needs};
pub use session::Session;
pub use station::{Answer, Cable, Message, Reply, Station, Traits};
