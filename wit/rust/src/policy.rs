//! The interface `authorization`: what a policy is told and can do, as
//! `wit-bindgen` generates it. A policy implements [`authorization::Guest`] and is
//! exported by [`export_policy!`](crate::export_policy).
#![allow(missing_docs, warnings, clippy::all)] // documented in wit/authorization.wit

wit_bindgen::generate!({
    path: "..",
    world: "policy",
    pub_export_macro: true,
    export_macro_name: "export_generated",
    default_bindings_module: "plugpoint_guest::policy",
});

pub use exports::plugpoint::charger::authorization;
pub use plugpoint::charger::{entries, log};

/// A panic traps, and the trap says nothing: this writes it to the log. To be called
/// in `start`.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        log::write(log::Level::Error, &panic.to_string());
    }));
}

/// Makes a component of a type that implements
/// [`Guest`](crate::policy::authorization::Guest).
#[macro_export]
macro_rules! export_policy {
    ($guest:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::policy::export_generated!($guest with_types_in $crate::policy);
    };
}
