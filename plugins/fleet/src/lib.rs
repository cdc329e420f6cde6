//! A fleet's cards, in groups with quotas.
//!
//! Reading order: [`settings`] (the groups, as an operator writes them),
//! [`quota`] (so much per day, week or month), [`period`] (when those begin),
//! [`book`] (what was used, kept in entries), [`mod@decide`] (may this card
//! charge?). On `wasm32` an adapter, and nothing else, knows the interface in
//! `wit/`.
//!
//! What this crate does *not* do: it asks no central system and knows no cards
//! but those in its settings. What it does not know it passes on.

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod book;
pub mod decide;
pub mod period;
pub mod quota;
pub mod settings;

pub use book::{Book, Observed};
pub use decide::{Question, Verdict, decide};
pub use settings::Settings;

#[cfg(target_arch = "wasm32")]
mod adapter;
