//! A connection to QEMU on which it speaks whenever it wants to, line by line: a
//! thread takes what it says, and whoever needs it waits for it. Not here: what the
//! lines mean.

use std::io::{BufRead as _, BufReader};
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is made of the lines.
pub(super) trait Listener: Default + Send + 'static {
    /// One has come.
    fn take(&mut self, line: &str, at: Instant);
}

/// The connection.
#[derive(Debug)]
pub(super) struct Talk<L> {
    stream: Mutex<UnixStream>,
    shared: Arc<Shared<L>>,
}

#[derive(Debug, Default)]
struct Shared<L> {
    heard: Mutex<Heard<L>>,
    changed: Condvar,
}

/// What was heard so far.
#[derive(Debug, Default)]
pub(super) struct Heard<L> {
    listener: L,
    ended: bool,
}

impl<L: Listener> Talk<L> {
    pub(super) fn connect(path: &Path, name: &str) -> anyhow::Result<Talk<L>> {
        let stream = UnixStream::connect(path)?;
        let reader = BufReader::new(stream.try_clone()?);
        let shared = Arc::new(Shared::<L>::default());
        let thread = shared.clone();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                for line in reader.lines() {
                    let Ok(line) = line else { break };
                    let at = Instant::now();
                    thread.lock().take(&line, at);
                    thread.changed.notify_all();
                }
                thread.lock().ended = true;
                thread.changed.notify_all();
            })?;
        Ok(Talk {
            stream: Mutex::new(stream),
            shared,
        })
    }

    /// To say something. Held until the answer is there: it names no question.
    pub(super) fn speak(&self) -> MutexGuard<'_, UnixStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard<L>> {
        self.shared.lock()
    }

    /// What was heard once this holds, or QEMU is gone, or after a while.
    pub(super) fn wait(
        &self,
        patience: Duration,
        holds: impl Fn(&L) -> bool,
    ) -> MutexGuard<'_, Heard<L>> {
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.heard(), patience, |it| !it.ended && !holds(it));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl<L> Shared<L> {
    fn lock(&self) -> MutexGuard<'_, Heard<L>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> Deref for Heard<L> {
    type Target = L;

    fn deref(&self) -> &L {
        &self.listener
    }
}

impl<L> DerefMut for Heard<L> {
    fn deref_mut(&mut self) -> &mut L {
        &mut self.listener
    }
}
