//! One open WebSocket: what goes out, what comes in, and whether the far end is
//! still there. Polled by the link's task only; it never blocks.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Error as WsError, Message};

use super::counters::Tally;
use super::failure::Failure;
use super::keepalive::{Due, KeepAlive};
use super::redial::PROVEN_AFTER;
use super::wire::Wire;
use crate::wit::protocol::{LinkFailure, LinkUp};

/// Text that may wait for a far end that takes nothing: twice what one call of a
/// guest can return.
const MAX_WAITING_BYTES: usize = 16 << 20;

pub(super) struct Session {
    pub up: LinkUp,
    socket: WebSocketStream<Wire>,
    /// Not yet handed to the socket; normally empty between two polls.
    outbox: VecDeque<Message>,
    most_waiting: usize,
    unflushed: bool,
    keepalive: KeepAlive,
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes received when the keep-alive was asked last.
    heard: u64,
    opened: Instant,
    /// When a frame was queued last.
    pushed: Instant,
    frame_came: bool,
    binary_came: bool,
    tally: Arc<Tally>,
}

/// What an open link has to tell.
pub(super) enum Incoming {
    Text(String),
    /// Something that is nobody's business came: ping, pong, binary.
    Noise,
    /// The far end closed in good order; to be answered.
    Closed(Option<CloseFrame>),
    Failed(Failure),
}

impl Session {
    pub fn new(
        up: LinkUp,
        socket: WebSocketStream<Wire>,
        keepalive: KeepAlive,
        most_waiting: usize,
        tally: Arc<Tally>,
    ) -> Self {
        let timer = timer_of(&keepalive);
        Self {
            up,
            heard: socket.get_ref().received(),
            socket,
            outbox: VecDeque::new(),
            most_waiting,
            unflushed: false,
            keepalive,
            timer,
            opened: Instant::now(),
            pushed: Instant::now(),
            frame_came: false,
            binary_came: false,
            tally,
        }
    }

    /// Queues a frame; it goes out, with all others queued, at the next poll.
    pub fn push(&mut self, text: String) {
        self.tally.frames_out.add(1);
        self.pushed = Instant::now();
        self.outbox.push_back(Message::Text(text.into()));
    }

    /// Whether this link was more than a far end that accepts and closes.
    pub fn is_proven(&self) -> bool {
        self.frame_came || self.opened.elapsed() >= PROVEN_AFTER
    }

    /// Since when nothing was queued to be sent.
    pub fn quiet_for(&self) -> Duration {
        self.pushed.elapsed()
    }

    /// Pings and judges by this from now on.
    pub fn keep_alive(&mut self, keepalive: KeepAlive) {
        self.timer = timer_of(&keepalive);
        self.keepalive = keepalive;
    }

    /// Sends what is queued and waits for what comes. With `may_read` off it only
    /// sends: whoever should take the next frame is not ready, and the far end
    /// is made to wait. Can be cancelled and called again.
    pub async fn next(&mut self, may_read: bool) -> Incoming {
        poll_fn(|cx| self.poll(cx, may_read)).await
    }

    /// The socket, with what is still to be sent on it.
    pub fn into_parts(self) -> (WebSocketStream<Wire>, VecDeque<Message>) {
        (self.socket, self.outbox)
    }

    fn poll(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Incoming> {
        loop {
            if let Err(failure) = self.poll_write(cx) {
                return Poll::Ready(Incoming::Failed(failure));
            }
            if may_read && let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(cx) {
                return Poll::Ready(self.sort(message));
            }
            let Some(timer) = self.timer.as_mut() else {
                return Poll::Pending;
            };
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if let Err(failure) = self.judge(may_read) {
                return Poll::Ready(Incoming::Failed(failure));
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(ready) => ready.map_err(|e| Failure::from_websocket(&e))?,
                Poll::Pending => break,
            }
            if let Some(message) = self.outbox.pop_front() {
                Pin::new(&mut self.socket)
                    .start_send(message)
                    .map_err(|e| Failure::from_websocket(&e))?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Ready(flushed) => {
                    flushed.map_err(|e| Failure::from_websocket(&e))?;
                    self.unflushed = false;
                }
                Poll::Pending => {}
            }
        }
        let bytes: usize = self.outbox.iter().map(Message::len).sum();
        if self.outbox.len() > self.most_waiting || bytes > MAX_WAITING_BYTES {
            return Err(Failure::new(
                LinkFailure::Silent,
                format!(
                    "the far end takes nothing; {} frames wait",
                    self.outbox.len()
                ),
            ));
        }
        Ok(())
    }

    fn sort(&mut self, message: Option<Result<Message, WsError>>) -> Incoming {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.frame_came = true;
                self.tally.frames_in.add(1);
                Incoming::Text(text.as_str().to_owned())
            }
            Some(Ok(Message::Binary(bytes))) => {
                self.tally.binary_frames_ignored.add(1);
                if !self.binary_came {
                    self.binary_came = true;
                    tracing::warn!(
                        link = self.up.link,
                        bytes = bytes.len(),
                        "a binary frame came and is ignored, as all further ones will be"
                    );
                }
                Incoming::Noise
            }
            Some(Ok(Message::Close(why))) => Incoming::Closed(why),
            Some(Ok(_)) => Incoming::Noise,
            Some(Err(error)) => Incoming::Failed(Failure::from_websocket(&error)),
            None => Incoming::Failed(Failure::from_websocket(&WsError::ConnectionClosed)),
        }
    }

    /// The keep-alive's time has come. What is not read cannot be missed: while
    /// nothing may be read, the far end counts as alive.
    fn judge(&mut self, may_read: bool) -> Result<(), Failure> {
        let received = self.socket.get_ref().received();
        let heard = received != self.heard || !may_read;
        self.heard = received;
        match self.keepalive.due(Instant::now().into_std(), heard) {
            Due::Nothing => {}
            Due::Ping => self.outbox.push_back(Message::Ping(Bytes::new())),
            Due::Silent => {
                return Err(Failure::new(
                    LinkFailure::Silent,
                    "nothing came after a ping; the connection is given up",
                ));
            }
        }
        if let (Some(timer), Some(at)) = (self.timer.as_mut(), self.keepalive.wake_at()) {
            timer.as_mut().reset(at.into());
        }
        Ok(())
    }
}

fn timer_of(keepalive: &KeepAlive) -> Option<Pin<Box<Sleep>>> {
    let at = keepalive.wake_at()?;
    Some(Box::pin(tokio::time::sleep_until(at.into())))
}
