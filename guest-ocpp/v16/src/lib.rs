//! OCPP 1.6-J charge point logic, as an ordinary library without any I/O.
//!
//! [`Charger::start`] makes an instance out of the kept entries and the state
//! of the world; [`Charger::handle`] takes one event. Both return actions and
//! do nothing else. [`component!`] makes a component of a [`Build`].
//!
//! In reading order:
//!
//! * `host`: the vocabulary shared with whoever runs this; it, `json`, `packed`,
//!   `kept` and `turn` (entries, and one call) are those of `plugpoint-guest`
//! * [`Build`]: which component this is, and which schemas it knows
//! * `charger`: what each event sets off; `parts`, `state`: what it is made of; `migration`, `deadlines`, `shown`:
//!   schemas of entries, timers, and what the control API shows
//! * `frames`: what comes from the central system; `frame`, `fields`, `timestamp` and
//!   `message_id` are those of `plugpoint-ocpp-wire`; `codes`: the errors of this version
//! * `config`, `password`, `trial`, `signing_in`, `link`, `connection`, `shift`, `corrections`,
//!   `timers`, `heartbeat`
//! * `registration`, `boot`, `outbox`, `sending`, `messages`, `record`, `queue`, `retries`,
//!   `delivery`, `silence`, `no_answer`: what is sent, when, and what the answers, or none,
//!   bring about
//! * `facts`, `idle`, `transaction`, `securing`, `sampling`, `points`, `aligned`,
//!   `meter`, `availability`: what goes on at the outlets, as far as it concerns the protocol or more
//!   than one of them (what one outlet does is in `plugpoint-ocpp-core`; `outlet`: what this
//!   protocol adds to that); `unkept`, `storage`: when nothing can be
//!   kept
//! * `status`, `reporting`: what is told of them
//! * `cards`, `tags`, `authorization`, `known`, `cache`, `assignment`, `groups`: who may
//!   charge, and what; `keeping`: what is kept for whom
//! * `news`: what the host tells beside outlets, cards and the link; `settings`: what it is
//!   told of the configuration keys
//! * `calls`: what the central system asks for, one file each; `late_answers`: what is
//!   answered later; `requests`, `services`: who hears what a service says
//! * [`profile`]: what goes beyond the core, as a trait; `exchange`: what it and the charge
//!   point say to each other; [`Core`]: what a profile can ask of the charge point, and
//!   `access`: how that is done; `loaded`, `dispatch`: when a profile is called; `planned`: what they allow; `triggers`: what the charge
//!   point says on request; [`profiles`]: those of the standard
//!
//! Not here: sockets, timers, contactors, meters, storage, and the question
//! who may charge. All those are the host's and the policies'.

mod access;
mod aligned;
mod assignment;
mod authorization;
mod availability;
mod boot;
mod build;
mod cache;
mod calls;
mod cards;
mod charger;
mod codes;
mod config;
mod connection;
mod core_access;
mod corrections;
mod deadlines;
mod delivery;
mod dispatch;
mod exchange;
mod facts;
mod frames;
mod groups;
mod heartbeat;
mod idle;
mod keeping;
mod known;
mod late_answers;
mod link;
mod loaded;
mod messages;
mod meter;
mod migration;
mod news;
mod no_answer;
mod outbox;
mod outlet;
mod parts;
mod password;
mod planned;
mod points;
pub mod profile;
pub mod profiles;
mod queue;
mod queue_account;
mod record;
#[cfg(feature = "reference")]
pub mod reference;
mod registration;
mod reporting;
mod requests;
mod retries;
mod sampling;
mod securing;
mod sending;
mod services;
mod settings;
mod shift;
mod shown;
mod signing_in;
mod silence;
mod state;
mod status;
mod storage;
mod tags;
mod timers;
mod transaction;
mod trial;
mod triggers;
mod unkept;

pub use build::Build;
pub use charger::Charger;
pub use config::{KeyInfo, Values};
pub use core_access::{Core, Reserved, Supply, Transaction, Vacancy};
pub use plugpoint_guest as guest;
pub use plugpoint_ocpp_wire as wire;

use plugpoint_guest::{json, kept, packed, protocol as host, turn};
use plugpoint_ocpp_wire::{fields, frame, message_id, timestamp};
