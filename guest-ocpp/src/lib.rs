//! OCPP 1.6-J charge point logic, as an ordinary library without any I/O.
//!
//! [`Charger::start`] makes an instance out of the kept entries and the state
//! of the world; [`Charger::handle`] takes one event. Both return actions and
//! do nothing else. On `wasm32` a thin file, `component`, maps these types to
//! those of `wit/`; nothing else here knows of them.
//!
//! In reading order:
//!
//! * [`host`]: the vocabulary shared with whoever runs this; `kept`,
//!   `packed`, `schema` and `turn`: entries, and one call
//! * `charger`: the parts and how they are set off
//! * `json`, `rpc`, `fields`, `timestamp`, `message_id`: what goes over the wire
//! * `config`, `password`, `trial`, `link`, `clock`, `timers`, `heartbeat`
//! * `registration`, `outbox`, `messages`, `queue`, `delivery`: what is sent,
//!   when, and what the answers bring about
//! * `outlet`, `facts`, `transaction`, `securing`, `sampling`, `meter`,
//!   `availability`: what goes on at the outlets; `storage`: when nothing can
//!   be kept
//! * `status`, `reporting`: what is told of them
//! * `authorization`, `cache`
//! * `calls`: what the central system asks for, one file each
//!
//! Not here: sockets, timers, contactors, meters, storage, and the question
//! who may charge. All those are the host's and the policies'.

mod authorization;
mod availability;
mod cache;
mod calls;
mod charger;
mod clock;
mod config;
mod delivery;
mod facts;
mod fields;
mod heartbeat;
pub mod host;
mod json;
mod kept;
mod link;
mod message_id;
mod messages;
mod meter;
mod outbox;
mod outlet;
mod packed;
mod password;
mod queue;
mod registration;
mod reporting;
mod rpc;
mod sampling;
mod schema;
mod securing;
mod status;
mod storage;
mod timers;
mod timestamp;
mod transaction;
mod trial;
mod turn;

#[cfg(feature = "testing")]
pub mod testing;

#[cfg(target_arch = "wasm32")]
mod component;

pub use charger::Charger;
