//! Transfers that are under way, and how one is ended. Requests are noted in the order in
//! which they are made, before any of them runs: so an order to end ends what was asked
//! for before it, and nothing that was asked for since.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::services::operation::Failed;

/// Handles of which the latest number is remembered.
const MAX_REMEMBERED: usize = 64;

/// All of them, by handle.
#[derive(Default)]
pub(super) struct Underway(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    last: u64,
    by_handle: BTreeMap<String, Ticket>,
    /// Numbers of the latest ones, also of those that are over.
    latest: BTreeMap<String, u64>,
    /// Files that are to be removed before anything else is done with them.
    unwanted: BTreeSet<String>,
}

/// One transfer. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(in crate::services) struct Ticket {
    number: u64,
    ended: Arc<AtomicBool>,
    moved: Arc<AtomicU64>,
}

impl Underway {
    /// A transfer with this handle is asked for.
    pub fn begin(&self, handle: &str) -> Ticket {
        let mut inner = self.lock();
        inner.last += 1;
        let ticket = Ticket {
            number: inner.last,
            ..Ticket::default()
        };
        inner.by_handle.insert(handle.to_owned(), ticket.clone());
        inner.remember(handle);
        ticket
    }

    /// The latest of this handle; none: there is none, or it is over.
    pub fn latest(&self, handle: &str) -> Option<Ticket> {
        self.lock().by_handle.get(handle).cloned()
    }

    /// Since the transfer with this number there was another one of this handle.
    pub fn was_asked_since(&self, handle: &str, number: u64) -> bool {
        let inner = self.lock();
        inner
            .latest
            .get(handle)
            .is_some_and(|latest| *latest > number)
    }

    /// It is over.
    pub fn over(&self, handle: &str, ticket: &Ticket) {
        let mut inner = self.lock();
        let is_latest = |it: &Ticket| it.number == ticket.number;
        if inner.by_handle.get(handle).is_some_and(is_latest) {
            inner.by_handle.remove(handle);
        }
    }

    /// What is there of a file is not wanted any more.
    pub fn discard(&self, handle: &str) {
        let mut inner = self.lock();
        if inner.unwanted.len() < MAX_REMEMBERED {
            inner.unwanted.insert(handle.to_owned());
        }
    }

    /// Whether a file is to be removed; once.
    pub fn take_unwanted(&self, handle: &str) -> bool {
        self.lock().unwanted.remove(handle)
    }

    /// The number of the last one so far.
    pub fn mark(&self) -> u64 {
        self.lock().last
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remember(&mut self, handle: &str) {
        self.latest.insert(handle.to_owned(), self.last);
        if self.latest.len() > MAX_REMEMBERED {
            let oldest = self.latest.values().min().copied();
            self.latest.retain(|_, number| Some(*number) != oldest);
        }
    }
}

impl Ticket {
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Fails once it has been ended.
    pub fn check(&self) -> Result<(), Failed> {
        if self.ended.load(Ordering::Acquire) {
            return Err(Failed::new("cancelled", "the transfer was ended"));
        }
        Ok(())
    }

    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub fn note(&self, bytes: u64) {
        self.moved.store(bytes, Ordering::Relaxed);
    }
}

/// A file that is read while its transfer goes on.
pub(super) struct Watched<R> {
    pub inner: R,
    pub ticket: Ticket,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ticket.check().is_err() {
            return Err(io::Error::other("ended"));
        }
        let count = self.inner.read(buffer)?;
        self.ticket.note(self.ticket.moved() + count as u64);
        Ok(count)
    }
}
