//! What an energy meter is to the rest of the host: something that can be asked
//! for a [`Sample`] without waiting.
//!
//! * [`map`]: what stands in which register of which make of meter;
//! * [`modbus`]: meters on a bus or on the network, each bus on its own thread.
//!
//! Not here: what is done with a reading (see [`crate::outlet`]).

pub mod map;
pub mod modbus;

use std::time::Duration;

use crate::outlet::Moment;
use crate::wit::protocol::{Measurement, SignedData};

/// What a meter said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Active import register, thousandths of a Wh.
    pub energy_mwh: u64,
    /// All else that the meter offers, always in the same order.
    pub measurements: Vec<Measurement>,
    /// When it was read.
    pub at: Moment,
    /// The register's own time stamp, Unix ms.
    pub register_ms: Option<i64>,
    /// The register as the meter has signed it.
    pub signed: Option<SignedData>,
}

/// What comes of asking a meter.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The meter answers without delay.
    Now(Sample),
    /// The question is on its way; the answer comes through
    /// [`Inputs::sample`](crate::outlet::Inputs::sample).
    Later,
    /// The meter is known not to answer.
    Silent,
}

/// A meter, as the safety thread sees it.
pub trait Meter: Send {
    /// Asks for a reading. Never blocks: a meter on a bus has a thread of its
    /// own. Asked again while a question is on its way, it may join the two.
    fn ask(&mut self, now: Moment) -> Answer;

    /// How often it is to be asked while nothing presses; none: as usual.
    fn pace(&self) -> Option<Duration> {
        None
    }
}
