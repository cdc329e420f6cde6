//! Certificates made on the spot: a root, servers and clients below it, good
//! ones and bad ones. Keys are ECDSA P-256, of which a set takes milliseconds.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certification authority of the test's own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    /// The certificate as PEM.
    pub certificate_pem: String,
    /// The key as PEM.
    pub key_pem: String,
}

/// When a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Now.
    Now,
    /// It was, until some years ago.
    Expired,
    /// It will be, in many years.
    NotYet,
}

impl Authority {
    /// Makes a root.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn new(name: &str) -> anyhow::Result<Authority> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Authority { issuer })
    }

    /// The root certificate as PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes the root certificate into a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, self.pem()).with_context(|| format!("cannot write {}", path.display()))
    }

    /// A server's certificate for these names or addresses.
    ///
    /// # Errors
    /// If a name cannot stand in a certificate.
    pub fn server(&self, names: &[&str], validity: Validity) -> anyhow::Result<Identity> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let common_name = names.first().cloned().unwrap_or_default();
        let params = CertificateParams::new(names)?;
        self.sign(
            params,
            &common_name,
            ExtendedKeyUsagePurpose::ServerAuth,
            validity,
        )
    }

    /// A client's certificate with this common name.
    ///
    /// # Errors
    /// If the name cannot stand in a certificate.
    pub fn client(&self, common_name: &str, validity: Validity) -> anyhow::Result<Identity> {
        self.sign(
            CertificateParams::default(),
            common_name,
            ExtendedKeyUsagePurpose::ClientAuth,
            validity,
        )
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        common_name: &str,
        usage: ExtendedKeyUsagePurpose,
        validity: Validity,
    ) -> anyhow::Result<Identity> {
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params.extended_key_usages = vec![usage];
        let (from, to) = match validity {
            Validity::Now => (2020, 2090),
            Validity::Expired => (2010, 2020),
            Validity::NotYet => (2090, 2095),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

impl Identity {
    /// What a server needs to present this certificate and, if `clients_of` is
    /// given, to demand one of that authority from whoever calls.
    ///
    /// # Errors
    /// If key and certificate do not fit.
    pub fn server_config(
        &self,
        clients_of: Option<&Authority>,
    ) -> anyhow::Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = match clients_of {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.issuer.der().clone())?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let chain = vec![self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(self.key.clone_key());
        Ok(Arc::new(builder.with_single_cert(chain, key)?))
    }

    /// Writes certificate and key into two files.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&self, certificate: &Path, key: &Path) -> anyhow::Result<()> {
        std::fs::write(certificate, &self.certificate_pem)
            .and_then(|()| std::fs::write(key, &self.key_pem))
            .with_context(|| format!("cannot write {}", certificate.display()))
    }
}
