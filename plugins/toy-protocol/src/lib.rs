//! A protocol of its own, `toy.v1`, that charges a car on the unchanged host.
//! See `README.md` for what is said on the wire.
//!
//! Reading order: `guest` (events in, actions out), `session` (a car that
//! charges, and what is kept of it), `receipt` (a file for each session, by the
//! service `transfer@1`), `identity` (a key, by the service `keystore@1`).
//!
//! It has no state but its entries: throw the instance away after any event, and
//! the next one goes on.

#[cfg(target_arch = "wasm32")]
mod guest;
#[cfg(target_arch = "wasm32")]
mod identity;
#[cfg(target_arch = "wasm32")]
mod receipt;
#[cfg(target_arch = "wasm32")]
mod session;
