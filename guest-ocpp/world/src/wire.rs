//! The link, and what goes to and fro on it. Not here: what the central system
//! answers (see `central`), and when anything arrives (see `world`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::{Sent, World};
use plugpoint_guest::protocol::{Event, LinkDown, LinkFailure, LinkUp, ObservedKind};

impl World {
    /// Number of the link that is up.
    pub fn link(&self) -> Option<u32> {
        self.link
    }

    pub(super) fn drop_link(&mut self) {
        self.link = None;
        self.deaf_until = None;
        self.watch.link_gone(self.ms);
        self.to_central.clear();
        self.to_charger.clear();
    }

    pub(super) fn note_answer(&mut self, frame: &[Value]) {
        let [kind, id, answer, ..] = frame else {
            return;
        };
        if *kind == 2 {
            return;
        }
        let call = self.sent.iter_mut().rev().find(|sent| *id == sent.id);
        if let Some(call) = call.filter(|call| call.answered_ms.is_none()) {
            call.answered_ms = Some(self.ms);
            call.answer = (*kind == 3).then(|| answer.clone());
        }
    }

    pub(super) fn dial(&mut self) {
        let Some(connect) = &self.connect else { return };
        let targets = connect.targets.len() as u32;
        if self.turned_away.contains(&self.target) {
            self.dial_at = Some(self.ms + 1_000);
            self.inbox.push_back(Event::LinkDown(LinkDown {
                link: 0,
                target: self.target,
                failure: LinkFailure::Refused,
                http_status: Some(401),
                text: "turned away".to_owned(),
                again_in_ms: Some(1_000),
            }));
            self.target = (self.target + 1) % targets.max(1);
            return;
        }
        self.links += 1;
        self.link = Some(self.links);
        self.inbox
            .push_back(Event::LinkUp(self.link_up(self.links)));
    }

    pub(super) fn link_up(&self, link: u32) -> LinkUp {
        LinkUp {
            link,
            target: self.target,
            subprotocol: "ocpp1.6".to_owned(),
        }
    }

    /// An answer to a StartTransaction that does not accept its token.
    pub(super) fn note_refusal(&mut self, id: &str, answer: &Value) {
        let refuses = answer["idTagInfo"]["status"]
            .as_str()
            .is_some_and(|status| status != "Accepted");
        if !refuses {
            return;
        }
        let start = self
            .sent
            .iter()
            .rev()
            .find(|sent| sent.id == id && sent.action == "StartTransaction");
        let Some(start) = start else { return };
        let number = start.payload["connectorId"].as_u64().unwrap_or(1) as u32;
        // Told late, it may be about a session before the present one, of the
        // same token perhaps: then there are more starts than have been told.
        let told: BTreeSet<&str> = self
            .all("StartTransaction")
            .into_iter()
            .filter(|sent| sent.payload["connectorId"] == start.payload["connectorId"])
            .map(|sent| sent.id.as_str())
            .collect();
        let begun = self
            .observed
            .iter()
            .filter(|observed| observed.kind == ObservedKind::Started && observed.outlet == number);
        let is_last = begun.count() <= told.len();
        if is_last && start.payload["idTag"] == self.shows(number, "id_tag") {
            let outlet = self.outlets[number as usize - 1].state.clone();
            self.watch.refused(self.ms, &outlet);
        }
    }

    pub(super) fn central_got(&mut self, link: u32, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("the charger sends JSON");
        let id = frame[1].as_str().expect("a message id").to_owned();
        match frame[0].as_i64() {
            Some(2) => {
                let action = frame[2].as_str().expect("an action").to_owned();
                let payload = frame[3].clone();
                self.watch.call(self.ms, 30_000, &id, &action, &payload);
                let unix_ms = self.unix_ms() + self.central.clock_off_ms;
                let answer = self.central.answer(&id, &action, &payload, unix_ms);
                self.sent.push(Sent {
                    at_ms: self.ms,
                    unix_ms,
                    id: id.clone(),
                    action,
                    payload,
                    behind_answers: self.answers.len(),
                    answered_ms: None,
                    answer: None,
                });
                let text = match answer.outcome {
                    Ok(result) => json!([3, id, result]).to_string(),
                    Err(code) => json!([4, id, code, "", {}]).to_string(),
                };
                for _ in 0..answer.copies {
                    self.say_later(answer.after_ms, link, text.clone());
                }
            }
            Some(3 | 4) => {
                self.watch.answer(self.ms, &id, &frame[2]);
                if frame[0] == 4 {
                    self.errors
                        .push(frame[3].as_str().unwrap_or_default().to_owned());
                }
                self.answers.insert(id, frame[2].clone());
            }
            other => panic!("message type {other:?}"),
        }
    }

    /// A frame for the charger, on its way for so long.
    pub(super) fn say_later(&mut self, after_ms: u64, link: u32, text: String) {
        if self.deaf_until.is_some() {
            return;
        }
        let at = self.ms + after_ms;
        let place = self.to_charger.partition_point(|(other, ..)| *other <= at);
        self.to_charger.insert(place, (at, link, text));
    }
}
