//! A client of the control API, over TCP or a unix socket: one request, one
//! connection, JSON back; or a stream of events until one side ends it.

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};

/// A charger that does not answer within this is not there.
const PATIENCE: Duration = Duration::from_secs(60);

/// A charger says something on a stream at least every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Where a charger's control API is.
#[derive(Clone, Debug)]
pub struct Control {
    address: Address,
    token: Option<String>,
}

#[derive(Clone, Debug)]
enum Address {
    Tcp(String),
    Unix(PathBuf),
}

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What was given with `--control`.
    #[error("--control: expected http://ADDRESS:PORT or unix:PATH, found `{0}`")]
    Address(String),
    /// Nobody answers there.
    #[error("the charger at {at} cannot be reached: {text}")]
    Unreachable {
        /// Where.
        at: String,
        /// What the system said.
        text: String,
    },
    /// It answered, with an error.
    #[error("the charger refuses ({status}): {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        text: String,
    },
}

impl Control {
    /// From what is given with `--control` and `--token`.
    pub fn parse(address: &str, token: Option<String>) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address(address.to_owned());
        let parsed = if let Some(path) = address.strip_prefix("unix:") {
            Address::Unix(PathBuf::from(path))
        } else {
            let rest = address.strip_prefix("http://").ok_or_else(wrong)?;
            let authority = rest.trim_end_matches('/');
            if authority.is_empty() || authority.contains('/') {
                return Err(wrong());
            }
            Address::Tcp(authority.to_owned())
        };
        Ok(Self {
            address: parsed,
            token,
        })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.send("GET", path, &[], Vec::new()).await
    }

    /// POST, with further headers.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Value, ClientError> {
        self.send("POST", path, headers, body).await
    }

    /// GET of what has no end: server-sent events.
    pub async fn stream(&self, path: &str) -> Result<Stream, ClientError> {
        let request = self.request("GET", path, &[], Vec::new())?;
        let body = match tokio::time::timeout(PATIENCE, self.open(request)).await {
            Ok(opened) => opened?.into_body(),
            Err(_) => return Err(self.unreachable(&"it does not answer")),
        };
        Ok(Stream {
            body,
            unread: Vec::new(),
            control: self.clone(),
        })
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Value, ClientError> {
        let request = self.request(method, path, headers, body)?;
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(&"it does not answer")),
        }
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = match &self.address {
            Address::Tcp(authority) => authority.as_str(),
            Address::Unix(_) => "localhost",
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.unreachable(&error))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Value, ClientError> {
        let response = self.open(request).await?;
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The answer's head, with a body that is still to come; an error if it is one.
    async fn open(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
        let response = match &self.address {
            Address::Tcp(authority) => {
                let stream = TcpStream::connect(authority.as_str()).await;
                let stream = stream.map_err(|error| self.unreachable(&error))?;
                self.over(TokioIo::new(stream), request).await?
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(|error| self.unreachable(&error))?;
                self.over(TokioIo::new(stream), request).await?
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let text = match value["error"].as_str() {
            Some(text) => text.to_owned(),
            None => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(ClientError::Refused {
            status: status.as_u16(),
            text,
        })
    }

    async fn over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let handshake = http1::handshake(stream).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        // It ends with the response's body. What goes wrong is seen there.
        tokio::spawn(connection);
        let answer = sender.send_request(request).await;
        answer.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> ClientError {
        let at = match &self.address {
            Address::Tcp(authority) => authority.clone(),
            Address::Unix(path) => path.display().to_string(),
        };
        ClientError::Unreachable {
            at,
            text: error.to_string(),
        }
    }
}

/// Server-sent events of a charger.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    unread: Vec<u8>,
    control: Control,
}

impl Stream {
    /// The data of the next event; none when the charger has ended the stream.
    pub async fn next(&mut self) -> Result<Option<Value>, ClientError> {
        loop {
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                // All of an event is in its data; comments keep the connection alive.
                let Some(data) = line.strip_prefix(b"data: ") else {
                    continue;
                };
                match serde_json::from_slice(data) {
                    Ok(event) => return Ok(Some(event)),
                    Err(error) => return Err(self.control.unreachable(&error)),
                }
            }
            match tokio::time::timeout(SILENCE, self.body.frame()).await {
                Err(_) => return Err(self.control.unreachable(&"it has fallen silent")),
                Ok(None) => return Ok(None),
                // It was killed.
                Ok(Some(Err(_))) => return Ok(None),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.unread.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn addresses_are_checked() {
        for good in [
            "http://127.0.0.1:8080",
            "http://[::1]:80/",
            "unix:/run/p.sock",
        ] {
            assert!(Control::parse(good, None).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:8080", "https://x", "http://", "http://x/v1"] {
            assert!(Control::parse(bad, None).is_err(), "{bad}");
        }
    }
}
