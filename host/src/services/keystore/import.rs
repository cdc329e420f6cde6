//! The material that the configuration brings along: copied at the first start
//! that names it. Later, what the central system installs goes before.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::{self as pki_pem, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::contents::Contents;
use super::key::{Key, KeyError};
use super::{CLIENT, CSMS, Keystore, KeystoreError, MANUFACTURER, pem};

/// Files of the configuration's `[tls]` section, each in PEM.
#[derive(Clone, Debug, Default)]
pub struct InitialMaterial {
    /// Roots that the central system's certificate is checked against.
    pub csms_root_ca: Option<PathBuf>,
    /// Roots of the manufacturer.
    pub manufacturer_root_ca: Option<PathBuf>,
    /// The charger's own certificate, with intermediates behind it.
    pub client_cert: Option<PathBuf>,
    /// The key of `client_cert`.
    pub client_key: Option<PathBuf>,
}

/// The configuration names material that cannot be used; `setting` is its key in
/// the section `[tls]`.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is missing or may not be read.
    #[error("[tls] {setting} = \"{}\": the file cannot be read: {source}", file.display())]
    Read {
        /// Key in `[tls]`.
        setting: &'static str,
        /// As configured.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else, or is damaged.
    #[error("[tls] {setting} = \"{}\": {problem}", file.display())]
    Content {
        /// Key in `[tls]`.
        setting: &'static str,
        /// As configured.
        file: PathBuf,
        /// What is the matter.
        problem: String,
    },
    /// One half of a pair.
    #[error(
        "[tls] {setting} is missing: a client certificate needs its key, and a key its certificate"
    )]
    Incomplete {
        /// The key in `[tls]` that should be there.
        setting: &'static str,
    },
    /// The keystore itself.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
}

impl Keystore {
    /// Imports what was not imported before; files that were are not even
    /// looked at. All or nothing. Returns the settings that were imported.
    ///
    /// # Errors
    /// A file cannot be read or used, or the result cannot be stored.
    pub fn import_initial(
        &self,
        material: &InitialMaterial,
    ) -> Result<Vec<&'static str>, ImportError> {
        if todo(material, &self.read()).is_empty() {
            return Ok(Vec::new());
        }
        self.change(|contents| {
            let imported = todo(material, contents);
            for setting in &imported {
                match (*setting, &material.client_cert, &material.client_key) {
                    ("csms_root_ca", ..) => {
                        roots(contents, CSMS, setting, material.csms_root_ca.as_deref())?;
                    }
                    ("manufacturer_root_ca", ..) => {
                        let file = material.manufacturer_root_ca.as_deref();
                        roots(contents, MANUFACTURER, setting, file)?;
                    }
                    (_, Some(cert), Some(key)) => {
                        contents.put_key(CLIENT, client(cert, key)?);
                    }
                    (_, Some(_), None) => {
                        return Err(ImportError::Incomplete {
                            setting: "client_key",
                        });
                    }
                    (_, None, _) => {
                        return Err(ImportError::Incomplete {
                            setting: "client_cert",
                        });
                    }
                }
                contents.imported.insert((*setting).to_owned());
            }
            Ok(imported)
        })
    }
}

/// What is named and was not imported yet. Key and certificate are one.
fn todo(material: &InitialMaterial, contents: &Contents) -> Vec<&'static str> {
    let client = material
        .client_cert
        .as_ref()
        .or(material.client_key.as_ref());
    [
        ("csms_root_ca", material.csms_root_ca.as_ref()),
        (
            "manufacturer_root_ca",
            material.manufacturer_root_ca.as_ref(),
        ),
        ("client_cert", client),
    ]
    .into_iter()
    .filter(|(setting, file)| file.is_some() && !contents.imported.contains(*setting))
    .map(|(setting, _)| setting)
    .collect()
}

fn roots(
    contents: &mut Contents,
    set: &str,
    setting: &'static str,
    file: Option<&Path>,
) -> Result<(), ImportError> {
    let Some(file) = file else {
        return Ok(());
    };
    let certificates = certificates(setting, file)?;
    for certificate in &certificates {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|e| {
                bad(
                    setting,
                    file,
                    format!("a certificate cannot be a root: {e}"),
                )
            })?;
    }
    contents.set_roots(set, certificates);
    Ok(())
}

fn client(cert: &Path, key: &Path) -> Result<Key, ImportError> {
    let private =
        PrivateKeyDer::from_pem_slice(&read("client_key", key)?).map_err(|e| match e {
            pki_pem::Error::NoItemsFound => bad("client_key", key, "there is no private key in it"),
            other => bad("client_key", key, format!("this is not PEM: {other}")),
        })?;
    let mut pair = Key::import(&private).map_err(|e| bad("client_key", key, e.to_string()))?;
    let chain = certificates("client_cert", cert)?;
    pair.set_chain(chain).map_err(|e| match e {
        KeyError::Mismatch => bad(
            "client_cert",
            cert,
            format!("the certificate is not for the key in {}", key.display()),
        ),
        other => bad("client_cert", cert, other.to_string()),
    })?;
    Ok(pair)
}

fn certificates(
    setting: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, ImportError> {
    let found = pem::certificates(&read(setting, file)?)
        .map_err(|e| bad(setting, file, format!("this is not PEM: {e}")))?;
    if found.is_empty() {
        return Err(bad(setting, file, "there is no certificate in it"));
    }
    Ok(found)
}

fn read(setting: &'static str, file: &Path) -> Result<Vec<u8>, ImportError> {
    std::fs::read(file).map_err(|source| ImportError::Read {
        setting,
        file: file.to_owned(),
        source,
    })
}

fn bad(setting: &'static str, file: &Path, problem: impl Into<String>) -> ImportError {
    ImportError::Content {
        setting,
        file: file.to_owned(),
        problem: problem.into(),
    }
}
