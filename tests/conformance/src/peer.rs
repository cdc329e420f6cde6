//! The central system of a station at the end of a WebSocket: scripted as a
//! case wants it, its journal read as the station's messages. It knows neither
//! cars nor cards.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::outcome::Failure;
use super::station::{Answer, Message, Reply};
use crate::central_system::{
    self as central, CallFailure, CentralSystem, Cut, Door, Entry, Settings, What, call_of,
};
use crate::frame::Frame;

/// See the module.
#[derive(Debug)]
pub(super) struct Peer {
    central: CentralSystem,
    patience: Duration,
    /// When the suite met the station.
    met: Instant,
    read: Mutex<Read>,
}

/// What has been read of the journal.
#[derive(Debug, Default)]
struct Read {
    entries: usize,
    messages: Vec<Message>,
    /// Where the latest message with this id is.
    places: HashMap<String, usize>,
}

impl Peer {
    /// Listens; `patience` is for answers and connections of the station.
    pub(super) fn listen(
        listen: SocketAddr,
        patience: Duration,
        heartbeat_interval_s: u32,
    ) -> Result<Peer, Failure> {
        let central = CentralSystem::start_with(Settings {
            listen,
            patience,
            heartbeat_interval_s,
            ..Settings::default()
        });
        Ok(Peer {
            central: central.map_err(surroundings)?,
            patience,
            met: Instant::now(),
            read: Mutex::default(),
        })
    }

    /// Where a station dials, without its identity.
    pub(super) fn url(&self) -> &str {
        self.central.url()
    }

    pub(super) fn now(&self) -> Duration {
        self.met.elapsed()
    }

    /// Callers are received, or left standing.
    pub(super) fn open(&self, open: bool) {
        self.central
            .set_door(if open { Door::Open } else { Door::HangUp });
    }

    /// The station's power has gone.
    pub(super) fn note_dark(&self) {
        self.central.note_restart();
    }

    pub(super) fn reply_next(&self, action: &str, reply: Reply) {
        self.central.answer_in_line(action, scripted(reply));
    }

    pub(super) fn reply(&self, action: &str, reply: Reply) {
        self.central.clear_line(action);
        self.central.answer(action, scripted(reply));
    }

    pub(super) fn tag(&self, id_tag: &str, info: Value) {
        self.central.set_tag(id_tag, info);
    }

    /// Makes a CALL, once the station is connected.
    pub(super) fn call(&self, action: &str, payload: Value) -> Result<Answer, Failure> {
        if !self.wait_connected(self.patience) {
            return Err(Failure::Surroundings(format!(
                "{action} cannot be sent: the station is not connected"
            )));
        }
        match self.central.call(action, payload) {
            Ok(answer) => Ok(Answer::Result(answer)),
            Err(CallFailure::Refused { code, .. }) => Ok(Answer::Error(code)),
            Err(failure @ CallFailure::TimedOut) => {
                Err(Failure::Station(format!("{action}: {failure}")))
            }
            Err(failure) => Err(Failure::Surroundings(format!("{action}: {failure}"))),
        }
    }

    /// Waits until a connection is open; false if none is in time.
    pub(super) fn wait_connected(&self, patience: Duration) -> bool {
        let is_open = |entries: &[Entry]| open_connections(entries) > 0;
        let open = |entries: &[Entry]| is_open(entries).then_some(());
        self.central.journal().wait(patience, open).is_some()
    }

    /// Waits until no connection is open; false if one still is.
    pub(super) fn wait_disconnected(&self, patience: Duration) -> bool {
        let closed = |entries: &[Entry]| (open_connections(entries) == 0).then_some(());
        self.central.journal().wait(patience, closed).is_some()
    }

    /// Every CALL of the station so far.
    pub(super) fn messages(&self) -> Vec<Message> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let new = self.central.journal().entries_from(read.entries);
        for entry in &new {
            read.entry(self.met, entry);
        }
        read.messages.clone()
    }

    /// Every CALL of ours that was answered: which, and how long it took.
    pub(super) fn responses(&self) -> Vec<(String, Duration)> {
        let mut open = HashMap::new();
        let mut responses = Vec::new();
        for entry in self.central.journal().entries() {
            match entry.what {
                What::Sent(Frame::Call { id, action, .. }) => {
                    open.insert(id, (action, entry.at));
                }
                What::Received(Frame::Result { id, .. } | Frame::Error { id, .. }) => {
                    if let Some((action, at)) = open.remove(&id) {
                        responses.push((action, entry.at.saturating_duration_since(at)));
                    }
                }
                _ => {}
            }
        }
        responses
    }

    /// Waits for more messages than `known`, but not longer than until `until`.
    pub(super) fn wait(&self, known: usize, until: Duration) {
        let left = until.saturating_sub(self.now());
        self.central.journal().wait(left, |entries| {
            let calls = entries.iter().filter(|entry| call_of(entry).is_some());
            let count = calls.count();
            (count > known).then_some(())
        });
    }

    /// Ends the connections from our side, without a word.
    pub(super) fn cut(&self) {
        self.central.cut_if_connected(Cut::Fin);
    }

    /// What was said, as text.
    pub(super) fn transcript(&self) -> String {
        self.central.journal().transcript()
    }
}

impl Read {
    fn entry(&mut self, met: Instant, entry: &Entry) {
        self.entries += 1;
        match &entry.what {
            What::Received(Frame::Call {
                id,
                action,
                payload,
            }) => {
                self.places.insert(id.clone(), self.messages.len());
                self.messages.push(Message {
                    at: entry.at.saturating_duration_since(met),
                    id: id.clone(),
                    action: action.clone(),
                    payload: payload.clone(),
                    answer: None,
                    answered_at: None,
                });
            }
            What::Sent(frame @ (Frame::Result { id, .. } | Frame::Error { id, .. })) => {
                if let Some(place) = self.places.get(id) {
                    let message = &mut self.messages[*place];
                    message.answered_at = Some(entry.at.saturating_duration_since(met));
                    if let Frame::Result { payload, .. } = frame {
                        message.answer = Some(payload.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

fn open_connections(entries: &[Entry]) -> usize {
    let count = |is: fn(&What) -> bool| entries.iter().filter(|e| is(&e.what)).count();
    let opened = count(|what| matches!(what, What::Opened(_)));
    let ended = count(|what| matches!(what, What::Ended(_)));
    opened.saturating_sub(ended)
}

fn scripted(reply: Reply) -> central::Reply {
    match reply {
        Reply::Usual => central::Reply::usual(),
        Reply::Result(payload) => central::Reply::result(payload),
        Reply::Error(code) => central::Reply::error(&code, ""),
        Reply::Silence => central::Reply::silence(),
    }
}

/// What is not the station's fault.
pub(super) fn surroundings(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Surroundings(format!("{:#}", error.into()))
}
