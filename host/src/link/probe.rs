//! Whether a central system can be reached, tried once: name, TCP, TLS. Not here: the
//! WebSocket, whose sub-protocol only the protocol guest knows.

use std::sync::Arc;

use tokio::time::Instant;

use super::address::Address;
use super::dial::{Dialler, OPEN_DEADLINE};
use super::plan::{LinkMaterial, LinkSettings};
use super::resolve::Resolver;
use crate::clock::Clock;
use crate::wit::protocol::Target;

/// Tries it; who answered, in words, or why nobody did.
pub async fn probe(
    target: &Target,
    verify_hostname: bool,
    material: Arc<dyn LinkMaterial>,
    clock: Clock,
) -> Result<String, String> {
    let address = Address::parse(&target.url).map_err(|error| error.to_string())?;
    let dialler = Dialler {
        settings: LinkSettings {
            verify_hostname,
            ..LinkSettings::default()
        },
        material,
        clock,
        tally: Arc::default(),
        resolver: Resolver::default(),
    };
    let reached = dialler.reach(&address, target, Instant::now() + OPEN_DEADLINE);
    reached.await.map_err(|failure| failure.text)?;
    let (host, port) = (&address.host, address.port);
    Ok(match address.secure {
        true => format!("{host}:{port} answers, and its certificate is good"),
        false => format!("{host}:{port} answers, without TLS"),
    })
}
