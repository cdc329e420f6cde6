//! What only system tests need of the real program as a charger under test:
//! components for a program without a compiler, made-up GPIO lines, and what its
//! log and the kernel say of it. Its configuration, its process and its control
//! API are `plugpoint_conformance::charger`, which is named here too.

pub mod compiled;
mod contactor;
mod lines;
mod memory;

pub use contactor::{ContactorMove, contactor_moves};
pub use lines::LineBench;
pub use memory::Memory;
pub use plugpoint_conformance::charger::*;
