//! The standard authorization rules: may this token charge here, now?
//!
//! Reading order: [`facts`] (what a decision is made from, and what it says),
//! [`expiry`] (whether a locally known token still counts), [`mod@decide`] (the
//! rules, one function per situation). On `wasm32` an adapter, and nothing else,
//! knows the interface in `wit/`.
//!
//! What this crate does *not* do: it keeps nothing, asks nobody and has no
//! clock. The local list and the cache are the protocol guest's; what they say
//! of a token is in the question. So the same question always gets the same
//! answer. Quotas, tariffs and opening hours belong to policies in front of this
//! one.

#![forbid(unsafe_op_in_unsafe_fn)]

pub mod decide;
pub mod expiry;
pub mod facts;
#[cfg(feature = "second-build")]
pub mod second;

pub use decide::decide;

#[cfg(target_arch = "wasm32")]
mod adapter;
