//! `plugpoint component bundle`: a component and its signature as one file. Not here:
//! signing it.

use std::path::{Path, PathBuf};

use crate::slots::{Bundle, signature_of, write_bundle};
use crate::whole_file::write_output;

/// A bundle that was not made.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct BundleError {
    /// The file that cannot be read or written.
    path: PathBuf,
    source: std::io::Error,
}

/// Where the signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Beside the component.
    Beside,
    /// In this file.
    With(PathBuf),
    /// Nowhere: it is for chargers that take unsigned components.
    Not,
}

/// Puts both into one file; its size.
///
/// # Errors
/// A file cannot be read or written.
pub fn bundle(
    file: &Path,
    signature: &Signed,
    slot: &str,
    output: &Path,
) -> Result<usize, BundleError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| BundleError { path, source }
    };
    let component = std::fs::read(file).map_err(failed(file))?;
    let signature = match signature {
        Signed::Beside => Some(signature_of(file)),
        Signed::With(path) => Some(path.clone()),
        Signed::Not => None,
    };
    let signature = match &signature {
        Some(path) => std::fs::read(path).map_err(failed(path))?,
        None => Vec::new(),
    };
    let bytes = write_bundle(&Bundle {
        slot,
        signature: &signature,
        component: &component,
    });
    write_output(output, &bytes).map_err(failed(output))?;
    Ok(bytes.len())
}
