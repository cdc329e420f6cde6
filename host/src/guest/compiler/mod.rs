//! Who compiles a component, and with what at most. A charger at work has it
//! done by a second process, `plugpoint compile`: what a component makes the
//! compiler do (use up memory, overflow its stack, abort) then ends that one,
//! what the compiler takes of memory goes back with it, and no lock of the
//! charger's is ever held by a thread that compiles.
//!
//! In reading order:
//! * this file: the choice, and what the two processes say to each other;
//! * `keeper`: the charger's side: starts the other process, bounds it, ends it;
//! * `process`: that process, `plugpoint compile`, and `sandbox`: what it may do;
//! * `failure`: how it can go wrong.
//!
//! Not here: whether there is an image already, and where it is kept. Left out of
//! a build without the compiler.

mod failure;
mod keeper;
mod process;
mod sandbox;

pub use failure::CompilerFailure;
pub use keeper::CompilerProcess;
pub(super) use keeper::Task;
pub use process::run;

use serde::{Deserialize, Serialize};

use super::EngineSettings;

/// Who compiles.
#[derive(Clone, Debug, Default)]
pub enum Compiler {
    /// The calling thread, in this process: at the desk, and for use as a library.
    #[default]
    Here,
    /// Another process: in a charger.
    Process(CompilerProcess),
}

/// How the compiler's process tells that the component is to blame. Its standard
/// error is then the reason and nothing else.
const INVALID: u8 = 3;

/// How a line of what it says begins that is a warning and no reason.
const NOT_CONFINED: &str = "the compiler is not fully confined: ";

/// In what it says, if there was no memory and it was able to say so.
const OUT_OF_MEMORY: &str = "out of memory";

/// One line of JSON on that process's standard input, before the component. The
/// image goes to its standard output, in the form in which it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    /// Who waits for the image. Without it there is no use in compiling.
    parent: u32,
    /// Length of the component.
    wasm_bytes: u64,
    /// Not more memory than this.
    memory_bytes: u64,
    /// Others are at work: one core, and only what they leave of it.
    quiet: bool,
    /// The engine that the image is for.
    engine: EngineSettings,
}
