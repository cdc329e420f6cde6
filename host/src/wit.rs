//! The interfaces of `wit/`, as Rust types. The host speaks this vocabulary
//! throughout: events, actions and raw facts are the generated types
//! themselves, so there is no second copy to keep in step.
//!
//! What is *not* here: calling a guest (see [`crate::guest`]).

#![allow(missing_docs)] // documented in wit/*.wit

/// World `ocpp`: what a charger says.
pub mod ocpp {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "ocpp",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

/// World `policy`: whom a charger serves.
pub mod policy {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "policy",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

/// World `ocpp` of interface 0.1: what stands in records of it.
pub mod ocpp_0_1 {
    wasmtime::component::bindgen!({
        path: "../wit/0.1.0",
        world: "ocpp",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

/// World `policy` of interface 0.1, for policies that were built against it. Only
/// [`crate::guest`] speaks it.
pub mod policy_0_1 {
    wasmtime::component::bindgen!({
        path: "../wit/0.1.0",
        world: "policy",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

pub(crate) use ocpp_0_1::exports::plugpoint::charger::protocol as protocol_0_1;

pub use ocpp::exports::plugpoint::charger::protocol;
pub use policy::exports::plugpoint::charger::authorization;
