//! The remaining CALLs of the central system, and bad ones (TC_007, 061, 062).

use serde_json::json;

use crate::stage::{Setup, Stage};

pub fn clear_cache(setup: &Setup) {
    let stage = setup.stage_with(1, |config| {
        config
            .ocpp("LocalPreAuthorize", "true")
            .ocpp("AuthorizationCacheEnabled", "true")
    });
    let session = |stage: &Stage, asks: bool| {
        stage.plug(1);
        stage.central.expect_status(1, "Preparing");
        stage.card("CARD1");
        let transaction = stage.expect_charging(1, "CARD1");
        if asks {
            stage.central.expect_any("Authorize");
        }
        stage.central.assert_none("Authorize");
        stage.card("CARD1");
        stage.expect_stop(transaction, "Local");
        stage.unplug(1);
        stage.central.expect_status(1, "Available");
    };
    session(&stage, true);
    session(&stage, false);
    stage.ask_status("ClearCache", json!({}), "Accepted");
    session(&stage, true);
    stage.ledger();
}

pub fn data_transfer(setup: &Setup) {
    let stage = setup.stage();
    let answer = stage.ask(
        "DataTransfer",
        json!({"vendorId": "com.example", "data": "x"}),
    );
    let status = answer["status"].as_str();
    assert!(
        status == Some("UnknownVendorId") || status == Some("Rejected"),
        "{answer}"
    );
    stage.ledger();
}

fn refused(stage: &Stage, action: &str, payload: serde_json::Value, code: &str) {
    let failure = stage
        .central
        .call(action, payload)
        .expect_err("a CALLERROR");
    assert_eq!(failure.code(), Some(code), "{action}: {failure}");
}

pub fn unknown_action(setup: &Setup) {
    let stage = setup.stage();
    refused(&stage, "NoSuchAction", json!({}), "NotImplemented");
    stage.ledger();
}

pub fn trigger(setup: &Setup) {
    let stage = setup.stage();
    let request = json!({"requestedMessage": "Heartbeat"});
    stage.ask_status("TriggerMessage", request.clone(), "Accepted");
    stage.central.expect_any("Heartbeat");
    stage.ledger();
    // Left out by the factory.
    let stage = setup.stage_with(1, |config| config.ocpp("SupportedFeatureProfiles", "Core"));
    refused(&stage, "TriggerMessage", request, "NotSupported");
    stage.ledger();
}

pub fn malformed(setup: &Setup) {
    let stage = setup.stage();
    for text in [
        "",
        "nonsense",
        "{}",
        "[]",
        "[2]",
        "[9,\"x\",{}]",
        "[3,\"no-such-call\",{}]",
        "[4,\"no-such-call\",\"InternalError\",\"\",{}]",
        "[2,17,\"ClearCache\",{}]",
    ] {
        stage.central.send_text(text);
    }
    let deep = format!(
        "[2,\"deep\",\"Reset\",{}{}]",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    stage.central.send_text(deep);
    refused(
        &stage,
        "Reset",
        json!({"type": "Sideways"}),
        "PropertyConstraintViolation",
    );
    let failure = stage
        .central
        .call("ChangeConfiguration", json!({"key": 7, "value": "1"}))
        .expect_err("a CALLERROR");
    assert_eq!(failure.code(), Some("TypeConstraintViolation"));
    let missing = stage
        .central
        .call("UnlockConnector", json!({}))
        .expect_err("a CALLERROR");
    assert!(
        [
            "FormationViolation",
            "OccurenceConstraintViolation",
            "ProtocolError"
        ]
        .contains(&missing.code().unwrap_or("")),
        "{missing}"
    );
    // And it still lives.
    stage.charge(1, "CARD1");
    let restarts = stage.charger.status()["components"][0]["restarts"].clone();
    assert_eq!(restarts, 0);
}

pub fn crossing_calls(setup: &Setup) {
    use plugpoint_tests::central_system::Reply;
    let stage = setup.stage();
    // While its own CALL is unanswered, the charger answers ours.
    stage.central.answer_next("Authorize", Reply::silence());
    stage.card("CARD1");
    stage.central.expect_any("Authorize");
    stage.fence();
    let pending: Vec<_> = (0..5)
        .filter_map(|_| stage.central.start_call("ClearCache", json!({})).ok())
        .collect();
    assert_eq!(pending.len(), 5);
    for call in pending {
        assert!(call.wait().is_ok());
    }
    stage.ledger();
}
