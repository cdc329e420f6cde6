//! Stations with two connectors and one reader.

use serde_json::json;

use crate::stage::Setup;

pub fn two_at_once(setup: &Setup) {
    let stage = setup.stage_with(2, |config| config);
    let first = stage.charge(1, "CARD1");
    let second = stage.charge(2, "CARD2");
    assert_ne!(first, second);
    stage.card("CARD1");
    stage.expect_stop(first, "Local");
    stage.central.expect_status(1, "Finishing");
    stage.charger.wait_contactor(1, "open");
    assert_eq!(stage.charger.connector(2)["contactor"], "closed");
    stage.unplug(2);
    stage.expect_stop(second, "EVDisconnected");
    stage.ledger();
}

pub fn card_chooses_the_car(setup: &Setup) {
    let stage = setup.stage_with(2, |config| config);
    stage.card("CARD1");
    stage.central.expect_any("Authorize");
    stage.plug(2);
    let transaction = stage.expect_charging(2, "CARD1");
    assert_eq!(stage.charger.connector(1)["permit"], json!(null));
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

pub fn remote_start_of_the_other(setup: &Setup) {
    let stage = setup.stage_with(2, |config| config);
    stage.charge(1, "CARD1");
    stage.plug(2);
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 2, "idTag": "APP1"}),
        "Accepted",
    );
    let second = stage.expect_charging(2, "APP1");
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": second}),
        "Accepted",
    );
    stage.expect_stop(second, "Remote");
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
    stage.ledger();
}
