//! A conformance suite for OCPP 1.6-J charge points: each case of the
//! certification once, against whatever implements [`Station`].
//!
//! It is the central system and the laboratory's hands in one. It knows OCPP and
//! the control API's idea of a charger (cars, cards, faults, network, power), and
//! nothing of how a charge point works inside.
//!
//! In reading order:
//!
//! * [`frame`]: OCPP-J frames as values
//! * [`central_system`]: the central system, on loopback or at any address; it
//!   answers sensibly, and can be told to misbehave
//! * [`charger`]: our own program as a child process, with its configuration, its
//!   control API and its end
//! * `station`: the station under test, as the suite sees it; `deed`: what is
//!   done to it; `outcome`
//! * [`cases`]: the list of cases, and each of them; [`registry`]: what a case is
//! * [`session`]: one case at work; [`expected`]: what it expects; [`tags`]: whose
//!   cards there are
//! * [`files`]: what a station can fetch, and where it can send something
//! * `rules` and [`schema`]: what holds for every message
//! * [`native`]: the `guest-ocpp` library as a station, in virtual time
//! * [`process`], [`attached`]: a real program at the end of a WebSocket, started
//!   here or by somebody else; `hands`, `peer`, `power`: what they share
//! * [`run`]: many cases on many stations, side by side
//! * [`certificate`]: what a run of the cases looks like on a certificate
//!
//! Not here: anything of the system tests. They depend on this crate; this crate
//! knows nothing of them.

pub mod attached;
pub mod cases;
pub mod central_system;
pub mod certificate;
pub mod charger;
mod deed;
pub mod expected;
pub mod files;
pub mod frame;
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
pub use station::{Answer, Cable, Files, Message, Reply, Station, Traits};

/// Says something that is to be read even when the test passes, such as a seed
/// or a figure: past the capture of the test harness.
pub fn tell(text: &str) {
    use std::io::Write as _;
    // Nobody has to listen.
    let _ = writeln!(std::io::stderr(), "{text}");
}
