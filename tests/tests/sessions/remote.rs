//! Sessions that the central system starts and stops (TC_010 to 012, 026 to
//! 028).

use serde_json::json;

use crate::stage::Setup;

pub fn start_with_car(setup: &Setup) {
    let stage = setup.stage();
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Accepted",
    );
    stage.central.expect("Authorize", |p| p["idTag"] == "APP1");
    stage.expect_charging(1, "APP1");
    stage.ledger();
}

pub fn start_before_car(setup: &Setup) {
    let stage = setup.stage();
    // A single connector needs no number.
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"idTag": "APP1"}),
        "Accepted",
    );
    stage.central.expect_any("Authorize");
    stage.central.expect_status(1, "Preparing");
    stage.plug(1);
    stage.expect_charging(1, "APP1");
    stage.ledger();
}

pub fn start_without_car(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.ocpp("ConnectionTimeOut", "1"));
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Accepted",
    );
    stage.central.expect_status(1, "Preparing");
    stage.central.expect_status(1, "Available");
    stage.fence();
    stage.central.assert_none("StartTransaction");
    stage.ledger();
}

pub fn start_unchecked(setup: &Setup) {
    let stage = setup.stage_with(1, |config| {
        config.ocpp("AuthorizeRemoteTxRequests", "false")
    });
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Accepted",
    );
    stage.expect_charging(1, "APP1");
    stage.central.assert_none("Authorize");
    stage.ledger();
}

pub fn stop(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": transaction}),
        "Accepted",
    );
    stage.expect_stop(transaction, "Remote");
    stage.central.expect_status(1, "Finishing");
    stage.charger.wait_contactor(1, "open");
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": transaction}),
        "Rejected",
    );
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn refused_starts(setup: &Setup) {
    let stage = setup.stage();
    for connector in [0, 2, -1] {
        stage.ask_status(
            "RemoteStartTransaction",
            json!({"connectorId": connector, "idTag": "APP1"}),
            "Rejected",
        );
    }
    stage.ask_status(
        "RemoteStopTransaction",
        json!({"transactionId": 4711}),
        "Rejected",
    );
    let transaction = stage.charge(1, "CARD1");
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Rejected",
    );
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.central.assert_none("StartTransaction");
    stage.ledger();
}
