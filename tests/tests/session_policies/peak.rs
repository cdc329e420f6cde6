//! `plugins/peak-hours` on a charger: a car that comes in a peak waits, and one that is
//! to charge at once does. What it plans hour by hour is tried by its own script.

use plugpoint_tests::charger::component;

use crate::offered;
use crate::stage::Setup;

const FULL: u32 = 32_000;

#[test]
fn a_car_waits_for_the_end_of_the_peak_unless_its_card_is_exempt() {
    let file = component("peak-hours").expect("the component");
    let stage = Setup { amnesia: false }.stage_with(1, |config| {
        config
            .set("trust.allow_unsigned", true)
            .set("charge_point.time_zone", "Europe/London")
            .policy("peak-hours", Some(&file), "pass")
            .policy_setting("peak", "mon-sun 00:00-24:00")
            .policy_setting("random_delay_s", "0")
            .policy_setting("exempt", "ATONCE")
            .policy("standard", None, "")
    });
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.card("WAITS");
    let start = stage
        .central
        .expect("StartTransaction", |it| it["idTag"] == "WAITS");
    stage.central.expect_status(1, "SuspendedEVSE");
    let connector = offered(&stage.charger, 0);
    assert_eq!(connector["limited_by"], "policy", "{connector:#}");
    let policy = &connector["limited_by_policy"];
    assert_eq!(policy["name"], "peak-hours", "{connector:#}");
    assert_eq!(connector["contactor"], "open", "{connector:#}");
    stage.card("WAITS");
    stage.expect_stop(stage.transaction_of(&start), "Local");
    stage.unplug(1);
    stage.central.expect_status(1, "Available");

    let transaction = stage.charge(1, "ATONCE");
    offered(&stage.charger, FULL);
    stage.card("ATONCE");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}
