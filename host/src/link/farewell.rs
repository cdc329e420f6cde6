//! The end of a WebSocket in good order: what is queued goes out, then the close
//! frame, then the far end gets a moment to read it. Bounded; runs beside the
//! link's task.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::wire::Wire;

/// How long a close in good order may take if nobody sets another bound.
pub(super) const USUAL_BOUND: Duration = Duration::from_secs(2);

/// A reason in a close frame has at most 123 bytes.
const REASON_BYTES: usize = 123;

/// What is still read, and thrown away, after an error. A socket closed with
/// unread data in it is reset, and the far end would lose the close frame.
const READ_AT_MOST: u64 = 1024 * 1024;

pub(super) struct Farewell {
    pub socket: WebSocketStream<Wire>,
    /// Not yet sent.
    pub outbox: VecDeque<Message>,
    /// How long the socket stays open, and is read, before the close frame.
    pub linger: Duration,
    /// None: the far end closed, and its close frame is to be answered.
    pub close: Option<CloseFrame>,
    pub bound: Duration,
}

impl Farewell {
    pub async fn say(self) {
        let bound = self.bound;
        // Whatever goes wrong here, the link is over.
        let _ = timeout(bound, self.unbounded()).await;
    }

    async fn unbounded(mut self) -> Result<(), WsError> {
        if let Some(close) = self.close {
            for message in self.outbox {
                self.socket.feed(message).await?;
            }
            self.socket.flush().await?;
            if !self.linger.is_zero() {
                let lingering = timeout(self.linger, until_closed(&mut self.socket));
                if lingering.await.is_ok() {
                    return Ok(()); // the far end did not wait for ours
                }
            }
            self.socket.send(Message::Close(Some(close))).await?;
        } else {
            self.socket.flush().await?;
        }
        // To the far end's close frame; nothing comes if reading already failed.
        until_closed(&mut self.socket).await;
        let wire = self.socket.get_mut();
        wire.shutdown().await?;
        tokio::io::copy(&mut wire.take(READ_AT_MOST), &mut tokio::io::sink()).await?;
        Ok(())
    }
}

/// Reads, and throws away, up to the far end's close frame or the end of the
/// connection.
async fn until_closed(socket: &mut WebSocketStream<Wire>) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() {
            break;
        }
    }
}

/// A close frame with a reason of any length.
pub(super) fn close_frame(code: u16, reason: &str) -> CloseFrame {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame {
        code: CloseCode::from(code),
        reason: reason[..end].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close_frame(1000, &"ü".repeat(100));
        assert_eq!(frame.reason.len(), 122);
        assert_eq!(close_frame(1000, "short").reason.as_str(), "short");
    }
}
