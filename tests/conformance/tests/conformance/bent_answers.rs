//! Answers, bent: each function one mistake.

use plugpoint_conformance::Answer;
use serde_json::{Value, json};

fn with_status(answer: &Answer, statuses: &[&str]) -> bool {
    matches!(answer, Answer::Result(result)
        if result["status"].as_str().is_some_and(|status| statuses.contains(&status)))
}

const REFUSALS: [&str; 4] = ["Rejected", "NotSupported", "Scheduled", "UnknownVendorId"];

fn status(word: &str) -> Answer {
    Answer::Result(json!({"status": word}))
}

pub fn no_status(_: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match answer {
        Answer::Result(result) if result.get("status").is_some() => Answer::Result(json!({})),
        other => other,
    }
}

pub fn accepts_all(_: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    if with_status(&answer, &REFUSALS) {
        return status("Accepted");
    }
    answer
}

pub fn rejects_all(_: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    if with_status(&answer, &["Accepted"]) {
        return status("Rejected");
    }
    answer
}

pub fn unlocks_all(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "UnlockConnector" => status("Unlocked"),
        _ => answer,
    }
}

pub fn unlocks_nothing(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "UnlockConnector" => status("NotSupported"),
        _ => answer,
    }
}

pub fn errors(_: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    if with_status(&answer, &REFUSALS) {
        return Answer::Error("NotSupported".to_owned());
    }
    answer
}

pub fn no_file_name(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetDiagnostics" => Answer::Result(json!({})),
        _ => answer,
    }
}

pub fn takes_updates(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "UpdateFirmware" => Answer::Result(json!({})),
        _ => answer,
    }
}

pub fn list_of_nothing(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetLocalListVersion" => Answer::Result(json!({"listVersion": 0})),
        _ => answer,
    }
}

/// Bends each key that the station tells; false drops it.
fn keys(answer: Answer, bend: impl Fn(&str, &mut Value) -> bool) -> Answer {
    let Answer::Result(mut result) = answer else {
        return answer;
    };
    if let Some(keys) = result["configurationKey"].as_array_mut() {
        keys.retain_mut(|key| {
            let name = key["key"].as_str().unwrap_or_default().to_lowercase();
            bend(&name, key)
        });
    }
    Answer::Result(result)
}

/// One key always tells this value.
fn fixed(answer: Answer, wanted: &str, value: &str) -> Answer {
    keys(answer, |name, key| {
        if name == wanted {
            key["value"] = json!(value);
        }
        true
    })
}

pub fn key_missing(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetConfiguration" => keys(answer, |name, _| name != "resetretries"),
        _ => answer,
    }
}

pub fn all_writable(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetConfiguration" => keys(answer, |_, key| {
            key["readonly"] = json!(false);
            true
        }),
        _ => answer,
    }
}

pub fn all_unknown(action: &str, payload: &Value, _: usize, answer: Answer) -> Answer {
    let asked = payload["key"].as_array().map_or(0, Vec::len);
    match action {
        "GetConfiguration" if asked > 3 => Answer::Result(json!({"unknownKey": payload["key"]})),
        _ => answer,
    }
}

pub fn more_connectors(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetConfiguration" => fixed(answer, "numberofconnectors", "7"),
        _ => answer,
    }
}

pub fn forgets_keys(action: &str, _: &Value, boots: usize, answer: Answer) -> Answer {
    match action {
        "GetConfiguration" if boots > 1 => fixed(answer, "metervaluesampleinterval", "60"),
        _ => answer,
    }
}

pub fn keys_stay(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetConfiguration" => fixed(answer, "metervaluesampleinterval", "99"),
        _ => answer,
    }
}

pub fn version_1(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "GetLocalListVersion" => Answer::Result(json!({"listVersion": 1})),
        _ => answer,
    }
}

pub fn lists_fail(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "SendLocalList" => status("Failed"),
        _ => answer,
    }
}

pub fn lists_succeed(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "SendLocalList" => status("Accepted"),
        _ => answer,
    }
}

pub fn reserves_all(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "ReserveNow" => status("Accepted"),
        _ => answer,
    }
}

pub fn reserves_nothing(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "ReserveNow" => status("Occupied"),
        _ => answer,
    }
}

pub fn takes_all_profiles(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "SetChargingProfile" => status("Accepted"),
        _ => answer,
    }
}

pub fn takes_no_profile(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "SetChargingProfile" => status("Rejected"),
        _ => answer,
    }
}

pub fn clears_nothing(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    match action {
        "ClearChargingProfile" => status("Unknown"),
        _ => answer,
    }
}

/// Bends the schedule of a GetCompositeSchedule.
fn composite(action: &str, answer: Answer, bend: impl Fn(&mut Value)) -> Answer {
    let Answer::Result(mut result) = answer else {
        return answer;
    };
    if action == "GetCompositeSchedule" {
        bend(&mut result["chargingSchedule"]);
    }
    Answer::Result(result)
}

pub fn never_limited(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    composite(action, answer, |schedule| {
        schedule["chargingSchedulePeriod"] = json!([{"startPeriod": 0, "limit": 32}]);
    })
}

pub fn schedules_of_midnight(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    composite(action, answer, |schedule| {
        schedule["startSchedule"] = json!("2026-11-22T00:00:00Z");
    })
}

pub fn first_period_only(action: &str, _: &Value, _: usize, answer: Answer) -> Answer {
    composite(action, answer, |schedule| {
        if let Some(periods) = schedule["chargingSchedulePeriod"].as_array_mut() {
            periods.truncate(1);
        }
    })
}
