//! Reset (TC_013 to 016): everything inside the process begins anew, the
//! process and the car stay.

use serde_json::json;

use crate::stage::{Setup, Stage};

fn reset(stage: &Stage, kind: &str) {
    stage.central.expect_opened();
    stage.ask_status("Reset", json!({"type": kind}), "Accepted");
}

fn idle(setup: &Setup, kind: &str) {
    let stage = setup.stage();
    let process = stage.charger.process().id();
    reset(&stage, kind);
    stage.central.expect_opened();
    stage.expect_up();
    assert_eq!(stage.charger.process().id(), process);
    assert!(!stage.charger.process().has_ended());
    stage.charge(1, "CARD1");
    stage.ledger();
}

fn charging(setup: &Setup, kind: &str) {
    let stage = setup.stage();
    let transaction = stage.charge(1, "CARD1");
    stage.wait_energy(1, 1.0);
    reset(&stage, kind);
    stage.expect_stop(transaction, &format!("{kind}Reset"));
    stage.central.expect_opened();
    stage.central.expect_any("BootNotification");
    stage.charger.wait_contactor(1, "open");
    // The car is still there.
    stage.central.expect("StatusNotification", |p| {
        p["connectorId"] == 1 && (p["status"] == "Preparing" || p["status"] == "Finishing")
    });
    stage.unplug(1);
    stage.central.expect_status(1, "Available");
    let ledger = stage.ledger();
    assert_eq!(ledger.transactions.len(), 1);
    stage.charge(1, "CARD2");
}

pub fn soft_when_idle(setup: &Setup) {
    idle(setup, "Soft");
}

pub fn hard_when_idle(setup: &Setup) {
    idle(setup, "Hard");
}

pub fn soft_while_charging(setup: &Setup) {
    charging(setup, "Soft");
}

pub fn hard_while_charging(setup: &Setup) {
    charging(setup, "Hard");
}
