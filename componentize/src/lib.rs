//! From what a compiler leaves to a component with name and version.
//!
//! rustc leaves a core module, with the WIT world in a section that
//! `wit-bindgen` put into it; tools for other languages leave a component
//! without name. Both come out as a component that says what it is.
//!
//! What this crate does *not* do: it does not judge what a component imports
//! (see `plugpoint component inspect`), and it strips nothing.

use std::borrow::Cow;

use wasm_encoder::{ComponentSection, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::ComponentEncoder;

/// What a component says of itself.
#[derive(Clone, Debug, Default)]
pub struct Identity<'a> {
    /// What `plugpoint component inspect` calls it.
    pub name: &'a str,
    /// Its version, such as `1.4.0`.
    pub version: &'a str,
    /// Which build of that version, such as a commit.
    pub revision: Option<&'a str>,
}

/// Why no component comes out. The file's fault in each case.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Neither module nor component.
    #[error("this is not WebAssembly")]
    NotWasm,
    /// No world, or not all that the world wants. Is `generate!` called, and
    /// `export!`?
    #[error("the module cannot be made into a component: {text}")]
    Module {
        /// What the encoder said.
        text: String,
    },
    /// A damaged component.
    #[error("name and version cannot be put into it: {text}")]
    Metadata {
        /// What is wrong.
        text: String,
    },
}

/// Makes a component of a core module and names it, or names a component.
pub fn encode(wasm: &[u8], identity: &Identity<'_>) -> Result<Vec<u8>, EncodeError> {
    let component = match wasm {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Cow::Borrowed(wasm),
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Cow::Owned(from_module(wasm)?),
        _ => return Err(EncodeError::NotWasm),
    };
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(identity.name.to_owned());
    let mut named = metadata
        .to_wasm(&component)
        .map_err(|error| EncodeError::Metadata {
            text: format!("{error:#}"),
        })?;
    let sections = [
        ("version", Some(identity.version)),
        ("revision", identity.revision),
    ];
    for (name, text) in sections {
        if let Some(text) = text {
            CustomSection {
                name: Cow::Borrowed(name),
                data: Cow::Borrowed(text.as_bytes()),
            }
            .append_to_component(&mut named);
        }
    }
    Ok(named)
}

fn from_module(module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| EncodeError::Module {
            text: format!("{error:#}"),
        })
}
