//! What a protocol guest is told and can do: the records of `wit/protocol.wit` as
//! plain Rust types, the trait that a guest implements, and the two things that it
//! may ask for during a call. Not here: anything generated from the interface files
//! (see `component`).
#![allow(missing_docs)] // documented in wit/protocol.wit

mod action;
mod boot;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod component;
mod event;
mod outlet;

pub use action::*;
pub use boot::*;
pub use event::*;
pub use outlet::*;

/// The guest's own memory, to read. Shows the state before the present call.
pub trait Entries {
    fn get(&self, key: &str) -> Option<Vec<u8>>;
    fn scan(&self, prefix: &str, start_at: &str, most: u32) -> Vec<(String, Vec<u8>)>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// What a technician should read.
pub trait Log {
    fn write(&self, level: Level, message: &str);
}

/// A protocol guest: a function of its entries and one event. Whatever it wants
/// done is in the actions it returns; they run in their order once what they keep
/// is committed.
pub trait Guest: Sized + 'static {
    /// A new instance, from the kept entries and the state of the world.
    fn start(boot: &Boot, entries: &dyn Entries, log: &dyn Log) -> (Self, Vec<Action>);

    /// One event.
    fn handle(
        &mut self,
        now: Now,
        event: Event,
        entries: &dyn Entries,
        log: &dyn Log,
    ) -> Vec<Action>;
}

/// Makes a component of a type that implements
/// [`Guest`](crate::protocol::Guest).
#[macro_export]
macro_rules! export_protocol {
    ($guest:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod plugpoint_component {
            use $crate::protocol::component::{self, theirs};

            ::std::thread_local! {
                static INSTANCE: component::Instance<$guest> =
                    const { component::Instance::new(None) };
            }

            struct Component;

            impl theirs::Guest for Component {
                fn start(boot: theirs::Boot) -> Vec<theirs::Action> {
                    INSTANCE.with(|instance| component::start(instance, boot))
                }

                fn handle(now: theirs::Now, event: theirs::Event) -> Vec<theirs::Action> {
                    INSTANCE.with(|instance| component::handle(instance, now, event))
                }
            }

            component::export_generated!(Component with_types_in $crate::protocol::component::bindings);
        }
    };
}
