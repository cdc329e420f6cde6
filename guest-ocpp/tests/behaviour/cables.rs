//! Cables of a socket: when they are held, and who gets them back.

use plugpoint_guest::protocol::{Cable, FaultKind, LockState};
use plugpoint_ocpp_world::World;
use serde_json::json;

use crate::{charge, worlds};

const KEEPS: [(&str, &str); 1] = [("UnlockConnectorOnEVSideDisconnect", "false")];

fn socket(ocpp: &[(&str, &str)]) -> [World; 2] {
    worlds(&[Cable::Socket], ocpp)
}

fn lock(world: &World) -> LockState {
    world.outlets[0].state.lock
}

fn in_group(world: &mut World, tags: &[&str]) {
    for tag in tags {
        let info = json!({"status": "Accepted", "parentIdTag": "P"});
        world.central.tags.insert((*tag).to_owned(), info);
    }
}

/// A session that ended at the car, and whose cable is kept.
fn unplugged_at_the_car(world: &mut World, tag: &str) {
    charge(world, tag);
    world.unplug_car(1);
    world.run(2_000);
    assert_eq!(
        world.news(),
        ["Stop(EVDisconnected)", "Status(1,Finishing)"]
    );
    assert_eq!(lock(world), LockState::Locked);
}

#[test]
fn a_kept_cable_is_given_back_to_its_owner_s_card() {
    for mut world in socket(&KEEPS) {
        unplugged_at_the_car(&mut world, "A");
        world.card("a");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
        assert_eq!(world.news(), [""; 0], "nobody is asked, nothing is started");
        world.unplug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Available)"]);
        charge(&mut world, "B");
        assert_eq!(world.outlets[0].closings, 2, "anybody is served again");
    }
}

#[test]
fn and_to_a_card_of_the_owner_s_group() {
    for mut world in socket(&KEEPS) {
        in_group(&mut world, &["A", "B"]);
        unplugged_at_the_car(&mut world, "A");
        world.card("B");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
        assert_eq!(world.news(), ["Authorize(B)"]);
    }
}

#[test]
fn but_to_nobody_else() {
    for mut world in socket(&KEEPS) {
        unplugged_at_the_car(&mut world, "A");
        world.card("C");
        world.run(2_000);
        assert_eq!(world.news(), [""; 0]);
        let start = json!({"idTag": "C", "connectorId": 1});
        let answer = world.call("RemoteStartTransaction", start);
        assert_eq!(answer["status"], "Rejected");
        in_group(&mut world, &["A"]);
        world.card("A");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
    }
    for mut world in socket(&KEEPS) {
        in_group(&mut world, &["A"]);
        unplugged_at_the_car(&mut world, "A");
        world.card("C");
        world.run(2_000);
        assert_eq!(world.news(), ["Authorize(C)"], "it might be of the group");
        assert_eq!(lock(&world), LockState::Locked);
        world.run(120_000);
        assert_eq!(world.shows(1, "status"), "Finishing");
    }
}

#[test]
fn its_owner_may_charge_with_it_again() {
    for mut world in socket(&KEEPS) {
        unplugged_at_the_car(&mut world, "A");
        world.plug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        world.card("C");
        world.run(2_000);
        assert_eq!(world.news(), [""; 0]);
        world.card("A");
        world.run(2_000);
        assert_eq!(
            world.news(),
            ["Authorize(A)", "Start(A)", "Status(1,Charging)"]
        );
        assert_eq!(lock(&world), LockState::Locked);
    }
}

#[test]
fn a_kept_cable_is_given_back_by_the_central_system() {
    for mut world in socket(&KEEPS) {
        unplugged_at_the_car(&mut world, "A");
        let answer = world.call("UnlockConnector", json!({"connectorId": 1}));
        assert_eq!(answer["status"], "Unlocked");
        world.unplug(1);
        charge(&mut world, "B");
        assert_eq!(world.outlets[0].closings, 2);
    }
}

/// Without a card there is nobody who could show one.
#[test]
fn a_cable_of_nobody_is_not_kept() {
    use plugpoint_guest::protocol::{Attributes, Verdict};
    for mut world in socket(&KEEPS) {
        let anybody = Verdict::Accept(Attributes::default());
        world.verdicts.insert(String::new(), anybody);
        world.plug(1);
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Locked);
        world.unplug_car(1);
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
    }
}

#[test]
fn a_cable_stays_locked_when_the_card_is_refused_after_the_start() {
    for mut world in socket(&[("AllowOfflineTxForUnknownId", "true")]) {
        let blocked = json!({"status": "Blocked", "parentIdTag": "P"});
        world.central.tags.insert("A".to_owned(), blocked);
        in_group(&mut world, &["B"]);
        world.set_online(false);
        charge(&mut world, "A");
        world.set_online(true);
        world.run(3_000);
        assert_eq!(
            world.last("StopTransaction").payload["reason"],
            "DeAuthorized"
        );
        assert_eq!(lock(&world), LockState::Locked);
        world.card("C");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Locked);
        world.card("B");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
    }
    for mut world in socket(&[("AllowOfflineTxForUnknownId", "true")]) {
        let blocked = json!({"status": "Blocked"});
        world.central.tags.insert("A".to_owned(), blocked);
        world.set_online(false);
        charge(&mut world, "A");
        world.set_online(true);
        world.run(3_000);
        world.news();
        world.card("A");
        world.run(2_000);
        assert_eq!(lock(&world), LockState::Unlocked);
        assert_eq!(world.news(), [""; 0]);
    }
}

#[test]
fn a_broken_socket_keeps_its_cable_for_the_owner() {
    for mut world in socket(&KEEPS) {
        unplugged_at_the_car(&mut world, "A");
        world.set_fault(1, Some(FaultKind::OverTemperature));
        world.run(1_000);
        world.card("A");
        world.run(1_000);
        assert_eq!(lock(&world), LockState::Unlocked);
    }
}
