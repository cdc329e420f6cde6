//! One instance after the other in a slot: a start when there is none, an event
//! at a time, and what a failure brings about. The same for both kinds of guest.
//!
//! Sans-io: it says what must be committed before the actions run, and is told
//! how that went. It runs no actions, and it does not know where events come
//! from, or that there can be another version.

use std::time::Instant;

use serde_json::json;

use super::pace::Pace;
use super::{Failure, FailureKind, Kind, Outcome, Parked, Prepared, Slot};
use crate::board::Board;
use crate::clock::Clock;
use crate::health::Health;
use crate::journal::Journal;
use crate::store::{Batch, Entries, KeptEntry, StoreError};
use crate::wit::protocol::{BootReason, Dropped};

/// A guest, over all its instances.
pub struct Life<K: Kind> {
    slot: Slot<K>,
    clock: Clock,
    board: Board,
    journal: Journal,
    /// Throw the instance away after every event.
    amnesia: bool,
    health: Health,
    /// For the next `start`.
    reason: BootReason,
    dropped: Option<Dropped>,
    failed_at: Option<Instant>,
    last_failure: String,
    failed_starts: u32,
    /// The last instance was well, and let go of for the sake of the record.
    renewed: bool,
    pace: Pace,
    /// It failed on what it had brought about itself, and that would go on.
    stormed: bool,
    /// Restarts that it asked for while starting, without an event in between.
    restarts: u32,
}

/// Restarts in a row that cost no wait.
const FREE_RESTARTS: u32 = 3;

/// The call came to nothing; the instance is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// A call that succeeded. First the commit, then [`Life::settle`], then the
/// actions.
#[derive(Debug)]
pub struct Step<A> {
    /// What must be on flash before the actions run.
    pub commit: Option<Batch>,
    /// In the guest's order.
    pub actions: Vec<A>,
    /// What it has just forgotten, if the slot is told to show that.
    pub forgotten: Vec<KeptEntry>,
}

impl<K: Kind> Life<K> {
    /// A life that has not begun.
    pub fn new(slot: Slot<K>, amnesia: bool, clock: Clock, board: Board, journal: Journal) -> Self {
        Self {
            pace: Pace::new(slot.limits().handle_time()),
            restarts: 0,
            stormed: false,
            slot,
            clock,
            board,
            journal,
            amnesia,
            health: Health::default(),
            reason: BootReason::PowerUp,
            dropped: None,
            failed_at: None,
            last_failure: String::new(),
            failed_starts: 0,
            renewed: false,
        }
    }

    /// The reason for the first instance, if it is not a power-up.
    #[must_use]
    pub fn first_started_by(mut self, reason: BootReason) -> Self {
        self.reason = reason;
        self
    }

    /// The slot, with component and entries.
    pub fn slot(&self) -> &Slot<K> {
        &self.slot
    }

    /// The slot, for entries that are not a call's, and for another component.
    pub fn slot_mut(&mut self) -> &mut Slot<K> {
        &mut self.slot
    }

    /// When the next instance may be made, if there is none.
    pub fn not_before_ms(&self) -> u64 {
        self.health.not_before_ms()
    }

    /// There is an instance, or one can be made.
    pub fn able(&self) -> bool {
        self.slot.has_instance() || self.clock.monotonic_ms() >= self.not_before_ms()
    }

    /// Starts in a row that came to nothing.
    pub fn failed_starts(&self) -> u32 {
        self.failed_starts
    }

    /// What the last instance failed of.
    pub fn last_failure(&self) -> &str {
        &self.last_failure
    }

    /// For `boot`: why there is a new instance.
    pub fn reason(&self) -> BootReason {
        self.reason
    }

    /// For `boot`: what the instance before failed on.
    pub fn dropped(&self) -> Option<&Dropped> {
        self.dropped.as_ref()
    }

    /// Makes an instance and starts it.
    pub fn start(&mut self, boot: &K::Boot) -> Result<Step<K::Action>, Lost> {
        match self.slot.start(boot) {
            Ok(outcome) => Ok(self.started(outcome)),
            Err(failure) => {
                self.failed_starts += 1;
                let dropped = start_dropped(failure.kind.word());
                Err(self.fail(&failure.to_string(), dropped))
            }
        }
    }

    /// Tries another component on the same entries. If its `start` fails, the
    /// instance that was there goes on as if nothing had been.
    pub fn try_other(
        &mut self,
        prepared: Prepared<K>,
        boot: &K::Boot,
    ) -> Result<(Step<K::Action>, Parked<K>), Failure> {
        let parked = self.slot.exchange(prepared);
        match self.slot.start(boot) {
            Ok(outcome) => Ok((self.started(outcome), parked)),
            Err(failure) => {
                self.slot.put_back(parked);
                Err(failure)
            }
        }
    }

    fn started(&mut self, outcome: Outcome<K::Action>) -> Step<K::Action> {
        self.board.component(self.slot.name(), |it| {
            it.start_us = outcome.micros;
            it.memory_bytes = outcome.memory_bytes as u64;
        });
        Step {
            commit: outcome.commit,
            actions: outcome.actions,
            forgotten: outcome.forgotten,
        }
    }

    /// What `start` returned has been kept: the instance is at work.
    pub fn at_work(&mut self) {
        let recovery = self.failed_at.take().map(|at| at.elapsed());
        let slot = self.slot.name();
        self.board.component(slot, |it| {
            it.state = "running";
            if let Some(recovery) = recovery {
                it.last_recovery_us = Some(recovery.as_micros() as u64);
            }
        });
        if let Some(recovery) = recovery {
            tracing::info!(slot, "the component works again, after {recovery:?}");
        }
        if !self.amnesia && !std::mem::take(&mut self.renewed) {
            let reason = crate::words::of(&self.reason);
            self.journal.note(
                "component",
                || json!({ "slot": slot, "what": "started", "why": reason }),
            );
        }
        self.failed_starts = 0;
        self.dropped = None;
        self.reason = BootReason::Recovery;
    }

    /// One event for the instance that is there.
    pub fn handle(&mut self, now: K::Now, event: &K::Event) -> Result<Step<K::Action>, Lost> {
        let own_doing = K::is_own_doing(event);
        let outcome = if own_doing && !self.pace.has_some(self.clock.monotonic_ms()) {
            self.slot.discard_instance();
            let text = "it keeps itself busy: its timers and the answers to what it asks for take \
                        more of the charger's time than it may have";
            Err(Failure::limit(text))
        } else {
            self.slot.handle(now, event)
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(failure) => {
                self.stormed |= own_doing && failure.kind == FailureKind::Limit;
                let dropped = K::dropped(event, failure.kind.word());
                return Err(self.fail(&failure.to_string(), dropped));
            }
        };
        if own_doing {
            self.pace.pay(outcome.micros);
        }
        let entries = self.slot.entries();
        let (count, bytes) = (entries.len() as u64, entries.bytes() as u64);
        self.board.component(self.slot.name(), |it| {
            it.events += 1;
            it.busy_us += outcome.micros;
            it.worst_us = it.worst_us.max(outcome.micros);
            it.memory_bytes = outcome.memory_bytes as u64;
            it.entries = count;
            it.entry_bytes = bytes;
            it.log_lines_dropped += outcome.log_dropped;
        });
        Ok(Step {
            commit: outcome.commit,
            actions: outcome.actions,
            forgotten: outcome.forgotten,
        })
    }

    /// It wanted too much in an event that it had brought about itself: true once.
    /// What it has set and asked for is to be forgotten, or the next instance would
    /// end on it, too.
    pub fn has_stormed(&mut self) -> bool {
        std::mem::take(&mut self.stormed)
    }

    /// The event has been handled, and what it changed is kept.
    pub fn handled(&mut self) {
        self.health.good();
        self.restarts = 0;
    }

    /// How a call's commit went. If badly, the entries are again as they were,
    /// and so the instance, which has gone ahead of them, is gone.
    pub fn settle(
        &mut self,
        ticket: u64,
        written: Result<(), StoreError>,
        dropped: impl FnOnce() -> Dropped,
    ) -> Result<(), Lost> {
        match self.written(ticket, written) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.slot.discard_instance();
                Err(self.fail(&error.to_string(), dropped()))
            }
        }
    }

    /// How a commit went that belongs to no call.
    pub fn written(
        &mut self,
        ticket: u64,
        written: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match &written {
            Ok(()) => {
                self.slot.entries_mut().confirm(ticket);
                let was_failing = self.board.write(|facts| facts.storage.failing.take());
                if was_failing.is_some() {
                    tracing::info!("entries can be kept again");
                }
            }
            Err(error) => {
                let now_ms = self.clock.monotonic_ms();
                self.slot.revert(now_ms, *error != StoreError::Stalled);
                let text = error.to_string();
                let before = self
                    .board
                    .write(|facts| facts.storage.failing.replace(text.clone()));
                self.board.count("commits_failed");
                if before.is_none() {
                    tracing::error!("entries cannot be kept: {text}");
                }
            }
        }
        written
    }

    /// Under test, an instance lives for one event; else until its record wants
    /// to begin anew. True if it is gone for the latter.
    pub fn renew(&mut self) -> bool {
        if self.amnesia {
            self.slot.discard_instance();
        }
        let renew = self.slot.has_instance() && self.slot.start_is_wanted();
        if renew {
            self.slot.discard_instance();
            self.renewed = true;
        }
        renew
    }

    /// The next start is for the sake of the record only.
    pub fn is_renewing(&self) -> bool {
        self.renewed
    }

    /// Begin anew, as after a power cycle: what is only in memory is gone.
    pub fn restart(&mut self) {
        self.slot.discard_instance();
        self.slot.change_entries(Entries::drop_session);
        self.begin(BootReason::Restart);
        self.dropped = None;
        // One that asks for it whenever it starts would never let go of the thread.
        self.restarts = self.restarts.saturating_add(1);
        for _ in FREE_RESTARTS..self.restarts {
            self.health.failed(self.clock.monotonic_ms());
        }
        if self.restarts > FREE_RESTARTS {
            self.board.component(self.slot.name(), |it| {
                it.state = "waiting";
                it.last_failure = Some("it asks to begin again whenever it starts".into());
            });
        }
    }

    /// From now on it counts as out of order, until the next one is at work.
    pub fn out_of_order(&mut self) {
        self.failed_at.get_or_insert_with(Instant::now);
    }

    /// Another component begins in the slot, for this reason.
    pub fn begin(&mut self, reason: BootReason) {
        self.reason = reason;
        self.failed_starts = 0;
        self.health = Health::default();
    }

    /// The instance is gone, for this reason.
    pub fn fail(&mut self, text: &str, dropped: Dropped) -> Lost {
        let slot = self.slot.name();
        tracing::warn!(
            slot,
            event = dropped.event,
            "the component failed and is replaced: {text}"
        );
        self.health.failed(self.clock.monotonic_ms());
        text.clone_into(&mut self.last_failure);
        self.out_of_order();
        let slot = self.slot.name();
        self.board.component(slot, |it| {
            it.state = "waiting";
            it.in_service = false;
            it.restarts += 1;
            it.last_failure = Some(text.to_owned());
        });
        let event = dropped.event.clone();
        self.journal.note(
            "component",
            || json!({ "slot": slot, "what": "failed", "event": event, "why": text }),
        );
        self.dropped = Some(dropped);
        Lost
    }
}

/// For a `start` that came to nothing.
pub fn start_dropped(failure: &str) -> Dropped {
    Dropped {
        event: "start".into(),
        id: 0,
        head: String::new(),
        failure: failure.into(),
    }
}
