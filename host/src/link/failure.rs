//! Why an attempt failed or a link ended, as the guest and a technician are told:
//! one of the interface's kinds and a line of plain words.

use std::io;

use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};

use super::tls::TlsSetupError;
use crate::wit::protocol::LinkFailure;

/// The end of an attempt or of a link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub kind: LinkFailure,
    /// The status of the answer to the upgrade, if that was the trouble.
    pub http_status: Option<u16>,
    pub text: String,
    /// The code of the close frame that the far end should get, if any.
    pub close_code: Option<u16>,
}

impl Failure {
    /// The far end has a say in some texts; it gets no line breaks into our logs.
    pub fn new(kind: LinkFailure, text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self {
            kind,
            http_status: None,
            text: text.replace(char::is_control, " "),
            close_code: None,
        }
    }

    /// What a socket, or the TLS inside it, reported.
    pub fn from_io(error: &io::Error) -> Self {
        if let Some(tls) = tls_error_of(error) {
            return Self::from_tls(tls);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Self::new(LinkFailure::Closed, "the far end ended the connection")
            }
            io::ErrorKind::TimedOut => Self::new(LinkFailure::Timeout, plain(error)),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::new(
                LinkFailure::Unreachable,
                format!("the connection was cut ({})", plain(error)),
            ),
            _ => Self::new(LinkFailure::Unreachable, plain(error)),
        }
    }

    fn from_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(why) => Self::new(
                LinkFailure::Certificate,
                format!("the far end's certificate is refused: {why}"),
            ),
            rustls::Error::NoCertificatesPresented => Self::new(
                LinkFailure::Certificate,
                "the far end showed no certificate",
            ),
            rustls::Error::AlertReceived(alert) => Self::new(
                LinkFailure::Tls,
                format!("the far end ended TLS with the alert {alert:?}"),
            ),
            other => Self::new(LinkFailure::Tls, format!("TLS: {other}")),
        }
    }

    /// What the WebSocket reported, while it was being opened or later.
    pub fn from_websocket(error: &WsError) -> Self {
        match error {
            WsError::Http(answer) => {
                let status = answer.status();
                Self {
                    http_status: Some(status.as_u16()),
                    ..Self::new(
                        LinkFailure::Refused,
                        format!("the far end answered the upgrade with {status}"),
                    )
                }
            }
            WsError::Io(error) => Self::from_io(error),
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(
                ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
            ) => Self::new(
                LinkFailure::Closed,
                "the far end ended the connection without saying why",
            ),
            WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(why)) => {
                Self::new(LinkFailure::Subprotocol, why.to_string())
            }
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => Self::new(
                LinkFailure::Oversize,
                format!("a frame of {size} bytes; the limit is {max_size}"),
            )
            .closing(1009),
            WsError::AttackAttempt => Self::new(
                LinkFailure::Oversize,
                "the answer to the upgrade is too large",
            ),
            WsError::Utf8(_) => {
                Self::new(LinkFailure::Malformed, "text that is not UTF-8").closing(1007)
            }
            other => Self::new(LinkFailure::Malformed, other.to_string()).closing(1002),
        }
    }

    fn closing(mut self, code: u16) -> Self {
        self.close_code = Some(code);
        self
    }
}

impl From<TlsSetupError> for Failure {
    fn from(error: TlsSetupError) -> Self {
        let kind = match error {
            TlsSetupError::NoRoots { .. } => LinkFailure::Certificate,
            _ => LinkFailure::Tls,
        };
        Self::new(kind, error.to_string())
    }
}

/// An error of rustls comes wrapped, up to twice.
fn tls_error_of(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    let deeper = inner
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    deeper.or_else(|| {
        inner
            .source()
            .and_then(|e| e.downcast_ref::<rustls::Error>())
    })
}

/// "Connection refused" rather than "Connection refused (os error 111)".
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
