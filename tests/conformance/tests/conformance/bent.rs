//! What a station says, bent: each function one mistake. They look at nothing
//! but the messages, so that what has been seen once stays as it was.

use std::collections::BTreeSet;
use std::time::Duration;

use plugpoint_conformance::Message;
use serde_json::{Value, json};

/// When a world of tests begins, Unix ms.
const NOON_MS: i64 = 1_795_348_800_000;

fn without(all: Vec<Message>, gone: impl Fn(&Message) -> bool) -> Vec<Message> {
    all.into_iter().filter(|message| !gone(message)).collect()
}

fn each(mut all: Vec<Message>, action: &str, bend: impl Fn(&mut Message)) -> Vec<Message> {
    for message in all.iter_mut().filter(|message| message.action == action) {
        bend(message);
    }
    all
}

fn says(message: &Message, status: &str) -> bool {
    message.action == "StatusNotification" && message.payload["status"] == status
}

/// Behind each of these messages, once it is answered, one more.
fn followed(
    all: Vec<Message>,
    by: impl Fn(&Message) -> Option<(&'static str, Value)>,
) -> Vec<Message> {
    let mut out = Vec::new();
    for message in all {
        let next = by(&message).zip(message.answered_at);
        let next = next.map(|((action, payload), at)| Message {
            at,
            id: format!("{}x", &message.id[1..]),
            action: action.to_owned(),
            payload,
            answer: Some(json!({})),
            answered_at: Some(at),
        });
        out.push(message);
        out.extend(next);
    }
    out
}

fn time(unix_ms: i64) -> Value {
    let time = jiff::Timestamp::from_millisecond(unix_ms).expect("a time");
    json!(format!("{time:.3}"))
}

fn time_at(at: Duration) -> Value {
    time(NOON_MS + at.as_millis() as i64)
}

fn remove(message: &mut Message, field: &str) {
    if let Some(object) = message.payload.as_object_mut() {
        object.remove(field);
    }
}

// ---------------------------------------------------------------- sessions

pub fn no_starts(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| it.action == "StartTransaction")
}

pub fn no_stops(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| it.action == "StopTransaction")
}

pub fn stops_twice(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        (it.action == "StopTransaction").then(|| ("StopTransaction", it.payload.clone()))
    })
}

pub fn other_reason(all: Vec<Message>) -> Vec<Message> {
    each(all, "StopTransaction", |it| {
        it.payload["reason"] = json!("Other")
    })
}

pub fn no_tag_in_stops(all: Vec<Message>) -> Vec<Message> {
    each(all, "StopTransaction", |it| remove(it, "idTag"))
}

pub fn other_transaction(all: Vec<Message>) -> Vec<Message> {
    each(all, "StopTransaction", |it| {
        it.payload["transactionId"] = json!(7)
    })
}

pub fn register_goes_back(all: Vec<Message>) -> Vec<Message> {
    each(all, "StopTransaction", |it| {
        it.payload["meterStop"] = json!(1)
    })
}

pub fn no_authorize(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| it.action == "Authorize")
}

pub fn needless_authorize(all: Vec<Message>) -> Vec<Message> {
    let asked: BTreeSet<usize> = (1..all.len())
        .filter(|at| all[*at].action == "StartTransaction" && all[*at - 1].action != "Authorize")
        .collect();
    let mut out = Vec::new();
    for (at, message) in all.into_iter().enumerate() {
        if asked.contains(&at) {
            out.push(Message {
                id: format!("{}x", &message.id[1..]),
                action: "Authorize".to_owned(),
                payload: json!({"idTag": message.payload["idTag"]}),
                answered_at: Some(message.at),
                ..message.clone()
            });
        }
        out.push(message);
    }
    out
}

pub fn starts_refused(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        let answer = it.answer.as_ref()?;
        let refused = it.action == "Authorize" && answer["idTagInfo"]["status"] != "Accepted";
        refused.then(|| {
            let payload = json!({
                "connectorId": 1,
                "idTag": it.payload["idTag"],
                "meterStart": 1,
                "timestamp": time_at(it.at),
            });
            ("StartTransaction", payload)
        })
    })
}

pub fn times_of_sending(all: Vec<Message>) -> Vec<Message> {
    let all = each(all, "StartTransaction", |it| {
        it.payload["timestamp"] = time_at(it.at)
    });
    each(all, "StopTransaction", |it| {
        it.payload["timestamp"] = time_at(it.at)
    })
}

// ---------------------------------------------------------------- statuses

pub fn no_preparing(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| says(it, "Preparing"))
}

pub fn no_finishing(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| says(it, "Finishing"))
}

pub fn no_suspensions(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| {
        says(it, "SuspendedEV") || says(it, "SuspendedEVSE")
    })
}

pub fn confused_statuses(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| {
        let status = match it.payload["status"].as_str() {
            Some("Preparing") => "Charging",
            Some("Charging") => "Preparing",
            _ => return,
        };
        it.payload["status"] = json!(status);
    })
}

/// Only what is said first after a boot says `Available`.
pub fn never_free_again(all: Vec<Message>) -> Vec<Message> {
    let mut told = BTreeSet::new();
    let mut out = Vec::new();
    for message in all {
        if message.action == "BootNotification" {
            told.clear();
        }
        let connector = message.payload["connectorId"].as_i64();
        let first = message.action != "StatusNotification" || told.insert(connector);
        if first || !says(&message, "Available") {
            out.push(message);
        }
    }
    out
}

pub fn no_connector_0(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| {
        it.action == "StatusNotification" && it.payload["connectorId"] == 0
    })
}

pub fn next_connector(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| {
        if let Some(connector) = it.payload["connectorId"].as_i64().filter(|it| *it > 0) {
            it.payload["connectorId"] = json!(connector + 1);
        }
    })
}

pub fn always_first(mut all: Vec<Message>) -> Vec<Message> {
    for message in &mut all {
        if message.payload["connectorId"]
            .as_i64()
            .is_some_and(|it| it > 1)
        {
            message.payload["connectorId"] = json!(1);
        }
    }
    all
}

pub fn no_info(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| remove(it, "info"))
}

pub fn no_error_code(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| {
        it.payload["errorCode"] = json!("NoError")
    })
}

pub fn forgets_availability(mut all: Vec<Message>) -> Vec<Message> {
    let mut boots = 0;
    for message in &mut all {
        boots += usize::from(message.action == "BootNotification");
        if boots > 1 && says(message, "Unavailable") {
            message.payload["status"] = json!("Available");
        }
    }
    all
}

/// Before each start, that a car had come, in case nobody knew.
pub fn history_of_statuses(all: Vec<Message>) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::new();
    for message in all {
        let known = out.iter().rfind(|it| it.action == "StatusNotification");
        if message.action == "StartTransaction" && !known.is_some_and(|it| says(it, "Preparing")) {
            out.push(Message {
                id: format!("{}x", &message.id[1..]),
                action: "StatusNotification".to_owned(),
                payload: json!({
                    "connectorId": message.payload["connectorId"],
                    "errorCode": "NoError",
                    "status": "Preparing",
                }),
                answered_at: Some(message.at),
                ..message.clone()
            });
        }
        out.push(message);
    }
    out
}

// ------------------------------------------------------- boot and heartbeat

pub fn hasty_heartbeat(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        let answer = it.answer.as_ref()?;
        let early = it.action == "BootNotification" && answer["status"] != "Accepted";
        early.then(|| ("Heartbeat", json!({})))
    })
}

pub fn no_heartbeat(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| it.action == "Heartbeat")
}

pub fn two_heartbeats(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        (it.action == "Heartbeat").then(|| ("Heartbeat", json!({})))
    })
}

pub fn boots_once(all: Vec<Message>) -> Vec<Message> {
    let first = all.iter().position(|it| it.action == "BootNotification");
    let mut out = Vec::new();
    for (at, message) in all.into_iter().enumerate() {
        if message.action != "BootNotification" || Some(at) == first {
            out.push(message);
        }
    }
    out
}

// ------------------------------------------------------------- meter values

fn each_value(all: Vec<Message>, bend: impl Fn(&mut Value)) -> Vec<Message> {
    each(all, "MeterValues", |it| {
        bend(&mut it.payload["meterValue"][0]["sampledValue"][0]);
    })
}

pub fn values_twice(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        (it.action == "MeterValues").then(|| ("MeterValues", it.payload.clone()))
    })
}

pub fn half_the_values(all: Vec<Message>) -> Vec<Message> {
    let mut count = 0;
    let mut out = Vec::new();
    for message in all {
        count += usize::from(message.action == "MeterValues");
        if message.action != "MeterValues" || count % 2 == 1 {
            out.push(message);
        }
    }
    out
}

pub fn sample_times_of_sending(all: Vec<Message>) -> Vec<Message> {
    each(all, "MeterValues", |it| {
        it.payload["meterValue"][0]["timestamp"] = time_at(it.at);
    })
}

pub fn samples_backwards(mut all: Vec<Message>) -> Vec<Message> {
    let mut seconds = 1_000;
    for message in all.iter_mut().filter(|it| it.action == "MeterValues") {
        seconds -= 10;
        message.payload["meterValue"][0]["timestamp"] = time(NOON_MS + seconds * 1_000);
    }
    all
}

pub fn confused_contexts(all: Vec<Message>) -> Vec<Message> {
    each_value(all, |value| {
        let periodic = value["context"] == "Sample.Periodic";
        let context = if periodic {
            "Sample.Clock"
        } else {
            "Sample.Periodic"
        };
        value["context"] = json!(context);
    })
}

pub fn always_a_transaction(all: Vec<Message>) -> Vec<Message> {
    each(all, "MeterValues", |it| {
        it.payload["transactionId"] = json!(1)
    })
}

pub fn never_idle(all: Vec<Message>) -> Vec<Message> {
    let all = each(all, "DiagnosticsStatusNotification", |it| {
        it.payload["status"] = json!("Uploading")
    });
    each(all, "FirmwareStatusNotification", |it| {
        it.payload["status"] = json!("Downloading")
    })
}

fn other_status(all: Vec<Message>, action: &str, from: &str, to: &str) -> Vec<Message> {
    each(all, action, |it| {
        if it.payload["status"] == from {
            it.payload["status"] = json!(to);
        }
    })
}

pub fn always_installed(all: Vec<Message>) -> Vec<Message> {
    let action = "FirmwareStatusNotification";
    let all = other_status(all, action, "DownloadFailed", "Installed");
    other_status(all, action, "InstallationFailed", "Installed")
}

pub fn always_uploaded(all: Vec<Message>) -> Vec<Message> {
    other_status(
        all,
        "DiagnosticsStatusNotification",
        "UploadFailed",
        "Uploaded",
    )
}

pub fn no_progress(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| {
        let status = it.payload["status"].as_str();
        matches!(status, Some("Downloaded" | "Uploading"))
            && it.action.ends_with("StatusNotification")
    })
}

pub fn progress_twice(all: Vec<Message>) -> Vec<Message> {
    followed(all, |it| {
        let action = match it.action.as_str() {
            "FirmwareStatusNotification" => "FirmwareStatusNotification",
            "DiagnosticsStatusNotification" => "DiagnosticsStatusNotification",
            _ => return None,
        };
        Some((action, it.payload.clone()))
    })
}

pub fn stays_unavailable(all: Vec<Message>) -> Vec<Message> {
    let mut held = false;
    let mut out = all;
    for message in &mut out {
        held |= says(message, "Unavailable");
        if held && says(message, "Available") {
            message.payload["status"] = json!("Unavailable");
        }
    }
    out
}

pub fn no_transaction(all: Vec<Message>) -> Vec<Message> {
    each(all, "MeterValues", |it| remove(it, "transactionId"))
}

pub fn other_measurand(all: Vec<Message>) -> Vec<Message> {
    each_value(all, |value| value["measurand"] = json!("Frequency"))
}

pub fn beside_the_grid(all: Vec<Message>) -> Vec<Message> {
    each(all, "MeterValues", |it| {
        let told = it.payload["meterValue"][0]["timestamp"]
            .as_str()
            .unwrap_or_default();
        let at: jiff::Timestamp = told.parse().expect("a time");
        it.payload["meterValue"][0]["timestamp"] = time(at.as_millisecond() + 3_000);
    })
}

pub fn numeric_values(all: Vec<Message>) -> Vec<Message> {
    each_value(all, |value| value["value"] = json!(1_000))
}

// --------------------------------------------------------------------- form

pub fn long_tags(all: Vec<Message>) -> Vec<Message> {
    each(all, "Authorize", |it| {
        it.payload["idTag"] = json!("X16WG99J2QIEGCC0MCJ5-");
    })
}

pub fn unknown_field(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| {
        it.payload["colour"] = json!("green")
    })
}

pub fn local_times(all: Vec<Message>) -> Vec<Message> {
    each(all, "StatusNotification", |it| {
        let told = it.payload["timestamp"].as_str().unwrap_or_default();
        it.payload["timestamp"] = json!(told.replace('Z', "+02:00"));
    })
}

pub fn same_ids(mut all: Vec<Message>) -> Vec<Message> {
    for message in &mut all {
        message.id = "same".to_owned();
    }
    all
}

pub fn late_answers(mut all: Vec<Message>) -> Vec<Message> {
    for message in &mut all {
        message.answered_at = message.answered_at.map(|at| at + Duration::from_secs(60));
    }
    all
}

pub fn no_reservation(all: Vec<Message>) -> Vec<Message> {
    each(all, "StartTransaction", |it| remove(it, "reservationId"))
}

pub fn always_a_reservation(all: Vec<Message>) -> Vec<Message> {
    each(all, "StartTransaction", |it| {
        it.payload["reservationId"] = json!(1)
    })
}

pub fn never_reserved(all: Vec<Message>) -> Vec<Message> {
    without(all, |it| says(it, "Reserved"))
}
