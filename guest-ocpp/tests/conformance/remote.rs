//! Remote start and stop.

use guest_ocpp::host::Cable;
use guest_ocpp::testing::World;
use serde_json::json;

use crate::{Bench, charge};

fn start(world: &mut World) -> String {
    let answer = world.call(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "TAG1"}),
    );
    answer["status"].as_str().unwrap_or_default().to_owned()
}

pub fn tc_007_2(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("LocalPreAuthorize", "true")]);
    charge(&mut world, "TAG1");
    world.card("TAG1");
    world.unplug(1);
    world.run(2_000);
    world.plug(1);
    world.run(500);
    world.news();
    assert_eq!(start(&mut world), "Accepted");
    world.run(2_000);
    assert_eq!(world.news(), ["Start(TAG1)", "Status(1,Charging)"]);
}

pub fn tc_061_2(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("LocalPreAuthorize", "true")]);
    charge(&mut world, "TAG1");
    world.card("TAG1");
    world.unplug(1);
    world.run(2_000);
    assert_eq!(world.call("ClearCache", json!({}))["status"], "Accepted");
    world.plug(1);
    world.run(500);
    world.news();
    assert_eq!(start(&mut world), "Accepted");
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Authorize(TAG1)", "Start(TAG1)", "Status(1,Charging)"]
    );
}

pub fn tc_010(bench: Bench) {
    for (ask, expected) in [
        (
            "true",
            &["Authorize(TAG1)", "Start(TAG1)", "Status(1,Charging)"][..],
        ),
        ("false", &["Start(TAG1)", "Status(1,Charging)"][..]),
    ] {
        let mut world = bench.idle(Cable::Fixed, &[("AuthorizeRemoteTxRequests", ask)]);
        world.plug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        assert_eq!(start(&mut world), "Accepted");
        world.run(2_000);
        assert_eq!(world.news(), expected);
    }
}

pub fn tc_011_1(bench: Bench) {
    let mut world = bench.fixed();
    let key = world.call(
        "GetConfiguration",
        json!({"key": ["AuthorizeRemoteTxRequests"]}),
    );
    assert_eq!(key["configurationKey"][0]["value"], "true");
    assert_eq!(start(&mut world), "Accepted");
    world.run(1_000);
    assert_eq!(world.news(), ["Authorize(TAG1)", "Status(1,Preparing)"]);
    world.plug(1);
    world.run(2_000);
    assert_eq!(world.news(), ["Start(TAG1)", "Status(1,Charging)"]);
}

pub fn tc_011_2(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("ConnectionTimeOut", "20")]);
    assert_eq!(start(&mut world), "Accepted");
    world.run(1_000);
    assert_eq!(world.news(), ["Authorize(TAG1)", "Status(1,Preparing)"]);
    world.run(20_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
}

pub fn tc_012(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    assert_eq!(
        world.call("RemoteStopTransaction", json!({"transactionId": 1001}))["status"],
        "Accepted"
    );
    world.run(2_000);
    assert_eq!(world.news(), ["Stop(Remote)", "Status(1,Finishing)"]);
    assert_eq!(world.last("StopTransaction").payload["transactionId"], 1001);
}

pub fn tc_026(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    assert_eq!(start(&mut world), "Rejected");
    world.run(5_000);
    assert_eq!(world.news(), [""; 0]);
}

pub fn tc_027(bench: Bench) {
    let mut world = bench.fixed();
    world.plug(1);
    world.run(1_000);
    world.news();
    for connector in [0, -1, 9] {
        let answer = world.call(
            "RemoteStartTransaction",
            json!({"connectorId": connector, "idTag": "TAG1"}),
        );
        assert_eq!(answer["status"], "Rejected");
    }
    world.run(5_000);
    assert_eq!(world.news(), [""; 0]);
}

pub fn tc_028(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    assert_eq!(
        world.call("RemoteStopTransaction", json!({"transactionId": 999}))["status"],
        "Rejected"
    );
    world.run(5_000);
    assert_eq!(world.news(), [""; 0]);
}

pub fn tc_023_5(bench: Bench) {
    let mut world = bench.fixed();
    world
        .central
        .tags
        .insert("TAG1".to_owned(), json!({"status": "Invalid"}));
    world.plug(1);
    world.run(500);
    world.news();
    assert_eq!(start(&mut world), "Accepted");
    world.run(5_000);
    assert_eq!(world.news(), ["Authorize(TAG1)"]);
    assert_eq!(world.outlets[0].closings, 0);
}
