//! Why a component cannot be used.

use std::path::PathBuf;

#[cfg(feature = "compiler")]
use super::compiler::CompilerFailure;
use super::{Misfit, Target};

/// A component that does not get as far as being called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// It is not for this charger, as its own declarations show. The vendor's
    /// build, or the wrong file.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It is not valid: a damaged file, or a feature that is switched off here.
    #[error("the component is not valid: {text}")]
    Invalid {
        /// What the engine said.
        text: String,
    },
    /// The compiler did not get through it.
    #[cfg(feature = "compiler")]
    #[error(transparent)]
    Compiler(#[from] CompilerFailure),
    /// Its declarations look right, but types within them differ: built from
    /// other interface files of the same version.
    #[error("the component does not match the interface of its own version: {text}")]
    Types {
        /// What the engine said.
        text: String,
    },
    /// This program was built without a compiler.
    #[error(
        "this program has no compiler: it takes components that were compiled for {target} beforehand (`plugpoint component precompile --target {target}`), not WebAssembly"
    )]
    NoCompiler {
        /// What it could run.
        target: Target,
    },
    /// It was compiled beforehand, for another processor.
    #[error("it is compiled for {it}, and this charger needs {ours}")]
    OtherTarget {
        /// What it is for.
        it: Target,
        /// What would be needed.
        ours: Target,
    },
    /// It was compiled beforehand, by another version of the compiler or with
    /// other settings.
    #[error(
        "it is compiled for another version of this program ({it}; this charger: {ours}); compile it with the plugpoint of this version"
    )]
    OtherEngine {
        /// What it was compiled by.
        it: String,
        /// What would be needed.
        ours: String,
    },
    /// It was compiled beforehand, and nobody vouches for it.
    #[error(
        "it is compiled beforehand, so it is machine code, which must be signed by a trusted key"
    )]
    Unbelieved,
    /// What is to be compiled is compiled.
    #[error("it is compiled already, for {target}; the `.wasm` file is needed")]
    CompiledAlready {
        /// What it is for.
        target: Target,
    },
    /// This program's compiler cannot do that.
    #[error(
        "this program cannot compile for {target} ({text}); one built with all features can (`cargo xtask build`)"
    )]
    NoCompilerFor {
        /// What was asked for.
        target: Target,
        /// What the compiler said.
        text: String,
    },
    /// Machine code was asked for where the compiler knows none.
    #[error(
        "guests.backend: guests cannot be compiled to this processor's machine code; expected \"auto\" or \"pulley\""
    )]
    NoBackend,
    /// The engine cannot be set up on this machine.
    #[error("the WebAssembly engine cannot start: {text}")]
    Engine {
        /// What it said.
        text: String,
    },
    /// The directory of compiled images cannot be used.
    #[error("cannot use {}: {text}", path.display())]
    Images {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        text: String,
    },
}
