//! A client of the control API, over TCP or a unix socket: one request, one
//! connection, JSON back.

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};

/// A charger that does not answer within this is not there.
const PATIENCE: Duration = Duration::from_secs(60);

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

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Value, ClientError> {
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
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.unreachable(&error))?;
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(&"it does not answer")),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Value, ClientError> {
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
        let (status, body) = response;
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(value);
        }
        let text = match value["error"].as_str() {
            Some(text) => text.to_owned(),
            None => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(ClientError::Refused { status, text })
    }

    async fn over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<(u16, Bytes), ClientError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let handshake = http1::handshake(stream).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        let talk = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, body))
        };
        tokio::pin!(talk);
        let answer = tokio::select! {
            answer = &mut talk => answer,
            // Ends before the answer only if something is wrong.
            ended = connection => match ended {
                Ok(()) => talk.await,
                Err(error) => Err(error),
            },
        };
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
