//! What is played with each central system.

use serde_json::json;

use crate::foreign::Kind;
use crate::profiles;
use crate::stage::Stage;

const CARD: &str = "04A1B2C3";

/// All of it, one after another with one charger.
pub fn all(kind: Kind, amnesia: bool) {
    let mut stage = Stage::new(kind, amnesia);
    stage.expect_boot();
    stage.expect_status(1, "Available");
    configuration(&mut stage);
    other_calls(&mut stage);
    with_a_card(&stage);
    with_a_card_that_is_refused(&stage);
    started_and_stopped_remotely(&mut stage);
    wholly_offline(&stage);
    stopped_offline(&stage);
    resets(&mut stage);
    profiles::all(&mut stage);
    let memory = if amnesia { ", with amnesia" } else { "" };
    stage.end(&format!("{kind:?}{memory}"));
}

fn configuration(stage: &mut Stage) {
    let all = stage.ask("GetConfiguration", json!({}));
    let keys = all["configurationKey"].as_array().expect("keys");
    let connectors = keys.iter().find(|key| key["key"] == "NumberOfConnectors");
    assert_eq!(connectors.expect("the key")["value"], "1");
    let some = stage.ask(
        "GetConfiguration",
        json!({"key": ["HeartbeatInterval", "Nonsense"]}),
    );
    assert_eq!(some["unknownKey"], json!(["Nonsense"]));
    // As the answer to the boot said.
    assert_eq!(some["configurationKey"][0]["value"], "300");
    for (key, value, status) in [
        ("MeterValueSampleInterval", "1", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ] {
        let change = json!({"key": key, "value": value});
        stage.ask_status("ChangeConfiguration", change, status);
    }
    let read = stage.ask(
        "GetConfiguration",
        json!({"key": ["MeterValueSampleInterval"]}),
    );
    assert_eq!(read["configurationKey"][0]["value"], "1");
}

fn other_calls(stage: &mut Stage) {
    stage.ask_status("UnlockConnector", json!({"connectorId": 1}), "NotSupported");
    stage.ask_status("ClearCache", json!({}), "Accepted");
    stage.ask_status(
        "DataTransfer",
        json!({"vendorId": "com.example"}),
        "UnknownVendorId",
    );
    for (kind, status) in [("Inoperative", "Unavailable"), ("Operative", "Available")] {
        stage.ask_status(
            "ChangeAvailability",
            json!({"connectorId": 1, "type": kind}),
            "Accepted",
        );
        stage.expect_status(1, status);
    }
}

fn with_a_card(stage: &Stage) {
    stage.plug();
    stage.expect_status(1, "Preparing");
    stage.card(CARD);
    stage.expect("Authorize", |p| p["idTag"] == CARD);
    let (transaction, start) = stage.expect_start(CARD);
    stage.expect_status(1, "Charging");
    let (_, values) = stage.expect("MeterValues", |p| p["transactionId"] == transaction);
    assert!(values["meterValue"][0]["sampledValue"][0]["value"].is_string());
    stage.card(CARD);
    let stop = stage.expect_stop(transaction, "Local");
    assert!(
        stop["meterStop"].as_i64() > start["meterStart"].as_i64(),
        "{stop}"
    );
    stage.expect_status(1, "Finishing");
    stage.unplug();
    stage.expect_status(1, "Available");
}

fn with_a_card_that_is_refused(stage: &Stage) {
    stage.plug();
    stage.expect_status(1, "Preparing");
    stage.card("STRANGER");
    stage.expect("Authorize", |p| p["idTag"] == "STRANGER");
    stage.unplug();
    // A start would have come before this.
    stage.expect_status(1, "Available");
    stage.assert_none("StartTransaction");
}

fn started_and_stopped_remotely(stage: &mut Stage) {
    stage.plug();
    stage.expect_status(1, "Preparing");
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"idTag": "REMOTE1", "connectorId": 1}),
        "Accepted",
    );
    let (transaction, _) = stage.expect_start("REMOTE1");
    stage.expect_status(1, "Charging");
    stage.charger.wait_contactor(1, "closed");
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": transaction + 4711}),
        "Rejected",
    );
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": transaction}),
        "Accepted",
    );
    stage.expect_stop(transaction, "Remote");
    stage.expect_status(1, "Finishing");
    stage.unplug();
    stage.expect_status(1, "Available");
}

fn wholly_offline(stage: &Stage) {
    stage.network(false);
    stage.plug();
    stage.card(CARD);
    stage.charger.wait_contactor(1, "closed");
    stage.card(CARD);
    stage.charger.wait_contactor(1, "open");
    stage.network(true);
    let (transaction, _) = stage.expect_start(CARD);
    stage.expect_stop(transaction, "Local");
    stage.unplug();
    stage.expect_status(1, "Available");
}

fn stopped_offline(stage: &Stage) {
    let transaction = charge(stage);
    stage.network(false);
    stage.card(CARD);
    stage.charger.wait_contactor(1, "open");
    stage.network(true);
    stage.expect_stop(transaction, "Local");
    stage.unplug();
    stage.expect_status(1, "Available");
}

fn resets(stage: &mut Stage) {
    for how in ["Soft", "Hard"] {
        stage.reset(how);
        stage.expect_boot();
        stage.expect_status(1, "Available");
        let transaction = charge(stage);
        stage.reset(how);
        stage.expect_stop(transaction, &format!("{how}Reset"));
        stage.expect_boot();
        stage.unplug();
        stage.expect_status(1, "Available");
    }
}

pub fn charge(stage: &Stage) -> i64 {
    stage.plug();
    stage.expect_status(1, "Preparing");
    stage.card(CARD);
    let (transaction, _) = stage.expect_start(CARD);
    stage.expect_status(1, "Charging");
    stage.charger.wait_contactor(1, "closed");
    transaction
}
