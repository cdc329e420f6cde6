//! `component wrap`: from what a compiler left to a component with a name.

use std::fs;
use std::path::Path;

use plugpoint_componentize::{Identity, encode};

use super::KitError;
use crate::guest::Inspection;

/// Writes the component; its size. Refuses one that no charger would take.
pub(super) fn wrap(file: &Path, identity: &Identity<'_>, output: &Path) -> Result<usize, KitError> {
    let wasm = fs::read(file).map_err(|error| KitError::file(file, &error))?;
    let component = encode(&wasm, identity).map_err(|source| KitError::Encode {
        path: file.to_path_buf(),
        source,
    })?;
    Inspection::of(&component)
        .and_then(|info| info.world())
        .map_err(|source| KitError::Misfit {
            path: file.to_path_buf(),
            source,
        })?;
    fs::write(output, &component).map_err(|error| KitError::file(output, &error))?;
    Ok(component.len())
}
