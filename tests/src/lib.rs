//! What the system tests of Plugpoint are made of.
//!
//! In reading order:
//!
//! * [`frame`], [`central_system`]: OCPP-J frames as values, and a central system
//!   that runs in the test's own process; both are the conformance suite's
//!   (`tests/conformance`);
//! * [`ledger`]: checks what a central system has seen for what must never
//!   happen: a lost, doubled or disordered transaction message;
//! * [`charger`]: the real program as a child process, as the suite starts it,
//!   and what only these tests need of it;
//! * [`hardware`]: meters and readers at the other end of a line;
//! * [`backlog`]: many transactions made offline, a power cut, and their delivery,
//!   for a test and for the bench;
//! * [`board`]: the same program on an emulated board, with the other end of
//!   every wire;
//! * [`powercut`]: a disk under the charger whose power can be cut;
//! * [`flows`]: what the contactors let through, against the ledger;
//! * [`dice`]: numbers that look random;
//! * [`tls`]: certificates made on the spot;
//! * [`words`]: frames told in plain words;
//! * [`interface`]: the interface that components are built against.
//!
//! The functions block, with a bound, on what they wait for; there is no
//! polling and no sleeping. Helpers whose names begin with `expect` panic, with
//! the central system's whole log, because they are the assertions of a test.
//!
//! Nothing in here knows how the charge point works inside: everything goes
//! through its WebSocket, its control API and its process.

pub mod backlog;
pub mod board;
pub mod charger;
pub mod dice;
pub mod flows;
pub mod hardware;
pub mod interface;
pub mod ledger;
pub mod powercut;
pub mod tls;
pub mod words;

pub use plugpoint_conformance::{central_system, frame, tell};
