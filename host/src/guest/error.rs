//! Why a component cannot be used.

use std::path::PathBuf;

use super::Misfit;

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
    /// Its declarations look right, but types within them differ: built from
    /// other interface files of the same version.
    #[error("the component does not match the interface of its own version: {text}")]
    Types {
        /// What the engine said.
        text: String,
    },
    /// This program was built without a compiler, and there is no image.
    #[error(
        "this program has no compiler: it needs a component compiled for it beforehand, not WebAssembly"
    )]
    NoCompiler,
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
