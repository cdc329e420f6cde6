//! From a target to an open WebSocket: name, TCP, TLS, upgrade, all of it within
//! one deadline.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::address::{Address, AddressError};
use super::counters::Tally;
use super::failure::Failure;
use super::plan::{LinkMaterial, LinkSettings};
use super::resolve::Resolver;
use super::tls::{self, TlsTerms};
use super::wire::Wire;
use crate::clock::Clock;
use crate::wit::protocol::{LinkFailure, Target};

/// Frames of the usual size fit; a larger one makes the buffer grow for as long
/// as it is being read.
const READ_BUFFER: usize = 8 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// If the guest sets none.
pub(super) const OPEN_DEADLINE: Duration = Duration::from_secs(30);

/// All that dialling needs besides the target.
pub(super) struct Dialler {
    pub settings: LinkSettings,
    pub material: Arc<dyn LinkMaterial>,
    pub clock: Clock,
    pub tally: Arc<Tally>,
    pub resolver: Resolver,
}

/// One attempt.
pub(super) struct Attempt {
    pub target: Target,
    pub password: Option<Vec<u8>>,
    pub subprotocols: Vec<String>,
    pub open_deadline_ms: u32,
    pub max_frame_bytes: u32,
}

/// What a successful attempt leaves.
pub(super) struct Opened {
    pub socket: WebSocketStream<Wire>,
    pub subprotocol: String,
}

impl Dialler {
    pub async fn dial(&self, attempt: Attempt) -> Result<Opened, Failure> {
        let address = Address::parse(&attempt.target.url)?;
        let patience = match attempt.open_deadline_ms {
            0 => OPEN_DEADLINE,
            ms => Duration::from_millis(u64::from(ms)),
        };
        let deadline = Instant::now() + patience;
        let wire = self.reach(&address, &attempt.target, deadline).await?;
        self.upgrade(&address, &attempt, wire, deadline).await
    }

    /// To the far end, as the target says it is to be believed.
    pub async fn reach(
        &self,
        address: &Address,
        target: &Target,
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        // First, so that nobody is bothered by a dial that cannot succeed.
        let tls = match address.secure {
            true => Some(self.tls(target)?),
            false => None,
        };
        let stream = self.connect(address, deadline).await?;
        match tls {
            Some(tls) => self.secure(address, tls, stream, deadline).await,
            None => Ok(Wire::plain(stream, Arc::clone(&self.tally))),
        }
    }

    fn tls(&self, target: &Target) -> Result<TlsConnector, Failure> {
        let config = tls::client_config(&TlsTerms {
            material: self.material.as_ref(),
            trust: &target.trust,
            identity: target.client_identity.as_deref(),
            verify_hostname: self.settings.verify_hostname,
            clock: &self.clock,
            build_time_ms: self.settings.build_time_ms,
        })?;
        Ok(TlsConnector::from(Arc::new(config)))
    }

    async fn connect(&self, address: &Address, deadline: Instant) -> Result<TcpStream, Failure> {
        let (host, port) = (&address.host, address.port);
        let found = timeout_at(deadline, self.resolver.lookup(host, port))
            .await
            .map_err(|_| late(format!("no answer from the name service for {host}")))?
            .map_err(|_| {
                Failure::new(
                    LinkFailure::Unreachable,
                    format!("the name {host} is not found"),
                )
            })?;
        let mut last = Failure::new(
            LinkFailure::Unreachable,
            format!("the name {host} has no address"),
        );
        for (at, candidate) in found.iter().enumerate() {
            // One dead address must not use up the time of the others.
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / (found.len() - at) as u32;
            last = match timeout_at(now + share, TcpStream::connect(candidate)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(|e| Failure::from_io(&e))?;
                    return Ok(stream);
                }
                Ok(Err(e)) => {
                    let failure = Failure::from_io(&e);
                    Failure {
                        text: format!("{candidate}: {}", failure.text),
                        ..failure
                    }
                }
                Err(_) => late(format!("{candidate} does not answer")),
            };
        }
        Err(last)
    }

    async fn secure(
        &self,
        address: &Address,
        tls: TlsConnector,
        stream: TcpStream,
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        let name = address.host.clone().try_into().map_err(|_| {
            Failure::new(
                LinkFailure::Certificate,
                format!("{} cannot be the name in a certificate", address.host),
            )
        })?;
        let stream = timeout_at(deadline, tls.connect(name, stream))
            .await
            .map_err(|_| late("TLS is not answered".to_owned()))?
            .map_err(|e| Failure::from_io(&e))?;
        Ok(Wire::tls(stream, Arc::clone(&self.tally)))
    }

    async fn upgrade(
        &self,
        address: &Address,
        attempt: &Attempt,
        wire: Wire,
        deadline: Instant,
    ) -> Result<Opened, Failure> {
        let credential = attempt.target.credential.as_ref().map(|credential| {
            if attempt.password.is_none() {
                tracing::warn!(
                    user = credential.user,
                    "no password is kept for this user; dialling with an empty one"
                );
            }
            let password = attempt.password.as_deref().unwrap_or_default();
            (credential.user.as_str(), password)
        });
        let request = address.upgrade(&attempt.subprotocols, credential)?;
        let limit = match attempt.max_frame_bytes as usize {
            0 => self.settings.max_frame_bytes,
            bytes => bytes.min(self.settings.max_frame_bytes),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let (socket, response) = timeout_at(
            deadline,
            client_async_with_config(request, wire, Some(config)),
        )
        .await
        .map_err(|_| late("the upgrade is not answered".to_owned()))?
        .map_err(|e| Failure::from_websocket(&e))?;
        let subprotocol = response
            .headers()
            .get(http::header::SEC_WEBSOCKET_PROTOCOL)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Ok(Opened {
            socket,
            subprotocol,
        })
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::new(LinkFailure::Unreachable, error.to_string())
    }
}

fn late(text: String) -> Failure {
    Failure::new(LinkFailure::Timeout, text)
}
