//! Sessions of people with cards (TC_003, 004, 005, 023, 068, 069).

use plugpoint_tests::central_system::Reply;
use serde_json::json;

use crate::stage::Setup;

pub fn plug_first(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.wait_energy(1, 2.0);
    stage.card("CARD1");
    let stop = stage.expect_stop(transaction, "Local");
    assert_eq!(stop.payload["idTag"], "CARD1");
    stage.central.expect_status(1, "Finishing");
    stage.charger.wait_contactor(1, "open");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.fence();
    for action in [
        "Authorize",
        "StartTransaction",
        "StopTransaction",
        "StatusNotification",
    ] {
        stage.central.assert_none(action);
    }
    let ledger = stage.ledger();
    assert_eq!(ledger.transactions.len(), 1);
    assert!(ledger.transactions[0].energy_wh() >= Some(2));
}

pub fn card_first(setup: &Setup) {
    let stage = setup.stage();
    stage.card("CARD1");
    stage.central.expect("Authorize", |p| p["idTag"] == "CARD1");
    stage.central.expect_status(1, "Preparing");
    stage.central.assert_none("StartTransaction");
    stage.plug(1);
    let transaction = stage.expect_charging(1, "CARD1");
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.central.expect_status(1, "Finishing");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn card_without_car(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.ocpp("ConnectionTimeOut", "1"));
    stage.card("CARD1");
    stage.central.expect_any("Authorize");
    stage.central.expect_status(1, "Preparing");
    stage.central.expect_status(1, "Available");
    // The authorization is used up.
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.fence();
    stage.central.assert_none("StartTransaction");
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    stage.ledger();
}

pub fn stop_by_another_card(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.card("CARD2");
    // The reader is asked in order: the second card's answer is behind this.
    stage.charger.wait_contactor(1, "closed");
    stage.fence();
    stage.central.assert_none("StopTransaction");
    stage.central.assert_none("Authorize");
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.central.assert_none("Authorize");
    stage.ledger();
}

pub fn stop_by_the_group(setup: &Setup) {
    let stage = setup.stage();
    let group = || {
        Reply::edited(|payload| {
            payload["idTagInfo"] = json!({"status": "Accepted", "parentIdTag": "GROUP"});
        })
    };
    stage.central.answer("Authorize", group());
    stage.central.answer("StartTransaction", group());
    let transaction = stage.charge(1, "CARD1");
    stage.card("CARD2");
    stage.central.expect("Authorize", |p| p["idTag"] == "CARD2");
    let stop = stage.expect_stop(transaction, "Local");
    assert_eq!(stop.payload["idTag"], "CARD2");
    stage.central.expect_status(1, "Finishing");
    stage.ledger();
}

pub fn refused_card(setup: &Setup) {
    let stage = setup.stage();
    stage
        .central
        .answer_next("Authorize", Reply::id_tag_status("Invalid"));
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.card("CARD9");
    stage.central.expect_any("Authorize");
    stage.expect_refusal("CARD9");
    stage.fence();
    stage.central.assert_none("StartTransaction");
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    // Another one may charge.
    stage.card("CARD1");
    stage.central.expect_any("Authorize");
    stage.expect_charging(1, "CARD1");
    stage.ledger();
}

pub fn car_pauses(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.charger.control().ev_state(1, "B").expect("a pause");
    stage.central.expect_status(1, "SuspendedEV");
    stage.charger.wait_contactor(1, "open");
    stage.charger.control().ev_state(1, "C").expect("going on");
    stage.central.expect_status(1, "Charging");
    stage.charger.wait_contactor(1, "closed");
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

pub fn cable_pulled(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.unplug(1);
    stage.charger.wait_contactor(1, "open");
    stage.expect_stop(transaction, "EVDisconnected");
    stage.central.expect_status(1, "Available");
    assert_eq!(stage.charger.connector(1)["permit"], json!(null));
    // And the next one can charge.
    stage.charge(1, "CARD2");
    stage.ledger();
}
