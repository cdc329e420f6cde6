//! The live journal: each frame, hardware event and component event, numbered
//! and stamped, for whoever listens on the control API.
//!
//! It is not a record on disk, and it waits for nobody: it holds the newest
//! entries within a bound, and a slow reader loses entries and is told how many. What
//! is secret stands nowhere in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::secrets::live;

/// How many entries a reader may lag behind before it loses some.
const MAX_ENTRIES: usize = 1024;
/// And how many bytes all entries together may take.
const MAX_BYTES: usize = 1024 * 1024;
/// What an entry takes beside its text, about.
const OVERHEAD: usize = 96;

/// One line of the journal.
#[derive(Debug)]
pub struct Entry {
    /// From 1, without gaps.
    pub sequence: u64,
    /// Unix ms by the charger's clock.
    pub time_ms: i64,
    /// `frame`, `link`, `outlet`, `token`, `component`, `decision`, …
    pub kind: &'static str,
    /// The details, as JSON.
    pub detail: String,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.detail.len() + OVERHEAD
    }
}

/// A handle; clones write to the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    ring: Arc<Mutex<Ring>>,
    grown: Arc<Notify>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Ring {
    /// Consecutive numbers; the last is `last`.
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// The number of the last entry, whether or not it is held.
    last: u64,
    listeners: usize,
}

impl Ring {
    fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(Arc::new(entry));
        // The newest one stays, however long it is.
        while self.entries.len() > 1 && (self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES)
        {
            let oldest = self.entries.pop_front();
            self.bytes -= oldest.map_or(0, |it| it.bytes());
        }
    }
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            ring: Arc::default(),
            grown: Arc::default(),
            clock,
        }
    }

    /// Adds an entry. `detail` is only called if somebody listens, so that a
    /// frame costs nothing while nobody does.
    pub fn note(&self, kind: &'static str, detail: impl FnOnce() -> Value) {
        let mut ring = self.lock();
        ring.last += 1;
        if ring.listeners == 0 {
            return;
        }
        let entry = Entry {
            sequence: ring.last,
            time_ms: self.clock.wall_ms(),
            kind,
            detail: live::masked(detail()).to_string(),
        };
        ring.push(entry);
        drop(ring);
        self.grown.notify_waiters();
    }

    /// Everything from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        let mut ring = self.lock();
        ring.listeners += 1;
        Listener {
            journal: self.clone(),
            next: ring.last + 1,
        }
    }

    /// Nobody panics while holding the lock but in `detail`, before anything changed.
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a listener gets next.
#[derive(Debug)]
pub enum Heard {
    /// The next entry.
    Entry(Arc<Entry>),
    /// It was too slow for this many entries.
    Lost(u64),
}

/// Reads the journal from the moment it was made.
#[derive(Debug)]
pub struct Listener {
    journal: Journal,
    next: u64,
}

impl Listener {
    /// Waits for the next entry.
    pub async fn next(&mut self) -> Heard {
        let journal = self.journal.clone();
        loop {
            // Made before the look, so that nothing falls in between.
            let grown = journal.grown.notified();
            if let Some(heard) = self.take() {
                return heard;
            }
            grown.await;
        }
    }

    fn take(&mut self) -> Option<Heard> {
        let ring = self.journal.lock();
        let first = ring.entries.front()?.sequence;
        if let Some(lost) = first.checked_sub(self.next).filter(|lost| *lost > 0) {
            self.next = first;
            return Some(Heard::Lost(lost));
        }
        let index = usize::try_from(self.next - first).ok()?;
        let entry = ring.entries.get(index)?.clone();
        self.next += 1;
        Some(Heard::Entry(entry))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut ring = self.journal.lock();
        ring.listeners -= 1;
        if ring.listeners == 0 {
            ring.entries = VecDeque::new();
            ring.bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn journal() -> Journal {
        Journal::new(Clock::new(true))
    }

    fn note(journal: &Journal, bytes: usize) {
        journal.note("frame", || json!({ "text": "x".repeat(bytes) }));
    }

    async fn number(listener: &mut Listener) -> u64 {
        match listener.next().await {
            Heard::Entry(entry) => entry.sequence,
            Heard::Lost(lost) => panic!("lost {lost}"),
        }
    }

    #[tokio::test]
    async fn a_listener_gets_all_from_its_beginning_on() {
        let journal = journal();
        note(&journal, 1);
        let mut one = journal.listen();
        note(&journal, 1);
        let mut other = journal.listen();
        note(&journal, 1);
        assert_eq!(number(&mut one).await, 2);
        assert_eq!(number(&mut one).await, 3);
        assert_eq!(number(&mut other).await, 3);
        let waiting = tokio::spawn(async move { number(&mut one).await });
        tokio::task::yield_now().await;
        note(&journal, 1);
        assert_eq!(waiting.await.expect("a number"), 4);
    }

    #[tokio::test]
    async fn a_slow_listener_loses_the_oldest_and_holds_no_more_than_the_bound() {
        let journal = journal();
        let mut slow = journal.listen();
        for _ in 0..100 {
            note(&journal, 200 * 1024);
        }
        assert!(journal.lock().bytes <= MAX_BYTES);
        let Heard::Lost(lost) = slow.next().await else {
            panic!("nothing is lost");
        };
        assert_eq!(number(&mut slow).await, lost + 1);
        for _ in 0..2 * MAX_ENTRIES {
            note(&journal, 1);
        }
        assert_eq!(journal.lock().entries.len(), MAX_ENTRIES);
        // One that is larger than the bound is held alone.
        note(&journal, 2 * MAX_BYTES);
        assert_eq!(journal.lock().entries.len(), 1);
        drop(slow);
        assert_eq!(journal.lock().entries.len(), 0);
    }
}
