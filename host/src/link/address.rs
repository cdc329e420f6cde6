//! A target's URL, taken apart, and the upgrade request that belongs to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Request, Uri};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

/// Where to dial and what to ask for there.
#[derive(Debug, PartialEq)]
pub(super) struct Address {
    pub secure: bool,
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    uri: Uri,
}

/// The guest named a target that cannot be dialled.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("\"{0}\" is not a URL")]
    NotAUrl(String),
    #[error("\"{0}\" begins with neither ws:// nor wss://")]
    Scheme(String),
    #[error("\"{0}\" names no host")]
    NoHost(String),
    #[error("the sub-protocols cannot be written into a header")]
    Subprotocol,
}

impl Address {
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let uri: Uri = url
            .parse()
            .map_err(|_| AddressError::NotAUrl(url.to_owned()))?;
        let secure = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(AddressError::Scheme(url.to_owned())),
        };
        let host = uri.host().unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(AddressError::NoHost(url.to_owned()));
        }
        Ok(Self {
            secure,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            uri,
        })
    }

    /// The upgrade request. `credential`: user and password, byte for byte.
    pub fn upgrade(
        &self,
        subprotocols: &[String],
        credential: Option<(&str, &[u8])>,
    ) -> Result<Request<()>, AddressError> {
        let mut request = Request::new(());
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        // What stands before an "@" is no part of the host.
        let authority = self.uri.authority().map_or("", |a| a.as_str());
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| AddressError::Subprotocol);
        headers.insert(
            HOST,
            HeaderValue::from_str(host).map_err(|_| AddressError::NoHost(host.to_owned()))?,
        );
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, value(&generate_key())?);
        if !subprotocols.is_empty() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, value(&subprotocols.join(", "))?);
        }
        if let Some((user, password)) = credential {
            headers.insert(AUTHORIZATION, basic(user, password)?);
        }
        Ok(request)
    }
}

/// A URL as it may stand in a log.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{path}"),
        None => url.to_owned(),
    }
}

fn basic(user: &str, password: &[u8]) -> Result<HeaderValue, AddressError> {
    let mut pair = Vec::with_capacity(user.len() + 1 + password.len());
    pair.extend_from_slice(user.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(password);
    // Base64 is always a valid header value; the error is for the type only.
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(pair)))
        .map_err(|_| AddressError::Subprotocol)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, secure: bool, host: &str, port: u16, host_header: &str, path: &str) {
        let address = Address::parse(url).unwrap();
        assert_eq!(
            (address.secure, address.host.as_str(), address.port),
            (secure, host, port)
        );
        let request = address.upgrade(&[], None).unwrap();
        assert_eq!(request.headers()[HOST], host_header);
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), path);
    }

    #[test]
    fn urls_are_taken_apart() {
        check("ws://csms/a/CP1", false, "csms", 80, "csms", "/a/CP1");
        check(
            "wss://csms.example:8443/a/CP%201/?x=1",
            true,
            "csms.example",
            8443,
            "csms.example:8443",
            "/a/CP%201/?x=1",
        );
        check("ws://[::1]:9000/a", false, "::1", 9000, "[::1]:9000", "/a");
        check("wss://u:p@csms/a", true, "csms", 443, "csms", "/a");
        check("ws://csms", false, "csms", 80, "csms", "/");
    }

    #[test]
    fn a_log_shows_no_password() {
        assert_eq!(without_password("wss://u:p@h:1/a@b"), "wss://…@h:1/a@b");
        assert_eq!(without_password("ws://h/a@b"), "ws://h/a@b");
    }

    #[test]
    fn what_is_no_target_is_said() {
        let problem = |url: &str| Address::parse(url).unwrap_err().to_string();
        assert!(problem("http://csms/").contains("neither ws:// nor wss://"));
        assert!(
            problem("csms/a").contains("is not a URL") || problem("csms/a").contains("neither")
        );
        assert!(problem("ws:// x").contains("is not a URL"));
    }

    #[test]
    fn the_password_goes_byte_for_byte() {
        let request = Address::parse("ws://csms/CP1")
            .unwrap()
            .upgrade(
                &["a".into(), "b".into()],
                Some(("CP1", &[0, 0xff, b':', b'\n'])),
            )
            .unwrap();
        let value = request.headers()[AUTHORIZATION].to_str().unwrap();
        let pair = BASE64
            .decode(value.strip_prefix("Basic ").unwrap())
            .unwrap();
        assert_eq!(pair, b"CP1:\x00\xff:\n");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        assert_eq!(request.headers()[SEC_WEBSOCKET_PROTOCOL], "a, b");
    }
}
