//! Certificates while the charger has no time yet.
//!
//! A charger without a battery-backed clock gets its time from the central
//! system, and must first trust it. So while the clock is unset, a chain is good
//! if there is *any* moment since this program was built at which all of it is
//! valid: what ended before the build stays refused, and what began after it
//! is not refused for that. Everything else is checked as ever.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

#[derive(Debug)]
pub(super) struct UnsetClock {
    inner: Arc<dyn ServerCertVerifier>,
    built_at: UnixTime,
}

impl UnsetClock {
    pub fn new(inner: Arc<dyn ServerCertVerifier>, built_at: UnixTime) -> Self {
        Self { inner, built_at }
    }
}

impl ServerCertVerifier for UnsetClock {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut at = self.built_at;
        // Each certificate of the chain can move the moment on once.
        for _ in 0..=intermediates.len() + 1 {
            let verdict = self.inner.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                at,
            );
            match verdict {
                Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before,
                    ..
                })) if not_before > at => at = not_before,
                verdict => return verdict,
            }
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYet))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
