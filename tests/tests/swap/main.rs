//! Components replaced while the charger is at work, with the real program over
//! a real WebSocket: in a session, at awkward moments, by versions that fail,
//! by files that must not be trusted, and with the power going.

mod candidates;
mod chain;
mod kills;
mod moments;
mod plans;
mod rollback;
mod session;
#[allow(dead_code)] // the sessions need all of it
#[path = "../sessions/stage.rs"]
mod stage;
mod transfer;
mod trust;
mod upgrade;
mod vendor;

/// A count that the environment may set.
fn setting(name: &str, default: u32) -> u32 {
    match std::env::var(name) {
        Ok(value) => value.parse().expect("a count"),
        Err(_) => default,
    }
}
