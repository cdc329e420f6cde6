//! `plugpoint component precompile`: from a `.wasm` file to one for chargers whose
//! program has no compiler. Not here: signing it, which is the vendor's business.

use std::path::{Path, PathBuf};

use crate::guest::Target;

/// A component that was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum PrecompileError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no component for a charger, or cannot be compiled for that target.
    #[cfg(feature = "compiler")]
    #[error("{}: {source}", path.display())]
    Component {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: crate::guest::ComponentError,
    },
    /// This program is one of those chargers' own.
    #[cfg(not(feature = "compiler"))]
    #[error(
        "this program was built without a compiler; the plugpoint of a desk can (`cargo xtask build`)"
    )]
    NoCompiler,
}

/// Compiles a file; how many bytes come of it.
#[cfg(feature = "compiler")]
pub fn precompile(file: &Path, target: Target, output: &Path) -> Result<usize, PrecompileError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| PrecompileError::File { path, source }
    };
    let wasm = std::fs::read(file).map_err(failed(file))?;
    let compiled = crate::guest::precompile(&wasm, target);
    let compiled = compiled.map_err(|source| PrecompileError::Component {
        path: file.to_path_buf(),
        source,
    })?;
    // Whole or not at all: it may be signed or installed the next moment.
    crate::whole_file::write_output(output, &compiled).map_err(failed(output))?;
    Ok(compiled.len())
}

/// This program cannot.
#[cfg(not(feature = "compiler"))]
pub fn precompile(_: &Path, _: Target, _: &Path) -> Result<usize, PrecompileError> {
    Err(PrecompileError::NoCompiler)
}
