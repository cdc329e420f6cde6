//! Faults, the emergency stop and power failures (TC_032, 041).

use serde_json::json;

use crate::stage::Setup;

pub fn fault_while_charging(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage
        .charger
        .control()
        .fault(1, "GroundFailure")
        .expect("a fault");
    stage.charger.wait_contactor(1, "open");
    let told = stage.central.expect_status(1, "Faulted");
    assert_eq!(told.payload["errorCode"], "GroundFailure");
    stage
        .central
        .expect("StopTransaction", |p| p["transactionId"] == transaction);
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Rejected",
    );
    stage.charger.control().clear_fault(1).expect("no fault");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.charge(1, "CARD1");
    stage.ledger();
}

pub fn fault_when_idle(setup: &Setup) {
    let stage = setup.stage();
    stage
        .charger
        .control()
        .fault(1, "HighTemperature")
        .expect("a fault");
    let told = stage.central.expect_status(1, "Faulted");
    assert_eq!(told.payload["errorCode"], "HighTemperature");
    stage.plug(1);
    stage.ask_status(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "APP1"}),
        "Rejected",
    );
    assert_eq!(stage.charger.connector(1)["contactor"], "open");
    stage.unplug(1);
    stage.charger.control().clear_fault(1).expect("no fault");
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn emergency_stop(setup: &Setup) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage
        .charger
        .control()
        .emergency_stop(true)
        .expect("pushed");
    stage.charger.wait_contactor(1, "open");
    stage.expect_stop(transaction, "EmergencyStop");
    stage.central.expect_status(1, "Faulted");
    stage
        .charger
        .control()
        .emergency_stop(false)
        .expect("pulled");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.ledger();
}

pub fn unknown_fault(setup: &Setup) {
    let stage = setup.stage();
    stage
        .charger
        .control()
        .fault(1, "FluxCapacitor")
        .expect("a fault");
    let told = stage.central.expect_status(1, "Faulted");
    assert_eq!(told.payload["errorCode"], "OtherError");
    assert_eq!(told.payload["vendorErrorCode"], "FluxCapacitor");
    stage.ledger();
}

pub fn power_failure_while_charging(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.persistent());
    let transaction = stage.charge(1, "CARD1");
    stage.wait_energy(1, 2.0);
    let stage = stage.after_kill();
    stage.central.expect_any("BootNotification");
    stage.expect_stop(transaction, "PowerLoss");
    stage.charger.wait_contactor(1, "open");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    stage.charge(1, "CARD2");
    let ledger = stage.ledger();
    assert!(
        ledger
            .transaction(transaction)
            .is_some_and(|tx| tx.energy_wh() >= Some(2))
    );
}

pub fn power_failure_and_unplugged(setup: &Setup) {
    // Not persistent: the car leaves while the charger is off.
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.wait_energy(1, 2.0);
    let stage = stage.after_kill();
    stage.central.expect_any("BootNotification");
    let stop = stage
        .central
        .expect("StopTransaction", |p| p["transactionId"] == transaction);
    let reason = stop.payload["reason"].as_str();
    assert!(
        reason == Some("PowerLoss") || reason == Some("EVDisconnected"),
        "{reason:?}"
    );
    stage.charge(1, "CARD2");
    stage.ledger();
}

pub fn mains_fail(setup: &Setup) {
    let stage = setup.stage_with(1, |config| config.persistent());
    let transaction = stage.charge(1, "CARD1");
    stage.charger.control().mains(false).expect("no mains");
    // While it still lives, or after the next start.
    let crate::stage::Stage {
        central,
        charger,
        site,
        config,
        ..
    } = stage;
    charger.wait_end();
    let _charger = site.start(&config).expect("a charger");
    let stop = central.expect("StopTransaction", |p| p["transactionId"] == transaction);
    assert_eq!(stop.payload["reason"], "PowerLoss");
}
