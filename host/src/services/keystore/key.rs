//! One private key and the certificate chain that belongs to it.

use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::SignatureScheme::ECDSA_NISTP256_SHA256;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{InconsistentKeys, SignatureAlgorithm};
use serde::{Deserialize, Serialize};

use super::contents::Der;
use super::pem;

/// What a P-256 point takes, uncompressed; it is the end of the public key.
const P256_POINT: usize = 65;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    encoding: Encoding,
    private: Der,
    /// The key's own certificate first; empty until it has one.
    #[serde(default)]
    chain: Vec<Der>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Pkcs1,
    Pkcs8,
    Sec1,
}

/// Why a key cannot do what is asked of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("the key cannot be used: {0}")]
    Unusable(String),
    #[error("this needs an ecdsa-p256 key; this one is {0}")]
    OtherAlgorithm(&'static str),
    #[error("the certificate is not for this key")]
    Mismatch,
    #[error("the certificate cannot be read: {0}")]
    BadCertificate(String),
    #[error("there is no certificate in it")]
    NoCertificate,
}

impl Key {
    /// A new ECDSA key on the curve P-256.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
            .map_err(|e| KeyError::Unusable(e.to_string()))?;
        Ok(Self {
            encoding: Encoding::Pkcs8,
            private: Der(pair.serialize_der()),
            chain: Vec::new(),
        })
    }

    /// A key made elsewhere.
    pub fn import(private: &PrivateKeyDer<'_>) -> Result<Self, KeyError> {
        let encoding = match private {
            PrivateKeyDer::Pkcs1(_) => Encoding::Pkcs1,
            PrivateKeyDer::Pkcs8(_) => Encoding::Pkcs8,
            PrivateKeyDer::Sec1(_) => Encoding::Sec1,
            _ => return Err(KeyError::Unusable("its encoding is not known".into())),
        };
        let key = Self {
            encoding,
            private: Der(private.secret_der().to_vec()),
            chain: Vec::new(),
        };
        key.signing_key()?;
        Ok(key)
    }

    pub fn algorithm(&self) -> &'static str {
        let Ok(key) = self.signing_key() else {
            return "unknown";
        };
        if is_p256(key.as_ref()) {
            return "ecdsa-p256";
        }
        match key.algorithm() {
            SignatureAlgorithm::ECDSA => "ecdsa",
            SignatureAlgorithm::RSA => "rsa",
            SignatureAlgorithm::ED25519 => "ed25519",
            _ => "unknown",
        }
    }

    pub fn has_certificate(&self) -> bool {
        !self.chain.is_empty()
    }

    /// For TLS; none without certificate.
    pub fn identity(&self) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = self.chain.iter().map(Der::certificate).collect();
        self.has_certificate().then(|| (chain, self.private()))
    }

    /// Takes a chain, if it is for this key.
    pub fn set_chain(&mut self, chain: Vec<CertificateDer<'static>>) -> Result<(), KeyError> {
        if chain.is_empty() {
            return Err(KeyError::NoCertificate);
        }
        let kept = chain.iter().map(Der::from).collect();
        match CertifiedKey::new(chain, self.signing_key()?).keys_match() {
            Ok(()) => {
                self.chain = kept;
                Ok(())
            }
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(KeyError::Mismatch)
            }
            Err(error) => Err(KeyError::BadCertificate(error.to_string())),
        }
    }

    pub fn public_key_pem(&self) -> Result<String, KeyError> {
        let key = self.signing_key()?;
        let public = key
            .public_key()
            .ok_or_else(|| KeyError::Unusable("it has no public half".into()))?;
        Ok(pem::encode("PUBLIC KEY", public.as_ref()))
    }

    /// ECDSA with SHA-256, ASN.1 DER.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.p256()?.signature(data)
    }

    /// A PKCS#10 request for a certificate.
    pub fn sign_request(
        &self,
        common_name: &str,
        organization: Option<&str>,
    ) -> Result<String, KeyError> {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, common_name);
        if let Some(organization) = organization {
            subject.push(DnType::OrganizationName, organization);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = subject;
        params
            .serialize_request(&self.p256()?)
            .map(|request| pem::encode("CERTIFICATE REQUEST", request.der()))
            .map_err(|e| KeyError::Unusable(e.to_string()))
    }

    fn p256(&self) -> Result<P256, KeyError> {
        let key = self.signing_key()?;
        if !is_p256(key.as_ref()) {
            return Err(KeyError::OtherAlgorithm(self.algorithm()));
        }
        let public = key.public_key();
        let point = public
            .as_ref()
            .and_then(|der| der.as_ref().last_chunk::<P256_POINT>())
            .ok_or_else(|| KeyError::Unusable("it has no public half".into()))?;
        Ok(P256 { point: *point, key })
    }

    fn signing_key(&self) -> Result<Arc<dyn SigningKey>, KeyError> {
        any_supported_type(&self.private()).map_err(|e| KeyError::Unusable(e.to_string()))
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        let der = self.private.0.clone();
        match self.encoding {
            Encoding::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
            Encoding::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
            Encoding::Sec1 => PrivateSec1KeyDer::from(der).into(),
        }
    }
}

fn is_p256(key: &dyn SigningKey) -> bool {
    key.choose_scheme(&[ECDSA_NISTP256_SHA256]).is_some()
}

/// A P-256 key in any encoding, for what makes requests out of keys.
struct P256 {
    point: [u8; P256_POINT],
    key: Arc<dyn SigningKey>,
}

impl P256 {
    fn signature(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.key
            .choose_scheme(&[ECDSA_NISTP256_SHA256])
            .ok_or(KeyError::OtherAlgorithm("another"))?
            .sign(data)
            .map_err(|e| KeyError::Unusable(e.to_string()))
    }
}

impl PublicKeyData for P256 {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for P256 {
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(data)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
