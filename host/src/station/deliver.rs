//! Giving the guest an event, and what happens when that fails. Power-up, crash
//! recovery and restart are one code path: [`Loop::ensure`].

use super::{CLOSE_BOUND, Loop, SLOT};
use crate::config::CrashAt;
use crate::guest::{Kind as _, Lost, Ocpp, Step, start_dropped};
use crate::store::{Batch, Entries, StoreError};
use crate::wit::protocol::{Action, Dropped, Event, OutletEvent};

/// Hardware events held in memory when not even the inbox takes them. With a
/// full disk and no guest the oldest go first; what counts is in `boot`.
const MOST_OVERFLOW: usize = 256;

impl Loop {
    /// Gives the guest an event, making an instance first if there is none.
    pub(super) async fn deliver(&mut self, event: Event) {
        if !self.ensure().await {
            self.no_guest_for(event).await;
            return;
        }
        let lost = self.step(&event).await.is_err();
        if lost || self.restart.is_some() || self.tenant.life_mut().renew() {
            self.ensure().await;
        }
        self.look_at_probation().await;
    }

    /// Makes an instance if there is none and it is not too soon after the last
    /// failure. True if there is one now.
    pub(super) async fn ensure(&mut self) -> bool {
        loop {
            if let Some(why) = self.restart.take() {
                self.tear_down(&why).await;
            }
            if self.tenant.life().slot().has_instance() {
                return true;
            }
            if !self.tenant.life().able() {
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
        let reason = self.tenant.life().reason();
        let boot = self.boot(reason, self.tenant.entry_schema()).await;
        let step = match self.tenant.start(&boot) {
            Ok(step) => step,
            Err(lost) => {
                self.consider_fall_back();
                return Err(lost);
            }
        };
        let actions = self.keep(step, || start_dropped("storage")).await?;
        self.tenant.life_mut().at_work();
        self.leave_safe_mode();
        self.act(actions).await;
        Ok(())
    }

    /// One event for the instance that is there.
    pub(super) async fn step(&mut self, event: &Event) -> Result<(), Lost> {
        let step = self.tenant.handle(self.clock.now(), event)?;
        let actions = self.keep(step, || Ocpp::dropped(event, "storage")).await?;
        self.tenant.handled();
        self.act(actions).await;
        Ok(())
    }

    /// Commits what a call has kept; the actions that may run now.
    async fn keep(
        &mut self,
        step: Step<Action>,
        dropped: impl FnOnce() -> Dropped,
    ) -> Result<Vec<Action>, Lost> {
        if let Some(batch) = step.commit {
            let written = self.store.commit(SLOT, batch.changes).await;
            self.tenant.settle(batch.ticket, written, dropped)?;
        }
        Ok(step.actions)
    }

    pub(super) async fn act(&mut self, actions: Vec<Action>) {
        self.crash.pass(CrashAt::Commit).await;
        self.run_actions(actions).await;
        self.crash.pass(CrashAt::Event).await;
    }

    /// Writes a batch that belongs to no call.
    pub(super) async fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let written = self.store.commit(SLOT, batch.changes).await;
        self.tenant.life_mut().written(batch.ticket, written)
    }

    /// Writes lazy entries whose time has not come yet.
    pub(super) async fn flush(&mut self) {
        if let Some(batch) = self.entries_mut().flush() {
            // Reported by `commit` if that fails.
            let _ = self.commit(batch).await;
        }
    }

    pub(super) fn entries_mut(&mut self) -> &mut Entries {
        self.tenant.life_mut().slot_mut().entries_mut()
    }

    /// What comes while there is no guest to take it: outlets' events wait on
    /// disk; the rest is told by `boot`, or lost as `wit/protocol.wit` says.
    async fn no_guest_for(&mut self, event: Event) {
        match event {
            Event::Outlet(it) => self.hold_back(it).await,
            other => {
                let dropped = Ocpp::dropped(&other, "trap");
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
    pub(super) async fn drain_inbox(&mut self) -> Result<(), Lost> {
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
        self.flush().await;
        self.tenant.life_mut().restart();
        self.tenant.cut();
        self.board.write(|facts| {
            facts.shown.clear();
            facts.link.state = "idle";
        });
        self.tenant.in_service(false);
    }
}
