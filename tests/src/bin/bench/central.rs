//! The central system of the bench: one connection, one call at a time, as
//! little in between as possible. Not a test's: it checks nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// Longer than anything that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open connection.
pub struct Central {
    socket: WebSocketStream<TcpStream>,
    calls: u64,
}

/// Takes the next connection and agrees to its first sub-protocol.
pub async fn accept(listener: &TcpListener) -> anyhow::Result<Central> {
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept())
        .await
        .context("nobody has connected")??;
    stream.set_nodelay(true)?;
    #[allow(clippy::result_large_err)] // the library's signature
    let agree = |request: &Request, mut response: Response| {
        let offered = request.headers().get("sec-websocket-protocol");
        let first = offered.and_then(|value| value.to_str().ok()?.split(',').next());
        if let Some(name) = first.and_then(|name| name.trim().parse().ok()) {
            response
                .headers_mut()
                .insert("sec-websocket-protocol", name);
        }
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, agree).await?;
    Ok(Central { socket, calls: 0 })
}

impl Central {
    /// The next text, whatever it is.
    pub async fn text(&mut self) -> anyhow::Result<String> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .context("silence")?
                .context("the connection has ended")??;
            if let Message::Text(text) = message {
                return Ok(text.as_str().to_owned());
            }
        }
    }

    /// Sends a text.
    pub async fn say(&mut self, text: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Answers the charger's own calls until it has been quiet for `quiet`.
    pub async fn settle(&mut self, quiet: Duration) -> anyhow::Result<()> {
        while let Ok(text) = tokio::time::timeout(quiet, self.text()).await {
            self.answer(&text?).await?;
        }
        Ok(())
    }

    /// Answers a call of the charger's; anything else is ignored.
    pub async fn answer(&mut self, text: &str) -> anyhow::Result<()> {
        let Ok(Value::Array(frame)) = serde_json::from_str(text) else {
            bail!("not a frame: {text}");
        };
        if frame.first() != Some(&json!(2)) {
            return Ok(());
        }
        let payload = match frame.get(2).and_then(Value::as_str) {
            Some("BootNotification") => json!({
                "status": "Accepted",
                "currentTime": jiff::Timestamp::now().to_string(),
                "interval": 86_400,
            }),
            Some("Heartbeat") => json!({ "currentTime": jiff::Timestamp::now().to_string() }),
            Some("Authorize") => json!({ "idTagInfo": { "status": "Accepted" } }),
            Some("StartTransaction") => {
                json!({ "transactionId": 1, "idTagInfo": { "status": "Accepted" } })
            }
            _ => json!({}),
        };
        let reply = json!([3, frame.get(1), payload]);
        self.say(reply.to_string()).await
    }

    /// One call; how long it took, and its answer.
    pub async fn call(
        &mut self,
        action: &str,
        payload: &str,
    ) -> anyhow::Result<(Duration, String)> {
        self.calls += 1;
        let text = format!("[2,\"bench-{:07}\",\"{action}\",{payload}]", self.calls);
        let begin = Instant::now();
        self.say(text).await?;
        loop {
            let text = self.text().await?;
            let took = begin.elapsed();
            if !text.starts_with("[2,") {
                return Ok((took, text));
            }
            self.answer(&text).await?;
        }
    }
}
