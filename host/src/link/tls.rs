//! TLS as both the link and transfers use it: version 1.2 or 1.3, roots of our
//! own sets only (never those of the operating system), ring.
//!
//! Whether the far end is who it should be is checked by rustls; what is done
//! otherwise, and when, is in `unset_clock` and `danger_any_name`.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use super::danger_any_name::AnyName;
use super::plan::LinkMaterial;
use super::unset_clock::UnsetClock;
use crate::clock::Clock;
use crate::wit::protocol::ClockTrust;

/// Whom to trust and who to be in one connection.
pub(crate) struct TlsTerms<'a> {
    pub material: &'a dyn LinkMaterial,
    /// Names of root sets.
    pub trust: &'a [String],
    /// Name of our own key and certificate.
    pub identity: Option<&'a str>,
    pub verify_hostname: bool,
    pub clock: &'a Clock,
    /// No certificate that ended before this is good; Unix ms.
    pub build_time_ms: i64,
}

/// What the keystore lacks for a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsSetupError {
    /// Nothing was imported or installed under these names.
    #[error("there is no root certificate to trust in {}", name_list(sets))]
    NoRoots { sets: Vec<String> },
    /// No key, or a key without certificate.
    #[error("there is no key with certificate named \"{name}\" in the keystore")]
    NoIdentity { name: String },
    /// The key cannot be used, or does not fit the certificate.
    #[error("key and certificate named \"{name}\" cannot be used: {source}")]
    BadIdentity { name: String, source: rustls::Error },
    /// A bug or a build without TLS 1.2 and 1.3.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The configuration for one connection.
pub(crate) fn client_config(terms: &TlsTerms<'_>) -> Result<ClientConfig, TlsSetupError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(terms, &provider)?;
    let clock = ChargerTime(terms.clock.clone());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| TlsSetupError::Setup(e.to_string()))?
        .dangerous() // the word is rustls's; ours checks as strictly, see `verifier`
        .with_custom_certificate_verifier(verifier);
    let Some(name) = terms.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let (chain, key) = terms
        .material
        .identity(name)
        .ok_or_else(|| TlsSetupError::NoIdentity {
            name: name.to_owned(),
        })?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|source| TlsSetupError::BadIdentity {
            name: name.to_owned(),
            source,
        })
}

fn verifier(
    terms: &TlsTerms<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsSetupError> {
    let roots = Arc::new(roots(terms)?);
    let verifier: Arc<dyn ServerCertVerifier> = if terms.verify_hostname {
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|e| TlsSetupError::Setup(e.to_string()))?
    } else {
        Arc::new(AnyName::new(roots, provider))
    };
    if terms.clock.now().trust == ClockTrust::Unset {
        return Ok(Arc::new(UnsetClock::new(
            verifier,
            unix_time(terms.build_time_ms),
        )));
    }
    Ok(verifier)
}

fn roots(terms: &TlsTerms<'_>) -> Result<RootCertStore, TlsSetupError> {
    let mut store = RootCertStore::empty();
    for set in terms.trust {
        let (_, ignored) = store.add_parsable_certificates(terms.material.roots(set));
        if ignored > 0 {
            tracing::warn!(set, ignored, "root certificates that cannot be read");
        }
    }
    if store.is_empty() {
        return Err(TlsSetupError::NoRoots {
            sets: terms.trust.to_vec(),
        });
    }
    Ok(store)
}

fn name_list(sets: &[String]) -> String {
    match sets {
        [] => "no set (none was named)".to_owned(),
        [one] => format!("the set \"{one}\""),
        many => format!("the sets \"{}\"", many.join("\", \"")),
    }
}

/// The charger's clock, as set by the central system: the board's may be wrong.
#[derive(Debug)]
struct ChargerTime(Clock);

impl TimeProvider for ChargerTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.wall_ms()))
    }
}

fn unix_time(ms: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}
