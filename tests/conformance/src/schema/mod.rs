//! Whether a payload has the form that OCPP 1.6's JSON schemas demand: required
//! and known fields, types, words, lengths. A small checker of ours: the schemas
//! use little of what a schema could. Not here: whether it makes sense.

mod kind;
mod messages;

use serde_json::Value;

use kind::Kind;
use messages::{Form, find};

/// What is wrong with the payload of a CALL.
pub fn request(action: &str, payload: &Value) -> Vec<String> {
    check(action, "request", payload, |form| form.request)
}

/// What is wrong with the payload of a CALLRESULT.
pub fn response(action: &str, payload: &Value) -> Vec<String> {
    check(action, "response", payload, |form| form.response)
}

fn check(
    action: &str,
    which: &str,
    payload: &Value,
    part: impl Fn(&Form) -> &'static [kind::Field],
) -> Vec<String> {
    let Some(form) = find(action) else {
        return vec![format!("{action} is no message of OCPP 1.6")];
    };
    let mut wrong = Vec::new();
    Kind::Object(part(form)).check(payload, "", &mut wrong);
    for text in &mut wrong {
        *text = format!("{action}, {which}: {text}");
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{request, response};

    #[track_caller]
    fn good(action: &str, payload: Value) {
        assert_eq!(request(action, &payload), [""; 0]);
    }

    #[track_caller]
    fn bad(action: &str, payload: Value, expected: &str) {
        let wrong = request(action, &payload);
        assert_eq!(wrong, [format!("{action}, request: {expected}")]);
    }

    #[test]
    fn fields() {
        good("Heartbeat", json!({}));
        good("Authorize", json!({"idTag": "12345678901234567890"}));
        bad("Authorize", json!({}), "`idTag` is missing");
        bad(
            "Authorize",
            json!({"idTag": "A", "tag": "A"}),
            "`tag` is not a field of it",
        );
        bad(
            "Authorize",
            json!({"idTag": 7}),
            "`idTag` is 7, which is no text",
        );
        bad(
            "Authorize",
            json!({"idTag": "123456789012345678901"}),
            "`idTag` has 21 characters, which is more than 20",
        );
        bad(
            "Heartbeat",
            json!([]),
            "the payload is [], which is no object",
        );
    }

    #[test]
    fn words_numbers_and_times() {
        let status = |connector: Value, status: &str| json!({"connectorId": connector, "status": status, "errorCode": "NoError"});
        good("StatusNotification", status(json!(1), "Available"));
        bad(
            "StatusNotification",
            status(json!(1), "Occupied"),
            "`status` is \"Occupied\", which is none of Available, Preparing, Charging, \
             SuspendedEVSE, SuspendedEV, Finishing, Reserved, Unavailable, Faulted",
        );
        bad(
            "StatusNotification",
            status(json!("1"), "Available"),
            "`connectorId` is \"1\", which is no whole number",
        );
        bad(
            "StatusNotification",
            status(json!(1.5), "Available"),
            "`connectorId` is 1.5, which is no whole number",
        );
        let start = |timestamp: &str| json!({"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": timestamp});
        good("StartTransaction", start("2026-11-22T12:00:00Z"));
        good("StartTransaction", start("2026-11-22T12:00:00.123Z"));
        for time in [
            "2026-11-22T12:00:00",
            "2026-11-22 12:00:00Z",
            "2026-11-22T12:00:00+02:00",
            "2026-13-22T12:00:00Z",
            "now",
        ] {
            bad(
                "StartTransaction",
                start(time),
                &format!("`timestamp` is {time:?}, which is no time of RFC 3339 in UTC"),
            );
        }
    }

    #[test]
    fn what_is_inside() {
        let values = |sampled: Value| {
            json!({"connectorId": 1, "meterValue": [
                {"timestamp": "2026-11-22T12:00:00Z", "sampledValue": sampled}
            ]})
        };
        good("MeterValues", values(json!([{"value": "1"}])));
        bad(
            "MeterValues",
            values(json!([{"value": 1}])),
            "`meterValue[0].sampledValue[0].value` is 1, which is no text",
        );
        bad(
            "MeterValues",
            values(json!([])),
            "`meterValue[0].sampledValue` is empty",
        );
    }

    #[test]
    fn responses_and_unknown_messages() {
        assert_eq!(response("Reset", &json!({"status": "Accepted"})), [""; 0]);
        assert_eq!(
            response("Reset", &json!({"status": "OK"})),
            ["Reset, response: `status` is \"OK\", which is none of Accepted, Rejected"]
        );
        assert_eq!(
            request("Boot", &json!({})),
            ["Boot is no message of OCPP 1.6"]
        );
    }
}
