//! Lines that cannot be used, and what the safety inputs and the contactor's own
//! contacts say.

use crate::stage::{ONE, PATIENCE, TWO, stage};

/// Connector 1 has a line that cannot be used; connector 2 charges.
fn check(lines: &str, occupied: Option<&str>, code: &str, kind: &str, text: &str) {
    let stage = stage([lines, TWO], occupied, |config, _| config);
    let told = stage.fault(1, ["Faulted", code], kind, text);
    let info = told.payload["info"].as_str().unwrap_or_default();
    assert!(
        text.starts_with(info) || info.contains(text),
        "what the central system is told is what the log says: {info:?}"
    );
    stage.central.expect_status(2, "Available");
    stage.charge(2, true);
    assert!(!stage.chip.level("K1"));
    stage.one_message(text);
}

#[test]
fn a_contactor_with_a_wrong_name() {
    let text = "line \"K9\": no GPIO chip has a line of this name";
    let lines = ONE.replace("'K1'", "'K9'");
    check(
        &lines,
        None,
        "PowerSwitchFailure",
        "contactor-failure",
        text,
    );
}

#[test]
fn a_contactor_that_somebody_else_has() {
    let text = "line \"K1\" is busy: it is used by \"somebody else\"";
    check(
        ONE,
        Some("K1"),
        "PowerSwitchFailure",
        "contactor-failure",
        text,
    );
}

#[test]
fn a_safety_input_with_a_wrong_name() {
    let text = "line \"RCD9\": no GPIO chip has a line of this name";
    let lines = ONE.replace("'RCD1'", "'RCD9'");
    check(&lines, None, "InternalError", "internal", text);
}

#[test]
fn an_energy_request_that_somebody_else_has() {
    let text = "line \"CP1\" is busy: it is used by \"somebody else\"";
    check(ONE, Some("CP1"), "InternalError", "internal", text);
}

#[test]
fn a_residual_current_while_a_car_charges() {
    let stage = stage([ONE, TWO], None, |config, _| config);
    stage.charge(1, true);
    stage.charge(2, true);
    stage.chip.set("RCD1", true);
    stage.chip.wait("K1", false, PATIENCE);
    stage.fault(
        1,
        ["Faulted", "GroundFailure"],
        "ground-failure",
        "residual current",
    );
    stage.one_message("fault: ground-failure (residual current)");
    assert!(stage.chip.level("K2"), "the other connector charges on");
    stage.chip.set("RCD1", false);
    stage.one_message("over: ground-failure (residual current)");
    stage
        .charger
        .wait_connector(1, "no fault", |it| it["faults"][0].is_null());
}

#[test]
fn an_emergency_stop_is_all_outlets_business() {
    let stage = stage([ONE, TWO], None, |config, _| config);
    stage.charge(2, true);
    stage.chip.set("ESTOP", true);
    stage.chip.wait("K2", false, PATIENCE);
    for connector in [1, 2] {
        let told = stage.fault(connector, ["Faulted", "OtherError"], "emergency-stop", "");
        assert_eq!(told.payload["vendorErrorCode"], "EmergencyStop");
        stage.one_message(&format!("fault: emergency-stop outlet={connector}"));
    }
}

#[test]
fn a_contactor_that_does_not_close() {
    let lines = format!("{ONE}, contactor_feedback = 'K1_FB'");
    let stage = stage([&lines, TWO], None, |config, _| config);
    stage.chip.set("PLUG1", true);
    stage.central.expect_status(1, "Preparing");
    stage.chip.set("CP1", true);
    let card = stage.charger.control().card_at(1, "04A1B2C3");
    card.expect("a card");
    // Until the permit is taken back for it: the next car may try again.
    let told = stage.told(1, "Faulted", "PowerSwitchFailure");
    assert_eq!(told.payload["info"], "contactor does not close");
    stage.chip.wait("K1", false, PATIENCE);
    stage.one_message("fault: contactor-failure (contactor does not close)");
    stage.charge(2, true);
}
