//! UnlockConnector (TC_017, 018, 030, 031).

use serde_json::json;

use crate::stage::{Setup, Stage};

fn unlock(stage: &Stage, connector: u32, status: &str) {
    stage.ask_status("UnlockConnector", json!({"connectorId": connector}), status);
}

pub fn fixed_cable(setup: &Setup) {
    let stage = setup.stage();
    unlock(&stage, 1, "NotSupported");
    let transaction = stage.charge(1, "CARD1");
    unlock(&stage, 1, "NotSupported");
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
    stage.central.assert_none("StopTransaction");
    stage.card("CARD1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

pub fn socket_idle(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.sockets(1));
    unlock(&stage, 1, "Unlocked");
    stage.ledger();
}

pub fn socket_while_charging(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.sockets(1));
    let transaction = stage.charge(1, "CARD1");
    assert_eq!(stage.charger.connector(1)["lock"], "locked");
    unlock(&stage, 1, "Unlocked");
    stage.expect_stop(transaction, "UnlockCommand");
    let connector = stage.charger.connector(1);
    assert_eq!(connector["lock"], "unlocked");
    assert_eq!(connector["contactor"], "open");
    stage.central.expect_status(1, "Finishing");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn jammed_lock(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.sockets(1));
    stage.charge(1, "CARD1");
    stage.charger.control().jam_lock(1, true).expect("jammed");
    unlock(&stage, 1, "UnlockFailed");
    stage.ledger();
}

pub fn unknown_connector(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.sockets(1));
    unlock(&stage, 2, "NotSupported");
    stage.ledger();
}
