//! A component that was compiled beforehand, for a program without a compiler:
//! one file that holds the machine code (or byte code) and what is known of the
//! component that it was made of. The vendor signs this file, so the signature
//! covers all of it.
//!
//! ```text
//! code        the engine's own file, first, so that the whole can be mapped as it is
//! statement   JSON: for which engine, and what the component says of itself
//! 4 bytes     length of the statement, little-endian
//! 8 bytes     "PPCODE01"; the digits are the version of this format
//! ```
//!
//! Not here: running it. Nothing of it can be checked but that it says to fit.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ComponentError, EngineSettings, Inspection, Misfit, Target};

const MARK: &[u8; 8] = b"PPCODE01";
/// What the mark begins with in each version of the format.
const FAMILY: &[u8; 6] = b"PPCODE";
const TRAILER: usize = 4 + MARK.len();

/// The version of the engine; code of another one is never run.
pub(super) const WASMTIME: &str = env!("PLUGPOINT_WASMTIME");

/// The engine that a component was compiled for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledFor {
    /// The processor.
    pub target: Target,
    /// The engine's version.
    pub wasmtime: String,
    /// All of its settings that code depends on, as a hash.
    pub settings: String,
    /// SHA-256 of the `.wasm` file that was compiled, in hex.
    pub component: String,
}

#[derive(Serialize, Deserialize)]
struct Statement {
    compiled_for: CompiledFor,
    component: Inspection,
}

/// Whether a file is one. Looks at its last bytes only, so it can be asked before
/// the signature is checked.
#[must_use]
pub fn is_precompiled(file: &[u8]) -> bool {
    file.len() >= TRAILER && file[file.len() - MARK.len()..].starts_with(FAMILY)
}

/// What its component says of itself, and which engine it is for.
pub(super) fn inspect(file: &[u8]) -> Result<Inspection, Misfit> {
    let broken = |text: &str| Misfit::Broken { text: text.into() };
    let (rest, trailer) = file
        .split_last_chunk::<TRAILER>()
        .ok_or_else(|| broken("it is too short"))?;
    if !trailer.ends_with(MARK) {
        return Err(broken(
            "it was compiled by a plugpoint of another version, in a form that this one does not know",
        ));
    }
    let length = u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]);
    let begin = usize::try_from(length)
        .ok()
        .and_then(|length| rest.len().checked_sub(length))
        .ok_or_else(|| broken("it was cut"))?;
    let statement: Statement = serde_json::from_slice(&rest[begin..])
        .map_err(|error| broken(&format!("its statement cannot be read: {error}")))?;
    Ok(Inspection {
        hash: hex::encode(Sha256::digest(file)),
        size: file.len(),
        compiled_for: Some(statement.compiled_for),
        ..statement.component
    })
}

/// A file of that kind.
#[cfg(feature = "compiler")]
pub(super) fn write(
    code: Vec<u8>,
    compiled_for: CompiledFor,
    component: Inspection,
) -> Result<Vec<u8>, ComponentError> {
    let unusable = |text: String| ComponentError::Invalid { text };
    let statement = Statement {
        compiled_for,
        component,
    };
    let statement = serde_json::to_vec(&statement).map_err(|e| unusable(e.to_string()))?;
    let length = u32::try_from(statement.len()).map_err(|e| unusable(e.to_string()))?;
    let mut file = code;
    file.extend_from_slice(&statement);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(MARK);
    Ok(file)
}

impl CompiledFor {
    /// The engine with these settings, on this target.
    #[cfg(any(feature = "compiler", test))]
    pub(super) fn engine(settings: &EngineSettings, target: Target, component: String) -> Self {
        Self {
            target,
            wasmtime: WASMTIME.into(),
            settings: fingerprint(settings, target),
            component,
        }
    }

    /// Whether the engine with these settings can run it; if not, why.
    pub(super) fn check(&self, settings: &EngineSettings) -> Result<(), ComponentError> {
        let ours = settings.backend.target();
        if self.target != ours {
            return Err(ComponentError::OtherTarget {
                it: self.target,
                ours,
            });
        }
        let same = self.wasmtime == WASMTIME && self.settings == fingerprint(settings, ours);
        if !same {
            return Err(ComponentError::OtherEngine {
                it: format!(
                    "wasmtime {}, settings {}",
                    self.wasmtime,
                    short(&self.settings)
                ),
                ours: format!(
                    "wasmtime {WASMTIME}, settings {}",
                    short(&fingerprint(settings, ours))
                ),
            });
        }
        Ok(())
    }
}

/// Of all that code depends on besides component, target and version: whoever
/// changes the engine's configuration in a way that is not in its settings counts
/// `TERMS` up. The engine's own hash will not do: a program without a compiler
/// cannot compute it.
fn fingerprint(settings: &EngineSettings, target: Target) -> String {
    const TERMS: u32 = 2;
    let guard = super::engine::guard_bytes(target);
    let text = format!(
        "terms {TERMS}, reservation {}, guard {guard}, target {}",
        settings.memory_reservation,
        target.triple()
    );
    hex::encode(&Sha256::digest(text)[..16])
}

fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Backend;

    #[test]
    fn code_of_another_engine_is_refused_in_plain_words() {
        let settings = EngineSettings {
            backend: Backend::Pulley,
            ..EngineSettings::default()
        };
        let ours = Backend::Pulley.target();
        let it = CompiledFor::engine(&settings, ours, String::new());
        assert_eq!(it.check(&settings), Ok(()));

        let refusal = |it: CompiledFor| it.check(&settings).expect_err("refused").to_string();
        let text = refusal(CompiledFor {
            target: Target::Aarch64,
            ..it.clone()
        });
        assert!(
            text.contains("compiled for aarch64") && text.contains(&format!("needs {ours}")),
            "{text}"
        );
        let text = refusal(CompiledFor {
            wasmtime: "48.0.7".into(),
            ..it.clone()
        });
        assert!(text.contains("wasmtime 48.0.7"), "{text}");
        let other = EngineSettings {
            memory_reservation: 32 << 20,
            ..settings.clone()
        };
        let text = refusal(CompiledFor::engine(&other, ours, String::new()));
        assert!(text.contains("settings"), "{text}");
    }

    #[test]
    fn what_is_cut_or_strange_is_no_such_file() {
        assert!(!is_precompiled(b""));
        assert!(!is_precompiled(b"\0asm\x0d\0\x01\0"));
        assert!(is_precompiled(b"\xff\xff\xff\xffPPCODE01"));
        for file in [
            &b"\xff\xff\xff\xffPPCODE01"[..],
            b"{}\x02\0\0\0PPCODE01",
            b"\0\0\0\0PPCODE02",
        ] {
            assert!(
                matches!(inspect(file), Err(Misfit::Broken { .. })),
                "{file:?}"
            );
        }
    }
}
