//! Start and stop with cards, the cache, the lock, faults.

use guest_ocpp::host::{Cable, FaultKind};
use serde_json::json;

use crate::{Bench, charge};

pub fn tc_003(bench: Bench) {
    let mut world = bench.fixed();
    world.plug(1);
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Preparing)"]);
    world.card("TAG1");
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Authorize(TAG1)", "Start(TAG1)", "Status(1,Charging)"]
    );
    assert_eq!(world.last("StartTransaction").payload["connectorId"], 1);
}

pub fn tc_004_1(bench: Bench) {
    let mut world = bench.fixed();
    world.card("TAG1");
    world.run(1_000);
    assert_eq!(world.news(), ["Authorize(TAG1)", "Status(1,Preparing)"]);
    world.run(5_000);
    world.plug(1);
    world.run(2_000);
    assert_eq!(world.news(), ["Start(TAG1)", "Status(1,Charging)"]);
}

pub fn tc_004_2(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("ConnectionTimeOut", "20")]);
    world.card("TAG1");
    world.run(19_000);
    assert_eq!(world.news(), ["Authorize(TAG1)", "Status(1,Preparing)"]);
    world.run(2_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
    world.plug(1);
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Status(1,Preparing)"],
        "the card is forgotten"
    );
}

pub fn tc_068(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    world.card("OTHER");
    world.run(5_000);
    assert_eq!(world.news(), [""; 0]);
    world.card("TAG1");
    world.run(2_000);
    assert_eq!(world.news(), ["Stop(Local)", "Status(1,Finishing)"]);
    assert_eq!(world.last("StopTransaction").payload["idTag"], "TAG1");
}

pub fn tc_069(bench: Bench) {
    let mut world = bench.fixed();
    for tag in ["TAG1", "TAG2"] {
        world.central.tags.insert(
            tag.to_owned(),
            json!({"status": "Accepted", "parentIdTag": "FAMILY"}),
        );
    }
    world.central.tags.insert(
        "OTHER".to_owned(),
        json!({"status": "Accepted", "parentIdTag": "NEIGHBOUR"}),
    );
    charge(&mut world, "TAG1");
    world.card("OTHER");
    world.run(2_000);
    assert_eq!(world.news(), ["Authorize(OTHER)"]);
    world.card("TAG2");
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Authorize(TAG2)", "Stop(Local)", "Status(1,Finishing)"]
    );
    assert_eq!(world.last("StopTransaction").payload["idTag"], "TAG2");
}

pub fn tc_005_1(bench: Bench) {
    let mut world = bench.socket();
    charge(&mut world, "TAG1");
    world.unplug_car(1);
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Stop(EVDisconnected)", "Status(1,Finishing)"]
    );
    assert_eq!(
        world.outlet(1).state.lock,
        guest_ocpp::host::LockState::Unlocked
    );
    world.unplug(1);
    world.run(2_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
}

pub fn tc_005_2_fixed(bench: Bench) {
    let mut world = bench.fixed();
    charge(&mut world, "TAG1");
    world.unplug(1);
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Stop(EVDisconnected)", "Status(1,Available)"]
    );
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "NotSupported"
    );
}

pub fn tc_005_2_socket(bench: Bench) {
    let mut world = bench.idle(
        Cable::Socket,
        &[("UnlockConnectorOnEVSideDisconnect", "false")],
    );
    charge(&mut world, "TAG1");
    world.unplug_car(1);
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Stop(EVDisconnected)", "Status(1,Finishing)"]
    );
    assert_eq!(
        world.outlet(1).state.lock,
        guest_ocpp::host::LockState::Locked
    );
    assert_eq!(
        world.call("UnlockConnector", json!({"connectorId": 1}))["status"],
        "Unlocked"
    );
}

pub fn tc_005_3_fixed(bench: Bench) {
    let mut world = bench.idle(
        Cable::Fixed,
        &[("StopTransactionOnEVSideDisconnect", "false")],
    );
    charge(&mut world, "TAG1");
    world.unplug(1);
    world.run(2_000);
    assert_eq!(world.news(), ["Status(1,SuspendedEV)"]);
    assert_eq!(
        world.last("StatusNotification").payload["info"],
        "EV side disconnected"
    );
    assert_eq!(
        world.call("RemoteStopTransaction", json!({"transactionId": 1001}))["status"],
        "Accepted"
    );
    world.run(2_000);
    assert_eq!(world.news(), ["Stop(Remote)", "Status(1,Available)"]);
}

pub fn tc_005_3_socket(bench: Bench) {
    let mut world = bench.idle(
        Cable::Socket,
        &[("StopTransactionOnEVSideDisconnect", "false")],
    );
    charge(&mut world, "TAG1");
    world.unplug_car(1);
    world.run(2_000);
    assert_eq!(world.news(), ["Status(1,SuspendedEV)"]);
    assert_eq!(
        world.call("RemoteStopTransaction", json!({"transactionId": 1001}))["status"],
        "Accepted"
    );
    world.run(2_000);
    assert_eq!(world.news(), ["Stop(Remote)", "Status(1,Finishing)"]);
}

pub fn tc_007_1(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("LocalPreAuthorize", "true")]);
    charge(&mut world, "TAG1");
    world.card("TAG1");
    world.unplug(1);
    world.run(2_000);
    world.news();
    world.plug(1);
    world.card("TAG1");
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Status(1,Preparing)", "Start(TAG1)", "Status(1,Charging)"]
    );
}

pub fn tc_061_1(bench: Bench) {
    let mut world = bench.idle(Cable::Fixed, &[("LocalPreAuthorize", "true")]);
    charge(&mut world, "TAG1");
    world.card("TAG1");
    world.unplug(1);
    world.run(2_000);
    world.news();
    assert_eq!(world.call("ClearCache", json!({}))["status"], "Accepted");
    world.plug(1);
    world.card("TAG1");
    world.run(2_000);
    assert_eq!(
        world.news(),
        [
            "Status(1,Preparing)",
            "Authorize(TAG1)",
            "Start(TAG1)",
            "Status(1,Charging)"
        ]
    );
}

pub fn tc_023_4(bench: Bench) {
    let mut world = bench.fixed();
    for status in ["Invalid", "Blocked", "Expired", "ConcurrentTx"] {
        world
            .central
            .tags
            .insert("BAD".to_owned(), json!({"status": status}));
        world.plug(1);
        world.card("BAD");
        world.run(5_000);
        assert_eq!(world.news(), ["Status(1,Preparing)", "Authorize(BAD)"]);
        world.unplug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Available)"]);
    }
    assert_eq!(world.outlets[0].closings, 0);
}

pub fn tc_024(bench: Bench) {
    let mut world = bench.socket();
    world.outlet(1).jammed = true;
    world.plug(1);
    world.run(500);
    world.news();
    assert_eq!(
        world.call(
            "RemoteStartTransaction",
            json!({"connectorId": 1, "idTag": "TAG1"})
        )["status"],
        "Accepted"
    );
    world.run(5_000);
    assert_eq!(world.news(), ["Authorize(TAG1)", "Status(1,Faulted)"]);
    assert_eq!(
        world.last("StatusNotification").payload["errorCode"],
        "ConnectorLockFailure"
    );
    assert_eq!(world.outlets[0].closings, 0);
    world.outlet(1).jammed = false;
    world.unplug(1);
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Available)"]);
    charge(&mut world, "TAG1");
}

pub fn tc_041(bench: Bench) {
    let mut world = bench.fixed();
    world.set_fault(1, Some(FaultKind::GroundFailure));
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Faulted)"]);
    assert_eq!(
        world.last("StatusNotification").payload["errorCode"],
        "GroundFailure"
    );
    world.plug(1);
    world.card("TAG1");
    assert_eq!(
        world.call(
            "RemoteStartTransaction",
            json!({"connectorId": 1, "idTag": "TAG1"})
        )["status"],
        "Rejected"
    );
    world.run(60_000);
    assert_eq!(world.news(), [""; 0]);
    world.set_fault(1, None);
    world.run(1_000);
    assert_eq!(world.news(), ["Status(1,Preparing)"]);
    assert_eq!(world.outlets[0].closings, 0);
}
