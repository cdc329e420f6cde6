//! The charger's live journal in plain words, with the OCPP messages beneath.
//! For people: nothing but the demo reads it.

use std::collections::HashMap;

use plugpoint_terminal::say;
use serde_json::Value;

/// Tells entries; remembers what was asked, so that an answer makes sense.
#[derive(Default)]
pub struct Story {
    asked: HashMap<String, (String, Value)>,
}

/// A message of OCPP-J, of either side.
pub enum Frame {
    /// A question.
    Call {
        from_charger: bool,
        action: String,
        payload: Value,
    },
    /// An answer, with the action and payload that it answers.
    Answer {
        to: Option<(String, Value)>,
        payload: Value,
    },
    /// A CALLERROR.
    Refusal {
        to: Option<(String, Value)>,
        why: String,
    },
}

impl Story {
    /// Prints an entry, if it is worth telling.
    pub fn tell(&mut self, entry: &Value) {
        let frame = self.frame(entry);
        self.tell_with(entry, frame.as_ref());
    }

    /// The message that an entry is about. To be asked once for each entry.
    pub fn frame(&mut self, entry: &Value) -> Option<Frame> {
        if entry["kind"] != "frame" {
            return None;
        }
        let from_charger = entry["detail"]["direction"] == "out";
        let parts: Vec<Value> = serde_json::from_str(entry["detail"]["text"].as_str()?).ok()?;
        let id = parts.get(1)?.as_str()?.to_owned();
        let part = |n: usize| parts.get(n).cloned().unwrap_or_default();
        match parts[0].as_u64()? {
            2 => {
                let (action, payload) = (part(2).as_str()?.to_owned(), part(3));
                self.asked.insert(id, (action.clone(), payload.clone()));
                Some(Frame::Call {
                    from_charger,
                    action,
                    payload,
                })
            }
            3 => Some(Frame::Answer {
                to: self.asked.remove(&id),
                payload: part(2),
            }),
            4 => Some(Frame::Refusal {
                to: self.asked.remove(&id),
                why: format!("{} {}", word(&part(2)), word(&part(3))),
            }),
            _ => None,
        }
    }

    /// Prints an entry whose message, if it has one, was read already.
    pub fn tell_with(&self, entry: &Value, frame: Option<&Frame>) {
        let detail = &entry["detail"];
        let words = match (entry["kind"].as_str().unwrap_or_default(), frame) {
            ("frame", Some(frame)) => Some(told(frame)),
            ("frame", None) => Some("a frame that is no OCPP".to_owned()),
            ("link", _) => Some(link(detail)),
            ("outlet", _) => outlet(detail),
            ("permit", _) => Some(permit(detail)),
            // A car without a card; the card is still to come.
            ("decision", _) if detail["token"] == "" => None,
            ("decision", _) => Some(format!(
                "    policy: {} for {}: {}",
                word(&detail["verdict"]),
                word(&detail["token"]),
                word(&detail["why"])
            )),
            ("component", _) if detail["what"] == "failed" => {
                Some(format!("    component failed: {}", word(&detail["why"])))
            }
            ("lost", _) => Some(format!("    ({} entries were lost)", entry["lost"])),
            _ => None,
        };
        let Some(words) = words else {
            return;
        };
        let time = entry["time"].as_str().and_then(|time| time.get(11..23));
        say!("{} {words}", time.unwrap_or("            "));
        if let Some(text) = detail["text"].as_str().filter(|_| entry["kind"] == "frame") {
            say!("                 {text}");
        }
    }
}

fn told(frame: &Frame) -> String {
    match frame {
        Frame::Call {
            from_charger,
            action,
            payload,
        } => {
            let who = if *from_charger { "charger" } else { "central" };
            format!("{who}: {}", call(action, payload))
        }
        Frame::Answer { to, payload } => {
            let action = to.as_ref().map_or("?", |(action, _)| action.as_str());
            format!("      -> {}", answer(action, payload))
        }
        Frame::Refusal { to, why } => {
            let action = to.as_ref().map_or("?", |(action, _)| action.as_str());
            format!("      -> no {action}: {}", why.trim())
        }
    }
}

fn call(action: &str, p: &Value) -> String {
    let connector = &p["connectorId"];
    match action {
        "BootNotification" => format!(
            "I am a {} {} and have started",
            word(&p["chargePointVendor"]),
            word(&p["chargePointModel"])
        ),
        "StatusNotification" if *connector == 0 => {
            format!("as a whole I am {}", word(&p["status"]))
        }
        "StatusNotification" => format!("connector {connector} is {}", word(&p["status"])),
        "Authorize" => format!("may the card {} charge?", word(&p["idTag"])),
        "StartTransaction" => format!(
            "the card {} charges at connector {connector}, the meter is at {} Wh",
            word(&p["idTag"]),
            p["meterStart"]
        ),
        "MeterValues" => format!("connector {connector} measures {}", measured(p)),
        "StopTransaction" => format!(
            "transaction {} is over, the meter is at {} Wh",
            p["transactionId"], p["meterStop"]
        ),
        "Heartbeat" => "I am alive".to_owned(),
        other => other.to_owned(),
    }
}

fn answer(action: &str, p: &Value) -> String {
    let status = p["status"]
        .as_str()
        .or_else(|| p["idTagInfo"]["status"].as_str());
    match (action, status) {
        ("StartTransaction", Some(status)) => {
            format!("{status}, as transaction {}", p["transactionId"])
        }
        (_, Some(status)) => status.to_owned(),
        _ => "noted".to_owned(),
    }
}

fn measured(p: &Value) -> String {
    let samples = p["meterValue"][0]["sampledValue"].as_array();
    let totals = samples
        .into_iter()
        .flatten()
        .filter(|sample| sample.get("phase").is_none());
    let values = totals.map(|sample| {
        let unit = sample["unit"].as_str().unwrap_or("Wh");
        format!("{} {unit}", word(&sample["value"]))
    });
    values.collect::<Vec<_>>().join(", ")
}

fn link(detail: &Value) -> String {
    match detail["state"].as_str() {
        Some("up") => format!("    connected to {}", word(&detail["url"])),
        _ => format!("    not connected: {}", word(&detail["why"])),
    }
}

/// The contactor only: what else changes, the messages tell.
fn outlet(detail: &Value) -> Option<String> {
    (detail["change"] == "contactor").then(|| {
        format!(
            "    connector {}: the contactor is {}",
            detail["outlet"],
            word(&detail["contactor"])
        )
    })
}

fn permit(detail: &Value) -> String {
    match detail["limit_ma"].as_f64() {
        Some(limit) => format!(
            "    connector {} may give up to {} A",
            detail["outlet"],
            limit / 1000.0
        ),
        None => format!("    connector {} may give nothing", detail["outlet"]),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
