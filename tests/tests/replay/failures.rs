//! Traps, limits and commits that failed, in a record.

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, Site, component};
use serde_json::json;

use crate::desk::{assert_same, record_of, report};
use crate::disk::limit_files;

fn say(central: &CentralSystem, text: &str, answer: &str) {
    central.send_text(text);
    central.expect_text(answer, |it| it.starts_with(answer));
}

/// A charger with the component that does whatever is wrong.
fn bad_charger() -> (CentralSystem, Site, Charger) {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    });
    let central = central.expect("a central system");
    let file = component("bad-component").expect("a component");
    let config = Config::new(central.url()).set("components.ocpp", file.to_string_lossy().as_ref());
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_opened();
    (central, site, charger)
}

/// All else waits for company.
#[test]
fn a_failure_is_in_the_record_of_a_process_that_is_killed() {
    let (central, site, charger) = bad_charger();
    let mut bytes = None;
    for (mode, failure) in [("panic", "trap"), ("memory", "memory"), ("panic", "trap")] {
        say(&central, "ping", "pong");
        let event = format!("dropped frame 1 {failure}");
        say(&central, &format!("bad {mode}"), &event);
        let status = charger.wait_status("a failure that is written", |it| {
            it["components"][0]["record"]["bytes"].as_u64() > bytes
        });
        bytes = status["components"][0]["record"]["bytes"].as_u64();
    }
    charger.kill();
    let report = assert_same(&record_of(&site, "ocpp"), "bad-component", &[]);
    assert!(report["starts"].as_u64() >= Some(3), "{report:#}");
    assert!(report["events"].as_u64() >= Some(9), "{report:#}");
}

#[test]
fn what_failed_then_fails_again() {
    let (central, site, charger) = bad_charger();
    say(&central, "ping", "pong 1");
    for (mode, failure) in [
        ("panic", "trap"),
        ("memory", "memory"),
        ("unknown-outlet", "invalid"),
        ("actions-many", "limit"),
        ("loop", "time"),
    ] {
        let event = format!("dropped frame 1 {failure}");
        say(&central, &format!("bad {mode}"), &event);
        say(&central, "ping", "pong");
    }
    assert!(charger.stop().success());
    let record = record_of(&site, "ocpp");
    let report = assert_same(&record, "bad-component", &[]);
    assert!(report["starts"].as_u64() >= Some(6), "{report:#}");
    // How long a call may take is the machine's business.
    assert_eq!(report["left_out"], 1, "{report:#}");
    assert!(report["notes"].to_string().contains("time"), "{report:#}");

    // A build that does not fail there differs there.
    let (code, found) = self::report(&record, "toy-protocol", &[]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(found["first"][0]["kind"], "start", "{found:#}");
}

#[test]
fn a_commit_that_failed_is_undone_there_too() {
    let central = CentralSystem::start().expect("a central system");
    let site = Site::new().expect("a place");
    let config = Config::new(central.url());
    let charger = site.start_with_limited_disk(&config).expect("a charger");
    central.expect_status(1, "Available");
    let change = |n: u32| {
        let value = (60 + n % 40).to_string();
        let payload = json!({"key": "ConnectionTimeOut", "value": value});
        central.call("ChangeConfiguration", payload)
    };
    // The database's log grows beyond this soon, the record does not.
    limit_files(&charger, "100000");
    let is_kept = |n: u32| change(n).is_ok_and(|it| it["status"] == "Accepted");
    let failed = (0..500).find(|n| !is_kept(*n));
    failed.expect("a commit that fails");
    limit_files(&charger, "unlimited");
    // Whoever does not undo it answers otherwise.
    let key = json!({"key": ["ConnectionTimeOut"]});
    central.call("GetConfiguration", key).expect("an answer");
    charger.wait_status("a storage that works", |it| {
        is_kept(1) && it["storage"]["failing"].is_null()
    });
    let restarts = charger.slot("ocpp")["restarts"].clone();
    assert!(restarts.as_u64() > Some(0), "{restarts}");
    charger.wait_status("a record", |it| {
        it["components"][0]["record"]["state"] == "on"
    });
    for n in 0..10 {
        change(n).expect("an answer");
        let key = json!({"key": ["ConnectionTimeOut"]});
        central.call("GetConfiguration", key).expect("an answer");
    }
    assert!(charger.stop().success());
    let report = assert_same(&record_of(&site, "ocpp"), "guest-ocpp", &[]);
    assert!(report["starts"].as_u64() > restarts.as_u64(), "{report:#}");
}
