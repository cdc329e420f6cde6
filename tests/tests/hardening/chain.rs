//! A policy that is to keep somebody out, and crashes when that person comes.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, component};

#[test]
fn a_policy_that_crashes_is_not_skipped() {
    let central = CentralSystem::start().expect("a central system");
    let file = component("bad-policy").expect("a component");
    let config = Config::new(central.url())
        .policy("doorkeeper", Some(&file), "")
        .policy("standard", None, "");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    charger.control().card("BAD-TRAP").expect("a card");
    let status = charger.wait_status("a decision", |status| {
        status["decisions"].to_string().contains("BAD-TRAP")
    });
    let decision = &status["decisions"][0];
    assert_eq!(decision["verdict"], "reject", "{decision:#}");
    assert_eq!(decision["by"], "doorkeeper", "{decision:#}");
    // Whom it lets pass is asked about as ever.
    charger.control().card("GOOD").expect("a card");
    central.expect("Authorize", |p| p["idTag"] == "GOOD");
}
