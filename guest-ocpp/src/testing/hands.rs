//! What people, cars, the network and the central system do to a charger.

use serde_json::{Value, json};

use super::outlet::SimOutlet;
use super::world::World;
use crate::host::{Event, Fault, FaultKind, LinkDown, LinkFailure, OutletEvent, TokenRead};

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

    /// A car comes.
    pub fn plug(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).plug(at);
        self.tell(events);
    }

    /// The car goes, with the cable.
    pub fn unplug(&mut self, outlet: u32) {
        let at = self.stamp();
        let events = self.outlet(outlet).unplug(at, true);
        self.tell(events);
    }

    /// The cable is taken out of the car, and stays in the socket.
    pub fn unplug_car(&mut self, outlet: u32) {
        let at = self.stamp();
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
        let at = self.stamp();
        let fault = kind.map(|kind| Fault {
            kind,
            text: String::new(),
        });
        let events = self.outlet(outlet).set_fault(at, fault);
        self.tell(events);
    }

    /// A card at the one reader, which serves all outlets.
    pub fn card(&mut self, tag: &str) {
        let all = || {
            self.outlets
                .iter()
                .map(|outlet| outlet.state.outlet)
                .collect()
        };
        let outlets = self.settings.reader_serves.clone().unwrap_or_else(all);
        let at = self.stamp();
        self.inbox.push_back(Event::Token(TokenRead {
            reader: "reader".to_owned(),
            token: tag.to_owned(),
            outlets,
            at,
        }));
        self.run(0);
    }

    /// The clock is set wrong, as a board without one would have it.
    pub fn shift_clock(&mut self, by_ms: i64) {
        self.wall_offset += by_ms;
        self.push(Event::ClockStepped(by_ms));
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
                self.watch.asks(id, action, payload);
            }
            self.say_later(0, link, text.to_owned());
        }
        self.run(0);
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
