//! The guard of the contactors, as it is: two processes, killed and stopped, on
//! a chip that the test plays. How fast on a real kernel: `tests/tests/board`.

mod lines;
mod stage;

use std::time::{Duration, Instant};

use plugpoint_tests::tell;
use stage::{BOUND, ONE, PATIENCE, Stage, TWO, signal};

/// An input opens the contactor without anybody's heartbeat running out: the
/// bound is made so long that it would show.
fn check_input(line: &str, level: bool, stopped: bool) {
    let stage = Stage::charging(|config| config.set("guard.bound_ms", 5_000));
    if stopped {
        signal("STOP", stage.main());
    }
    let at = stage.chip.set(line, level);
    let opened = stage.chip.wait("K1", false, PATIENCE);
    let took = opened.saturating_duration_since(at);
    tell(&format!(
        "{line} (main stopped: {stopped}): open after {took:?}"
    ));
    assert!(took < Duration::from_secs(2), "{took:?}");
    if stopped {
        signal("CONT", stage.main());
    }
    stage.charger.wait_contactor(1, "open");
    // It goes as it came, and the permit is still there.
    stage.chip.set(line, !level);
    if line != "PLUG1" {
        stage.chip.wait("K1", true, PATIENCE);
    }
}

#[test]
fn the_emergency_stop_opens_at_once() {
    check_input("ESTOP", true, false);
}

#[test]
fn the_emergency_stop_opens_at_once_while_the_main_process_is_stopped() {
    check_input("ESTOP", true, true);
}

#[test]
fn a_residual_current_opens_at_once() {
    check_input("RCD1", true, false);
}

#[test]
fn a_residual_current_opens_at_once_while_the_main_process_is_stopped() {
    check_input("RCD1", true, true);
}

#[test]
fn unplugging_opens_at_once() {
    check_input("PLUG1", false, false);
}

#[test]
fn unplugging_opens_at_once_while_the_main_process_is_stopped() {
    check_input("PLUG1", false, true);
}

#[test]
fn a_touch_of_the_emergency_stop_that_nobody_else_saw_opens() {
    let stage = Stage::charging(|config| config.set("guard.bound_ms", 5_000));
    signal("STOP", stage.main());
    stage.chip.set("ESTOP", true);
    stage.chip.set("ESTOP", false);
    stage.chip.wait("K1", false, PATIENCE);
    signal("CONT", stage.main());
    // The main process has learnt of it: it permits anew.
    stage.chip.wait("K1", true, PATIENCE);
    stage.charger.wait_contactor(1, "closed");
}

#[test]
fn a_main_process_that_hangs_loses_the_contactor_within_the_bound() {
    let stage = Stage::charging(|config| config);
    let at = Instant::now();
    signal("STOP", stage.main());
    let opened = stage.chip.wait("K1", false, PATIENCE);
    let took = opened.saturating_duration_since(at);
    tell(&format!("main process stopped: open after {took:?}"));
    assert!(took < BOUND + Duration::from_secs(1), "{took:?}");
    signal("CONT", stage.main());
    // Back to life, it goes on.
    stage.chip.wait("K1", true, PATIENCE);
    assert!(stage.charger.is_alive());
}

#[test]
fn a_main_process_that_is_killed_loses_the_contactor_and_the_next_gets_the_lines() {
    let stage = Stage::charging(|config| config.set("guard.bound_ms", 5_000));
    let Stage {
        chip,
        charger,
        central,
        config,
        site,
    } = stage;
    let at = Instant::now();
    let printed = charger.kill();
    let took = chip
        .wait("K1", false, PATIENCE)
        .saturating_duration_since(at);
    tell(&format!("main process killed: open after {took:?}"));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(
        printed
            .iter()
            .any(|line| line.contains("all contactors are open"))
    );
    let _charger = site.start(&config).expect("the next charger");
    central.expect_text("hello again", |text| text.starts_with("hello"));
    assert!(!chip.level("K1"));
}

#[test]
fn a_guard_that_is_killed_is_replaced_and_its_contactor_opened() {
    let stage = Stage::charging(|config| config);
    let before = stage.guard();
    let at = Instant::now();
    signal("KILL", before);
    let opened = stage.chip.wait("K1", false, PATIENCE);
    tell(&format!("guard killed: open after {:?}", opened - at));
    assert!(opened.saturating_duration_since(at) < Duration::from_secs(2));
    stage.chip.wait("K1", true, PATIENCE);
    assert_ne!(stage.guard(), before);
    assert_eq!(stage.logged("its contactors are taken back and opened"), 1);
    // By the guard, by the main process in its place, and by the next guard.
    assert_eq!(stage.chip.taken("K1"), 3);
    let status = stage.charger.wait_contactor(1, "closed");
    assert_eq!(
        status["faults"].as_array().map(Vec::len),
        Some(0),
        "{status}"
    );
}

#[test]
fn a_guard_that_hangs_is_killed_and_replaced() {
    let stage = Stage::charging(|config| config);
    signal("STOP", stage.guard());
    stage.chip.wait("K1", false, PATIENCE);
    // The contactor comes first, the words behind it.
    let words = "did not answer and was killed";
    stage.charger.process().wait_line(words, PATIENCE);
    assert_eq!(stage.logged(words), 1);
    stage.chip.wait("K1", true, PATIENCE);
}

#[test]
fn after_a_machine_stood_still_no_guard_is_blamed() {
    // A heartbeat in half a second.
    let stage = Stage::charging(|config| config.set("guard.bound_ms", 2_000));
    let guard = stage.guard();
    // The guard first, so that it owes an answer; then all for longer than that
    // may take.
    signal("STOP", guard);
    std::thread::sleep(Duration::from_millis(600));
    signal("STOP", stage.main());
    std::thread::sleep(Duration::from_millis(2_500));
    signal("CONT", guard);
    signal("CONT", stage.main());
    // Both are at work again.
    stage.chip.set("ESTOP", true);
    stage.chip.wait("K1", false, PATIENCE);
    stage.charger.wait_contactor(1, "open");
    stage.chip.set("ESTOP", false);
    stage.chip.wait("K1", true, PATIENCE);
    assert_eq!(stage.logged("did not answer and was killed"), 0);
    assert_eq!(stage.guard(), guard);
}

#[test]
fn a_guest_that_spins_changes_nothing() {
    let stage = Stage::charging(|config| {
        config
            .set("guard.bound_ms", 5_000)
            .set("limits.ocpp.event_ms", 5_000)
    });
    stage.central.send_text("bad loop");
    let at = stage.chip.set("ESTOP", true);
    let took = stage.chip.wait("K1", false, PATIENCE) - at;
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn the_end_in_good_order_opens_and_leaves_nobody_behind() {
    let stage = Stage::charging(|config| config);
    let guard = stage.guard();
    let chip = stage.chip.clone();
    // As a service manager does: to all processes of the service.
    signal("TERM", guard);
    // The end of its output is waited for, which the guard shares.
    assert!(stage.charger.stop().success());
    assert!(!chip.level("K1"));
}

#[test]
fn each_outlet_has_its_own_inputs_but_the_emergency_stop() {
    let stage = Stage::new(&[ONE, TWO], |config| config);
    stage.charge(1);
    stage.charge(2);
    stage.chip.set("RCD2", true);
    stage.chip.wait("K2", false, PATIENCE);
    stage.charger.wait_connector(2, "its fault", |c| {
        c["faults"][0]["kind"] == "ground-failure"
    });
    assert!(stage.chip.level("K1"));
    stage.chip.set("ESTOP", true);
    stage.chip.wait("K1", false, PATIENCE);
    let status = stage.charger.wait_connector(1, "the emergency stop", |c| {
        c["faults"][0]["kind"] == "emergency-stop"
    });
    assert_eq!(status["contactor"], "open");
}
