//! The flight recorder: what went into a slot's guest and what came out, in a
//! bounded ring on disk; and what can be done with such a record: to run another
//! build on it and say where it differs.
//!
//! In reading order:
//! * [`Moment`]: one thing that happened in a slot
//! * [`Tape`]: the recording end, on the thread that runs the guest
//! * [`Recorder`]: the thread that writes, and never makes anybody wait
//! * `secrets`: what must not stand in a record, and what stands there instead
//! * [`Segment`] and `ring`: the files
//! * [`replay`]: a build on a record, and [`Report`]: what came of it
//! * [`Desk`]: the command `plugpoint replay`
//!
//! What is *not* here: which build is in a slot (see `slots`). A record is never
//! read to run a charger: without it everything works the same.

mod comparison;
mod course;
mod desk;
mod difference;
mod mailbox;
mod moment;
mod readable;
mod refusal;
mod replay;
mod report;
mod ring;
mod secrets;
mod segment;
mod stage;
mod tape;
mod writer;

pub use comparison::{Comparison, Recorded};
pub use desk::{Desk, DeskError};
pub use difference::Difference;
pub use moment::{Identity, Moment, Returned};
pub use refusal::ReplayError;
pub use replay::{Options, replay};
pub use report::Report;
pub use ring::{directory, segments};
pub use segment::{Header, Segment, SegmentError};
pub use tape::Tape;
pub use writer::{RecordFacts, Recorder, RecorderSettings};
