//! A charge point that is only a WebSocket client.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use plugpoint_tests::central_system::{CentralSystem, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A WebSocket client with blocking functions.
pub struct FakeCharger {
    pub runtime: tokio::runtime::Runtime,
    pub ws: WebSocketStream<Box<dyn Stream>>,
    pub subprotocol: Option<String>,
}

impl FakeCharger {
    pub fn connect(central: &CentralSystem) -> FakeCharger {
        FakeCharger::dial(central.address(), None, None).expect("connected")
    }

    pub fn dial(
        address: SocketAddr,
        authorization: Option<&str>,
        tls: Option<(TlsConnector, &'static str)>,
    ) -> Result<FakeCharger, WsError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (ws, subprotocol) = runtime.block_on(async {
            let tcp = TcpStream::connect(address).await?;
            let stream: Box<dyn Stream> = match tls {
                None => Box::new(tcp),
                Some((connector, name)) => {
                    let name =
                        rustls_pki_types::ServerName::try_from(name).map_err(io::Error::other)?;
                    Box::new(connector.connect(name, tcp).await?)
                }
            };
            let mut request = format!("ws://{address}/ocpp/CP%20001").into_client_request()?;
            let headers = request.headers_mut();
            headers.insert(
                "sec-websocket-protocol",
                HeaderValue::from_static("ocpp1.6"),
            );
            if let Some(value) = authorization {
                headers.insert(
                    "authorization",
                    HeaderValue::try_from(value).expect("ascii"),
                );
            }
            let (ws, response) = tokio_tungstenite::client_async(request, stream).await?;
            let subprotocol = response
                .headers()
                .get("sec-websocket-protocol")
                .and_then(|value| Some(value.to_str().ok()?.to_owned()));
            Ok::<_, WsError>((ws, subprotocol))
        })?;
        Ok(FakeCharger {
            runtime,
            ws,
            subprotocol,
        })
    }

    pub fn send(&mut self, frame: Value) {
        let message = Message::text(frame.to_string());
        self.runtime
            .block_on(self.ws.send(message))
            .expect("connected");
    }

    pub fn receive(&mut self) -> Result<Message, String> {
        self.runtime.block_on(async {
            let message = tokio::time::timeout(Duration::from_secs(60), self.ws.next());
            match message.await.expect("something comes in time") {
                None => Err("closed".to_owned()),
                Some(message) => message.map_err(|error| error.to_string()),
            }
        })
    }

    pub fn receive_frame(&mut self) -> Value {
        let message = self.receive().expect("a message");
        serde_json::from_str(message.to_text().expect("text")).expect("JSON")
    }

    pub fn ask(&mut self, id: &str, action: &str, payload: Value) -> Value {
        self.send(json!([2, id, action, payload]));
        self.receive_frame()
    }

    pub fn boot(&mut self, id: &str) {
        let answer = self.ask(id, "BootNotification", json!({}));
        assert_eq!(answer[2]["status"], "Accepted");
    }

    pub fn start(&mut self, id: &str, connector: u32, wh: i64) -> i64 {
        let payload = json!({"connectorId": connector, "idTag": "AB", "meterStart": wh,
            "timestamp": "2026-01-01T00:00:00.000Z"});
        let answer = self.ask(id, "StartTransaction", payload);
        answer[2]["transactionId"].as_i64().expect("an id")
    }

    pub fn stop(&mut self, id: &str, transaction: i64, wh: i64) {
        let payload = json!({"transactionId": transaction, "meterStop": wh,
            "timestamp": "2026-01-01T00:01:00.000Z"});
        self.ask(id, "StopTransaction", payload);
    }

    pub fn sample(&mut self, id: &str, transaction: i64, wh: &str, minute: &str) {
        let payload = json!({"connectorId": 1, "transactionId": transaction, "meterValue": [
            {"timestamp": minute, "sampledValue": [{"value": wh}]}]});
        self.ask(id, "MeterValues", payload);
    }
}

/// A central system with the usual answers.
pub fn central() -> CentralSystem {
    CentralSystem::start_with(settings()).expect("a central system")
}

/// It dials by address, and knows no path.
pub fn settings() -> Settings {
    Settings {
        own_path: false,
        ..Settings::default()
    }
}
