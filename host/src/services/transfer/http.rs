//! An HTTP client for one transfer: its limits in time, and whom it trusts.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::transport::{Connector, TcpConnector};

use super::addresses::{AddressRules, GuardedResolver, LocalNetwork};
use super::tls_transport::TlsConnector;
use crate::clock::Clock;
use crate::link::LinkMaterial;
use crate::link::failure::Failure;
use crate::link::tls::{TlsTerms, client_config};
use crate::services::operation::Failed;
use crate::wit::protocol::LinkFailure;

/// Trusted if a request names no set.
const USUAL_TRUST: &str = "csms";

const CONNECT: Duration = Duration::from_secs(30);

pub(super) struct HttpSettings {
    pub stall: Duration,
    pub longest: Duration,
    pub verify_hostname: bool,
    pub build_time_ms: i64,
    pub addresses: AddressRules,
}

pub(super) struct Http {
    settings: HttpSettings,
    material: Arc<dyn LinkMaterial>,
    clock: Clock,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    /// Some, and never from https to http.
    Follow,
    /// A file is not sent twice, nor to where the guest did not say.
    Refuse,
}

impl Http {
    pub fn new(settings: HttpSettings, material: Arc<dyn LinkMaterial>, clock: Clock) -> Self {
        Self {
            settings,
            material,
            clock,
        }
    }

    pub fn agent(
        &self,
        url: &str,
        trust: Option<Vec<String>>,
        redirects: Redirects,
    ) -> Result<Agent, Failed> {
        let uri: http::Uri = url
            .parse()
            .map_err(|_| Failed::bad_request("url: this is not a URL"))?;
        let secure = match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(_)) => false,
            _ => {
                return Err(Failed::bad_request(
                    "url: http://host… or https://host… is expected",
                ));
            }
        };
        let tls = client_config(&TlsTerms {
            material: self.material.as_ref(),
            trust: &trust.unwrap_or_else(|| vec![USUAL_TRUST.to_owned()]),
            identity: None,
            verify_hostname: self.settings.verify_hostname,
            clock: &self.clock,
            build_time_ms: self.settings.build_time_ms,
        });
        let tls = match tls {
            Ok(config) => Some(Arc::new(config)),
            Err(error) if secure => return Err(Failed::because(error.to_string())),
            Err(_) => None,
        };
        let config = Config::builder()
            .http_status_as_error(false)
            .https_only(secure)
            .proxy(None)
            .max_redirects(if redirects == Redirects::Follow { 5 } else { 0 })
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(self.settings.stall))
            .timeout_per_read(Some(self.settings.stall))
            .timeout_per_write(Some(self.settings.stall))
            .timeout_global(Some(self.settings.longest))
            .user_agent(concat!("plugpoint/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = ().chain(TcpConnector::default()).chain(TlsConnector::new(tls));
        Ok(Agent::with_parts(
            config,
            connector,
            GuardedResolver::new(self.settings.addresses.clone()),
        ))
    }
}

/// A transfer that failed under way.
pub(super) fn broken(error: &ureq::Error) -> Failed {
    match error {
        ureq::Error::Io(error) => broken_io(error),
        ureq::Error::HostNotFound => unreachable("the name is not found"),
        ureq::Error::Timeout(what) => unreachable(&format!("too slow: {what}")),
        ureq::Error::ConnectionFailed => unreachable("no connection"),
        ureq::Error::Other(other) if other.is::<LocalNetwork>() => {
            Failed::new("refused", other.to_string())
        }
        ureq::Error::RequireHttpsOnly(_) => Failed::new("refused", "redirected from https to http"),
        other => Failed::because(other.to_string()),
    }
}

pub(super) fn broken_io(error: &std::io::Error) -> Failed {
    // What ureq itself reports comes wrapped when it is met while reading.
    if let Some(inner) = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<ureq::Error>())
    {
        return broken(inner);
    }
    let failure = Failure::from_io(error);
    match failure.kind {
        LinkFailure::Certificate | LinkFailure::Tls => Failed::because(failure.text),
        _ => unreachable(&failure.text),
    }
}

/// The server's answer was no success.
pub(super) fn refused(status: http::StatusCode) -> Failed {
    Failed::new("refused", format!("the server answered {status}"))
}

fn unreachable(text: &str) -> Failed {
    Failed::new("unreachable", text)
}
