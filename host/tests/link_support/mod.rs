//! Both ends of a link for its tests: a charger's link with its events, and a far
//! end on loopback that the test plays by hand.
#![allow(dead_code)] // each test file uses its own part

pub mod certs;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use plugpoint::clock::Clock;
use plugpoint::link::{Link, LinkEvent, LinkMaterial, LinkPlan, LinkSettings};
use plugpoint::wit::protocol::{BackOff, Connect, Frame, LinkDown, LinkUp, Target};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// What nothing in these tests needs; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is watched that something does *not* happen.
pub const A_WHILE: Duration = Duration::from_millis(150);

pub struct Charger {
    pub link: Link,
    pub events: mpsc::Receiver<LinkEvent>,
}

impl Charger {
    pub fn new() -> Self {
        Self::with(LinkSettings::default(), Material::default(), 64)
    }

    pub fn with(settings: LinkSettings, material: Material, room: usize) -> Self {
        Self::at(settings, material, room, Clock::new(true))
    }

    pub fn at(settings: LinkSettings, material: Material, room: usize, clock: Clock) -> Self {
        let (events, received) = mpsc::channel(room);
        Self {
            link: Link::spawn(settings, Arc::new(material), clock, events),
            events: received,
        }
    }

    pub fn connect(&self, connect: Connect) {
        self.link.connect(plan(connect));
    }

    pub fn send(&self, link: u32, text: &str) {
        self.link.send(Frame {
            link,
            text: text.to_owned(),
        });
    }

    pub async fn event(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("the link lives")
    }

    pub async fn up(&mut self) -> LinkUp {
        match self.event().await {
            LinkEvent::Up(up) => up,
            other => panic!("not up: {other:?}"),
        }
    }

    pub async fn down(&mut self) -> LinkDown {
        match self.event().await {
            LinkEvent::Down(down) => down,
            other => panic!("not down: {other:?}"),
        }
    }

    pub async fn frame(&mut self) -> String {
        match self.event().await {
            LinkEvent::Frame(frame) => frame.text,
            other => panic!("no frame: {other:?}"),
        }
    }

    pub async fn nothing(&mut self) {
        if let Ok(event) = timeout(A_WHILE, self.events.recv()).await {
            panic!("nothing was to happen: {event:?}");
        }
    }
}

#[derive(Default)]
pub struct Material {
    pub roots: HashMap<String, Vec<CertificateDer<'static>>>,
    pub identities: HashMap<String, (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl LinkMaterial for Material {
    fn roots(&self, set: &str) -> Vec<CertificateDer<'static>> {
        self.roots.get(set).cloned().unwrap_or_default()
    }

    fn identity(
        &self,
        name: &str,
    ) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let (chain, key) = self.identities.get(name)?;
        Some((chain.clone(), key.clone_key()))
    }
}

pub fn connect_to(url: &str) -> Connect {
    Connect {
        targets: vec![target(url)],
        attempts_per_target: 1,
        subprotocols: vec!["p2".to_owned(), "p1".to_owned()],
        ping_interval_ms: 0,
        pong_deadline_ms: 0,
        open_deadline_ms: 5000,
        back_off: BackOff {
            first_ms: 50,
            most_ms: 200,
            jitter_ms: 0,
        },
        max_frame_bytes: 64 * 1024,
    }
}

pub fn target(url: &str) -> Target {
    Target {
        url: url.to_owned(),
        credential: None,
        client_identity: None,
        trust: vec!["csms".to_owned()],
    }
}

pub fn plan(connect: Connect) -> LinkPlan {
    LinkPlan {
        passwords: connect.targets.iter().map(|_| None).collect(),
        connect,
    }
}

/// A listener on loopback.
pub struct FarEnd {
    pub listener: TcpListener,
}

impl FarEnd {
    pub async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/a/CP%201", self.port())
    }

    pub async fn tcp(&self) -> TcpStream {
        let (stream, _) = timeout(PATIENCE, self.listener.accept())
            .await
            .expect("a dial in time")
            .unwrap();
        stream
    }

    pub async fn websocket(&self) -> Peer<TcpStream> {
        websocket(self.tcp().await, Some("p1")).await
    }

    /// Takes a dial, reads the request to its end and answers with these bytes.
    pub async fn answer(&self, response: &str) -> TcpStream {
        let mut stream = self.tcp().await;
        read_head(&mut stream).await;
        stream.write_all(response.as_bytes()).await.unwrap();
        stream
    }

    pub async fn no_dial(&self) {
        assert!(
            timeout(A_WHILE, self.listener.accept()).await.is_err(),
            "nothing was to be dialled"
        );
    }
}

pub struct Peer<S> {
    pub socket: WebSocketStream<S>,
    pub request: Request,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text frame.
    pub async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    pub async fn message(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.socket.next())
            .await
            .expect("a message in time")
            .and_then(Result::ok)
    }

    /// The code and reason with which the charger closed.
    pub async fn close(&mut self) -> Option<(u16, String)> {
        loop {
            match self.message().await? {
                Message::Close(Some(why)) => {
                    return Some((why.code.into(), why.reason.to_string()));
                }
                Message::Close(None) => return None,
                _ => {}
            }
        }
    }

    /// The connection is gone without a close frame.
    pub async fn gone(&mut self) {
        loop {
            match self.message().await {
                Some(Message::Close(why)) => panic!("a close frame: {why:?}"),
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// Answers the upgrade and picks a sub-protocol, or none.
pub async fn websocket<S>(stream: S, subprotocol: Option<&'static str>) -> Peer<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut seen = None;
    #[allow(clippy::result_large_err)] // the library's type
    let answer = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        seen = Some(request.clone());
        if let Some(name) = subprotocol {
            response
                .headers_mut()
                .insert("Sec-WebSocket-Protocol", name.parse().unwrap());
        }
        Ok(response)
    };
    let socket = timeout(
        PATIENCE,
        tokio_tungstenite::accept_hdr_async(stream, answer),
    )
    .await
    .expect("an upgrade in time")
    .unwrap();
    Peer {
        socket,
        request: seen.unwrap(),
    }
}

pub async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap()
}
