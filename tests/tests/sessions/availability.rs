//! ChangeAvailability (TC_013, 034): what is out of service stays so.

use serde_json::json;

use crate::stage::{Setup, Stage};

fn change(stage: &Stage, connector: u32, kind: &str, status: &str) {
    stage.ask_status(
        "ChangeAvailability",
        json!({"connectorId": connector, "type": kind}),
        status,
    );
}

pub fn of_a_connector(setup: &Setup) {
    let stage = setup.stage();
    change(&stage, 1, "Inoperative", "Accepted");
    stage.central.expect_status(1, "Unavailable");
    stage.plug(1);
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Rejected",
    );
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    stage.unplug(1);
    change(&stage, 1, "Operative", "Accepted");
    stage.central.expect_status(1, "Available");
    stage.charge(1, "CARD1");
    change(&stage, 2, "Inoperative", "Rejected");
    stage.ledger();
}

pub fn of_the_charger(setup: &Setup) {
    let stage = setup.stage_with(2, |config| config);
    change(&stage, 0, "Inoperative", "Accepted");
    for connector in 0..=2 {
        stage.central.expect_status(connector, "Unavailable");
    }
    change(&stage, 0, "Operative", "Accepted");
    for connector in 0..=2 {
        stage.central.expect_status(connector, "Available");
    }
    stage.ledger();
}

pub fn survives_the_process(setup: &Setup) {
    let stage = setup.stage();
    change(&stage, 1, "Inoperative", "Accepted");
    stage.central.forget_earlier();
    let stage = stage.after_kill();
    stage.central.expect_any("BootNotification");
    stage.central.expect_status(0, "Available");
    stage.central.expect_status(1, "Unavailable");
    stage.ask_status("Reset", json!({"type": "Soft"}), "Accepted");
    stage.central.expect_any("BootNotification");
    stage.central.expect_status(1, "Unavailable");
    change(&stage, 1, "Operative", "Accepted");
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn after_the_session(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    change(&stage, 1, "Inoperative", "Scheduled");
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.unplug(1);
    stage.central.expect_status(1, "Unavailable");
    stage.ledger();
}
