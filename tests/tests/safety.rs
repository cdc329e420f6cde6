//! Safety waits for nobody: while the protocol component spins through its
//! whole budget and the database takes nothing, unplug, fault and emergency
//! stop open the contactor. How fast, the benchmark measures; here it must be
//! long before anything else moves again.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Config, Control, ControlFailure, Site, component};
use plugpoint_tests::tell;
use serde_json::Value;

/// How long the component may spin.
const BUDGET: Duration = Duration::from_secs(2);
/// Far more than it takes, and far less than the budget.
const AT_ONCE: Duration = Duration::from_millis(500);

fn check(stop: impl Fn(&Control) -> Result<Value, ControlFailure>) {
    // The loop waits for the component, or for a commit.
    check_while("bad loop", &stop);
    check_while("ping", &stop);
}

fn check_while(held_up_by: &str, stop: &impl Fn(&Control) -> Result<Value, ControlFailure>) {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let file = component("bad-component").expect("a component");
    let config = Config::new(central.url())
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set("limits.ocpp.event_ms", BUDGET.as_millis() as i64);
    let site = Site::new().expect("a place");
    let block = site.file("block");
    let config = config.set("debug.block_store", block.to_string_lossy().into_owned());
    let charger = site.start(&config).expect("a charger");
    let line = |start: &str| central.expect_text(start, |text| text.starts_with(start));
    line("hello");
    charger.control().plug(1).expect("a car");
    line("plugged 1");
    central.send_text("permit 1 16000");
    line("permitted 1");
    charger.wait_contactor(1, "closed");

    std::fs::write(&block, "").expect("the database blocked");
    let begin = Instant::now();
    if held_up_by == "ping" {
        // Handled, and then the database does not answer.
        central.send_text(held_up_by);
        let taken = charger
            .events()
            .wait_for(0, "frame", AT_ONCE, |frame| frame["text"] == held_up_by);
        assert!(taken.is_some(), "the loop has taken the frame");
    } else {
        charger.wait_spinning(|| central.send_text(held_up_by));
    }
    let asked = Instant::now();
    stop(charger.control()).expect("done");
    while charger.connector(1)["contactor"] != "open" {
        assert!(asked.elapsed() < AT_ONCE, "the contactor is still closed");
    }
    tell(&format!(
        "held up by {held_up_by:?}: open after {:?}",
        asked.elapsed()
    ));
    // The loop was held up all the time, and goes on.
    let so_far = central.journal().transcript();
    assert!(
        !so_far.contains("pong") && !so_far.contains("dropped"),
        "{so_far}"
    );
    std::fs::remove_file(&block).expect("the database back");
    if held_up_by == "ping" {
        line("pong 1");
    } else {
        line("dropped frame");
        assert!(begin.elapsed() >= BUDGET);
    }
    assert!(charger.is_alive());
}

#[test]
fn unplug_opens_the_contactor() {
    check(|control| control.unplug(1));
}

#[test]
fn a_fault_opens_the_contactor() {
    check(|control| control.fault(1, "GroundFailure"));
}

#[test]
fn the_emergency_stop_opens_the_contactor() {
    check(|control| control.emergency_stop(true));
}
