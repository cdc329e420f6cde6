//! For authors of guests in Rust: the interfaces of `wit/` as Rust types, and what
//! most guests need beside them.
//!
//! In reading order:
//!
//! * [`protocol`]: what a protocol guest is told and can do, as plain types that
//!   need no WebAssembly, and the trait [`protocol::Guest`];
//!   [`export_protocol!`](crate::export_protocol) makes a component of a type that
//!   implements it
//! * `policy`, on `wasm32` only: the interface `authorization` as it is generated;
//!   `export_policy!` makes a component of a type that implements its trait
//! * [`json`]: a reader that keeps pointing into the text, and a writer
//! * [`packed`]: values as JSON, for entries
//! * [`kept`]: the entries during one call, and values that note their own change;
//!   [`schema`]: entries that another version wrote in another form
//! * [`turn`]: one call of a protocol guest, and the actions that it collects
//!
//! Not here: anything of a particular protocol, and decisions of any kind.

pub mod json;
pub mod kept;
pub mod packed;
pub mod protocol;
pub mod schema;
pub mod turn;

#[cfg(target_arch = "wasm32")]
pub mod policy;
