//! UnlockConnector.

use serde_json::json;

use crate::{Bench, charge};

pub fn tc_017_1(bench: Bench) {
    let mut world = bench.socket();
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "Unlocked"
    );
}

pub fn tc_017_2(bench: Bench) {
    let mut world = bench.fixed();
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "NotSupported"
    );
}

pub fn tc_018_1(bench: Bench) {
    let mut world = bench.socket();
    charge(&mut world, "TAG1");
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "Unlocked"
    );
    world.run(2_000);
    assert_eq!(world.news(), ["Stop(UnlockCommand)", "Status(1,Finishing)"]);
    world.unplug(1);
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
}

pub fn tc_018_2(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "NotSupported"
    );
    world.run(2_000);
    assert_eq!(world.news(), [""; 0], "the session goes on");
}

pub fn tc_030(bench: Bench) {
    let mut world = bench.socket();
    charge(&mut world, "TAG1");
    world.outlet(1).jammed = true;
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "UnlockFailed"
    );
}

pub fn tc_031(bench: Bench) {
    let mut world = bench.socket();
    for connector in [0, 9, -1] {
        assert_eq!(
            world.call("UnlockConnector", json!({"connectorId": connector}))["status"],
            "NotSupported"
        );
    }
}
