//! GetConfiguration and ChangeConfiguration (TC_019, 021, 040).

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Setup, Stage};

fn value(stage: &Stage, key: &str) -> Value {
    let answer = stage.ask("GetConfiguration", json!({"key": [key]}));
    let found = answer["configurationKey"].as_array().cloned();
    let found = found.unwrap_or_default();
    assert_eq!(found.len(), 1, "{answer}");
    found[0].clone()
}

fn change(stage: &Stage, key: &str, to: &str, status: &str) {
    stage.ask_status(
        "ChangeConfiguration",
        json!({"key": key, "value": to}),
        status,
    );
}

pub fn read_one_and_all(setup: &Setup) {
    let stage = setup.stage_with(2, |config| config.ocpp("ConnectionTimeOut", "42"));
    let one = value(&stage, "connectiontimeout");
    assert_eq!(one["value"], "42");
    assert_eq!(one["readonly"], false);
    assert_eq!(value(&stage, "NumberOfConnectors")["value"], "2");
    assert_eq!(value(&stage, "NumberOfConnectors")["readonly"], true);
    let profiles = value(&stage, "SupportedFeatureProfiles");
    assert!(
        profiles["value"]
            .as_str()
            .is_some_and(|v| v.contains("Core"))
    );

    let all = stage.ask("GetConfiguration", json!({}));
    let keys = all["configurationKey"].as_array().expect("keys");
    for key in [
        "AuthorizeRemoteTxRequests",
        "ClockAlignedDataInterval",
        "ConnectionTimeOut",
        "ConnectorPhaseRotation",
        "GetConfigurationMaxKeys",
        "HeartbeatInterval",
        "LocalAuthorizeOffline",
        "LocalPreAuthorize",
        "MeterValuesAlignedData",
        "MeterValuesSampledData",
        "MeterValueSampleInterval",
        "NumberOfConnectors",
        "ResetRetries",
        "StopTransactionOnInvalidId",
        "StopTxnAlignedData",
        "StopTxnSampledData",
        "SupportedFeatureProfiles",
        "TransactionMessageAttempts",
        "TransactionMessageRetryInterval",
        "UnlockConnectorOnEVSideDisconnect",
    ] {
        assert!(keys.iter().any(|k| k["key"] == key), "{key} is missing");
    }
    let mixed = stage.ask(
        "GetConfiguration",
        json!({"key": ["HeartbeatInterval", "NoSuchKey"]}),
    );
    assert_eq!(mixed["unknownKey"], json!(["NoSuchKey"]));
    assert_eq!(mixed["configurationKey"][0]["key"], "HeartbeatInterval");
    stage.ledger();
}

pub fn change_and_read_back(setup: &Setup) {
    let stage = setup.stage();
    change(&stage, "MeterValueSampleInterval", "17", "Accepted");
    assert_eq!(value(&stage, "MeterValueSampleInterval")["value"], "17");
    change(&stage, "LocalPreAuthorize", "true", "Accepted");
    assert_eq!(value(&stage, "LocalPreAuthorize")["value"], "true");
    stage.ledger();
}

pub fn bad_changes(setup: &Setup) {
    let stage = setup.stage();
    change(&stage, "Testing", "1", "NotSupported");
    let before = value(&stage, "MeterValueSampleInterval");
    for wrong in ["-1", "x", "", "99999999999999999999"] {
        change(&stage, "MeterValueSampleInterval", wrong, "Rejected");
    }
    assert_eq!(value(&stage, "MeterValueSampleInterval"), before);
    change(&stage, "NumberOfConnectors", "3", "Rejected");
    change(&stage, "LocalPreAuthorize", "perhaps", "Rejected");
    change(
        &stage,
        "MeterValuesSampledData",
        "No.Such.Measurand",
        "Rejected",
    );
    stage.ledger();
}

pub fn secrets_stay_secret(setup: &Setup) {
    let stage = setup.stage();
    let secret = "00112233445566778899aabbccddeeff";
    change(&stage, "AuthorizationKey", secret, "Accepted");
    let answer = stage.ask("GetConfiguration", json!({"key": ["AuthorizationKey"]}));
    assert!(!answer.to_string().contains(secret), "{answer}");
    let all = stage.ask("GetConfiguration", json!({}));
    assert!(!all.to_string().contains(secret));
    let status = stage.charger.status().to_string();
    assert!(!status.contains(secret));
    let printed = stage.charger.process().printed().join("\n");
    assert!(!printed.contains(secret), "in the log");
    stage.ledger();
}

pub fn changes_survive_the_process(setup: &Setup) {
    let stage = setup.stage();
    change(&stage, "MeterValueSampleInterval", "23", "Accepted");
    // Answered is kept: killed at once.
    let stage = stage.after_kill();
    stage.expect_up();
    assert_eq!(value(&stage, "MeterValueSampleInterval")["value"], "23");
    stage.ledger();
}

pub fn heartbeat_follows_the_key(setup: &Setup) {
    let stage = setup.stage();
    assert_eq!(value(&stage, "HeartbeatInterval")["value"], "300");
    change(&stage, "HeartbeatInterval", "1", "Accepted");
    let first = stage.central.expect_any("Heartbeat");
    let second = stage.central.expect_any("Heartbeat");
    let apart = second.at.duration_since(first.at);
    assert!(
        apart > Duration::from_millis(900) && apart < Duration::from_secs(3),
        "{apart:?}"
    );
    stage.ledger();
}
