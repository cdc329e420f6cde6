//! The power goes in the middle of a session that its protocol goes on with, and the
//! policy leaves the chain.

use plugpoint_tests::central_system::{CentralSystem, Settings};
use plugpoint_tests::charger::{Charger, Config, component};

use crate::{offered, offered_by_policy};

#[test]
fn what_a_policy_said_outlives_the_power_and_goes_with_its_place_in_the_chain() {
    let central = CentralSystem::start_with(Settings {
        subprotocols: vec!["toy.v1".to_owned()],
        ..Settings::default()
    })
    .expect("a central system");
    let toy = component("toy-protocol").expect("a component");
    let orders = component("bad-policy").expect("a component");
    let config = Config::new(central.url())
        .set("components.ocpp", toy.to_string_lossy().into_owned())
        .set("sim.persistent", true);
    let with = config
        .clone()
        .policy("orders", Some(&orders), "pass")
        .policy_setting("on-start", "LIMIT-10000");
    let (site, charger) = Charger::start(&with).expect("a charger");
    let line = |start: &str| central.expect_text(start, |text| text.starts_with(start));
    line("HELLO");
    charger.control().plug(1).expect("a car");
    line("MAYI 1");
    central.send_text("YES 1 16");
    line("BEGUN ");
    offered_by_policy(&charger, 10_000);
    let mut charger = charger;
    for _ in 0..2 {
        charger.kill();
        charger = site.start(&with).expect("a charger");
        line("HELLO");
        offered_by_policy(&charger, 10_000);
    }
    charger.kill();
    let charger = site.start(&config).expect("a charger");
    line("HELLO");
    let connector = offered(&charger, 16_000);
    assert_eq!(connector["policies"], serde_json::json!([]));
}
