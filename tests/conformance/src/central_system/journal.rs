//! What happened at the central system, in order, and waiting for it. It holds
//! facts only; what they mean is for whoever reads them.

use std::fmt::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::frame::Frame;

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Position in the journal, from 0.
    pub number: usize,
    /// When, for durations.
    pub at: Instant,
    /// When, for comparing with timestamps in messages.
    pub wall: SystemTime,
    /// Counts the TCP connections, from 1.
    pub connection: u32,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum What {
    /// A WebSocket was opened.
    Opened(Opening),
    /// A TCP connection did not become a WebSocket; the text says why.
    NotOpened(String),
    /// A message came in.
    Received(Frame),
    /// A message went out; written down just before it does.
    Sent(Frame),
    /// Text or bytes came in that are not OCPP-J.
    Nonsense(String),
    /// A ping came in. The answer is sent by itself.
    Ping,
    /// A pong came in.
    Pong,
    /// Something was done to the connection on purpose.
    Mischief(String),
    /// The charge point's process has ended; told by the test, not by the
    /// network.
    Restarted,
    /// The connection is over; the text says how it ended.
    Ended(String),
}

/// What was asked for at the upgrade.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Last segment of the path, percent-decoded: who is calling.
    pub identity: String,
    /// The path as it was asked for.
    pub path: String,
    /// The `Authorization` header, if there was one.
    pub authorization: Option<String>,
    /// The sub-protocols that were offered.
    pub offered: Vec<String>,
    /// The one that was agreed on.
    pub subprotocol: Option<String>,
    /// The client presented a certificate.
    pub client_certificate: bool,
}

impl Opening {
    /// User and password of HTTP Basic authentication.
    pub fn basic_credentials(&self) -> Option<(String, Vec<u8>)> {
        use base64::Engine as _;
        let encoded = self.authorization.as_deref()?.strip_prefix("Basic ")?;
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .ok()?;
        let colon = decoded.iter().position(|b| *b == b':')?;
        let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
        Some((user, decoded[colon + 1..].to_vec()))
    }
}

/// The journal itself; shared by all connections.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
    grown: Condvar,
}

impl Journal {
    /// Writes down what has just happened.
    pub fn push(&self, connection: u32, what: What) -> usize {
        self.push_all(connection, [what])
    }

    /// Writes down several things as one: nobody sees the first without the
    /// others. The number of the first.
    pub fn push_all(&self, connection: u32, all: impl IntoIterator<Item = What>) -> usize {
        let mut entries = self.lock();
        let first = entries.len();
        for what in all {
            let number = entries.len();
            entries.push(Entry {
                number,
                at: Instant::now(),
                wall: SystemTime::now(),
                connection,
                what,
            });
        }
        self.grown.notify_all();
        first
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// Everything so far from this number on.
    pub fn entries_from(&self, number: usize) -> Vec<Entry> {
        self.lock().get(number..).unwrap_or_default().to_vec()
    }

    /// How much has been written down so far.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at the journal, and again whenever it has grown, until `found`
    /// finds something or the time is up.
    pub fn wait<T>(
        &self,
        patience: Duration,
        mut found: impl FnMut(&[Entry]) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + patience;
        let mut entries = self.lock();
        loop {
            if let Some(it) = found(&entries) {
                return Some(it);
            }
            let left = end.checked_duration_since(Instant::now())?;
            entries = self
                .grown
                .wait_timeout(entries, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The journal as text, for the message of a failed test.
    pub fn transcript(&self) -> String {
        let entries = self.lock();
        let Some(first) = entries.first() else {
            return "  (nothing happened)\n".to_owned();
        };
        let start = first.at;
        let mut out = String::new();
        for entry in entries.iter() {
            let ms = entry.at.duration_since(start).as_millis();
            let what = match &entry.what {
                What::Opened(o) => format!("opened {} {:?}", o.path, o.subprotocol),
                What::NotOpened(why) => format!("not opened: {why}"),
                What::Received(frame) => format!("-> {}", frame.to_text()),
                What::Sent(frame) => format!("<- {}", frame.to_text()),
                What::Nonsense(text) => format!("-> nonsense {text}"),
                What::Ping => "-> ping".to_owned(),
                What::Pong => "-> pong".to_owned(),
                What::Mischief(what) => format!("!! {what}"),
                What::Restarted => "the charge point's process has ended".to_owned(),
                What::Ended(how) => format!("ended: {how}"),
            };
            let _ = writeln!(
                out,
                "  {:>4} {ms:>7} ms  #{} {what}",
                entry.number, entry.connection
            );
        }
        out
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
