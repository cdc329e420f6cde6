//! Carries out the charger's actions, as a host would.

use serde_json::Value;

use super::depot;
use super::policy;
use super::world::World;
use plugpoint_guest::protocol::{
    Action, BootReason, ClockTrust, Connect, Decision, Entries, Event, LinkFailure, Look,
    MeterRead, ObservedKind, Response, Verdict,
};

/// What is kept lazily is on the flash at the latest after this.
const LAZY_MS: u64 = 10_000;

impl World {
    /// False: what had to be kept could not be, and nothing is done.
    pub(super) fn commit_and_run(&mut self, actions: Vec<Action>) -> bool {
        let mut kept = Vec::new();
        let mut forgotten = Vec::new();
        let mut others = Vec::new();
        for action in actions {
            match action {
                Action::Keep(entry) => kept.push(self.tampered_entry(entry)),
                Action::Forget(key) => forgotten.push(key),
                other => others.push(other),
            }
        }
        self.catch_up();
        let taken_back = self.remove_energy(&others);
        if !self.flash.apply(kept, forgotten) {
            self.taken_back.extend(taken_back);
            return false;
        }
        if self.flash.is_behind() && self.sync_at.is_none() {
            self.sync_at = Some(self.ms + LAZY_MS);
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

    /// What was kept lazily reaches the flash in time.
    pub(super) fn catch_up(&mut self) {
        if self.sync_at.is_some_and(|at| at <= self.ms) {
            self.sync_at = None;
            if self.flash.is_behind() {
                self.flash.sync();
            }
        }
    }

    /// Whatever takes energy away is done before anything is stored, and whatever
    /// becomes of that. The outlets and sessions whose permit is taken back.
    fn remove_energy(&mut self, actions: &[Action]) -> Vec<(u32, u64)> {
        let at = self.stamp();
        let mut taken_back = Vec::new();
        for action in actions {
            match action {
                Action::Revoke(number) if !self.keeps_permit(*number) => {
                    let permit = self.outlet(*number).state.permit.clone();
                    taken_back.extend(permit.map(|permit| (*number, permit.session)));
                    self.outlet(*number).revoke(at);
                }
                Action::Permit(permit) if !self.ignores(permit) => {
                    self.outlet(permit.outlet).lower(at, permit);
                }
                _ => {}
            }
        }
        taken_back
    }

    fn act(&mut self, action: Action) {
        let at = self.stamp();
        match action {
            Action::Keep(_) | Action::Forget(_) | Action::InService(_) => {}
            Action::Indicate(it) => {
                if matches!(it.look, Look::Accepted | Look::Refused) {
                    self.blinked.push((it.outlet, it.look));
                }
                self.looks
                    .insert(it.outlet, (it.look, it.intensity_percent, it.blinks));
            }
            Action::Connect(connect) => {
                let passwords = self.passwords_of(&connect);
                if self.passwords == passwords
                    && let Some(before) = &mut self.connect
                    && (Connect {
                        ping_interval_ms: connect.ping_interval_ms,
                        ..before.clone()
                    }) == connect
                {
                    // Other pings need no other link.
                    *before = connect;
                    return;
                }
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
                let outlet = permit.outlet;
                if !self.is_in_time(&permit) {
                    let refusal = self.outlet(outlet).refuse_permit(at);
                    self.inbox.push_back(Event::Outlet(refusal));
                    return;
                }
                self.taken_back.remove(&outlet);
                self.watch.permitted(&permit);
                let connection = self.outlet(outlet).connection();
                self.permits.push((permit.session, outlet, connection));
                self.outlet(outlet).permit(at, permit);
            }
            Action::Revoke(outlet) => self.outlet(outlet).revoke(at),
            Action::MoveLock(lock) => {
                let ms = self.ms;
                let outlet = self.outlet(lock.outlet);
                outlet.send_lock(ms, lock.id, lock.locked);
                let moved = outlet.lock_moved(ms);
                self.inbox.extend(moved.map(Event::LockMoved));
            }
            Action::Show(shown) => {
                self.shown.insert((shown.outlet, shown.name), shown.value);
            }
            Action::ReadMeter(request) => {
                self.outlet(request.outlet).tick(at);
                let reading = self.outlet(request.outlet).read_meter(at);
                self.inbox.push_back(Event::Meter(MeterRead {
                    id: request.id,
                    outlet: request.outlet,
                    reading,
                }));
            }
            Action::Decide(decide) => {
                let verdict = self.verdicts.get(&decide.request.token).cloned();
                let (verdict, why) = match verdict {
                    Some(verdict) => (verdict, "the test says so".to_owned()),
                    None => policy::decide(&self.now(), &decide.request),
                };
                if matches!(verdict, Verdict::Accept(_)) {
                    let online = self.link.is_some()
                        && self.deaf_until.is_none()
                        && self.shows(0, "registration") == "Accepted";
                    self.watch.welcomed(self.ms, &decide.request, online);
                }
                let verdict = self.tampered_verdict(&decide.request, verdict);
                if matches!(verdict, Verdict::Accept(_)) {
                    self.watch.let_in(self.ms, &decide.request);
                }
                self.inbox.push_back(Event::Decided(Decision {
                    id: decide.id,
                    verdict,
                    by: "standard".to_owned(),
                    why,
                }));
            }
            Action::Observe(observed) => {
                self.watch.observed(self.ms, &observed);
                if observed.kind == ObservedKind::Ended {
                    self.session_ends
                        .retain(|it| it.session != observed.session);
                }
                self.observed.push(observed);
            }
            Action::Request(request) if self.services.contains(&request.service) => {
                self.requests.insert(request.id, request);
            }
            Action::Request(request) if depot::SERVICES.contains(&request.service.as_str()) => {
                let ms = self.ms;
                self.depot.ask(ms, request);
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
            Action::Restart(_) if self.ignores_restarts => self.restarts += 1,
            Action::Restart(_) => self.restart(),
            // Nobody asks here.
            Action::Settings(_) | Action::SettingSet(_) => {}
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
        self.requests.clear();
        self.depot.restart();
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
