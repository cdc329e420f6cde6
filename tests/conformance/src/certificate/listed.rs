//! What a certificate says: a file in `tests/conformance/certificates`.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What it is and what for.
    pub certificate: Heading,
    /// What the laboratory measured.
    pub performance: Performance,
    /// The configuration keys.
    #[serde(rename = "key")]
    pub keys: Vec<ListedKey>,
    /// Keys that we tell beyond it.
    #[serde(default)]
    pub beyond: Vec<Beyond>,
}

/// What it is and what for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// Its number.
    pub number: String,
    /// Vendor and model.
    pub product: String,
    /// Protocol and profiles.
    pub protocol: String,
}

/// What the laboratory measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performance {
    /// From the last stimulus to the message it causes.
    pub triggered: Times,
    /// From a CALL to its answer.
    pub response: Times,
    /// From RemoteStartTransaction to its answer.
    pub remote_start: Times,
    /// Timestamps have milliseconds.
    pub milliseconds: bool,
}

/// A declared and a measured time, s.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// What the manufacturer declares.
    pub limit_s: u32,
    /// What was measured.
    pub measured_s: u32,
}

/// A configuration key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedKey {
    /// Its name.
    pub name: String,
    /// `R`, `RW`, or `R/RW` where it is the manufacturer's choice.
    pub access: String,
    /// Its value.
    pub value: String,
    /// What we tell instead.
    pub ours: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// A key that is not on the certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beyond {
    /// Its name.
    pub name: String,
    /// Why it is told.
    pub note: String,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If there is none, or it makes no sense.
    pub fn read(file: &Path) -> anyhow::Result<Certificate> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let certificate: Certificate =
            toml::from_str(&text).with_context(|| file.display().to_string())?;
        if let Some(key) = certificate
            .keys
            .iter()
            .find(|key| key.ours.is_some() && key.note.is_none())
        {
            anyhow::bail!(
                "{}: {}: `ours` needs a `note` that says why",
                file.display(),
                key.name
            );
        }
        Ok(certificate)
    }
}
