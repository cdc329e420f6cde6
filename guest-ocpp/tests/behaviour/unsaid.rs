//! What messages alone do not show of the certification's cases: contactors,
//! locks, registers, and the exact time. The cases themselves are in the
//! workspace's conformance suite.

use plugpoint_guest::protocol::{Cable, FaultKind, LockState};
use plugpoint_ocpp_world::{Reply, Settings, World};
use serde_json::json;

use crate::{charge, fixed, worlds};

fn refused(world: &mut World, tag: &str) {
    let info = json!({"status": "Invalid"});
    world.central.tags.insert(tag.to_owned(), info);
}

/// TC_001, TC_002: what is asked too early, and heartbeats to the millisecond.
#[test]
fn a_registration_that_is_not_accepted() {
    for (word, answers) in [("Rejected", 0), ("Pending", 1)] {
        let mut world = World::new(Settings::default());
        world.central.interval = 10;
        let later = json!({"status": word, "currentTime": "2026-11-22T12:00:00Z", "interval": 20});
        world.central.plan("BootNotification", Reply::Result(later));
        world.run(19_000);
        assert_eq!(world.news(), ["Boot"]);
        let request = r#"[2,"x","RemoteStartTransaction",{"idTag":"TAG1","connectorId":1}]"#;
        world.frame(request);
        world.run(500);
        assert_eq!(world.answers.len(), answers, "{word}");
        assert!(world.answers.values().all(|it| it["status"] == "Rejected"));
        world.run(2_000);
        world.news();
        world.run(30_000);
        let beats: Vec<u64> = world
            .all("Heartbeat")
            .iter()
            .map(|sent| sent.at_ms)
            .collect();
        assert_eq!(beats.len(), 3);
        assert!(beats.windows(2).all(|pair| pair[1] - pair[0] == 10_000));
    }
}

/// TC_005_1, TC_005_2: whether the cable can be taken out.
#[test]
fn the_lock_after_the_cable_was_pulled_out_of_the_car() {
    for (unlocks, expected) in [("true", LockState::Unlocked), ("false", LockState::Locked)] {
        let keys = [("UnlockConnectorOnEVSideDisconnect", unlocks)];
        for mut world in worlds(&[Cable::Socket], &keys) {
            charge(&mut world, "TAG1");
            world.unplug_car(1);
            world.run(2_000);
            assert_eq!(world.outlet(1).state.lock, expected);
        }
    }
}

/// TC_023: no energy for a card that is refused.
#[test]
fn the_contactor_stays_open_for_a_refused_card() {
    for mut world in fixed(&[]) {
        refused(&mut world, "BAD");
        world.plug(1);
        world.card("BAD");
        world.run(60_000);
        let start = json!({"connectorId": 1, "idTag": "BAD"});
        assert_eq!(
            world.call("RemoteStartTransaction", start)["status"],
            "Accepted"
        );
        world.run(60_000);
        assert_eq!(world.outlets[0].closings, 0);
    }
}

/// TC_024, TC_041: no energy where something is broken.
#[test]
fn the_contactor_stays_open_while_something_is_broken() {
    for mut world in worlds(&[Cable::Socket], &[]) {
        world.outlet(1).jammed = true;
        world.plug(1);
        world.card("TAG1");
        world.run(60_000);
        assert_eq!(world.outlets[0].closings, 0);
    }
    for mut world in fixed(&[]) {
        world.set_fault(1, Some(FaultKind::GroundFailure));
        world.plug(1);
        world.card("TAG1");
        world.run(60_000);
        assert_eq!(world.outlets[0].closings, 0);
    }
}

/// TC_032_2: the meter still knows what the last moment before the failure was.
#[test]
fn the_register_after_a_power_failure() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.run(65_000);
        world.power_cycle();
        world.run(3_000);
        let stop = world.last("StopTransaction").payload["meterStop"].as_u64();
        assert_eq!(stop, Some(world.outlets[0].register_mwh / 1000));
    }
}

/// TC_037_1: energy flows at once, and the time of the start is exact.
#[test]
fn the_contactor_closes_offline() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        world.set_online(false);
        world.plug(1);
        world.card("TAG1");
        world.run(20_000);
        assert_eq!(world.outlets[0].closings, 1);
        world.set_online(true);
        world.run(3_000);
        let start = world.last("StartTransaction");
        assert_eq!(start.payload["timestamp"], "2026-11-22T12:00:01.000Z");
    }
}

/// TC_013 to TC_016: each reset is one restart, no more and no less.
#[test]
fn a_reset_restarts_once() {
    for kind in ["Hard", "Soft"] {
        for mut world in fixed(&[]) {
            charge(&mut world, "TAG1");
            world.call("Reset", json!({"type": kind}));
            world.run(60_000);
            assert_eq!(world.restarts, 1);
        }
    }
}
