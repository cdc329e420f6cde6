//! Charging profiles: what is taken and what is refused, what becomes of them over power
//! cuts and with the transactions that they are for, and what reaches the car. The limits
//! themselves are compared with a reference in `tests/smart_charging`.

mod installed;
mod limits;
mod of_transactions;

use plugpoint_ocpp_world::World;
use serde_json::{Value, json};

/// A profile for ever, of one period.
fn profile(id: i64, purpose: &str, limit: f64) -> Value {
    json!({
        "chargingProfileId": id,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    })
}

/// With one property replaced; `chargingSchedule.` goes into the schedule.
fn with(mut profile: Value, name: &str, value: Value) -> Value {
    match name.strip_prefix("chargingSchedule.") {
        Some(name) => profile["chargingSchedule"][name] = value,
        None => profile[name] = value,
    }
    profile
}

/// The status, or the code of the CALLERROR.
fn word(answer: &Value) -> String {
    let word = answer.as_str().or(answer["status"].as_str());
    word.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn set(world: &mut World, connector: u32, profile: Value) -> String {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    word(&world.call("SetChargingProfile", request))
}

fn clear(world: &mut World, request: Value) -> String {
    word(&world.call("ClearChargingProfile", request))
}

/// The first period of the composite schedule in A.
fn limit(world: &mut World, connector: u32) -> f64 {
    let request = json!({"connectorId": connector, "duration": 60, "chargingRateUnit": "A"});
    let answer = world.call("GetCompositeSchedule", request);
    let periods = &answer["chargingSchedule"]["chargingSchedulePeriod"];
    periods[0]["limit"]
        .as_f64()
        .unwrap_or_else(|| panic!("{answer}"))
}

/// What the pilot offers, mA.
fn offered(world: &World, connector: usize) -> u32 {
    let permit = world.outlets[connector - 1].state.permit.as_ref();
    permit.map_or(0, |permit| permit.limit_ma)
}

fn transaction(world: &World) -> i64 {
    let starts = world.all("StartTransaction");
    let last = starts.last().expect("a transaction");
    last.answer.as_ref().expect("an answer")["transactionId"]
        .as_i64()
        .expect("a number")
}
