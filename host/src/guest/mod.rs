//! Guests: WebAssembly components that say what the charger says (world `ocpp`)
//! and whom it serves (world `policy`).
//!
//! In reading order:
//! * [`Limits`]: all that a guest may use, and [`Failure`]: what it failed of;
//! * [`Inspection`]: what a component is and asks for, before it runs;
//! * [`Backend`] and [`Target`]: what runs guests, and what they are compiled to;
//! * [`Engine`] and [`ImageCache`]: from a file to machine code;
//! * `compiler`: who compiles: this process, or one of its own;
//! * [`CompiledFor`] and `precompile`: components that were compiled beforehand;
//! * [`Slot`]: one guest at work. It is handed one event and answers with a
//!   list of actions; an instance that failed is gone for ever;
//! * [`Life`]: one guest after the other in a slot: failures, rests, recovery;
//! * [`Witness`]: who sees all that happens in a slot, such as the recorder.
//!
//! What is *not* here: doing the actions (see `station` and `policy`), and
//! which version is in a slot (see `slots`). Nothing of what a guest returns is executed here,
//! but for taking what it keeps into its [`crate::store::Entries`].

mod checks;
#[cfg(feature = "compiler")]
mod compile;
#[cfg(feature = "compiler")]
pub mod compiler;
mod earlier;
mod engine;
mod error;
mod failure;
mod fit;
// Without a compiler there is nothing to be put into it.
#[cfg_attr(not(feature = "compiler"), allow(dead_code))]
mod image;
mod imports;
mod inspect;
mod kind;
mod life;
mod limiter;
mod limits;
mod log;
mod ocpp;
mod pace;
mod policy;
#[cfg(feature = "compiler")]
mod precompile;
mod precompiled;
mod remedy;
mod slot;
mod target;
mod ticker;
mod trusted;
mod witness;

pub use checks::Outstanding;
pub use engine::{Component, Engine, EngineSettings};
pub use error::ComponentError;
pub use failure::{Failure, FailureKind};
pub use fit::{BuiltFor, Misfit, World, interface, reads_records_of};
pub use image::ImageCache;
pub use inspect::Inspection;
pub use kind::{Kind, Vocabulary};
pub use life::{Life, Lost, Step, start_dropped};
pub use limits::Limits;
pub use log::{Level, LogReader};
pub use ocpp::Ocpp;
pub use policy::Policy;
#[cfg(feature = "compiler")]
pub use precompile::precompile;
pub use precompiled::{CompiledFor, is_precompiled};
pub use slot::{Outcome, Parked, Prepared, Slot, SlotSettings};
pub use target::{Backend, Target, UnknownTarget};
pub use witness::Witness;
