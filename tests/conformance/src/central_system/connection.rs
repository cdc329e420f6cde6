//! One connection, from the TCP accept to its end: a task that answers CALLs
//! and carries out orders. It decides nothing: answers come from the script.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::Shared;
use super::door::{self, Door, NotOpened};
use super::journal::What;
use super::script::{Answer, Cut, Reply};
use super::socket::Socket;
use crate::frame::Frame;

/// What the owner of the central system can have done on a connection.
#[derive(Debug)]
pub(super) enum Order {
    Frame(Frame),
    /// Any WebSocket message, under a name for the journal.
    Message(Message, String),
    /// Bytes below the WebSocket, under a name for the journal.
    Raw(Vec<u8>, String),
    Cut(Cut),
    /// Neither read nor write any more, or go on.
    Freeze(bool),
}

/// Serves a connection that has just been accepted.
pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream, number: u32) {
    let not_opened = |why: String| shared.journal.push(number, What::NotOpened(why));
    let _ = tcp.set_nodelay(true);
    let door = shared.door();
    match door {
        Door::Shut | Door::HangUp => {
            not_opened("closed at once".to_owned());
            return;
        }
        Door::Mute => {
            not_opened("kept waiting".to_owned());
            // Holds the socket until the whole central system ends.
            std::future::pending::<()>().await;
        }
        Door::Open | Door::Status(_) | Door::Subprotocol(_) => {}
    }
    let socket = match shared.tls() {
        None => Socket::Plain(tcp),
        Some(config) => match TlsAcceptor::from(config).accept(tcp).await {
            Ok(tls) => Socket::Tls(Box::new(tls)),
            Err(error) => {
                not_opened(format!("tls: {error}"));
                return;
            }
        },
    };
    let (ws, opening) = match door::upgrade(socket, door, &shared).await {
        Ok(opened) => opened,
        Err(NotOpened::Astray) => return,
        Err(NotOpened::Because(why)) => {
            not_opened(why);
            return;
        }
    };
    let (orders, inbox) = unbounded_channel();
    // Known before it is told, so that whoever waits for the opening can use
    // the connection at once.
    shared.register(number, orders);
    shared.journal.push(number, What::Opened(opening));
    let connection = Connection {
        shared: shared.clone(),
        number,
        ws,
    };
    let how = connection.run(inbox).await;
    shared.unregister(number);
    shared.journal.push(number, What::Ended(how));
}

struct Connection {
    shared: Arc<Shared>,
    number: u32,
    ws: WebSocketStream<Socket>,
}

impl Connection {
    /// Runs until the connection ends; says how it did.
    async fn run(mut self, mut orders: UnboundedReceiver<Order>) -> String {
        let mut frozen = false;
        let mut held = Vec::new();
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    None => return "central system shut down".to_owned(),
                    Some(Order::Freeze(now)) => {
                        self.note(if now { "frozen" } else { "thawed" });
                        frozen = now;
                        if !frozen {
                            for order in std::mem::take(&mut held) {
                                if let Err(how) = self.obey(order).await {
                                    return how;
                                }
                            }
                        }
                    }
                    Some(order) if frozen && !matches!(order, Order::Cut(_)) => held.push(order),
                    Some(order) => if let Err(how) = self.obey(order).await {
                        return how;
                    },
                },
                message = self.ws.next(), if !frozen => {
                    if let Err(how) = self.take(message).await {
                        return how;
                    }
                }
            }
        }
    }

    async fn take(&mut self, message: Option<Result<Message, WsError>>) -> Result<(), String> {
        match message {
            None => Err("closed".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(Message::Text(text))) => self.take_text(text.as_str()).await,
            Some(Ok(Message::Binary(bytes))) => {
                self.journal(What::Nonsense(format!("{} binary bytes", bytes.len())));
                Ok(())
            }
            Some(Ok(Message::Ping(_))) => {
                self.journal(What::Ping);
                // The pong was queued by the library; this sends it.
                self.ws.flush().await.map_err(|error| error.to_string())
            }
            Some(Ok(Message::Pong(_))) => {
                self.journal(What::Pong);
                Ok(())
            }
            Some(Ok(Message::Close(frame))) => {
                let reason = frame.map(|f| format!(" ({} {})", f.code, f.reason));
                let _ = self.ws.flush().await;
                Err(format!(
                    "closed by the charge point{}",
                    reason.unwrap_or_default()
                ))
            }
            Some(Ok(Message::Frame(_))) => Ok(()),
        }
    }

    async fn take_text(&mut self, text: &str) -> Result<(), String> {
        let Some(frame) = Frame::parse(text) else {
            self.journal(What::Nonsense(text.to_owned()));
            return Ok(());
        };
        match &frame {
            Frame::Call {
                id,
                action,
                payload,
            } => {
                // Script and journal move together, so that a test that has
                // seen a CALL can change the script for the next one.
                let (reply, usual) = self.shared.reply_to(id, action, payload);
                let delay = reply.delay;
                let orders = orders(id, reply, usual);
                let mut told = vec![What::Received(frame.clone())];
                if delay > Duration::ZERO {
                    self.shared.journal.push_all(self.number, told);
                    self.shared.order_later(self.number, delay, orders);
                    return Ok(());
                }
                // Question and answer are written down as one, so that who sees
                // the question can see the answer too.
                told.extend(orders.iter().filter_map(|order| match order {
                    Order::Frame(answer) => Some(What::Sent(answer.clone())),
                    _ => None,
                }));
                self.shared.journal.push_all(self.number, told);
                for order in orders {
                    match order {
                        Order::Frame(answer) => self.send(Message::text(answer.to_text())).await?,
                        order => self.obey(order).await?,
                    }
                }
                Ok(())
            }
            Frame::Result { id, .. } | Frame::Error { id, .. } => {
                let id = id.clone();
                self.journal(What::Received(frame.clone()));
                self.shared.settle(&id, frame);
                Ok(())
            }
        }
    }

    /// An error ends the connection; it says how.
    async fn obey(&mut self, order: Order) -> Result<(), String> {
        match order {
            Order::Frame(frame) => {
                let text = frame.to_text();
                self.journal(What::Sent(frame));
                self.send(Message::text(text)).await
            }
            Order::Message(message, name) => {
                self.note(&name);
                // Whoever reads the journal counts it as what it is.
                if let Some(frame) = message.to_text().ok().and_then(Frame::parse) {
                    self.journal(What::Sent(frame));
                }
                self.send(message).await
            }
            Order::Raw(bytes, name) => {
                self.note(&name);
                self.raw(&bytes).await
            }
            Order::Cut(cut) => self.cut(cut).await,
            Order::Freeze(_) => Ok(()),
        }
    }

    async fn cut(&mut self, cut: Cut) -> Result<(), String> {
        self.note(&format!("cut: {cut:?}"));
        match cut {
            Cut::Close => {
                // The close handshake ends the connection, not this order.
                return self.ws.close(None).await.map_err(|error| error.to_string());
            }
            Cut::Fin => {}
            Cut::Reset => self.ws.get_ref().reset_on_close(),
            Cut::MidFrame => {
                // A text frame of 100 bytes, of which 10 come.
                let _ = self.raw(b"\x81\x64[2,\"half\",").await;
                let _ = self.ws.get_mut().shutdown().await;
            }
        }
        Err(format!("cut by the central system: {cut:?}"))
    }

    async fn raw(&mut self, bytes: &[u8]) -> Result<(), String> {
        let socket = self.ws.get_mut();
        let written = async {
            socket.write_all(bytes).await?;
            socket.flush().await
        };
        written.await.map_err(|error| error.to_string())
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        self.ws
            .send(message)
            .await
            .map_err(|error| error.to_string())
    }

    fn note(&self, mischief: &str) {
        self.journal(What::Mischief(mischief.to_owned()));
    }

    fn journal(&self, what: What) {
        self.shared.journal.push(self.number, what);
    }
}

/// What a reply means: at most one frame, and what is done behind it.
fn orders(id: &str, reply: Reply, usual: Option<Value>) -> Vec<Order> {
    let result = |payload| {
        Order::Frame(Frame::Result {
            id: id.to_owned(),
            payload,
        })
    };
    let error = |code: &str, description: &str| {
        Order::Frame(Frame::Error {
            id: id.to_owned(),
            code: code.to_owned(),
            description: description.to_owned(),
            details: json!({}),
        })
    };
    let answer = match (reply.answer, usual) {
        (Answer::Silence, _) => None,
        (Answer::Result(payload), _) => Some(result(payload)),
        (Answer::Error { code, description }, _) => Some(error(&code, &description)),
        (Answer::Text(text), _) => Some(Order::Message(
            Message::text(text),
            "scripted text".to_owned(),
        )),
        (Answer::Usual, Some(payload)) => Some(result(payload)),
        (Answer::Edited(edit), Some(mut payload)) => {
            edit(&mut payload);
            Some(result(payload))
        }
        (Answer::Usual | Answer::Edited(_), None) => {
            Some(error("NotImplemented", "unknown action"))
        }
    };
    answer
        .into_iter()
        .chain(reply.then.map(Order::Cut))
        .collect()
}
