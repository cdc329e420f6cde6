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
    // A component that had a version would otherwise say both.
    named = without(&named, &sections.map(|(name, _)| name))?;
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

/// A component without these custom sections of its own; what is within it keeps
/// its own.
fn without(component: &[u8], names: &[&str]) -> Result<Vec<u8>, EncodeError> {
    const HEADER: usize = 8;
    let damaged = || EncodeError::Metadata {
        text: "a section is cut off".to_owned(),
    };
    let mut rest = component.get(HEADER..).ok_or_else(damaged)?;
    let mut kept = component[..HEADER].to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (size, body) = number(after).ok_or_else(damaged)?;
        let length = rest.len() - body.len() + size;
        let body = body.get(..size).ok_or_else(damaged)?;
        let is_one = *id == 0
            && number(body)
                .and_then(|(size, name)| name.get(..size))
                .is_some_and(|name| names.iter().any(|it| it.as_bytes() == name));
        let (section, next) = rest.split_at(length);
        if !is_one {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Ok(kept)
}

/// An unsigned LEB128 number of at most 32 bits, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, &bytes[index + 1..]));
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::{Identity, encode};

    const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

    fn named(wasm: &[u8], version: &str, revision: Option<&str>) -> Vec<u8> {
        let identity = Identity {
            name: "x",
            version,
            revision,
        };
        encode(wasm, &identity).expect("a component")
    }

    fn count(wasm: &[u8], text: &str) -> usize {
        let text = text.as_bytes();
        wasm.windows(text.len()).filter(|it| *it == text).count()
    }

    #[test]
    fn a_name_and_a_version_replace_those_before() {
        let first = named(&COMPONENT, "1.0.0", Some("abc"));
        assert_eq!((count(&first, "1.0.0"), count(&first, "abc")), (1, 1));
        let second = named(&first, "2.0.0", None);
        assert_eq!((count(&second, "1.0.0"), count(&second, "abc")), (0, 0));
        assert_eq!(count(&second, "2.0.0"), 1);
        assert_eq!(second, named(&COMPONENT, "2.0.0", None));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let mut cut = named(&COMPONENT, "1.0.0", None);
        cut.pop();
        let identity = Identity::default();
        assert!(encode(&cut, &identity).is_err());
    }
}
