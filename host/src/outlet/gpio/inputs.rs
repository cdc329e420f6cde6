//! Inputs that are not the guard's: a thread waits for their edges, keeps their
//! levels and calls the safety thread.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};

use crate::line::{Input, LineAt, LineError, Lines};
use crate::outlet::Inputs;
use crate::wit::protocol::{Fault, FaultKind};

/// Who the kernel says has the lines.
pub(super) const USER: &str = "plugpoint";

/// The level of one line, as it was after its last edge.
#[derive(Clone)]
pub(in crate::outlet) struct Level {
    inner: Arc<Inner>,
}

struct Inner {
    active: AtomicBool,
    failed: Mutex<Option<Fault>>,
}

impl Level {
    pub(super) fn new(active: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                active: AtomicBool::new(active),
                failed: Mutex::new(None),
            }),
        }
    }

    /// Active or not.
    pub(in crate::outlet) fn is_active(&self) -> bool {
        self.inner.active.load(Ordering::Acquire)
    }

    /// The line cannot be read any more.
    pub(in crate::outlet) fn fault(&self) -> Option<Fault> {
        self.failed().clone()
    }

    pub(super) fn set(&self, active: bool) {
        self.inner.active.store(active, Ordering::Release);
    }

    fn fail(&self, kind: FaultKind, error: &LineError) {
        tracing::error!("{error}");
        *self.failed() = Some(Fault {
            kind,
            text: error.to_string(),
        });
    }

    /// Held only for a copy.
    fn failed(&self) -> std::sync::MutexGuard<'_, Option<Fault>> {
        self.inner
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Inputs in the making, of one outlet.
#[derive(Default)]
pub(super) struct Watcher {
    watched: Vec<Watched>,
}

struct Watched {
    line: Box<dyn Input>,
    level: Level,
    /// What it is if the line fails.
    kind: FaultKind,
}

impl Watcher {
    /// Takes a line.
    pub(super) fn take(
        &mut self,
        lines: &dyn Lines,
        at: &LineAt,
        kind: FaultKind,
    ) -> Result<Level, LineError> {
        let mut line = lines.input(at, USER)?;
        let level = Level::new(line.level()?);
        self.watched.push(Watched {
            line,
            level: level.clone(),
            kind,
        });
        Ok(level)
    }

    /// Starts the thread that waits for edges.
    pub(super) fn start(mut self, inputs: Inputs) -> std::io::Result<()> {
        if self.watched.is_empty() {
            return Ok(());
        }
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || {
                while !self.watched.is_empty() {
                    self.wait();
                    inputs.edge(Instant::now());
                }
            })?;
        Ok(())
    }

    /// Waits for edges and takes them. A line that fails is left out from then on.
    fn wait(&mut self) {
        let mut fds: Vec<PollFd<'_>> = self
            .watched
            .iter()
            .map(|it| PollFd::from_borrowed_fd(it.line.as_fd(), PollFlags::IN))
            .collect();
        if poll(&mut fds, None).is_err() {
            // Interrupted; the levels are asked for again.
            return;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        self.watched.retain_mut(|it| {
            if !ready.next().unwrap_or(false) {
                return true;
            }
            match it.line.edge() {
                Ok(active) => it.level.set(active),
                Err(error) => {
                    it.level.fail(it.kind, &error);
                    return false;
                }
            }
            true
        });
    }
}
