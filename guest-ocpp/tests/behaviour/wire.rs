//! Frames of any shape.

use plugpoint_guest::protocol::{BootReason, Dropped};
use plugpoint_ocpp_world::World;
use serde_json::{Value, json};

use crate::fixed;

/// The answer to a frame with the message id `x`: the code of the error, the
/// status, `-` for anything else, and nothing if it is ignored.
fn answer(world: &mut World, frame: &str) -> String {
    world.answers.clear();
    world.frame(frame);
    world.run(500);
    match world.answers.get("x") {
        None => String::new(),
        Some(Value::String(code)) => code.clone(),
        Some(payload) => payload["status"].as_str().unwrap_or("-").to_owned(),
    }
}

#[test]
fn each_way_of_being_wrong_has_its_code() {
    for mut world in fixed(&[]) {
        let long = "a".repeat(600);
        let deep = format!(
            "[2,\"x\",\"DataTransfer\",{{\"vendorId\":{}{}}}]",
            "[".repeat(500),
            "]".repeat(500)
        );
        for (frame, expected) in [
            ("", ""),
            ("nonsense", ""),
            ("{}", ""),
            ("[]", ""),
            ("[2]", ""),
            (r#"[5,"x","Reset",{}]"#, ""),
            (r#"["2","x","Reset",{}]"#, ""),
            (r#"[3,"x",{}]"#, ""),
            (r#"[4,"x","InternalError","",{}]"#, ""),
            (r#"[2,"x","Nonsense",{}]"#, "NotImplemented"),
            (r#"[2,"x","reset",{"type":"Soft"}]"#, "NotImplemented"),
            (
                r#"[2,"x","GetLog",{"log":{"remoteLocation":"ftp://host/"}}]"#,
                "NotSupported",
            ),
            (r#"[2,"x","SignedUpdateFirmware",{}]"#, "NotSupported"),
            (r#"[2,"x","GetLog",{}]"#, "NotSupported"),
            (r#"[2,"x","Reset"]"#, "ProtocolError"),
            (r#"[2,"x","Reset",[]]"#, "FormationViolation"),
            (r#"[2,"x","Reset",{},{}]"#, "FormationViolation"),
            (r#"[2,"x","Reset",{"type"}]"#, "FormationViolation"),
            (&deep, "FormationViolation"),
            (r#"[2,"x","Reset",{}]"#, "OccurenceConstraintViolation"),
            (r#"[2,"x","Reset",{"type":5}]"#, "TypeConstraintViolation"),
            (
                r#"[2,"x","Reset",{"type":"Warm"}]"#,
                "PropertyConstraintViolation",
            ),
            (
                r#"[2,"x","Reset",{"type":null}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"HeartbeatInterval"}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                &format!(r#"[2,"x","ChangeConfiguration",{{"key":"{long}","value":"1"}}]"#),
                "PropertyConstraintViolation",
            ),
            (
                &format!(
                    r#"[2,"x","ChangeConfiguration",{{"key":"HeartbeatInterval","value":"{long}"}}]"#
                ),
                "PropertyConstraintViolation",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"HeartbeatInterval","value":"99999999999999999999"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"HeartbeatInterval","value":"ten"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"HeartbeatInterval","value":15}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"NumberOfConnectors","value":"2"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"MeterValuesSampledData","value":"Energy.Active.Import.Register,Nonsense"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"MeterValuesSampledData","value":"SoC"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"MeterValuesSampledData","value":" Current.Import.L1 , Voltage "}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"ConnectorPhaseRotation","value":"0.RST,1.RST"}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"ConnectorPhaseRotation","value":"RST"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"LocalPreAuthorize","value":"True"}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"LocalPreAuthorize","value":"yes"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"WebSocketPingInterval","value":"-1"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeConfiguration",{"key":"AuthorizationKey","value":"tooshort"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","GetConfiguration",{"key":"HeartbeatInterval"}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","GetConfiguration",{"key":[1]}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","GetConfiguration",{"key":["Unknown"],"extra":1}]"#,
                "-",
            ),
            (
                r#"[2,"x","RemoteStartTransaction",{"connectorId":1}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStartTransaction",{"idTag":"123456789012345678901"}]"#,
                "PropertyConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStartTransaction",{"idTag":"A","connectorId":"1"}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStartTransaction",{"idTag":"A","connectorId":1e400}]"#,
                "PropertyConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStartTransaction",{"idTag":"A","connectorId":1.5}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStopTransaction",{"transactionId":123456789012345678901234567890}]"#,
                "PropertyConstraintViolation",
            ),
            (
                r#"[2,"x","RemoteStopTransaction",{"transactionId":7.0}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":7,"type":"Operative"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":-1,"type":"Operative"}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","UnlockConnector",{"connectorId":99999999999}]"#,
                "NotSupported",
            ),
            (
                r#"[2,"x","DataTransfer",{}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                r#"[2,"x","DataTransfer",{"vendorId":"a","messageId":5}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","CancelReservation",{"reservationId":1}]"#,
                "Rejected",
            ),
            (r#"[2,"x","ClearCache",{}]"#, "Accepted"),
            (
                "[2,\"x\",\"DataTransfer\",{\"vendorId\":\"\u{fffd}\\ud800\"}]",
                "UnknownVendorId",
            ),
        ] {
            assert_eq!(answer(&mut world, frame), expected, "{frame}");
        }
    }
}

/// Each kind of malformed input, one row or more: the code of the error, the
/// status of a call that is understood all the same, nothing for silence.
#[test]
fn every_kind_of_malformed_input_has_its_answer() {
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(400), close.repeat(400));
        format!(r#"[2,"x","DataTransfer",{{"vendorId":{open}1{close}}}]"#)
    };
    let long_id = "i".repeat(37);
    let tag = |tag: &str| format!(r#"[2,"x","RemoteStartTransaction",{{"idTag":{tag}}}]"#);
    for mut world in fixed(&[]) {
        for (kind, frame, expected) in [
            ("not JSON", "OCPP", ""),
            ("not JSON", "\u{feff}", ""),
            (
                "not JSON",
                r#"[2,"x","Reset",{"type":"Soft"}"#,
                "FormationViolation",
            ),
            (
                "not JSON",
                r#"[2,"x","Reset",{"type":"Soft"}]]"#,
                "FormationViolation",
            ),
            (
                "not JSON",
                r#"[2,"x","Reset",{'type':'Soft'}]"#,
                "FormationViolation",
            ),
            (
                "not JSON",
                r#"[2,"x","Reset",{"type":"Soft",}]"#,
                "FormationViolation",
            ),
            (
                "not JSON",
                "[2,\"x\",\"Reset\",{\"type\":\"So\nft\"}]",
                "FormationViolation",
            ),
            ("wrong array", "null", ""),
            ("wrong array", "[[2,\"x\",\"Reset\",{}]]", ""),
            ("wrong array", r#"[2,["x"],"Reset",{}]"#, ""),
            ("wrong array", r#"[2,"x"]"#, "FormationViolation"),
            ("wrong array", r#"[2,"x",{},"Reset"]"#, "FormationViolation"),
            (
                "wrong array",
                r#"[2,"x","Reset","Soft"]"#,
                "FormationViolation",
            ),
            ("wrong array", r#"[2,"x","Reset"]"#, "ProtocolError"),
            (
                "wrong type",
                r#"[2,"x","Reset",{"type":["Soft"]}]"#,
                "TypeConstraintViolation",
            ),
            (
                "wrong type",
                r#"[2,"x","GetConfiguration",{"key":{}}]"#,
                "TypeConstraintViolation",
            ),
            (
                "wrong type",
                r#"[2,"x","UnlockConnector",{"connectorId":true}]"#,
                "TypeConstraintViolation",
            ),
            (
                "missing field",
                r#"[2,"x","UnlockConnector",{}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                "missing field",
                r#"[2,"x","ChangeAvailability",{"connectorId":1}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                "missing field",
                r#"[2,"x","RemoteStopTransaction",{"transactionid":1}]"#,
                "OccurenceConstraintViolation",
            ),
            (
                "extra field",
                r#"[2,"x","ClearCache",{"type":"Soft","more":[{}]}]"#,
                "Accepted",
            ),
            (
                "extra field",
                r#"[2,"x","UnlockConnector",{"connectorId":9,"":null}]"#,
                "NotSupported",
            ),
            (
                "field twice, the last counts",
                r#"[2,"x","ChangeConfiguration",{"key":"NoSuchKey","key":"HeartbeatInterval","value":"1"}]"#,
                "Accepted",
            ),
            (
                "too long",
                &tag(&format!("{:?}", "t".repeat(21))),
                "PropertyConstraintViolation",
            ),
            (
                "too long",
                &format!(
                    r#"[2,"x","GetConfiguration",{{"key":["{}"]}}]"#,
                    "k".repeat(51)
                ),
                "PropertyConstraintViolation",
            ),
            (
                "too long",
                &format!(
                    r#"[2,"x","DataTransfer",{{"vendorId":"{}"}}]"#,
                    "v".repeat(256)
                ),
                "PropertyConstraintViolation",
            ),
            (
                "too long",
                &format!(r#"[2,"x","{}",{{}}]"#, "Reset".repeat(50)),
                "NotImplemented",
            ),
            ("deep nesting", &deep("[", "]"), "FormationViolation"),
            ("deep nesting", &deep("{\"a\":", "}"), "FormationViolation"),
            ("deep nesting", &"[".repeat(100_000), ""),
            (
                "huge number",
                r#"[2,"x","RemoteStopTransaction",{"transactionId":1e999}]"#,
                "PropertyConstraintViolation",
            ),
            (
                "huge number",
                r#"[2,"x","RemoteStopTransaction",{"transactionId":-99999999999999999999}]"#,
                "PropertyConstraintViolation",
            ),
            (
                "huge number",
                r#"[2,"x","UnlockConnector",{"connectorId":18446744073709551617}]"#,
                "PropertyConstraintViolation",
            ),
            (
                "huge number",
                r#"[99999999999999999999,"x","Reset",{"type":"Soft"}]"#,
                "",
            ),
            (
                "unknown message type",
                r#"[1,"x","Reset",{"type":"Soft"}]"#,
                "",
            ),
            (
                "unknown message type",
                r#"[2.5,"x","Reset",{"type":"Soft"}]"#,
                "",
            ),
            (
                "unknown message type",
                r#"[6,"x","Reset",{"type":"Soft"}]"#,
                "",
            ),
            (
                "result for nothing",
                r#"[3,"x",{"status":"Accepted","currentTime":"x","interval":1}]"#,
                "",
            ),
            ("result for nothing", r#"[3,"x"]"#, ""),
            ("error for nothing", r#"[4,"x","InternalError","",{}]"#, ""),
            (
                "wrong UTF-16",
                r#"[2,"x","DataTransfer",{"vendorId":"\ud800"}]"#,
                "UnknownVendorId",
            ),
            (
                "no such escape",
                r#"[2,"x","DataTransfer",{"vendorId":"\q"}]"#,
                "FormationViolation",
            ),
            (
                "id too long",
                &format!(r#"[2,"{long_id}","ClearCache",{{}}]"#),
                "",
            ),
        ] {
            assert_eq!(answer(&mut world, frame), expected, "{kind}: {frame:.200}");
        }
        // It is answered under the name that it has; nobody else could be meant.
        assert_eq!(world.answers[&long_id]["status"], "Accepted");
        assert_eq!(world.restarts, 0);
        assert_eq!(world.shows(0, "registration"), "Accepted");
    }
}

#[test]
fn a_call_with_the_id_of_another_is_a_call_of_its_own() {
    for mut world in fixed(&[]) {
        let start = r#"[2,"x","RemoteStartTransaction",{"idTag":"TAG1"}]"#;
        assert_eq!(answer(&mut world, start), "Accepted");
        assert_eq!(answer(&mut world, start), "Rejected", "one is on its way");
        // The id of a call of ours that waits: its answer is still awaited.
        world
            .central
            .always("Authorize", plugpoint_ocpp_world::Reply::Silence);
        world.plug(1);
        world.card("TAG2");
        world.run(100);
        let ours = world.last("Authorize").id.clone();
        world.frame(&format!(r#"[2,"{ours}","ClearCache",{{}}]"#));
        world.run(100);
        assert_eq!(world.answers[&ours]["status"], "Accepted");
    }
}

#[test]
fn no_more_keys_may_be_asked_for_at_once_than_is_said() {
    for mut world in fixed(&[("GetConfigurationMaxKeys", "3")]) {
        let mut ask = |keys: &[&str]| {
            let answer = world.call("GetConfiguration", json!({"key": keys}));
            match &answer["configurationKey"] {
                Value::Array(known) => known.len().to_string(),
                _ => answer.as_str().unwrap_or("no key is known").to_owned(),
            }
        };
        let names = [
            "HeartbeatInterval",
            "MessageTimeout",
            "ResetRetries",
            "Unknown",
        ];
        assert_eq!(ask(&names[..3]), "3");
        assert_eq!(ask(&names), "OccurenceConstraintViolation");
        assert_eq!(ask(&["Unknown"; 3]), "no key is known");
        assert!(
            ask(&[]).parse::<u32>().unwrap() > 30,
            "all keys are never too many"
        );
    }
}

#[test]
fn a_number_for_a_message_id_is_answered() {
    for mut world in fixed(&[]) {
        world.frame(r#"[2,17,"ClearCache",{}]"#);
        world.run(500);
        assert_eq!(world.answers["17"]["status"], "Accepted");
    }
}

#[test]
fn a_call_that_an_instance_failed_on_is_answered() {
    for mut world in fixed(&[]) {
        let data = r#"[2,"abc","DataTransfer",{"vendorId":"some very long"#;
        let change = r#"[2,"abc","ChangeConfiguration",{"key":"HeartbeatInterval","value":"7"}]"#;
        for (id, head, failure, expected) in [
            (99, data, "trap", None),
            (1, data, "trap", Some("InternalError")),
            (1, data, "storage", Some("InternalError")),
            (1, change, "time", Some("InternalError")),
            (1, change, "storage", Some("Rejected")),
        ] {
            world.answers.clear();
            let (event, head) = ("frame".to_owned(), head.to_owned());
            let dropped = Dropped {
                event,
                id,
                head,
                failure: failure.to_owned(),
            };
            world.replace_instance(BootReason::Recovery, Some(dropped));
            world.run(500);
            let answer = world
                .answers
                .get("abc")
                .map(|answer| answer.as_str().or(answer["status"].as_str()).unwrap());
            assert_eq!(answer, expected);
        }
    }
}

#[test]
fn null_is_absent_integers_have_many_forms_and_the_last_of_several_counts() {
    for mut world in fixed(&[]) {
        for (frame, expected) in [
            (
                r#"[2,"x","RemoteStartTransaction",{"idTag":"A","connectorId":null,"chargingProfile":null}]"#,
                "Accepted",
            ),
            (r#"[2,"x","GetConfiguration",{"key":null}]"#, "-"),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":1e0,"type":"Operative"}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":10e-1,"type":"Operative"}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":1.5,"type":"Operative"}]"#,
                "TypeConstraintViolation",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":7,"type":"Operative","connectorId":1}]"#,
                "Accepted",
            ),
            (
                r#"[2,"x","ChangeAvailability",{"connectorId":1,"type":"Operative","connectorId":7}]"#,
                "Rejected",
            ),
            (
                r#"[2,"x","SignedUpdateFirmware",{"firmware":null,"requestId":{}}]"#,
                "NotSupported",
            ),
        ] {
            assert_eq!(answer(&mut world, frame), expected, "{frame}");
        }
    }
}

#[test]
fn a_profile_that_is_not_there_is_an_error_and_no_result() {
    for mut world in fixed(&[("SupportedFeatureProfiles", "Core")]) {
        let answer = world.call("SetChargingProfile", json!({"connectorId": 1}));
        assert_eq!(answer, "NotSupported", "a CALLERROR's code");
    }
}
