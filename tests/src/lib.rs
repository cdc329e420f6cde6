//! What the system tests of Plugpoint are made of.
//!
//! In reading order:
//!
//! * [`frame`]: OCPP-J frames as values;
//! * [`central_system`]: a central system that runs in the test's own process
//!   on loopback, answers sensibly, and can be told to misbehave;
//! * [`ledger`]: checks what a central system has seen for what must never
//!   happen: a lost, doubled or disordered transaction message;
//! * [`conformance`]: the certification's cases, against any charge point;
//! * [`certificate`]: what a run of the cases looks like on a certificate;
//! * [`charger`]: the real program as a child process, with its configuration,
//!   its control API and its end;
//! * [`hardware`]: meters and readers at the other end of a line;
//! * [`backlog`]: many transactions made offline, a power cut, and their delivery,
//!   for a test and for the bench;
//! * [`board`]: the same program on an emulated board, with the other end of
//!   every wire;
//! * [`powercut`]: a disk under the charger whose power can be cut;
//! * [`flows`]: what the contactors let through, against the ledger;
//! * [`dice`]: numbers that look random;
//! * [`tls`]: certificates made on the spot;
//! * [`words`]: frames told in plain words.
//!
//! The functions block, with a bound, on what they wait for; there is no
//! polling and no sleeping. Helpers whose names begin with `expect` panic, with
//! the central system's whole log, because they are the assertions of a test.
//!
//! Nothing in here knows how the charge point works inside: everything goes
//! through its WebSocket, its control API and its process.

pub mod backlog;
pub mod board;
pub mod central_system;
pub mod certificate;
pub mod charger;
pub mod conformance;
pub mod dice;
pub mod flows;
pub mod frame;
pub mod hardware;
pub mod ledger;
pub mod powercut;
pub mod tls;
pub mod words;

/// Says something that is to be read even when the test passes, such as a seed
/// or a figure: past the capture of the test harness.
pub fn tell(text: &str) {
    use std::io::Write as _;
    // Nobody has to listen.
    let _ = writeln!(std::io::stderr(), "{text}");
}
