//! What keeps the other tests honest: a charge point that breaks the rules is
//! found out, in each direction and whatever the package does about it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use plugpoint_tests::frame::Frame;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::foreign::{Foreign, Kind};

/// Calls of a charge point, and what is wrong with each.
fn bad_calls() -> [(&'static str, &'static str, Value); 5] {
    [
        (
            "a token of 21 characters",
            "Authorize",
            json!({"idTag": "123456789012345678901"}),
        ),
        (
            "a status that is none",
            "StatusNotification",
            json!({"connectorId": 1, "errorCode": "NoError", "status": "Sleeping"}),
        ),
        (
            "no timestamp",
            "StartTransaction",
            json!({"connectorId": 1, "idTag": "AB", "meterStart": 0}),
        ),
        (
            "a field too many",
            "Authorize",
            json!({"idTag": "AB", "parentIdTag": "CD"}),
        ),
        (
            "a number that is text",
            "StopTransaction",
            json!({"transactionId": "1", "meterStop": 0, "timestamp": "2026-01-01T00:00:00Z"}),
        ),
    ]
}

/// Each of them, a bad answer, and what is no frame at all.
pub fn are_told(kind: Kind) {
    let mut central = Foreign::start(kind);
    let mut charger = Client::connect(central.url());
    for (number, (what, action, payload)) in bad_calls().into_iter().enumerate() {
        let text = json!([2, format!("bad-{number}"), action, payload]).to_string();
        charger.send(&text);
        charger.frame();
        central.wait_broken(number + 1, what);
    }
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            let Frame::Call { id, .. } = charger.frame() else {
                panic!("not a call");
            };
            charger.send(&json!([3, id, {"status": "Perhaps"}]).to_string());
        });
        central.call("ClearCache", &json!({}))
    });
    assert!(answer.outcome.is_err(), "{answer:?}");
    let so_far = bad_calls().len() + 1;
    central.wait_broken(so_far, "a bad answer");
    charger.send("nonsense");
    central.wait_broken(so_far + 1, "nonsense");
    // Nothing is told that is good.
    charger.send(r#"[2,"good","Heartbeat",{}]"#);
    while charger.frame().id() != "good" {}
    let (_, broken) = central.end();
    assert_eq!(broken.len(), so_far + 1, "{broken:#?}");
}

/// A charge point that says what it is told to.
struct Client {
    runtime: tokio::runtime::Runtime,
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    fn connect(url: &str) -> Client {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let socket = runtime.block_on(async {
            let mut request = format!("{url}/CP001").into_client_request().expect("a URL");
            let header = "ocpp1.6".parse().expect("a header");
            request
                .headers_mut()
                .insert("sec-websocket-protocol", header);
            let host = request.uri().authority().expect("a host").to_string();
            let stream = TcpStream::connect(host).await.expect("connected");
            let opened = tokio_tungstenite::client_async(request, stream).await;
            opened.expect("opened").0
        });
        Client { runtime, socket }
    }

    fn send(&mut self, text: &str) {
        let sending = self.socket.send(Message::text(text));
        self.runtime.block_on(sending).expect("sent");
    }

    /// The next frame, whatever it is.
    fn frame(&mut self) -> Frame {
        let socket = &mut self.socket;
        self.runtime.block_on(async {
            loop {
                let message = tokio::time::timeout(Duration::from_secs(60), socket.next()).await;
                let message = message.expect("in time").expect("open").expect("good");
                if let Message::Text(text) = message
                    && let Some(frame) = Frame::parse(text.as_str())
                {
                    return frame;
                }
            }
        })
    }
}
