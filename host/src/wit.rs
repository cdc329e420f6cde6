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

pub use ocpp::exports::plugpoint::charger::protocol;
pub use policy::exports::plugpoint::charger::authorization;
