//! Outlets and their safety, native from end to end: permits, contactors,
//! control pilots, locks, meters, on a thread of their own that waits for nobody.
//!
//! In reading order:
//! * [`rules`]: when a contactor may be closed; pure, the time is an argument;
//! * [`driver`]: the seam to the hardware;
//! * `connection`: cars that come and leave, by number;
//! * `unit`: one outlet, rules and driver together; `watch`: what is told of it;
//! * `thread`: the safety thread, and `attention`: whether it ran; `teller`: the thread that passes on what it saw;
//! * [`gpio`]: hardware on the lines of a board; [`pilot`]: its control pilot;
//! * [`sim`]: simulated hardware.
//!
//! What is *not* here: any idea of sessions, tokens or messages. A guest gives a
//! permit or takes it back; everything else follows from facts.

mod attention;
mod command;
mod connection;
#[cfg(test)]
mod dice;
pub mod driver;
pub mod gpio;
mod group;
mod handle;
mod latency;
mod moment;
pub mod pilot;
pub mod rules;
mod settings;
pub mod sim;
mod teller;
mod thread;
mod unit;
mod watch;

pub use connection::{Departure, OutletNews, OutletView, PermitFate, PermitNews, has_car};
pub use driver::{Facts, Flow, Inputs, LockOrder, OutletDriver, Outputs, Source};
pub use group::{GroupRule, GroupSettings};
pub use handle::{OutletError, Outlets};
pub use latency::Latency;
pub use moment::Moment;
pub use settings::{
    Cycling, DriverError, DriverSettings, Fitter, Fittings, MeterFitter, OutletSettings,
    SafetySettings,
};
pub use sim::{BenchError, Pace, SimBench, SimOptions, SimSettings, SimStorage};

use crate::wit::protocol::{LockMoved, MeterRead, TokenRead};

/// What the hardware has to say to the loop.
#[allow(clippy::large_enum_variant)] // nearly all of them are of the largest
#[derive(Clone, Debug, PartialEq)]
pub enum HardwareEvent {
    /// Something changed at an outlet.
    Outlet(OutletNews),
    /// A permit ended, or was refused, without its component's doing.
    Permit(PermitNews),
    /// A card was read.
    Token(TokenRead),
    /// The answer to [`Outlets::read_meter`].
    Meter(MeterRead),
    /// The answer to [`Outlets::move_lock`].
    LockMoved(LockMoved),
    /// Mains have failed; so many ms are left.
    PowerFailing(u32),
}
