//! A central system that makes the charger write to flash without end.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::tell;
use serde_json::json;

/// Ten writes in a second, and twenty at once.
fn stage() -> (CentralSystem, Config, Site, Charger) {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .set("storage.write_burst", 20)
        .set("storage.writes_per_hour", 36_000);
    let (site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    (central, config, site, charger)
}

/// Values that change to and fro.
fn changes(
    central: &CentralSystem,
    count: usize,
) -> Vec<plugpoint_tests::central_system::PendingCall> {
    let change = |n: usize| {
        let value = if n.is_multiple_of(2) { "30" } else { "31" };
        let call = json!({"key": "ConnectionTimeOut", "value": value});
        central
            .start_call("ChangeConfiguration", call)
            .expect("sent")
    };
    (0..count).map(change).collect()
}

#[test]
fn values_that_change_to_and_fro_do_not_wear_out_the_flash() {
    let (central, _config, _site, charger) = stage();
    let since = Instant::now();
    for call in changes(&central, 80) {
        // Each is answered, once it is on flash.
        let answer = call.wait().expect("an answer");
        assert_eq!(answer["status"], "Accepted");
    }
    let took = since.elapsed();
    let status = charger.status();
    tell(&format!("80 changes took {took:?}"));
    assert!(took > Duration::from_secs(4), "{took:?}");
    assert!(
        status["counters"]["frames_delayed"].as_u64() > Some(0),
        "{status:#}"
    );
}

#[test]
fn what_happens_at_the_charger_is_stored_meanwhile() {
    let (central, config, site, charger) = stage();
    charger.control().plug(1).expect("a car");
    charger.control().card("TAG1").expect("a card");
    central.expect_any("StartTransaction");
    central.expect_status(1, "Charging");
    let calls = changes(&central, 100);
    charger.wait_status("frames that wait", |status| {
        status["counters"]["frames_delayed"].as_u64() > Some(0)
    });
    charger.control().unplug(1).expect("gone");
    charger.wait_contactor(1, "open");
    charger.wait_connector(1, "a session that is over", |it| {
        it["shows"]["transaction"].is_null()
    });
    charger.kill();
    drop(calls);
    central.note_restart();
    let _charger = site.start(&config).expect("a charger");
    // Not as one that the power broke off.
    central.expect("StopTransaction", |p| p["reason"] == "EVDisconnected");
}
