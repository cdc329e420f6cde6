//! What happens to a TCP connection before it is a WebSocket.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Shared;
use super::journal::Opening;
use super::socket::Socket;

/// How callers are received.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Door {
    /// As they should be.
    #[default]
    Open,
    /// Nobody listens: connections are refused by the system.
    Shut,
    /// TCP connections are accepted, and that is all that ever happens.
    Mute,
    /// TCP connections are accepted and closed at once.
    HangUp,
    /// The upgrade is answered with this HTTP status.
    Status(u16),
    /// The upgrade is answered with this sub-protocol, or none, whatever was
    /// asked for.
    Subprotocol(Option<String>),
}

/// Why a connection did not become a WebSocket.
pub(super) enum NotOpened {
    /// The caller means another central system, which had this port before: it has
    /// got a 404, and nobody is told.
    Astray,
    /// What to write down.
    Because(String),
}

/// Answers the upgrade as `door` says.
pub(super) async fn upgrade(
    socket: Socket,
    door: Door,
    shared: &Shared,
) -> Result<(WebSocketStream<Socket>, Opening), NotOpened> {
    let client_certificate = socket.has_client_certificate();
    let opening = Arc::new(Mutex::new(None));
    let seen = opening.clone();
    let astray = Arc::new(AtomicBool::new(false));
    let went_astray = astray.clone();
    let own_path = shared.path.clone();
    let basic_auth = shared.basic_auth();
    let spoken = shared.subprotocols.clone();
    // The type of the callback's error is the library's.
    #[allow(clippy::result_large_err)]
    let callback = move |request: &Request, mut response: Response| {
        let Some(path) = request.uri().path().strip_prefix(own_path.as_str()) else {
            went_astray.store(true, Ordering::Relaxed);
            return Err(refusal(404));
        };
        let path = path.to_owned();
        let offered = offered(request.headers());
        let subprotocol = match &door {
            Door::Subprotocol(fixed) => fixed.clone(),
            _ => offered.iter().find(|name| spoken.contains(name)).cloned(),
        };
        let told = Opening {
            identity: identity(&path),
            path,
            authorization: text(request.headers().get(AUTHORIZATION)),
            offered,
            subprotocol: subprotocol.clone(),
            client_certificate,
        };
        let welcome = match (&door, &basic_auth) {
            (Door::Status(status), _) => Err(*status),
            (_, Some(wanted)) if told.basic_credentials().as_ref() != Some(wanted) => Err(401),
            _ => Ok(()),
        };
        if let Err(status) = welcome {
            return Err(refusal(status));
        }
        if let Some(name) = subprotocol.and_then(|name| HeaderValue::try_from(name).ok()) {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Ok(response)
    };
    let config = WebSocketConfig::default().max_write_buffer_size(usize::MAX);
    let ws = tokio_tungstenite::accept_hdr_async_with_config(socket, callback, Some(config))
        .await
        .map_err(|error| match astray.load(Ordering::Relaxed) {
            true => NotOpened::Astray,
            false => NotOpened::Because(error.to_string()),
        })?;
    let opening = opening
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .ok_or_else(|| NotOpened::Because("upgraded without a request".to_owned()))?;
    Ok((ws, opening))
}

fn refusal(status: u16) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    response
}

fn offered(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_owned())
        .collect()
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    Some(value?.to_str().ok()?.to_owned())
}

/// The last segment of a path, percent-decoded.
fn identity(path: &str) -> String {
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        match escaped.and_then(|digits| hex::decode(digits).ok()) {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn identities_are_decoded() {
        assert_eq!(identity("/ocpp/CP001"), "CP001");
        assert_eq!(identity("/ocpp/CP%20%2F1/"), "CP /1");
        assert_eq!(identity("/a/b/100%"), "100%");
    }
}
