//! From a core module, as rustc leaves it, to a component with name and version.
//!
//! The WIT world is in a section that `wit-bindgen` put into the module. Debug
//! sections are not stripped here: the profile `guest` makes none.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use wasm_encoder::{ComponentSection, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

/// All that a component may import.
pub const IMPORTS: [&str; 2] = [
    "plugpoint:charger/entries@0.1.0",
    "plugpoint:charger/log@0.1.0",
];

/// Encodes and validates; `name`, `version` and `build` are what `plugpoint
/// component inspect` shows.
pub fn encode(module: &[u8], name: &str, version: &str, build: &str) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .context("the module carries no world: does it call `wit_bindgen::generate!`?")?
        .encode()?;
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(name.to_owned());
    let mut component = metadata.to_wasm(&component)?;
    // The names of the standard metadata.
    for (section, text) in [("version", version), ("revision", build)] {
        CustomSection {
            name: Cow::Borrowed(section),
            data: Cow::Borrowed(text.as_bytes()),
        }
        .append_to_component(&mut component);
    }
    Ok(component)
}

/// The names that a component imports.
pub fn imports(component: &[u8]) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => bail!("this is a core module, not a component"),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.insert(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// An error unless the component imports nothing but what it may.
pub fn check_imports(component: &[u8]) -> Result<()> {
    for name in imports(component)? {
        if !IMPORTS.contains(&name.as_str()) {
            bail!(
                "it imports `{name}`, and may import only {}",
                IMPORTS.join(" and ")
            );
        }
    }
    Ok(())
}
