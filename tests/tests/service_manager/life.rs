//! Ready, alive, hung, ending.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Config, LineBench, Site, component};
use serde_json::json;

use crate::notices::{Notices, PATIENCE};
use crate::stage::signal;

fn central() -> (CentralSystem, Site) {
    let central = CentralSystem::start().expect("a central system");
    (central, Site::new().expect("a place"))
}

#[test]
fn ready_then_alive_then_stopping() {
    let (central, site) = central();
    let (notices, charger) = Notices::start(&site, &Config::new(central.url()));
    notices.expect("READY=1");
    // What that promises: the control API serves, the components run.
    let status = charger.status();
    let components = status["components"].as_array().expect("components");
    assert_eq!(components.len(), 2, "{status:#}");
    assert!(
        components.iter().all(|it| it["state"] == "running"),
        "{status:#}"
    );
    for _ in 0..4 {
        notices.expect("WATCHDOG=1");
    }

    central.expect_status(1, "Available");
    charger.control().plug(1).expect("a car");
    charger.control().card("CARD1").expect("a card");
    central.expect_status(1, "Charging");
    let end = std::time::Instant::now() + PATIENCE;
    while !notices
        .expect("STATUS=")
        .contains("1 of 1 contactors closed")
    {
        assert!(std::time::Instant::now() < end, "no such status");
    }

    assert!(charger.stop().success());
    notices.expect("STOPPING=1");
    assert_eq!(
        notices.next(Duration::from_millis(1)),
        None,
        "the last word"
    );
}

#[test]
fn a_component_that_cannot_start_does_not_keep_the_charger_from_being_ready() {
    let (central, site) = central();
    // Less memory than it begins with.
    let config = Config::new(central.url()).policy("modest", None, "pass");
    let config = config.policy_limit("memory_kib", 64);
    let (notices, charger) = Notices::start(&site, &config);
    notices.expect("READY=1");
    let status = charger.status();
    assert!(
        status["components"].to_string().contains("last_failure"),
        "{status:#}"
    );
}

#[test]
fn a_process_that_is_stopped_is_silent() {
    let (central, site) = central();
    let (notices, charger) = Notices::start(&site, &Config::new(central.url()));
    notices.expect("WATCHDOG=1");
    signal("STOP", charger.process().id());
    notices.expect_silence();
    signal("CONT", charger.process().id());
    notices.expect("WATCHDOG=1");
}

#[test]
fn a_loop_that_hangs_is_silent() {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let site = Site::new().expect("a place");
    let file = component("bad-component").expect("a component");
    let config = Config::new(central.url())
        .set("components.ocpp", file.to_string_lossy().into_owned())
        .set("limits.ocpp.event_ms", 10_000);
    let (notices, charger) = Notices::start(&site, &config);
    central.expect_text("hello", |text| text.starts_with("hello"));
    notices.expect("WATCHDOG=1");
    // The loop waits for its component.
    central.send_text("bad loop");
    notices.expect_silence();
    // The rest of the process lives.
    assert_eq!(charger.status()["components"][0]["state"], "running");
    notices.expect("WATCHDOG=1");
}

/// Its thread is made to wait for ever in the middle of a turn: for a reader of
/// the file in which the pilot's duty cycle is written.
#[test]
fn a_safety_thread_that_hangs_makes_the_process_silent() {
    let (central, site) = central();
    let chip = LineBench::new(&site.file("chip"), &["K1", "ESTOP", "PLUG1", "CP1"]);
    let chip = chip.expect("a chip");
    let pwm = site.file("pwm");
    fs::create_dir_all(pwm.join("pwm0")).expect("a folder");
    let lines = format!(
        "contactor = 'K1', emergency_stop = 'ESTOP', plug_present = 'PLUG1', \
         energy_request = 'CP1' }}\npilot = {{ pwm = {{ chip = '{}' }}",
        pwm.display()
    );
    let config = Config::new(central.url())
        .gpio(&[&lines])
        .set("debug.line_bench", chip.path().to_str().expect("a path"));
    let (notices, charger) = Notices::start(&site, &config);
    central.expect_status(1, "Available");
    notices.expect("WATCHDOG=1");

    chip.set("PLUG1", true);
    central.expect_status(1, "Preparing");
    let duty_cycle = pwm.join("pwm0/duty_cycle");
    make_pipe(&duty_cycle);
    charger.control().card("CARD1").expect("a card");
    // A permit comes of that, and so a duty cycle.
    central.expect_any("StartTransaction");
    let hangs = charger
        .process()
        .wait_line("the safety thread hangs", PATIENCE);
    assert!(hangs.is_some(), "{:?}", charger.process().printed());
    notices.expect_silence();
    // The loop itself is as lively as ever.
    let asked = json!({"key": ["NumberOfConnectors"]});
    central.call("GetConfiguration", asked).expect("an answer");

    let written = fs::read_to_string(&duty_cycle).expect("what the thread waited to write");
    assert_eq!(written, "533333", "ns of 1 ms: 32 A");
    fs::remove_file(&duty_cycle).expect("the pipe");
    notices.expect("WATCHDOG=1");
}

/// In place of the file.
fn make_pipe(path: &Path) {
    fs::remove_file(path).expect("the file");
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|it| it.success()), "mkfifo");
}
