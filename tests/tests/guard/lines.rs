//! Lines that cannot be used, and contactors that do not obey: one clear message
//! each, a fault of the fitting kind, and everything else works.

use plugpoint_tests::charger::Charger;

use crate::stage::{ONE, PATIENCE, Stage, TWO, place};

/// Connector 1 has this fault; connector 2 charges.
fn check(edit_one: &str, with: &str, busy: Option<&str>, kind: &str, text: &str) {
    let one = ONE.replace(edit_one, with);
    let (site, chip, central, config) = place(&[&one, TWO]);
    if let Some(line) = busy {
        chip.occupy(line);
    }
    let charger = site.start(&config).expect("a charger all the same");
    let stage = Stage {
        chip,
        charger,
        central,
        config,
        site,
    };
    stage.line("hello");
    fault(&stage.charger, kind, text);
    assert_eq!(stage.logged(text), 1, "one message");
    stage.charge(2);
    assert!(!stage.chip.level("K1"));
}

fn fault(charger: &Charger, kind: &str, text: &str) {
    let status = charger.wait_connector(1, kind, |c| c["faults"][0]["kind"] == kind);
    let shown = status["faults"][0]["text"].as_str().unwrap_or_default();
    assert!(shown.contains(text), "{status}");
}

#[test]
fn a_contactor_whose_line_there_is_not() {
    let text = "line \"K9\": no GPIO chip has a line of this name";
    check("'K1'", "'K9'", None, "contactor-failure", text);
}

#[test]
fn a_contactor_whose_line_is_busy() {
    let text = "line \"K1\" is busy: it is used by \"somebody else\"";
    check("'K1'", "'K1'", Some("K1"), "contactor-failure", text);
}

#[test]
fn an_input_whose_line_there_is_not() {
    let text = "line \"RCD9\": no GPIO chip has a line of this name";
    check("'RCD1'", "'RCD9'", None, "internal", text);
    check("'CP1'", "'CP9'", None, "internal", "line \"CP9\"");
}

#[test]
fn a_lamp_that_cannot_be_lit_keeps_nobody_from_charging() {
    let stage = Stage::new(&[ONE], |config| {
        config.lamp("LED", "charging").lamp("LAMP9", "charging")
    });
    assert_eq!(stage.logged("a lamp stays dark: line \"LAMP9\""), 1);
    stage.charge(1);
}

#[test]
fn a_contactor_that_is_welded() {
    let one = format!("{ONE}, contactor_feedback = 'K1_FB'");
    let stage = Stage::new(&[&one], |config| config);
    stage.close(1);
    stage.chip.set("K1_FB", true);
    stage.charger.wait_contactor(1, "closed");
    stage.central.send_text("revoke 1");
    stage.chip.wait("K1", false, PATIENCE);
    fault(&stage.charger, "contactor-failure", "does not open");
    stage.chip.set("K1_FB", false);
    stage
        .charger
        .wait_connector(1, "no fault", |c| c["faults"][0].is_null());
}

#[test]
fn a_contactor_that_does_not_close() {
    let one = format!("{ONE}, contactor_feedback = 'K1_FB'");
    let stage = Stage::new(&[&one], |config| config);
    stage.close(1);
    fault(&stage.charger, "contactor-failure", "does not close");
    stage.chip.wait("K1", false, PATIENCE);
}

#[test]
fn what_a_process_before_left_closed_is_opened_at_the_start() {
    let (site, chip, _central, config) = place(&[ONE]);
    chip.set("K1", true);
    let _charger = site.start(&config).expect("a charger");
    chip.wait("K1", false, PATIENCE);
}
