//! Giving the guest an event, and what happens when that fails. Power-up, crash
//! recovery and restart are one code path: [`Loop::ensure`].

use serde_json::json;

use super::knowledge::{Learned, Shown};
use super::{CLOSE_BOUND, Loop, ORDER_FORGOTTEN_MS, RESET_LINGER, last_end};
use crate::config::CrashAt;
use crate::guest::{Kind as _, Lost, Ocpp, Outstanding, Step, start_dropped};
use crate::outlet::{OutletNews, OutletView};
use crate::store::Entries;
use crate::wit::protocol::{
    Action, BootReason, Dropped, Event, OutletChange, OutletEvent, SessionEnd,
};

impl Loop {
    /// Gives the guest an event, making an instance first if there is none. False if
    /// none has handled it.
    pub(super) async fn deliver(&mut self, event: Event) -> bool {
        if !self.ensure().await {
            self.no_guest_for(event).await;
            return false;
        }
        // A guest that was lost on it is replaced at once.
        let is_handled = self.step(&event, None).await.is_ok();
        if self.tenant.life_mut().has_stormed() {
            self.calm();
        }
        self.renew().await;
        is_handled
    }

    /// What the guest has set and asked for is forgotten; `boot` shows none of it.
    fn calm(&mut self) {
        self.timers.clear();
        self.unanswered_decisions.clear();
        self.unanswered_requests.clear();
        self.unanswered_orders.clear();
    }

    /// Behind an event: another instance if there is none, or if one is wanted.
    async fn renew(&mut self) {
        let lost = !self.tenant.life().slot().has_instance();
        if lost || self.restart.is_some() || self.tenant.life_mut().renew() {
            self.ensure().await;
        }
        self.look_at_probation().await;
    }

    /// Makes an instance if there is none and it is not too soon after the last
    /// failure. True if there is one now.
    pub(super) async fn ensure(&mut self) -> bool {
        loop {
            if let Some(restart) = self.restart.take() {
                if self.ends_for(&restart).await {
                    return false;
                }
                self.tear_down(&restart.why).await;
            }
            if self.tenant.life().slot().has_instance() {
                return true;
            }
            if !self.tenant.life().able() {
                self.outlets.guest_healthy(false);
                return false;
            }
            let Ok(follow) = self.start().await else {
                continue;
            };
            if self.restart.is_none() && self.follow(follow).await.is_ok() {
                self.outlets.guest_healthy(true);
                return true;
            }
        }
    }

    /// Makes an instance and starts it; what is to follow `boot` as events.
    async fn start(&mut self) -> Result<Vec<OutletView>, Lost> {
        let reason = self.tenant.life().reason();
        let (boot, shown) = self
            .boot(reason, self.tenant.entry_schema(), self.tenant.installed())
            .await;
        let ends = boot.session_ends.clone();
        self.count_outstanding();
        let step = match self.tenant.start(&boot) {
            Ok(step) => step,
            Err(lost) => {
                self.consider_fall_back();
                return Err(lost);
            }
        };
        if reason == BootReason::CleanShutdown {
            last_end::take_back(&self.store);
        }
        let actions = self.keep(step, || start_dropped("storage")).await?;
        self.tenant.life_mut().at_work();
        self.leave_safe_mode();
        let follow = self.started(shown, &ends);
        self.act(actions).await;
        Ok(follow)
    }

    /// The guest knows what `boot` showed; what is to follow it as events.
    pub(super) fn started(&mut self, shown: Shown, ends: &[SessionEnd]) -> Vec<OutletView> {
        for end in ends {
            self.sessions.told(end.session);
        }
        for (outlet, connection) in shown.connections() {
            self.outlets.known(outlet, connection);
        }
        if self.knowledge.had_earlier() || !std::mem::take(&mut self.inbox).is_empty() {
            self.store.inbox_clear_soon();
        }
        self.knowledge.started(shown)
    }

    /// The present state of outlets of which `boot` has shown a departure.
    pub(super) async fn follow(&mut self, follow: Vec<OutletView>) -> Result<(), Lost> {
        for view in follow {
            let event = OutletEvent {
                change: OutletChange::Pilot,
                at: self.clock.stamp(),
                state: view.state.clone(),
            };
            let learns = self.knowledge.of_view(&view);
            self.step(&Event::Outlet(event), Some(learns)).await?;
        }
        Ok(())
    }

    /// Something changed at an outlet: told to the guest unless `boot` has shown it.
    pub(super) async fn deliver_outlet(&mut self, news: OutletNews) {
        if !self.knowledge.is_news(&news) {
            return self.board.count("outlet_events_superseded");
        }
        if !self.ensure().await {
            return self.hold_back(&news.event);
        }
        // `ensure` may have started an instance, and shown it.
        if !self.knowledge.is_news(&news) {
            return self.board.count("outlet_events_superseded");
        }
        let learns = self.knowledge.of_news(&news);
        // A guest that was lost on it is replaced at once.
        let _ = self.step(&Event::Outlet(news.event), Some(learns)).await;
        self.renew().await;
    }

    /// Sessions that a policy has ended, or whose time is over. Their energy is gone
    /// already; what no guest takes is in the next `boot`.
    pub(super) async fn tell_session_ends(&mut self) {
        for end in self.sessions.untold() {
            if !self.ensure().await {
                return;
            }
            let session = end.session;
            if self.step(&Event::SessionEnds(end), None).await.is_ok() {
                self.sessions.told(session);
            }
            self.renew().await;
        }
    }

    /// One event for the instance that is there, and what it learns from it of an
    /// outlet.
    pub(super) async fn step(
        &mut self,
        event: &Event,
        learns: Option<Learned>,
    ) -> Result<(), Lost> {
        self.count_outstanding();
        let handled = self.tenant.handle(self.clock.now(), event);
        // Not before: only the guest knows what in it is secret.
        self.note_frame(event);
        let step = handled?;
        if matches!(event, Event::Frame(_)) && step.commit.is_some() {
            self.budget.pay();
        }
        self.remove_energy(&step);
        let actions = self.keep(step, || Ocpp::dropped(event, "storage")).await?;
        self.tenant.handled();
        // Before the actions: a permit is for the connection that it was decided on.
        if let Some(learned) = learns {
            self.outlets.known(learned.outlet(), learned.connection());
            self.knowledge.learn(learned);
        }
        self.act(actions).await;
        Ok(())
    }

    fn note_frame(&self, event: &Event) {
        if let Event::Frame(frame) = event {
            self.journal
                .note("frame", || json!({ "direction": "in", "text": frame.text }));
        }
    }

    /// What the guest has asked for already bounds what it may ask for now.
    fn count_outstanding(&mut self) {
        let now_ms = self.clock.monotonic_ms();
        let orders = &mut self.unanswered_orders;
        while orders
            .front()
            .is_some_and(|at| now_ms.saturating_sub(*at) > ORDER_FORGOTTEN_MS)
        {
            orders.pop_front();
        }
        let outstanding = Outstanding {
            timers: self.timers.count(),
            questions: self.unanswered_decisions.len() + self.unanswered_requests.len(),
            hardware: orders.len(),
            shown: self
                .board
                .write(|facts| facts.shown.values().map(|it| it.len()).sum()),
        };
        self.tenant.life_mut().slot_mut().outstanding(outstanding);
    }

    /// Commits what a call has kept; the actions that may run now.
    async fn keep(
        &mut self,
        step: Step<Action>,
        dropped: impl FnOnce() -> Dropped,
    ) -> Result<Vec<Action>, Lost> {
        if let Some(batch) = step.commit {
            let written = self.write(batch.changes).await;
            let failed = written.is_err();
            let settled = self.tenant.settle(batch.ticket, written, dropped);
            if failed {
                self.keep_taken_back(&step.actions);
            }
            settled?;
        }
        Ok(step.actions)
    }

    pub(super) async fn act(&mut self, actions: Vec<Action>) {
        self.crash.pass(CrashAt::Commit).await;
        self.run_actions(actions).await;
        self.crash.pass(CrashAt::Event).await;
    }

    pub(super) fn entries_mut(&mut self) -> &mut Entries {
        self.tenant.life_mut().slot_mut().entries_mut()
    }

    /// What comes while there is no guest to take it is shown by `boot`, or lost as
    /// `wit/protocol.wit` says.
    async fn no_guest_for(&mut self, event: Event) {
        self.note_frame(&event);
        let dropped = Ocpp::dropped(&event, "trap");
        tracing::warn!(event = dropped.event, "lost: no component takes it");
        self.board.count("events_lost");
    }

    /// As a power cycle of everything inside the process. The process, the
    /// simulated car and the control API stay.
    async fn tear_down(&mut self, why: &str) {
        tracing::info!("beginning anew: {why}");
        self.outlets.revoke_all();
        self.link.close(RESET_LINGER, CLOSE_BOUND).await;
        // What it had told before is of a world that is gone.
        while self.inputs.link.try_recv().is_ok() {}
        self.connect = None;
        self.calm();
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
