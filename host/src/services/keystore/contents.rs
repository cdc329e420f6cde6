//! All that a keystore holds, and the document that it is kept as (JSON; a
//! format on disk: it only grows, and `version` moves when it cannot).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::KeystoreError;
use super::key::Key;

const VERSION: u32 = 1;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Contents {
    version: u32,
    /// What was imported from the configuration, so that it is so only once.
    #[serde(default)]
    pub imported: BTreeSet<String>,
    /// Certificates by set.
    #[serde(default)]
    roots: BTreeMap<String, Vec<Der>>,
    #[serde(default)]
    keys: BTreeMap<String, Key>,
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            version: VERSION,
            imported: BTreeSet::new(),
            roots: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }
}

impl Contents {
    pub fn from_document(document: &[u8]) -> Result<Self, KeystoreError> {
        let contents: Self = serde_json::from_slice(document)
            // Where, but not what: there are keys in it.
            .map_err(|e| {
                KeystoreError::Corrupt(format!("line {}, {:?}", e.line(), e.classify()))
            })?;
        if contents.version != VERSION {
            return Err(KeystoreError::Corrupt(format!(
                "they are of version {}, this program knows {VERSION}",
                contents.version
            )));
        }
        Ok(contents)
    }

    pub fn to_document(&self) -> Result<Vec<u8>, KeystoreError> {
        serde_json::to_vec(self).map_err(|e| KeystoreError::Corrupt(e.to_string()))
    }

    pub fn roots(&self, set: &str) -> Vec<CertificateDer<'static>> {
        let set = self.roots.get(set);
        set.into_iter().flatten().map(Der::certificate).collect()
    }

    pub fn set_roots(&mut self, set: &str, certificates: Vec<CertificateDer<'static>>) {
        let certificates = certificates.iter().map(Der::from).collect();
        self.roots.insert(set.to_owned(), certificates);
    }

    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(name)
    }

    pub fn key_mut(&mut self, name: &str) -> Option<&mut Key> {
        self.keys.get_mut(name)
    }

    pub fn keys(&self) -> impl Iterator<Item = (&String, &Key)> {
        self.keys.iter()
    }

    pub fn names(&self) -> Vec<&String> {
        self.keys.keys().collect()
    }

    pub fn put_key(&mut self, name: &str, key: Key) {
        self.keys.insert(name.to_owned(), key);
    }

    pub fn remove_key(&mut self, name: &str) -> bool {
        self.keys.remove(name).is_some()
    }
}

/// DER in base64.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Der(pub Vec<u8>);

impl Der {
    pub fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.0.clone())
    }
}

impl From<&CertificateDer<'_>> for Der {
    fn from(certificate: &CertificateDer<'_>) -> Self {
        Self(certificate.as_ref().to_vec())
    }
}

impl TryFrom<String> for Der {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        BASE64.decode(text).map(Self)
    }
}

impl From<Der> for String {
    fn from(der: Der) -> Self {
        BASE64.encode(der.0)
    }
}
