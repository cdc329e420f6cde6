//! Carries out the charger's actions, as a host would.

use serde_json::Value;

use super::policy;
use super::world::World;
use crate::host::{
    Action, BootReason, ClockTrust, Connect, Decision, Entries, Event, LinkFailure, LockMoved,
    MeterRead, Response, Verdict,
};

impl World {
    /// False: what had to be kept could not be, and nothing is done.
    pub(super) fn commit_and_run(&mut self, actions: Vec<Action>) -> bool {
        let mut kept = Vec::new();
        let mut forgotten = Vec::new();
        let mut others = Vec::new();
        for action in actions {
            match action {
                Action::Keep(entry) => kept.push(entry),
                Action::Forget(key) => forgotten.push(key),
                other => others.push(other),
            }
        }
        if !self.flash.apply(kept, forgotten) {
            return false;
        }
        let cut = self.cut_at.filter(|(events, _)| *events <= self.events);
        if let Some((_, false)) = cut {
            self.cut_at = None;
            self.power_cycle();
            return true;
        }
        for action in self.tampered(others) {
            self.act(action);
        }
        if let Some((_, true)) = cut {
            self.cut_at = None;
            self.power_cycle();
        }
        true
    }

    fn act(&mut self, action: Action) {
        let at = self.stamp();
        match action {
            Action::Keep(_) | Action::Forget(_) | Action::InService(_) => {}
            Action::Indicate(it) => {
                self.looks
                    .insert(it.outlet, (it.look, it.intensity_percent, it.blinks));
            }
            Action::Connect(connect) => {
                let passwords = self.passwords_of(&connect);
                if self.connect.as_ref() != Some(&connect) || self.passwords != passwords {
                    if self.link.is_some() {
                        self.flush_link();
                        self.cut_link(LinkFailure::Ours);
                    }
                    self.connect = Some(connect);
                    self.passwords = passwords;
                    self.target = 0;
                    self.dial_at = self.online.then_some(self.ms);
                }
            }
            Action::Disconnect(_) => {
                self.flush_link();
                self.cut_link(LinkFailure::Ours);
            }
            Action::Send(frame) => {
                if self.link == Some(frame.link) && self.deaf_until.is_none() {
                    self.to_central
                        .push_back((self.ms + 1, frame.link, frame.text));
                }
            }
            Action::SetTimer(timer) => {
                self.timers.insert(timer.name, timer.deadline);
            }
            Action::CancelTimer(name) => {
                self.timers.remove(&name);
            }
            Action::Permit(permit) => {
                self.watch.permitted(&permit);
                let outlet = permit.outlet;
                self.outlet(outlet).permit(at, permit);
            }
            Action::Revoke(outlet) => self.outlet(outlet).revoke(at),
            Action::MoveLock(lock) => {
                let state = self.outlet(lock.outlet).move_lock(lock.locked);
                self.inbox.push_back(Event::LockMoved(LockMoved {
                    id: lock.id,
                    outlet: lock.outlet,
                    state,
                }));
            }
            Action::Show(shown) => {
                self.shown.insert((shown.outlet, shown.name), shown.value);
            }
            Action::ReadMeter(request) => {
                self.outlet(request.outlet).tick(at);
                let reading = Some(self.outlet(request.outlet).reading(at));
                self.inbox.push_back(Event::Meter(MeterRead {
                    id: request.id,
                    outlet: request.outlet,
                    reading,
                }));
            }
            Action::Decide(decide) => {
                let verdict = self.verdicts.get(&decide.request.token).cloned();
                let verdict = verdict.unwrap_or_else(|| policy::decide(&decide.request));
                if matches!(verdict, Verdict::Accept(_)) {
                    let online = self.link.is_some()
                        && self.deaf_until.is_none()
                        && self.shows(0, "registration") == "Accepted";
                    self.watch.welcomed(self.ms, &decide.request, online);
                }
                let verdict = self.tampered_verdict(&decide.request, verdict);
                self.inbox.push_back(Event::Decided(Decision {
                    id: decide.id,
                    verdict,
                    by: "standard".to_owned(),
                    why: "the rules".to_owned(),
                }));
            }
            Action::Observe(observed) => {
                self.watch.observed(&observed);
                self.observed.push(observed);
            }
            Action::Request(request) => {
                if let Ok(body) = serde_json::from_str::<Value>(&request.body)
                    && let Some(unix_ms) = body["unix_ms"].as_i64()
                {
                    let before = self.wall_offset;
                    self.wall_offset = unix_ms - self.ms as i64;
                    self.trust = ClockTrust::Set;
                    self.inbox
                        .push_back(Event::ClockStepped(self.wall_offset - before));
                }
                self.inbox.push_back(Event::Response(Response {
                    id: request.id,
                    outcome: Ok("{}".to_owned()),
                }));
            }
            Action::Restart(_) => self.restart(),
        }
    }

    fn passwords_of(&self, connect: &Connect) -> Vec<Option<Vec<u8>>> {
        let targets = connect.targets.iter();
        targets
            .map(|target| self.flash.get(&target.credential.as_ref()?.password_entry))
            .collect()
    }

    /// What was sent is out before the link is closed.
    fn flush_link(&mut self) {
        let out: Vec<_> = self.to_central.drain(..).collect();
        for (_, link, text) in out {
            self.central_got(link, &text);
        }
    }

    fn restart(&mut self) {
        self.restarts += 1;
        self.flush_link();
        self.watch.power_gone(self.ms);
        self.charger = None;
        self.flash.drop_session();
        self.timers.clear();
        self.inbox.clear();
        self.drop_link();
        self.connect = None;
        let at = self.stamp();
        for outlet in &mut self.outlets {
            outlet.revoke(at);
            outlet.power_off(at.monotonic_ms);
        }
        self.start(BootReason::Restart, None);
    }
}
