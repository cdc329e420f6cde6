//! CALLs that the central system makes, and what becomes of them.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::frame::Frame;

/// Why a CALL to the charge point has no CALLRESULT.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CallFailure {
    /// The charge point answered with a CALLERROR.
    #[error("the charge point refused: {code} ({description})")]
    Refused {
        /// As spelled on the wire.
        code: String,
        /// For humans.
        description: String,
        /// Whatever else it said.
        details: Value,
    },
    /// No answer came in time.
    #[error("the charge point did not answer in time")]
    TimedOut,
    /// The connection ended before an answer came.
    #[error("the connection ended before the answer")]
    ConnectionLost,
    /// There is no connection to make a CALL on.
    #[error("no charge point is connected")]
    NotConnected,
}

impl CallFailure {
    /// The code of a CALLERROR.
    pub fn code(&self) -> Option<&str> {
        match self {
            CallFailure::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// The outcome of a CALL.
pub type CallOutcome = Result<Value, CallFailure>;

/// A CALL on its way.
#[derive(Debug)]
pub struct PendingCall {
    pub(super) id: String,
    pub(super) outcome: mpsc::Receiver<CallOutcome>,
    pub(super) patience: Duration,
}

impl PendingCall {
    /// The message id it was sent with.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// If there is none, or a CALLERROR.
    pub fn wait(self) -> CallOutcome {
        self.outcome
            .recv_timeout(self.patience)
            .unwrap_or_else(|error| match error {
                mpsc::RecvTimeoutError::Timeout => Err(CallFailure::TimedOut),
                mpsc::RecvTimeoutError::Disconnected => Err(CallFailure::ConnectionLost),
            })
    }
}

/// CALLs that are not answered yet, by message id.
#[derive(Debug, Default)]
pub(super) struct OpenCalls {
    calls: HashMap<String, (u32, mpsc::Sender<CallOutcome>)>,
}

impl OpenCalls {
    pub(super) fn open(&mut self, id: &str, connection: u32) -> mpsc::Receiver<CallOutcome> {
        let (sender, receiver) = mpsc::channel();
        self.calls.insert(id.to_owned(), (connection, sender));
        receiver
    }

    /// An answer came; one for nothing is ignored.
    pub(super) fn settle(&mut self, id: &str, answer: Frame) {
        let Some((_, sender)) = self.calls.remove(id) else {
            return;
        };
        let outcome = match answer {
            Frame::Result { payload, .. } => Ok(payload),
            Frame::Error {
                code,
                description,
                details,
                ..
            } => Err(CallFailure::Refused {
                code,
                description,
                details,
            }),
            Frame::Call { .. } => return,
        };
        // Nobody has to wait for the answer.
        let _ = sender.send(outcome);
    }

    /// Nothing more comes on this connection: dropping the senders tells it.
    pub(super) fn drop_connection(&mut self, connection: u32) {
        self.calls.retain(|_, (on, _)| *on != connection);
    }
}
