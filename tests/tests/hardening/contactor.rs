//! Whoever starts and stops sessions in a loop, a user with a card or a central
//! system, wears out the contactor.

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, contactor_moves};

#[test]
fn sessions_in_a_loop_do_not_wear_out_the_contactor() {
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url())
        .set("contactor.interval_s", 0)
        .set("contactor.closings_per_hour", 3);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    for session in 1..=5 {
        charger.control().plug(1).expect("a car");
        charger.control().card("TAG1").expect("a card");
        central.expect_any("StartTransaction");
        // The transaction is as any other; the car waits for its energy.
        let connector = charger.wait_connector(1, "energy, or a wait for it", |it| {
            it["contactor"] == "closed" || it["paced"] == true
        });
        assert_eq!(connector["paced"], session > 3, "{session}: {connector:#}");
        if session > 3 {
            assert_eq!(connector["contactor"], "open", "{connector:#}");
            assert_eq!(connector["offered_ma"], 0, "{connector:#}");
        }
        charger.control().unplug(1).expect("gone");
        central.expect_any("StopTransaction");
        charger.wait_contactor(1, "open");
    }
    let printed = charger.kill();
    let closings = contactor_moves(&printed)
        .iter()
        .filter(|it| it.closed)
        .count();
    assert_eq!(closings, 3);
}
