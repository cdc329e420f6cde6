//! Charging outside of peak hours, each session delayed by a random time, as the
//! Electric Vehicles (Smart Charge Points) Regulations 2021 of the United Kingdom want
//! it by default.
//!
//! Reading order: [`settings`] (as an operator writes them), [`hours`] (when the
//! peaks are), [`zone`] (local time without a database of time zones), [`mod@plan`]
//! (what a session may do, and when to think again). On `wasm32` an adapter, and
//! nothing else, knows the interface in `wit/`.
//!
//! What this crate does *not* do: decide who may charge. It passes every question on,
//! and acts on sessions that go on.

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod hours;
pub mod plan;
pub mod settings;
pub mod zone;

pub use plan::{Plan, Session, plan};
pub use settings::Settings;
pub use zone::Zone;

#[cfg(target_arch = "wasm32")]
mod adapter;
