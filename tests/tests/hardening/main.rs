//! Attacks on a running charger, by guests, networks and users, each against the
//! real program: it has to go on, within bounds. One module per kind of attack.

mod chain;
mod compiler;
mod connections;
mod contactor;
mod disclosure;
mod figures;
mod flash;
mod origins;
mod storms;
mod tokens;
mod transfers;
mod trust;
#[allow(dead_code)] // its other users need the rest
#[path = "../swap/vendor.rs"]
mod vendor;
