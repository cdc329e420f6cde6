//! Log lines of a guest: bounded in count and bytes per call, made harmless,
//! and handed to the charger's own log.

use std::sync::Arc;

/// How serious a line is; the same words as in `wit/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// What is left of this call's allowance.
pub(super) struct Log {
    slot: Arc<str>,
    most_lines: usize,
    most_bytes: usize,
    lines: usize,
    bytes: usize,
    dropped: u64,
    /// The last error line: a panic tells its message this way.
    said: Option<String>,
}

/// Enough of a panic message to find the place.
const SAID: usize = 512;

impl Log {
    pub(super) fn new(slot: Arc<str>, most_lines: usize, most_bytes: usize) -> Self {
        Self {
            slot,
            most_lines,
            most_bytes,
            lines: 0,
            bytes: 0,
            dropped: 0,
            said: None,
        }
    }

    pub(super) fn begin_call(&mut self) {
        self.lines = 0;
        self.bytes = 0;
        self.dropped = 0;
        self.said = None;
    }

    pub(super) fn write(&mut self, level: Level, message: &str) {
        if level == Level::Error {
            self.said = Some(harmless(message, SAID));
        }
        let left = self.most_bytes.saturating_sub(self.bytes);
        if self.lines >= self.most_lines || left == 0 {
            self.dropped += 1;
            return;
        }
        self.lines += 1;
        self.bytes += message.len().min(left);
        let slot = &*self.slot;
        match level {
            Level::Error => tracing::error!(slot, "{}", harmless(message, left)),
            Level::Warn => tracing::warn!(slot, "{}", harmless(message, left)),
            Level::Info => tracing::info!(slot, "{}", harmless(message, left)),
            Level::Debug => tracing::debug!(slot, "{}", harmless(message, left)),
        }
    }

    /// Tells what was over the bound; how many lines that was.
    pub(super) fn end_call(&mut self) -> u64 {
        if self.dropped > 0 {
            let (slot, dropped) = (&*self.slot, self.dropped);
            tracing::warn!(slot, dropped, "log lines over the bound dropped");
        }
        std::mem::take(&mut self.dropped)
    }

    /// The last error line of this call.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }
}

/// At most so many bytes, on one line, without anything a terminal would obey.
fn harmless(message: &str, most: usize) -> String {
    let mut end = message.len().min(most);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
