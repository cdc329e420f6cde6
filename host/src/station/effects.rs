//! Running a guest's actions, and turning what happens outside into its events.

use serde_json::json;
use tokio::time::Instant;

use super::{Loop, security};
use crate::board::DecisionFacts;
use crate::config::CrashAt;
use crate::link::{LinkEvent, LinkPlan};
use crate::outlet::{HardwareEvent, PermitFate};
use crate::secrets::live;
use crate::wit::protocol::{
    Action, Connect, Decide, Decision, Event, LinkDown, LinkFailure, LinkUp, Permit, Request,
    Shown, Verdict,
};

/// The far end is there and does not take us: it does not speak the component's protocol,
/// or does not know its address or password (an HTTP status of 400 to 499).
fn is_turned_away(down: &LinkDown) -> bool {
    match down.failure {
        LinkFailure::Subprotocol => true,
        LinkFailure::Refused => down.http_status.is_some_and(|it| it / 100 == 4),
        _ => false,
    }
}

impl Loop {
    pub(super) async fn run_actions(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.run_action(action);
            self.crash.pass(CrashAt::Effect).await;
        }
    }

    fn run_action(&mut self, action: Action) {
        match action {
            // Split off by the slot, and committed by now.
            Action::Keep(_) | Action::Forget(_) => {}
            Action::Send(frame) => {
                self.journal.note(
                    "frame",
                    || json!({ "direction": "out", "text": frame.text }),
                );
                self.link.send(frame);
                self.tenant.said();
            }
            Action::SetTimer(timer) => self.timers.set(timer),
            Action::CancelTimer(name) => self.timers.cancel(&name),
            Action::Connect(connect) => self.connect(connect),
            Action::Disconnect(disconnect) => self.link.disconnect(disconnect),
            Action::Permit(permit) => {
                self.journal.note("permit", || {
                    json!({
                        "outlet": permit.outlet,
                        "limit_ma": permit.limit_ma,
                        "steps": permit.steps.len(),
                        "energy_limit_wh": permit.energy_limit_wh,
                    })
                });
                self.permit(permit);
            }
            Action::Revoke(outlet) => {
                self.journal
                    .note("permit", || json!({ "outlet": outlet, "limit_ma": null }));
                self.outlets.revoke(outlet);
            }
            Action::MoveLock(lock_move) => {
                self.unanswered_orders.push_back(self.clock.monotonic_ms());
                self.outlets.move_lock(lock_move);
            }
            Action::Indicate(indication) => self.outlets.indicate(indication),
            Action::Show(shown) => self.show(shown),
            Action::ReadMeter(request) => {
                self.unanswered_orders.push_back(self.clock.monotonic_ms());
                self.outlets.read_meter(request);
            }
            Action::Decide(decide) => self.decide(decide),
            Action::Observe(observed) => {
                self.sessions.observed(&observed);
                self.chain.observe(&observed);
            }
            Action::Request(request) => self.request(request),
            Action::InService(well) => self.tenant.in_service(well),
            Action::Restart(restart) => self.restart = Some(restart),
            Action::Settings(answer) => self.settings_told(answer),
            Action::SettingSet(answer) => self.setting_told(answer),
        }
    }

    fn permit(&mut self, permit: Permit) {
        let Permit {
            outlet, session, ..
        } = permit;
        if self.knowledge.was_taken_back(&permit) {
            tracing::warn!(
                outlet,
                session,
                "permit refused: it was taken back by an event that could not be stored"
            );
            return self.board.count("permits_refused");
        }
        self.knowledge.gave(&permit);
        // Before it: what is said of its session is in force from the first moment on.
        self.sessions.permitted(&permit);
        self.outlets
            .permit(permit, self.knowledge.connection(outlet));
    }

    fn connect(&mut self, connect: Connect) {
        let entries = self.tenant.life().slot().entries();
        let passwords = connect
            .targets
            .iter()
            .map(|target| {
                let entry = &target.credential.as_ref()?.password_entry;
                let password = entries.get(entry);
                if password.is_none() {
                    tracing::warn!(entry, "no password is kept under this key");
                }
                password.map(|value| value.to_vec())
            })
            .collect();
        if let Some(target) = connect.targets.first() {
            let url = target.url.clone();
            self.board.write(|facts| facts.link.url = Some(url));
        }
        self.connect = Some(connect.clone());
        self.link.connect(LinkPlan { connect, passwords });
    }

    fn show(&mut self, shown: Shown) {
        self.board.write(|facts| {
            let outlet = facts.shown.entry(shown.outlet).or_default();
            if shown.value.is_empty() {
                outlet.remove(&shown.name);
            } else {
                outlet.insert(shown.name, shown.value);
            }
        });
    }

    fn decide(&mut self, decide: Decide) {
        let Decide { id, request } = decide;
        if self.unanswered_decisions.contains(&id) {
            return;
        }
        self.unanswered_decisions.push(id);
        let chain = self.chain.clone();
        let board = self.board.clone();
        let journal = self.journal.clone();
        let clock = self.clock.clone();
        let decided = self.decided.clone();
        tokio::spawn(async move {
            let outlet = request.outlet;
            let token = request.token.id.clone();
            let kind = crate::words::of(&request.token.kind);
            live::saw_card(&token);
            let outcome = chain.decide(request).await;
            let verdict = match &outcome.verdict {
                Verdict::Accept(_) => "accept",
                Verdict::Reject(_) => "reject",
                Verdict::Ask => "ask",
            };
            if token.is_empty() {
                // Nobody showed a card: each plug-in asks whether charging is free.
                tracing::debug!(by = outcome.by, "{verdict}: {}", outcome.why);
            } else {
                let token = live::short(&token);
                tracing::info!(token, by = outcome.by, "{verdict}: {}", outcome.why);
            }
            journal.note("decision", || {
                json!({
                    "token": token, "kind": kind, "outlet": outlet, "verdict": verdict,
                    "by": outcome.by, "why": outcome.why,
                })
            });
            board.decided(DecisionFacts {
                time_ms: clock.wall_ms(),
                token,
                kind,
                outlet,
                verdict,
                by: outcome.by.clone(),
                why: outcome.why.clone(),
            });
            // Fails only when the loop has ended.
            let _ = decided.send(Decision {
                id,
                verdict: outcome.verdict,
                by: outcome.by,
                why: outcome.why,
            });
        });
    }

    fn request(&mut self, request: Request) {
        if self.unanswered_requests.contains(&request.id) {
            return;
        }
        self.unanswered_requests.push(request.id);
        let responded = self.responded.clone();
        self.services.submit(request, move |response| {
            let _ = responded.send(response);
        });
    }

    pub(super) async fn on_decision(&mut self, decision: Decision) {
        let Some(index) = self
            .unanswered_decisions
            .iter()
            .position(|id| *id == decision.id)
        else {
            // Asked before the guest began anew.
            return;
        };
        self.unanswered_decisions.remove(index);
        self.deliver(Event::Decided(decision)).await;
    }

    pub(super) async fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Frame(frame) => {
                self.tenant.heard();
                self.deliver(Event::Frame(frame)).await;
            }
            LinkEvent::Up(up) => {
                self.note_up(&up);
                self.tenant.cut();
                self.deliver(Event::LinkUp(up)).await;
            }
            LinkEvent::Down(down) => {
                self.note_down(&down);
                self.tenant.cut();
                let concerns = security::of_link(&down).map(|kind| (kind, down.text.clone()));
                self.deliver(Event::LinkDown(down)).await;
                if let Some((kind, text)) = concerns {
                    self.tell_security(kind, text).await;
                }
            }
        }
    }

    fn note_up(&mut self, up: &LinkUp) {
        self.is_turned_away = false;
        let url = self
            .connect
            .as_ref()
            .and_then(|connect| connect.targets.get(up.target as usize))
            .map(|target| target.url.clone());
        tracing::info!(
            url = url.as_deref().unwrap_or("?"),
            "connected to the central system"
        );
        self.board.write(|facts| {
            facts.link.state = "up";
            facts.link.times_up += 1;
            facts.link.url = url.clone().or(facts.link.url.take());
            facts.link.subprotocol = Some(up.subprotocol.clone());
            facts.link.reason = None;
        });
        self.journal.note("link", || {
            json!({
                "state": "up", "url": url, "subprotocol": up.subprotocol,
            })
        });
    }

    fn note_down(&mut self, down: &LinkDown) {
        self.is_turned_away = is_turned_away(down);
        self.board.write(|facts| {
            facts.link.state = "down";
            facts.link.subprotocol = None;
            facts.link.reason = Some(down.text.clone());
        });
        self.journal.note("link", || {
            json!({
                "state": "down", "why": down.text, "again_in_ms": down.again_in_ms,
            })
        });
    }

    pub(super) async fn on_hardware(&mut self, event: HardwareEvent) {
        match event {
            HardwareEvent::Outlet(news) => {
                let it = &news.event;
                self.journal.note("outlet", || json!({
                    "outlet": it.state.outlet,
                    "change": crate::words::of(&it.change),
                    "pilot": crate::control::pilot(it.state.pilot),
                    "plugged": it.state.plugged,
                    "contactor": crate::words::of(&it.state.contactor),
                    "faults": it.state.faults.iter().map(|f| &f.text).collect::<Vec<_>>(),
                    "register_wh": it.state.reading.as_ref().map(|r| r.energy_mwh as f64 / 1000.0),
                    "connection": news.connection,
                }));
                self.deliver_outlet(news).await;
            }
            HardwareEvent::Permit(it) => {
                if it.fate == PermitFate::TooLate {
                    self.board.count("permits_refused");
                }
                self.journal.note("permit", || {
                    json!({
                        "outlet": it.outlet,
                        "session": it.session,
                        "connection": it.connection,
                        "what": it.fate.in_words(),
                        "register_wh": it.register_mwh.map(|mwh| mwh as f64 / 1000.0),
                    })
                });
            }
            HardwareEvent::Token(it) => {
                live::saw_card(&it.token.id);
                self.journal.note("token", || {
                    let kind = crate::words::of(&it.token.kind);
                    json!({ "reader": it.reader, "token": it.token.id, "kind": kind, "outlets": it.outlets })
                });
                self.deliver(Event::Token(it)).await;
            }
            HardwareEvent::Meter(it) => {
                self.unanswered_orders.pop_front();
                self.deliver(Event::Meter(it)).await;
            }
            HardwareEvent::LockMoved(it) => {
                self.unanswered_orders.pop_front();
                self.deliver(Event::LockMoved(it)).await;
            }
            HardwareEvent::PowerFailing(hold_up_ms) => {
                tracing::warn!("mains have failed: {hold_up_ms} ms left");
                self.dark_at =
                    Some(Instant::now() + std::time::Duration::from_millis(hold_up_ms.into()));
                self.deliver(Event::PowerFailing(hold_up_ms)).await;
                self.flush().await;
            }
        }
    }
}
