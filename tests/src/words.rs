//! Frames in plain words, for people who watch. Not complete and not parsed by
//! anything: what has no words of its own is shown as it is.

use std::collections::HashMap;

use serde_json::Value;

use crate::central_system::{Entry, What};
use crate::frame::Frame;

/// Tells a journal entry by entry; remembers what was asked, so that an answer
/// can be told as one.
#[derive(Debug, Default)]
pub struct Narrator {
    asked: HashMap<String, String>,
}

impl Narrator {
    /// The entry in plain words; none if it is not worth telling.
    pub fn tell(&mut self, entry: &Entry) -> Option<String> {
        let words = match &entry.what {
            What::Opened(opening) => format!("{} is connected", opening.identity),
            What::NotOpened(why) => format!("somebody could not connect: {why}"),
            What::Ended(how) => format!("the connection is over: {how}"),
            What::Mischief(what) => format!("(on purpose: {what})"),
            What::Nonsense(text) => format!("that was no OCPP-J: {text}"),
            What::Restarted => "the charger was switched off".to_owned(),
            What::Ping | What::Pong => return None,
            What::Received(frame) => format!("charger: {}", self.frame(frame)),
            What::Sent(frame) => format!("central: {}", self.frame(frame)),
        };
        Some(words)
    }

    fn frame(&mut self, frame: &Frame) -> String {
        match frame {
            Frame::Call {
                id,
                action,
                payload,
            } => {
                self.asked.insert(id.clone(), action.clone());
                call(action, payload)
            }
            Frame::Result { id, payload } => {
                let asked = self.asked.remove(id).unwrap_or_default();
                answer(&asked, payload)
            }
            Frame::Error {
                id,
                code,
                description,
                ..
            } => {
                let asked = self.asked.remove(id).unwrap_or_default();
                format!("no {asked}: {code} {description}")
                    .trim()
                    .to_owned()
            }
        }
    }
}

fn call(action: &str, p: &Value) -> String {
    let connector = &p["connectorId"];
    match action {
        "BootNotification" => format!(
            "I have started: {} {}, firmware {}",
            word(&p["chargePointVendor"]),
            word(&p["chargePointModel"]),
            word(&p["firmwareVersion"])
        ),
        "Heartbeat" => "I am alive".to_owned(),
        "StatusNotification" => {
            let who = match connector.as_u64() {
                Some(0) => "the charger".to_owned(),
                _ => format!("connector {connector}"),
            };
            let error = match p["errorCode"].as_str() {
                None | Some("NoError") => String::new(),
                Some(code) => format!(", error {code}"),
            };
            format!("{who} is {}{error}", word(&p["status"]))
        }
        "Authorize" => format!("may card {} charge?", word(&p["idTag"])),
        "StartTransaction" => format!(
            "card {} charges at connector {connector}, from {} Wh",
            word(&p["idTag"]),
            p["meterStart"]
        ),
        "StopTransaction" => format!(
            "transaction {} is over at {} Wh, reason {}",
            p["transactionId"],
            p["meterStop"],
            p["reason"].as_str().unwrap_or("Local")
        ),
        "MeterValues" => format!("connector {connector} measures {}", measured(p)),
        "RemoteStartTransaction" => format!("start charging for card {}", word(&p["idTag"])),
        "RemoteStopTransaction" => format!("stop transaction {}", p["transactionId"]),
        "ChangeConfiguration" => format!("set {} to {}", word(&p["key"]), p["value"]),
        "Reset" => format!("restart, {}", word(&p["type"])),
        _ => format!("{action} {p}"),
    }
}

fn answer(asked: &str, p: &Value) -> String {
    let status = p["status"].as_str();
    let tag = p["idTagInfo"]["status"].as_str();
    match (asked, status.or(tag)) {
        ("StartTransaction", Some(status)) => {
            format!("{status}, this is transaction {}", p["transactionId"])
        }
        (_, Some(status)) => status.to_owned(),
        ("Heartbeat" | "StatusNotification" | "MeterValues" | "StopTransaction", None) => {
            "noted".to_owned()
        }
        _ => p.to_string(),
    }
}

/// The values of MeterValues in one line.
fn measured(p: &Value) -> String {
    let sampled = p["meterValue"][0]["sampledValue"].as_array();
    let values: Vec<String> = sampled
        .into_iter()
        .flatten()
        .map(|s| {
            let unit = s["unit"].as_str().unwrap_or("Wh");
            format!("{} {unit}", word(&s["value"]))
        })
        .collect();
    values.join(", ")
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_start_and_its_answer_are_told() {
        let mut narrator = Narrator::default();
        let call = Frame::Call {
            id: "a".into(),
            action: "StartTransaction".into(),
            payload: json!({"connectorId": 1, "idTag": "AB", "meterStart": 5}),
        };
        assert_eq!(
            narrator.frame(&call),
            "card AB charges at connector 1, from 5 Wh"
        );
        let answer = Frame::Result {
            id: "a".into(),
            payload: json!({"transactionId": 7, "idTagInfo": {"status": "Accepted"}}),
        };
        assert_eq!(narrator.frame(&answer), "Accepted, this is transaction 7");
    }
}
