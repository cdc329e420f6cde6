//! What happens at the outlets of a charge point, whatever protocol tells of it.
//!
//! In reading order:
//!
//! * [`clock`]: what time it is; [`timeline`]: time within one transaction, which never
//!   decreases
//! * [`token`]: when two tokens are the same; whose a car or a cable is
//! * [`outlet`]: the facts about one outlet beside what is remembered of it, and one
//!   concern each: [`car`], [`meter`], [`register`] and [`last_reading`], [`lock`], [`demand`],
//!   [`permit`], `measured`; [`idle`] and [`transaction`]: what goes on without and with a
//!   transaction; [`session`]: that as it is remembered, and [`kept_session`]: how it is
//!   kept; [`fault`]: what is wrong, and how bad that is
//! * [`authorization`]: who wants to charge, and who may
//! * [`availability`]: which connectors are in service
//! * [`reservation`]: what is kept for whom
//!
//! A concern takes facts and the time, and returns what follows; what the host has to do
//! goes into the [`Turn`](plugpoint_guest::turn::Turn). None sees another outlet, and
//! none knows a message: what a protocol keeps beside it, the [`Protocol`] names.
//!
//! Not here: any message, key or code of a protocol; who may charge (the policies').

pub mod authorization;
pub mod availability;
pub mod car;
pub mod clock;
pub mod demand;
pub mod fault;
pub mod idle;
pub mod kept_session;
pub mod last_reading;
pub mod lock;
mod measured;
pub mod meter;
pub mod outlet;
pub mod permit;
pub mod register;
pub mod reservation;
pub mod session;
pub mod timeline;
pub mod token;
pub mod transaction;

use std::fmt::Debug;

use plugpoint_guest::packed::Packed;

/// What a protocol adds to what is remembered of an outlet; nothing here reads it.
pub trait Protocol: Debug + Clone + PartialEq + Eq + Default + 'static {
    /// Why a transaction was ended.
    type Reason: Packed + Debug + Clone + PartialEq + Eq;
    /// What a meter said at one moment, of what is told of it.
    type Value: Packed + Debug + Clone + PartialEq + Eq;
    /// What is told of an outlet's state.
    type Report: Packed + Debug + Clone + PartialEq + Eq;

    /// When the meter said it.
    fn time_of(value: &Self::Value) -> clock::Moment;
}
