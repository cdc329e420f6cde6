//! What a central system, or the network before it, can do to a connection.
//! Each acts on the latest connection, and panics if there is none, because
//! then the test is not where it believes to be.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as WsFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::connection::Order;
use super::{CentralSystem, Cut, What};

impl CentralSystem {
    /// Ends the connection.
    pub fn cut(&self, cut: Cut) {
        self.must(Order::Cut(cut));
    }

    /// Ends the connection, if there still is one: it may be ending by itself.
    pub fn cut_if_connected(&self, cut: Cut) {
        // False: there was none.
        let _ = self.order(Order::Cut(cut));
    }

    /// Neither reads nor writes any more; the TCP connection stays up.
    pub fn freeze(&self) {
        let before = self.journal().len();
        self.must(Order::Freeze(true));
        // What is sent from now on must find it frozen.
        self.journal().wait(self.shared.patience, |entries| {
            entries[before..]
                .iter()
                .any(|entry| matches!(&entry.what, What::Mischief(what) if what == "frozen"))
                .then_some(())
        });
    }

    /// Goes on after [`CentralSystem::freeze`].
    pub fn thaw(&self) {
        self.must(Order::Freeze(false));
    }

    /// Sends a text frame, whatever it says.
    pub fn send_text(&self, text: impl Into<String>) {
        let text = text.into();
        let name = format!("text {:?}", text.chars().take(80).collect::<String>());
        self.must(Order::Message(Message::text(text), name));
    }

    /// Sends a binary frame.
    pub fn send_binary(&self, bytes: Vec<u8>) {
        let name = format!("{} binary bytes", bytes.len());
        self.must(Order::Message(Message::binary(bytes), name));
    }

    /// Sends a text frame whose bytes are not UTF-8.
    pub fn send_invalid_utf8(&self) {
        let frame = WsFrame::message(
            vec![b'[', 0xC3, 0x28, 0xFF, b']'],
            OpCode::Data(Data::Text),
            true,
        );
        self.must(Order::Message(
            Message::Frame(frame),
            "text that is not UTF-8".to_owned(),
        ));
    }

    /// Sends one text message in this many frames.
    pub fn send_fragmented(&self, text: &str, fragments: usize) {
        let size = text.len().div_ceil(fragments.max(1)).max(1);
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        for (n, chunk) in chunks.iter().enumerate() {
            let opcode = if n == 0 { Data::Text } else { Data::Continue };
            let last = n + 1 == chunks.len();
            let frame = WsFrame::message(chunk.to_vec(), OpCode::Data(opcode), last);
            let name = format!("fragment {} of {}", n + 1, chunks.len());
            self.must(Order::Message(Message::Frame(frame), name));
        }
    }

    /// Announces a text frame of this many bytes and sends only its head.
    pub fn announce_frame(&self, bytes: u64) {
        let mut head = vec![0x81, 127];
        head.extend(bytes.to_be_bytes());
        head.extend(b"[2,");
        self.must(Order::Raw(
            head,
            format!("head of a frame of {bytes} bytes"),
        ));
    }

    /// Sends bytes that are no WebSocket frame (reserved bits and opcode set).
    pub fn send_broken_framing(&self) {
        self.must(Order::Raw(
            vec![0xFF; 16],
            "bytes that are no frame".to_owned(),
        ));
    }

    /// Makes this long a pause the usual time to answer anything.
    pub fn be_slow(&self, delay: Duration) {
        self.script(super::Rule::on_any(super::Reply::usual().after(delay)));
    }

    fn must(&self, order: Order) {
        assert!(
            self.order(order),
            "no charge point is connected:\n{}",
            self.journal().transcript()
        );
    }
}
