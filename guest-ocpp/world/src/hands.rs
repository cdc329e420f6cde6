//! What people, cars, the network and the central system do to a charger.

use serde_json::{Value, json};

use super::outlet::SimOutlet;
use super::world::World;
use plugpoint_guest::protocol::{
    Event, Fault, FaultKind, LinkDown, LinkFailure, OutletEvent, Response, ServiceFailure,
    SessionEnd, SessionEndCause, TokenRead,
};

impl World {
    /// The network goes or comes.
    pub fn set_online(&mut self, online: bool) {
        self.online = online;
        if online {
            self.dial_at = self.connect.as_ref().map(|_| self.ms);
        } else {
            self.cut_link(LinkFailure::Closed);
            self.dial_at = None;
        }
        self.run(0);
    }

    /// The link drops, and is dialled again after a second.
    pub fn cut_link(&mut self, failure: LinkFailure) {
        if let Some(link) = self.link {
            self.drop_link();
            self.dial_at = Some(self.ms + 1_000);
            self.inbox.push_back(Event::LinkDown(LinkDown {
                link,
                target: 0,
                failure,
                http_status: None,
                text: "cut".to_owned(),
                again_in_ms: Some(1_000),
            }));
        }
    }

    /// The far end is gone, and nothing says so: frames vanish both ways until
    /// a ping is not answered.
    pub fn go_half_open(&mut self) {
        let Some(connect) = self.connect.as_ref().filter(|_| self.link.is_some()) else {
            return;
        };
        let until = match connect.ping_interval_ms {
            0 => u64::MAX,
            interval => self.ms + u64::from(interval) + u64::from(connect.pong_deadline_ms),
        };
        self.deaf_until = Some(until);
        self.to_central.clear();
        self.to_charger.clear();
    }

    /// A policy ends the session at an outlet; the host has taken the energy away.
    /// False: the charger is not told by an event, only by `boot`.
    pub fn end_session(&mut self, outlet: u32, cause: SessionEndCause, tell: bool) {
        let started = self.observed.iter().rev();
        let mut started = started.filter(|it| it.outlet == outlet);
        let Some(session) = started.next().map(|it| it.session) else {
            return;
        };
        let end = SessionEnd {
            session,
            outlet,
            cause,
            by: "fleet".to_owned(),
            why: "the quota is used up".to_owned(),
            at: self.stamp(),
        };
        self.session_ends.push(end.clone());
        if tell {
            self.inbox.push_back(Event::SessionEnds(end));
            self.run(0);
        }
    }

    /// A group or a policy leaves no current to an outlet, or does so again.
    pub fn hold_back(&mut self, outlet: u32, held_back: bool) {
        let at = self.stamp();
        let event = self.outlet(outlet).hold_back(at, held_back);
        self.tell(vec![event]);
    }

    /// A car comes.
    pub fn plug(&mut self, outlet: u32) {
        let at = self.stamp();
        self.watch.car_came(self.ms, outlet);
        let events = self.outlet(outlet).plug(at);
        self.tell(events);
    }

    /// A cable is put into the socket, and no car hangs on it yet.
    pub fn plug_cable(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).plug_cable(at);
        self.tell(events);
    }

    /// The car goes, with the cable.
    pub fn unplug(&mut self, outlet: u32) {
        let at = self.stamp();
        self.watch.car_left(outlet);
        let events = self.outlet(outlet).unplug(at, true);
        self.tell(events);
    }

    /// The cable is taken out of the car, and stays in the socket.
    pub fn unplug_car(&mut self, outlet: u32) {
        let at = self.stamp();
        self.watch.car_left(outlet);
        let events = self.outlet(outlet).unplug(at, false);
        self.tell(events);
    }

    /// The car pauses or goes on.
    pub fn set_wants(&mut self, outlet: u32, wants: bool) {
        let at = self.stamp();
        let events = self.outlet(outlet).set_wants(at, wants);
        self.tell(events);
    }

    /// Something breaks, or is repaired.
    pub fn set_fault(&mut self, outlet: u32, kind: Option<FaultKind>) {
        self.set_faults(outlet, kind.as_slice());
    }

    /// Everything that is broken, in the order of the host.
    pub fn set_faults(&mut self, outlet: u32, kinds: &[FaultKind]) {
        let at = self.stamp();
        let faults = kinds.iter().map(|kind| Fault {
            kind: *kind,
            text: String::new(),
        });
        let events = self.outlet(outlet).set_faults(at, faults.collect());
        self.tell(events);
    }

    /// A card at the one reader, which serves all outlets.
    pub fn card(&mut self, tag: &str) {
        let all = || self.numbers();
        let outlets = self.settings.reader_serves.clone().unwrap_or_else(all);
        self.watch.card(self.ms, tag, &outlets);
        let at = self.stamp();
        self.inbox.push_back(Event::Token(TokenRead {
            kind: None,
            reader: "reader".to_owned(),
            token: tag.to_owned(),
            outlets,
            at,
        }));
        self.run(0);
    }

    /// The factory's settings are others from the next start on.
    pub fn set_factory(&mut self, ocpp: Vec<(String, String)>) {
        self.settings.ocpp = ocpp;
    }

    /// The clock is set wrong, as a board without one would have it.
    pub fn shift_clock(&mut self, by_ms: i64) {
        self.wall_offset += by_ms;
        self.push(Event::ClockStepped(by_ms));
    }

    /// The host's service answers the oldest request.
    pub fn respond(&mut self, outcome: Result<&str, &str>) {
        let Some((id, _)) = self.requests.pop_first() else {
            panic!("nobody has asked a service");
        };
        let outcome = outcome.map(str::to_owned).map_err(|code| ServiceFailure {
            code: code.to_owned(),
            text: String::new(),
        });
        self.push(Event::Response(Response { id, outcome }));
    }

    /// Any event.
    pub fn push(&mut self, event: Event) {
        self.inbox.push_back(event);
        self.run(0);
    }

    /// A frame of the central system, as it stands.
    pub fn frame(&mut self, text: &str) {
        if let Some(link) = self.link {
            if let Ok(Value::Array(frame)) = serde_json::from_str(text)
                && let [_, Value::String(id), Value::String(action), payload] = &frame[..]
            {
                let all = self.numbers();
                self.watch.asks(self.ms, id, action, payload, &all);
            }
            self.say_later(0, link, text.to_owned());
        }
        self.run(0);
    }

    fn numbers(&self) -> Vec<u32> {
        let outlets = self.outlets.iter();
        outlets.map(|outlet| outlet.state.outlet).collect()
    }

    fn tell(&mut self, events: Vec<OutletEvent>) {
        self.inbox.extend(events.into_iter().map(Event::Outlet));
        self.run(0);
    }

    /// One outlet, by its number.
    pub fn outlet(&mut self, number: u32) -> &mut SimOutlet {
        &mut self.outlets[number as usize - 1]
    }

    /// A call of the central system, and the answer to it within 30 s: its
    /// payload, or the code of the error.
    pub fn call(&mut self, action: &str, payload: Value) -> Value {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        self.frame(&json!([2, id, action, payload]).to_string());
        for _ in 0..300 {
            if let Some(answer) = self.answers.get(&id) {
                return answer.clone();
            }
            self.run(100);
        }
        Value::Null
    }
}
