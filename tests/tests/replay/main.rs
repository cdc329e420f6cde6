//! The flight recorder: records that the real program has made, replayed by the
//! real command on the same build, and on builds that differ.

mod builds;
mod desk;
mod disk;
mod earlier;
mod failures;
mod policy;
mod preflight;
mod record;
mod ring;
mod secrets;
#[allow(dead_code)] // the sessions need all of it
#[path = "../sessions/stage.rs"]
mod stage;
#[allow(dead_code)] // the swaps need all of it
#[path = "../swap/vendor.rs"]
mod vendor;
