//! Reset, and what survives it.

use guest_ocpp::host::Cable;
use guest_ocpp::testing::World;
use serde_json::json;

use crate::{Bench, charge};

fn unavailable_over_reset(mut world: World, kind: &str) {
    let answer = world.call(
        "ChangeAvailability",
        json!({"connectorId": 1, "type": "Inoperative"}),
    );
    assert_eq!(answer["status"], "Accepted");
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Unavailable)"]);
    assert_eq!(
        world.call("Reset", json!({"type": kind}))["status"],
        "Accepted"
    );
    world.run(5_000);
    assert_eq!(world.restarts, 1);
    assert_eq!(
        world.news(),
        ["Boot", "Status(0,Available)", "Status(1,Unavailable)"]
    );
    let answer = world.call(
        "ChangeAvailability",
        json!({"connectorId": 1, "type": "Operative"}),
    );
    assert_eq!(answer["status"], "Accepted");
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
}

pub fn tc_013(bench: Bench) {
    unavailable_over_reset(bench.fixed(), "Hard");
}

pub fn tc_014(bench: Bench) {
    unavailable_over_reset(bench.fixed(), "Soft");
}

fn reset_while_charging(mut world: World, kind: &str, reason: &str) {
    charge(&mut world, "TAG1");
    assert_eq!(
        world.call("Reset", json!({"type": kind}))["status"],
        "Accepted"
    );
    world.run(5_000);
    assert_eq!(world.restarts, 1);
    assert_eq!(
        world.news(),
        [
            &format!("Stop({reason})"),
            "Status(1,Finishing)",
            "Boot",
            "Status(0,Available)",
            "Status(1,Preparing)"
        ]
    );
    assert_eq!(world.all("StopTransaction").len(), 1);
}

pub fn tc_015(bench: Bench) {
    reset_while_charging(bench.fixed(), "Hard", "HardReset");
}

pub fn tc_016(bench: Bench) {
    reset_while_charging(bench.fixed(), "Soft", "SoftReset");
}

pub fn tc_034(bench: Bench) {
    for cable in [Cable::Fixed, Cable::Socket] {
        let mut world = bench.idle(cable, &[]);
        let answer = world.call(
            "ChangeAvailability",
            json!({"connectorId": 0, "type": "Inoperative"}),
        );
        assert_eq!(answer["status"], "Accepted");
        world.run(1_000);
        assert_eq!(
            world.news(),
            ["Status(0,Unavailable)", "Status(1,Unavailable)"]
        );
        world.power_cycle();
        world.run(5_000);
        assert_eq!(
            world.news(),
            ["Boot", "Status(0,Unavailable)", "Status(1,Unavailable)"]
        );
    }
}
