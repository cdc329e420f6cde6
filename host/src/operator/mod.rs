//! The commands for whoever looks after a running charger, through its control API:
//! its status, what happens there, its settings, and the hand on simulated hardware.
//!
//! Not here: components (see [`crate::component`]), and anything that decides. The
//! charger does, and says so.

mod client;
mod events;
mod settings;
mod sim;
mod status;
mod words;

pub use client::{ClientError, Control, Stream};
pub use events::{Events, events};
pub use settings::{Settings, settings};
pub use sim::{Act, act};
pub use status::{Show, status};
pub(crate) use words::plain;
