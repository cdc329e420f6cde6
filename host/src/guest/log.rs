//! Log lines of a guest: bounded in count and bytes per call, made harmless,
//! and handed to the charger's own log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How serious a line is; the same words as in `wit/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A panic, for example.
    Error,
    /// Somebody should look at it.
    Warn,
    /// Worth knowing.
    Info,
    /// For whoever looks for a mistake.
    Debug,
}

impl Level {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Whoever reads a guest's lines besides the charger's log: each line within the
/// bounds, as it is logged.
pub type LogReader = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// Lines that a slot may log at once, over all calls and instances.
const BURST: f64 = 256.0;
/// And per second in the long run.
const PER_SECOND: f64 = 20.0;
/// What was dropped is told this often at most.
const TOLD_EACH_S: u64 = 10;

/// The allowance of one slot; it outlives instances.
#[derive(Debug)]
pub(super) struct Rate {
    left: f64,
    at: Instant,
    dropped: u64,
    told: Option<Instant>,
}

impl Rate {
    pub(super) fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            left: BURST,
            at: Instant::now(),
            dropped: 0,
            told: None,
        }))
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * PER_SECOND).min(BURST);
        let granted = self.left >= 1.0;
        if granted {
            self.left -= 1.0;
        }
        granted
    }

    /// How many to tell of now.
    fn dropped(&mut self, more: u64, now: Instant) -> Option<u64> {
        self.dropped += more;
        let rests = self
            .told
            .is_some_and(|told| now.duration_since(told).as_secs() < TOLD_EACH_S);
        if self.dropped == 0 || rests {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.dropped))
    }
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
    reader: Option<LogReader>,
    rate: Arc<Mutex<Rate>>,
}

/// Enough of a panic message to find the place.
const SAID: usize = 512;

impl Log {
    pub(super) fn new(
        slot: Arc<str>,
        most_lines: usize,
        most_bytes: usize,
        reader: Option<LogReader>,
        rate: Arc<Mutex<Rate>>,
    ) -> Self {
        Self {
            rate,
            slot,
            most_lines,
            most_bytes,
            lines: 0,
            bytes: 0,
            dropped: 0,
            said: None,
            reader,
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
        // What nobody sees costs nothing, or a talkative guest would have none left
        // for what matters.
        let is_seen = level != Level::Debug || tracing::enabled!(tracing::Level::DEBUG);
        if self.lines >= self.most_lines || left == 0 || (is_seen && !self.take()) {
            self.dropped += 1;
            return;
        }
        self.lines += 1;
        self.bytes += message.len().min(left);
        let slot = &*self.slot;
        let line = harmless(message, left);
        match level {
            Level::Error => tracing::error!(slot, "{line}"),
            Level::Warn => tracing::warn!(slot, "{line}"),
            Level::Info => tracing::info!(slot, "{line}"),
            Level::Debug => tracing::debug!(slot, "{line}"),
        }
        if let Some(reader) = &self.reader {
            reader(level, &line);
        }
    }

    /// Tells what was over the bound; how many lines that was.
    pub(super) fn end_call(&mut self) -> u64 {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dropped) = rate.dropped(self.dropped, Instant::now()) {
            let slot = &*self.slot;
            tracing::warn!(slot, dropped, "log lines over the bound dropped");
        }
        drop(rate);
        std::mem::take(&mut self.dropped)
    }

    fn take(&self) -> bool {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.take(Instant::now())
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

#[cfg(test)]
mod tests {
    use super::{BURST, PER_SECOND, Rate};
    use std::time::{Duration, Instant};

    #[test]
    fn a_slot_logs_a_burst_and_then_a_few_lines_a_second() {
        let rate = Rate::new();
        let mut rate = rate.lock().expect("a rate");
        let begin = Instant::now();
        let mut granted = 0;
        let mut told = 0;
        // A thousand lines in each of 100 s.
        for tick in 0..100_000 {
            let now = begin + Duration::from_millis(tick);
            if rate.take(now) {
                granted += 1;
            } else if rate.dropped(1, now).is_some() {
                told += 1;
            }
        }
        let expected = (BURST + 100.0 * PER_SECOND) as i32;
        assert!((granted - expected).abs() <= 2, "{granted}");
        assert!((9..=10).contains(&told), "{told}");
    }
}
