//! Everything that the task waits for, in one queue: what the charger says of
//! itself, Ctrl-C, and programs that end.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One of them.
pub enum Happening {
    /// An entry of the charger's live journal.
    Journal(Value),
    /// Somebody wants this to end.
    Asked,
    /// A program has ended by itself.
    Ended(&'static str),
}

/// The queue.
pub struct Happenings {
    sender: Sender<Happening>,
    queue: Receiver<Happening>,
}

/// It makes no sense to go on.
#[derive(Debug)]
pub struct Over(String);

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Over {}

impl Happenings {
    /// An empty queue that Ctrl-C and SIGTERM put something into.
    pub fn watch_signals() -> Result<Self> {
        let (sender, queue) = channel();
        let signals = sender.clone();
        ctrlc::set_handler(move || {
            let _ = signals.send(Happening::Asked);
        })
        .context("cannot watch for Ctrl-C")?;
        Ok(Self { sender, queue })
    }

    /// For those who have something to tell.
    pub fn sender(&self) -> Sender<Happening> {
        self.sender.clone()
    }

    /// The next one.
    pub fn next(&self) -> Happening {
        // Cannot fail: one sender is ours.
        self.queue.recv().unwrap_or(Happening::Asked)
    }

    /// Takes journal entries until `wanted` finds what it looks for. `what` says
    /// what that is, should it not come within `patience`.
    pub fn wait<T>(
        &self,
        what: &str,
        patience: Duration,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.queue.recv_timeout(left) {
                Ok(Happening::Journal(entry)) => {
                    if let Some(found) = wanted(&entry) {
                        return Ok(found);
                    }
                }
                Ok(Happening::Asked) => return Err(Over("interrupted".to_owned()).into()),
                Ok(Happening::Ended(name)) => return Err(Over(format!("{name} has ended")).into()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    bail!("waited {} s in vain for {what}", patience.as_secs())
                }
            }
        }
    }
}
