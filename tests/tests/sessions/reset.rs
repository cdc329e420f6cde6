//! Reset (TC_013 to 016): everything inside the process begins anew, the
//! process and the car stay, unless the configuration wants more of a hard one.

use std::time::Duration;

use plugpoint_tests::charger::Config;
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

/// A charger whose hard reset is of more than what is inside the process, in a session.
fn of_more(setup: &Setup, edit: impl FnOnce(Config) -> Config) -> (Stage, i64) {
    let stage = setup.stage_with(1, edit);
    let transaction = stage.charge(1, "CARD1");
    (stage, transaction)
}

/// The process has ended in good order, and the next one goes through the boot.
fn expect_another_process(stage: Stage) {
    let Stage {
        central,
        charger,
        site,
        config,
        ..
    } = stage;
    let ended = charger.wait_end();
    assert!(ended.success(), "{ended}");
    let _charger = site.start(&config).expect("a charger");
    central.expect_opened();
    central.expect_any("BootNotification");
}

pub fn hard_of_the_process(setup: &Setup) {
    let of_process = |config: Config| config.set("charge_point.hard_reset", "process");
    let (stage, transaction) = of_more(setup, of_process);
    reset(&stage, "Soft");
    stage.expect_stop(transaction, "SoftReset");
    stage.central.expect_opened();
    stage.central.expect_any("BootNotification");
    assert!(!stage.charger.process().has_ended(), "by a soft reset");
    stage.ask_status("Reset", json!({"type": "Hard"}), "Accepted");
    expect_another_process(stage);
}

pub fn hard_of_the_board(setup: &Setup) {
    let place = tempfile::tempdir().expect("a place");
    let mark = place.path().join("rebooted");
    let command = vec!["touch".to_owned(), mark.to_string_lossy().into_owned()];
    let of_board = |config: Config| {
        config
            .set("charge_point.hard_reset", "board")
            .set("installer.reboot", command)
    };
    let (stage, transaction) = of_more(setup, of_board);
    reset(&stage, "Hard");
    stage.expect_stop(transaction, "HardReset");
    expect_another_process(stage);
    assert!(mark.exists(), "the command has run");
}

pub fn hard_of_a_board_that_does_not_reboot(setup: &Setup) {
    let of_board = |config: Config| {
        config
            .set("charge_point.hard_reset", "board")
            .set("installer.reboot", vec!["false".to_owned()])
    };
    let (stage, transaction) = of_more(setup, of_board);
    reset(&stage, "Hard");
    stage.expect_stop(transaction, "HardReset");
    // All the same it has to begin anew.
    stage.central.expect_opened();
    stage.central.expect_any("BootNotification");
    let said = stage.charger.process().wait_line(
        "the board is not rebooted: false ended",
        Duration::from_secs(20),
    );
    assert!(said.is_some());
}
