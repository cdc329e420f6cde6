//! Requests that a foreign web page makes through somebody's browser are refused:
//! those that name their page (`Origin`), and those that reached us under a
//! public name that was pointed at our address (`Host`, "DNS rebinding").
//!
//! Not here: who may do what; that is `access`.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};

use super::error::ApiError;

/// `hosts`: names with a dot under which this charger may be reached.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> Result<(), ApiError> {
    let host = only(headers, header::HOST)?;
    let named = host.map(authority).transpose()?;
    // `GET http://name/path` counts for more than `Host`, says RFC 9112.
    for it in [uri.authority(), named.as_ref()].into_iter().flatten() {
        if !is_ours(it.host(), hosts) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                format!(
                    "`Host: {}`: expected an address, a name without a dot, or one of control.hosts",
                    it.host()
                ),
            ));
        }
    }
    let Some(origin) = only(headers, header::ORIGIN)? else {
        return Ok(());
    };
    let from = origin.split_once("://").map(|(_, authority)| authority);
    if from.is_some_and(|from| host.is_some_and(|host| from.eq_ignore_ascii_case(host))) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        format!("`Origin: {origin}`: web pages of other origins may not use this API"),
    ))
}

/// The header's value, if it is there at all; twice is an attack on whoever looks
/// only at the first.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(&name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ApiError::bad(format!("`{name}` is there more than once")));
    }
    let text = first.map(|it| it.to_str()).transpose();
    text.map_err(|_| ApiError::bad(format!("`{name}`: expected printable ASCII")))
}

fn authority(host: &str) -> Result<Authority, ApiError> {
    host.parse()
        .map_err(|_| ApiError::bad(format!("`Host: {host}`: expected NAME or NAME:PORT")))
}

fn is_ours(host: &str, hosts: &[String]) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
        .unwrap_or(host);
    !host.contains('.')
        || bare.parse::<IpAddr>().is_ok()
        || hosts.iter().any(|it| it.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::check;
    use axum::http::{HeaderMap, Uri, header};

    #[track_caller]
    fn checked(host: &str, origin: Option<&str>, granted: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        let hosts = ["charger.example.com".to_owned()];
        let outcome = check(&Uri::from_static("/v1/health"), &headers, &hosts);
        assert_eq!(outcome.is_ok(), granted, "{host} {origin:?}: {outcome:?}");
    }

    #[test]
    fn hosts() {
        for ours in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[fe80::1.2.3.4]",
            "localhost:8080",
            "charger",
            "charger.example.com",
            "Charger.Example.com:8080",
        ] {
            checked(ours, None, true);
        }
        for foreign in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "localhost.",
            "127.0.0.1.evil.example",
            "charger.example.com.evil.example",
            "not a host",
            "",
        ] {
            checked(foreign, None, false);
        }
    }

    #[test]
    fn origins() {
        let host = "127.0.0.1:8080";
        checked(host, Some("http://127.0.0.1:8080"), true);
        checked("localhost:8080", Some("http://LOCALHOST:8080"), true);
        for foreign in [
            "http://evil.example",
            "http://127.0.0.1",
            "http://127.0.0.1:3000",
            "null",
            "",
        ] {
            checked(host, Some(foreign), false);
        }
    }

    #[test]
    fn two_hosts_and_the_request_line() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().expect("a header"));
        let uri = Uri::from_static("http://evil.example/v1/health");
        assert!(check(&uri, &headers, &[]).is_err());
        headers.append(header::HOST, "evil.example".parse().expect("a header"));
        assert!(check(&Uri::from_static("/v1/health"), &headers, &[]).is_err());
    }
}
