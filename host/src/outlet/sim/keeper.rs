//! The thread that may wait for the disk on behalf of the simulation: it syncs
//! the registers now and then, and keeps plug and faults.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::bench::BenchAnswer;
use super::registers::Registers;
use super::saved::{Saved, SimStorage};

const SYNC_EVERY: Duration = Duration::from_secs(10);

/// What the keeper is told.
#[derive(Debug)]
pub(in crate::outlet) enum Keep {
    /// Registers were written. `now`: sync them at once.
    Registers { now: bool },
    /// Keep this, then tell who waits for it.
    Document(Saved, Vec<Sender<BenchAnswer>>),
}

/// A handle on the thread; it ends with the handle.
#[derive(Debug)]
pub(in crate::outlet) struct Keeper {
    orders: Sender<Keep>,
}

impl Keeper {
    pub(in crate::outlet) fn spawn(
        registers: Option<Arc<Registers>>,
        storage: Option<Arc<dyn SimStorage>>,
        last_word: Sender<()>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name("sim-keeper".to_owned())
            .spawn(move || {
                run(&inbox, registers.as_deref(), storage.as_deref());
                drop(last_word);
            })?;
        Ok(Self { orders })
    }

    pub(in crate::outlet) fn tell(&self, order: Keep) {
        let _ = self.orders.send(order);
    }
}

fn run(inbox: &Receiver<Keep>, registers: Option<&Registers>, storage: Option<&dyn SimStorage>) {
    let mut sync_at: Option<Instant> = None;
    loop {
        let wait = sync_at.map_or(SYNC_EVERY, |at| {
            at.saturating_duration_since(Instant::now())
        });
        match inbox.recv_timeout(wait) {
            Ok(Keep::Registers { now }) => {
                let due = Instant::now() + if now { Duration::ZERO } else { SYNC_EVERY };
                sync_at = Some(sync_at.map_or(due, |at| at.min(due)));
            }
            Ok(Keep::Document(mut saved, mut waiting)) => {
                // Only the last of several counts.
                let mut others = Vec::new();
                while let Ok(next) = inbox.try_recv() {
                    match next {
                        Keep::Document(newer, more) => {
                            saved = newer;
                            waiting.extend(more);
                        }
                        other @ Keep::Registers { .. } => others.push(other),
                    }
                }
                if let Some(storage) = storage
                    && let Err(error) = storage.save(&saved.to_document())
                {
                    tracing::warn!(%error, "the simulated plug cannot be kept");
                }
                for answer in waiting {
                    let _ = answer.send(BenchAnswer::Kept);
                }
                if !others.is_empty() {
                    sync_at.get_or_insert_with(|| Instant::now() + SYNC_EVERY);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if sync_at.is_some_and(|at| Instant::now() >= at) {
            sync_at = None;
            sync(registers);
        }
    }
    sync(registers);
}

fn sync(registers: Option<&Registers>) {
    if let Some(Err(error)) = registers.map(Registers::sync) {
        tracing::warn!(%error, "the simulated meters' registers cannot be written to flash");
    }
}
