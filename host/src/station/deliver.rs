//! Giving the guest an event, and what happens when that fails. Power-up, crash
//! recovery and restart are one code path: [`Loop::ensure`].

use std::time::Instant;

use serde_json::json;

use super::{CLOSE_BOUND, Loop, SLOT, boot};
use crate::config::CrashAt;
use crate::guest::Failure;
use crate::store::{Batch, StoreError};
use crate::wit::protocol::{BootReason, Dropped, Event, OutletEvent};

/// Hardware events held in memory when not even the inbox takes them. With a
/// full disk and no guest the oldest go first; what counts is in `boot`.
const MOST_OVERFLOW: usize = 256;

/// An event could not be handled; the instance is gone.
struct Lost;

impl Loop {
    /// Gives the guest an event, making an instance first if there is none.
    pub(super) async fn deliver(&mut self, event: Event) {
        if !self.ensure().await {
            self.no_guest_for(event).await;
            return;
        }
        let lost = self.step(&event).await.is_err();
        if lost || self.restart.is_some() {
            self.ensure().await;
        } else if self.amnesia {
            self.slot.discard_instance();
        }
    }

    /// Makes an instance if there is none and it is not too soon after the last
    /// failure. True if there is one now.
    pub(super) async fn ensure(&mut self) -> bool {
        loop {
            if let Some(why) = self.restart.take() {
                self.tear_down(&why).await;
            }
            if self.slot.has_instance() {
                return true;
            }
            if self.clock.monotonic_ms() < self.health.not_before_ms() {
                self.outlets.guest_healthy(false);
                return false;
            }
            if self.start().await.is_err() {
                continue;
            }
            if self.restart.is_none() && self.drain_inbox().await.is_ok() {
                self.outlets.guest_healthy(true);
                return true;
            }
        }
    }

    async fn start(&mut self) -> Result<(), Lost> {
        let boot = self.boot().await;
        let outcome = match self.slot.start(&boot) {
            Ok(outcome) => outcome,
            Err(failure) => {
                let dropped = start_dropped(failure.kind.word());
                self.failed(&failure.to_string(), dropped);
                return Err(Lost);
            }
        };
        if let Some(batch) = outcome.commit
            && let Err(error) = self.commit(batch).await
        {
            self.slot.discard_instance();
            self.failed(&error.to_string(), start_dropped("storage"));
            return Err(Lost);
        }
        let recovery = self.failed_at.take().map(|at| at.elapsed());
        self.board.component(SLOT, |it| {
            it.state = "running";
            it.start_us = outcome.micros;
            it.memory_bytes = outcome.memory_bytes as u64;
            if let Some(recovery) = recovery {
                it.last_recovery_us = Some(recovery.as_micros() as u64);
            }
        });
        if let Some(recovery) = recovery {
            tracing::info!(slot = SLOT, "the component works again, after {recovery:?}");
        }
        if !self.amnesia {
            let reason = crate::words::of(&self.reason);
            self.journal.note(
                "component",
                || json!({ "slot": SLOT, "what": "started", "why": reason }),
            );
        }
        self.dropped = None;
        self.reason = BootReason::Recovery;
        self.crash.pass(CrashAt::Commit).await;
        self.run_actions(outcome.actions).await;
        self.crash.pass(CrashAt::Event).await;
        Ok(())
    }

    /// One event for the instance that is there.
    async fn step(&mut self, event: &Event) -> Result<(), Lost> {
        let now = self.clock.now();
        let outcome = match self.slot.handle(now, event) {
            Ok(outcome) => outcome,
            Err(failure) => {
                self.failed_on(event, &failure);
                return Err(Lost);
            }
        };
        let entries = self.slot.entries();
        let (count, bytes) = (entries.len() as u64, entries.bytes() as u64);
        self.board.component(SLOT, |it| {
            it.events += 1;
            it.busy_us += outcome.micros;
            it.worst_us = it.worst_us.max(outcome.micros);
            it.memory_bytes = outcome.memory_bytes as u64;
            it.entries = count;
            it.entry_bytes = bytes;
            it.log_lines_dropped += outcome.log_dropped;
        });
        if let Some(batch) = outcome.commit
            && let Err(error) = self.commit(batch).await
        {
            self.slot.discard_instance();
            self.failed(&error.to_string(), boot::dropped(event, "storage"));
            return Err(Lost);
        }
        self.health.good();
        self.crash.pass(CrashAt::Commit).await;
        self.run_actions(outcome.actions).await;
        self.crash.pass(CrashAt::Event).await;
        Ok(())
    }

    /// Writes a batch and waits until it is on flash. If that fails, the
    /// entries are again as they were before.
    pub(super) async fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let written = self.store.commit(SLOT, batch.changes).await;
        match &written {
            Ok(()) => {
                self.slot.entries_mut().confirm(batch.ticket);
                let was_failing = self.board.write(|facts| facts.storage.failing.take());
                if was_failing.is_some() {
                    tracing::info!("entries can be kept again");
                }
            }
            Err(error) => {
                self.slot.entries_mut().revert(self.clock.monotonic_ms());
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

    /// Writes lazy entries whose time has not come yet.
    pub(super) async fn flush(&mut self) {
        if let Some(batch) = self.slot.entries_mut().flush() {
            // Reported by `commit` if that fails.
            let _ = self.commit(batch).await;
        }
    }

    fn failed_on(&mut self, event: &Event, failure: &Failure) {
        let dropped = boot::dropped(event, failure.kind.word());
        self.failed(&failure.to_string(), dropped);
    }

    fn failed(&mut self, text: &str, dropped: Dropped) {
        tracing::warn!(
            slot = SLOT,
            event = dropped.event,
            "the component failed and is replaced: {text}"
        );
        self.health.failed(self.clock.monotonic_ms());
        self.failed_at.get_or_insert_with(Instant::now);
        self.board.component(SLOT, |it| {
            it.state = "waiting";
            it.restarts += 1;
            it.last_failure = Some(text.to_owned());
        });
        let event = dropped.event.clone();
        self.journal.note(
            "component",
            || json!({ "slot": SLOT, "what": "failed", "event": event, "why": text }),
        );
        self.dropped = Some(dropped);
    }

    /// What comes while there is no guest to take it: outlets' events wait on
    /// disk; the rest is told by `boot`, or lost as `wit/protocol.wit` says.
    async fn no_guest_for(&mut self, event: Event) {
        match event {
            Event::Outlet(it) => self.hold_back(it).await,
            other => {
                let dropped = boot::dropped(&other, "trap");
                tracing::warn!(event = dropped.event, "lost: no component takes it");
                self.board.count("events_lost");
            }
        }
    }

    pub(super) async fn hold_back(&mut self, event: OutletEvent) {
        self.inbox = true;
        let pushed = match serde_json::to_vec(&event) {
            Ok(body) => self.store.inbox_push(body).await.is_ok(),
            Err(_) => false,
        };
        if pushed {
            return;
        }
        if self.overflow.len() == MOST_OVERFLOW {
            self.overflow.pop_front();
            self.board.count("events_lost");
        }
        self.overflow.push_back(event);
    }

    /// Hands over what outlets reported while there was no guest.
    async fn drain_inbox(&mut self) -> Result<(), Lost> {
        if !self.inbox {
            return Ok(());
        }
        let items = match self.store.inbox_load() {
            Ok(items) => items,
            Err(error) => {
                // What counts of it is in `boot`; it is tried again next time.
                tracing::error!(%error, "the inbox cannot be read");
                return Ok(());
            }
        };
        for item in items {
            let result = match serde_json::from_slice::<OutletEvent>(&item.body) {
                Ok(event) => self.step(&Event::Outlet(event)).await,
                Err(error) => {
                    tracing::error!(%error, "an event in the inbox cannot be read and is dropped");
                    Ok(())
                }
            };
            // Also one that the guest fails on: it would fail for ever.
            if let Err(error) = self.store.inbox_clear(item.id).await {
                tracing::error!(%error, "the inbox cannot be cleared");
            }
            result?;
        }
        while let Some(event) = self.overflow.pop_front() {
            self.step(&Event::Outlet(event)).await?;
        }
        self.inbox = false;
        Ok(())
    }

    /// As a power cycle of everything inside the process. The process, the
    /// simulated car and the control API stay.
    async fn tear_down(&mut self, why: &str) {
        tracing::info!("beginning anew: {why}");
        self.outlets.revoke_all();
        self.link.close(CLOSE_BOUND).await;
        // What it had told before is of a world that is gone.
        while self.inputs.link.try_recv().is_ok() {}
        self.connect = None;
        self.timers.clear();
        self.unanswered_decisions.clear();
        self.unanswered_requests.clear();
        self.services.transfers().discard_all();
        for worker in &self.workers {
            worker.restart();
        }
        self.slot.discard_instance();
        self.flush().await;
        self.slot.entries_mut().drop_session();
        self.board.write(|facts| {
            facts.shown.clear();
            facts.link.state = "idle";
        });
        self.board.component(SLOT, |it| it.in_service = false);
        self.reason = BootReason::Restart;
        self.dropped = None;
    }
}

fn start_dropped(failure: &str) -> Dropped {
    Dropped {
        event: "start".into(),
        id: 0,
        head: String::new(),
        failure: failure.into(),
    }
}
