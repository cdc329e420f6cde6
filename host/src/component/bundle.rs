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

/// Puts both into one file; its size. Without a signature's file the one beside the
/// component is taken.
///
/// # Errors
/// A file cannot be read or written.
pub fn bundle(
    file: &Path,
    signature: Option<&Path>,
    slot: &str,
    output: &Path,
) -> Result<usize, BundleError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| BundleError { path, source }
    };
    let beside = signature_of(file);
    let signature = signature.unwrap_or(&beside);
    let component = std::fs::read(file).map_err(failed(file))?;
    let signed = std::fs::read(signature).map_err(failed(signature))?;
    let bytes = write_bundle(&Bundle {
        slot,
        signature: &signed,
        component: &component,
    });
    write_output(output, &bytes).map_err(failed(output))?;
    Ok(bytes.len())
}
