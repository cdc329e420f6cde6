//! No protocol component runs: energy ends all the same, and the component hears of it
//! when there is one again.

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config};
use serde_json::Value;

use crate::offered_by_policy;
use crate::vendor::Vendor;

#[test]
fn a_session_ends_without_a_protocol_component() {
    let vendor = Vendor::new();
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["bad.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let (protocol, orders) = (vendor.file("bad-component"), vendor.file("bad-policy"));
    let config = vendor
        .trusted(Config::new(central.url()))
        .set("components.ocpp", protocol.to_string_lossy().into_owned())
        .policy("orders", Some(&orders), "pass")
        .policy_setting("on-start", "UNTIL-20000");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    let line = |wanted: &str| central.expect_text(wanted, |text| text.starts_with(wanted));
    line("hello LinkUp");
    charger.control().plug(1).expect("a car");
    line("plugged 1");
    central.send_text("permit 1 16000");
    line("permitted 1");
    charger.wait_contactor(1, "closed");
    // From now on nothing starts any more.
    central.send_text("die");
    line("dying");
    central.send_text("bad trap");
    let in_safe_mode = |status: &Value| status["components"][0]["safe_mode"].is_string();
    charger.wait_status("safe mode", in_safe_mode);
    offered_by_policy(&charger, 0);
    charger.wait_contactor(1, "open");

    let second = vendor.component("bad-component-second");
    let job = charger.install("ocpp", &second.wasm, Some(&second.signature), "");
    charger.wait_swapped(job.expect("a job"));
    line("session-ends 1 orders time-over");
    // It gives a permit for that session all the same.
    central.send_text("permit 1 16000");
    line("permitted 1");
    let connector = offered_by_policy(&charger, 0);
    assert_eq!(connector["contactor"], "open", "{connector:#}");
}
