//! What the safety thread is told. One channel, in order, never full.

use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::sync::oneshot;

use super::driver::Source;
use super::rules::Clamp;
use super::sim::{BenchAnswer, BenchOrder};
use crate::meter::Sample;
use crate::wit::protocol::{Fault, Indication, LockMove, MeterRequest, Permit};

/// An order to the safety thread, or a driver's call for attention.
#[derive(Debug)]
pub(super) enum Command {
    /// A permit, and the connection that it was decided for.
    Permit(Permit, u64),
    /// Lowers the permit in force, if it is of the same session.
    Lower(Permit),
    /// What is said of a session at an outlet, in place of what was said before.
    Clamp(u32, u64, Vec<Clamp>),
    Revoke(u32),
    /// The component knows of all departures before this connection.
    Known(u32, u64),
    MoveLock(LockMove),
    ReadMeter(MeterRequest),
    Indicate(Indication),
    GuestHealthy(bool),
    /// The clock was set, and no component is at work.
    ClockStepped,
    RevokeAll,
    /// An input of this outlet has changed.
    Edge(u32, Instant),
    /// The answer of this outlet's meter.
    Sample(u32, Option<Sample>),
    /// What is wrong with a device beside this outlet, or that it is well again.
    Trouble(u32, Source, Option<Fault>),
    /// Somebody works the simulation; `at` is when that was.
    Bench {
        order: BenchOrder,
        at: Instant,
        answer: Sender<BenchAnswer>,
    },
    /// A turn is wanted and nothing else: to see that there are turns.
    Turn,
    /// Answered once everything before is to be seen in the snapshot.
    Sync(oneshot::Sender<()>),
    /// Open everything and end.
    Shutdown,
}
