//! The link: one WebSocket to the central system, dialled again for ever, as the
//! guest's action `connect` says.
//!
//! It moves text frames and knows nothing of what is in them. It is *not* the
//! place where a frame is remembered: what was not answered when a link drops
//! is the guest's to send again.
//!
//! Reading order: [`Link`] (the handle), `driver` (the task behind it), `dial`
//! (from a name to an open WebSocket), `session` (an open one), `farewell` (its
//! end). `redial` and `keepalive` are the two state machines, without socket
//! and clock; `tls` and the two verifiers say whom to trust.

mod address;
mod counters;
mod danger_any_name;
mod dial;
mod driver;
pub(crate) mod failure;
mod farewell;
mod handle;
mod keepalive;
mod plan;
mod probe;
mod redial;
mod resolve;
mod session;
pub(crate) mod tls;
mod unset_clock;
mod wire;

pub use counters::{LinkCounters, failure_name};
pub use handle::Link;
pub use plan::{BUILT_AT_MS, LinkEvent, LinkMaterial, LinkPlan, LinkSettings};
pub use probe::probe;
