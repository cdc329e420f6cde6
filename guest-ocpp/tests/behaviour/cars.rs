//! Which car is charged for which card, where there is a choice: nobody pays for
//! another's car, and nobody's authorization is lost.

use plugpoint_guest::protocol::{Cable, LockState, Look};
use plugpoint_ocpp_world::{Reply, World, close};
use serde_json::json;

use crate::{charge, fixed, leave, worlds};

fn two(ocpp: &[(&str, &str)]) -> [World; 2] {
    worlds(&[Cable::Fixed, Cable::Fixed], ocpp)
}

/// Connector and tag of each start.
fn starts(world: &World) -> Vec<(i64, String)> {
    let all = world.all("StartTransaction").into_iter();
    all.map(|sent| {
        let tag = sent.payload["idTag"].as_str().unwrap_or_default();
        let connector = sent.payload["connectorId"].as_i64().unwrap_or(0);
        (connector, tag.to_owned())
    })
    .collect()
}

fn group(world: &mut World, tags: &[&str]) {
    for tag in tags {
        let info = json!({"status": "Accepted", "parentIdTag": "P"});
        world.central.tags.insert((*tag).to_owned(), info);
    }
}

/// Connector 1 has a car whose transaction has ended.
fn with_a_served_car(world: &mut World) {
    charge(world, "X");
    world.card("X");
    world.run(2_000);
    world.news();
}

#[test]
fn a_car_that_has_had_its_session_is_not_charged_for_another_card() {
    for mut world in two(&[]) {
        with_a_served_car(&mut world);
        world.card("Y");
        world.run(10_000);
        assert_eq!(world.news(), ["Authorize(Y)"]);
        world.plug(2);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(2, "Y".to_owned())]);
        assert_eq!(world.outlets[0].closings, 1);
    }
}

#[test]
fn nor_for_a_remote_start_that_names_no_connector() {
    for mut world in two(&[]) {
        with_a_served_car(&mut world);
        let start = json!({"idTag": "Y"});
        let answer = world.call("RemoteStartTransaction", start);
        assert_eq!(answer["status"], "Accepted");
        world.run(10_000);
        assert_eq!(world.news(), ["Authorize(Y)"]);
        world.plug(2);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(2, "Y".to_owned())]);
    }
}

#[test]
fn nor_is_a_car_that_nobody_has_shown_a_card_for_in_time() {
    for remote in [false, true] {
        for mut world in two(&[("ConnectionTimeOut", "20")]) {
            world.plug(1);
            world.run(25_000);
            assert_eq!(world.news(), ["Status(1,Preparing)", "Status(1,Finishing)"]);
            if remote {
                world.call("RemoteStartTransaction", json!({"idTag": "Y"}));
            } else {
                world.card("Y");
            }
            world.run(5_000);
            assert_eq!(world.news(), ["Authorize(Y)"]);
            world.plug(2);
            world.run(2_000);
            assert_eq!(starts(&world), [(2, "Y".to_owned())]);
        }
    }
}

#[test]
fn at_the_only_connector_another_card_waits_for_its_own_car() {
    for mut world in fixed(&[("ConnectionTimeOut", "20")]) {
        with_a_served_car(&mut world);
        world.card("Y");
        world.run(10_000);
        assert_eq!(world.news(), ["Authorize(Y)", "Status(1,Preparing)"]);
        world.run(11_000);
        assert_eq!(world.news(), ["Status(1,Finishing)"]);
        world.card("Y");
        world.run(1_000);
        world.unplug(1);
        world.run(1_000);
        world.plug(1);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(1, "Y".to_owned())]);
        assert_eq!(close_at_the_end(&mut world, "Y"), 2);
    }
}

fn close_at_the_end(world: &mut World, tag: &str) -> usize {
    leave(world, tag);
    close(world).expect("all is told").len()
}

#[test]
fn who_charged_a_car_may_charge_it_again() {
    for mut world in two(&[]) {
        with_a_served_car(&mut world);
        world.card("x");
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(1, "x".to_owned())]);
    }
    for mut world in two(&[]) {
        with_a_served_car(&mut world);
        let start = json!({"idTag": "Y", "connectorId": 1});
        let answer = world.call("RemoteStartTransaction", start);
        assert_eq!(answer["status"], "Accepted", "the connector is named");
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(1, "Y".to_owned())]);
    }
}

#[test]
fn two_cards_before_two_cars_are_served_in_their_order() {
    for mut world in two(&[]) {
        world.card("A");
        world.run(1_000);
        world.card("B");
        world.run(1_000);
        world.card("C");
        world.run(1_000);
        assert_eq!(
            world.news(),
            ["Authorize(A)", "Authorize(B)"],
            "there is no room for a third"
        );
        let refused = [(1, Look::Refused), (2, Look::Refused)];
        assert!(world.blinked.ends_with(&refused));
        world.plug(2);
        world.run(2_000);
        assert_eq!(starts(&world), [(2, "A".to_owned())]);
        world.plug(1);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(1, "B".to_owned())]);
    }
}

#[test]
fn a_card_that_waits_keeps_its_place_over_a_swap() {
    use plugpoint_guest::protocol::BootReason;
    for mut world in two(&[]) {
        world.card("A");
        world.card("B");
        world.run(1_000);
        world.replace_instance(BootReason::Swap, None);
        world.plug(1);
        world.plug(2);
        world.run(2_000);
        let expected = [(1, "A".to_owned()), (2, "B".to_owned())];
        assert_eq!(starts(&world), expected);
    }
}

#[test]
fn remote_starts_without_a_connector_are_as_many_as_there_are_connectors() {
    for mut world in two(&[]) {
        world.central.latency_ms = 20_000;
        for (tag, word) in [("A", "Accepted"), ("B", "Accepted"), ("C", "Rejected")] {
            let answer = world.call("RemoteStartTransaction", json!({"idTag": tag}));
            assert_eq!(answer["status"], word, "{tag}");
        }
        world.run(45_000);
        let answer = world.call("RemoteStartTransaction", json!({"idTag": "C"}));
        assert_eq!(answer["status"], "Rejected");
        world.plug(2);
        world.plug(1);
        world.run(2_000);
        world.run(60_000);
        let expected = [(2, "A".to_owned()), (1, "B".to_owned())];
        assert_eq!(starts(&world), expected);
    }
}

#[test]
fn a_card_of_the_group_stops_unless_a_car_waits_for_it() {
    for mut world in two(&[]) {
        group(&mut world, &["A", "B"]);
        charge(&mut world, "A");
        world.card("B");
        world.run(2_000);
        assert_eq!(
            world.news(),
            ["Authorize(B)", "Stop(Local)", "Status(1,Finishing)"]
        );
        assert_eq!(world.last("StopTransaction").payload["idTag"], "B");
    }
    for mut world in two(&[]) {
        group(&mut world, &["A", "B"]);
        charge(&mut world, "A");
        world.plug(2);
        world.card("B");
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(2, "B".to_owned())]);
        assert!(world.all("StopTransaction").is_empty());
    }
}

#[test]
fn a_card_of_no_group_starts_elsewhere_with_one_question() {
    for mut world in two(&[]) {
        group(&mut world, &["A"]);
        charge(&mut world, "A");
        world.card("C");
        world.run(2_000);
        assert_eq!(world.news(), ["Authorize(C)", "Status(2,Preparing)"]);
        world.plug(2);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(2, "C".to_owned())]);
        assert!(world.all("StopTransaction").is_empty());
    }
}

#[test]
fn offline_a_stranger_starts_elsewhere_and_stops_nothing() {
    for mut world in two(&[("AllowOfflineTxForUnknownId", "true")]) {
        group(&mut world, &["A", "B"]);
        charge(&mut world, "A");
        world.set_online(false);
        world.card("B");
        world.run(2_000);
        world.plug(2);
        world.run(2_000);
        world.set_online(true);
        world.run(2_000);
        assert_eq!(starts(&world)[1..], [(2, "B".to_owned())]);
        assert!(world.all("StopTransaction").is_empty());
    }
}

/// Its driver had two cards, or somebody else was quicker.
#[test]
fn a_car_that_was_charged_while_a_card_was_asked_about_is_not_charged_for_it() {
    for mut world in fixed(&[]) {
        world.plug(1);
        world.run(1_000);
        world.central.latency_ms = 2_000;
        world.card("A");
        world.run(1_000);
        world.card("B");
        world.run(1_500);
        world.card("A");
        world.run(20_000);
        assert_eq!(starts(&world), [(1, "A".to_owned())]);
        assert_eq!(world.shows(1, "status"), "Finishing");
    }
}

#[test]
fn a_card_whose_car_has_left_starts_nothing() {
    for mut world in fixed(&[]) {
        world.central.plan("Authorize", Reply::Late(3_000));
        world.plug(1);
        world.run(1_000);
        world.card("A");
        world.run(1_000);
        world.unplug(1);
        world.run(5_000);
        world.plug(1);
        world.run(10_000);
        assert_eq!(starts(&world), []);
        assert_eq!(world.shows(1, "status"), "Preparing");
        world.card("B");
        world.run(2_000);
        assert_eq!(starts(&world), [(1, "B".to_owned())]);
    }
}

#[test]
fn nor_one_whose_car_came_back_before_the_answer() {
    for tag in ["card", "remote"] {
        for mut world in fixed(&[]) {
            world.central.plan("Authorize", Reply::Late(3_000));
            world.plug(1);
            world.run(1_000);
            if tag == "card" {
                world.card("A");
            } else {
                let start = json!({"idTag": "A", "connectorId": 1});
                world.call("RemoteStartTransaction", start);
            }
            world.run(500);
            world.unplug(1);
            world.run(500);
            world.plug(1);
            world.run(20_000);
            assert_eq!(starts(&world), [], "{tag}");
        }
    }
}

/// Between the answer and the start a lock has to close and a meter to be read.
#[test]
fn nor_one_whose_car_leaves_while_the_plug_is_being_locked() {
    for mut world in worlds(&[Cable::Socket], &[]) {
        world.outlet(1).lock_ms = 2_000;
        world.plug(1);
        world.run(1_000);
        world.card("A");
        world.run(1_000);
        world.unplug(1);
        world.run(500);
        world.plug(1);
        world.run(20_000);
        assert_eq!(starts(&world), []);
        assert_eq!(world.outlet(1).state.lock, LockState::Unlocked);
    }
}

#[test]
fn a_card_before_its_car_waits_no_longer_than_the_time_out() {
    for (wait, expected) in [(15_000, 1), (25_000, 0)] {
        for mut world in two(&[("ConnectionTimeOut", "20")]) {
            world.card("A");
            world.run(wait);
            world.plug(2);
            world.run(2_000);
            assert_eq!(starts(&world).len(), expected);
        }
    }
}

#[test]
fn a_card_that_is_shown_again_is_taken_back() {
    for mut world in fixed(&[]) {
        world.card("A");
        world.run(2_000);
        assert_eq!(world.news(), ["Authorize(A)", "Status(1,Preparing)"]);
        world.card("a");
        assert_eq!(world.blinked, [(1, Look::Accepted), (1, Look::Refused)]);
        world.run(2_000);
        assert_eq!(world.news(), ["Status(1,Available)"]);
        world.plug(1);
        world.run(5_000);
        assert_eq!(starts(&world), []);
    }
    for mut world in two(&[]) {
        world.card("A");
        world.run(1_000);
        world.card("B");
        world.run(1_000);
        world.card("A");
        world.run(1_000);
        world.plug(1);
        world.run(2_000);
        assert_eq!(starts(&world), [(1, "B".to_owned())]);
    }
}

#[test]
fn a_card_behind_a_remote_start_is_no_second_showing() {
    for mut world in fixed(&[]) {
        world.call("RemoteStartTransaction", json!({"idTag": "A"}));
        world.run(1_000);
        world.card("A");
        assert_eq!(world.blinked, [(1, Look::Accepted), (1, Look::Accepted)]);
        world.run(1_000);
        world.plug(1);
        world.run(2_000);
        assert_eq!(starts(&world), [(1, "A".to_owned())]);
    }
}

#[test]
fn a_changed_time_out_counts_for_a_card_that_waits() {
    for connectors in 1..=2 {
        for mut world in worlds(&[Cable::Fixed; 2][..connectors], &[]) {
            world.card("A");
            world.run(10_000);
            let change = json!({"key": "ConnectionTimeOut", "value": "30"});
            world.call("ChangeConfiguration", change);
            world.run(21_000);
            world.plug(1);
            world.run(2_000);
            assert_eq!(starts(&world), [], "60 s are 30 s now");
            world.unplug(1);
            world.card("A");
            world.run(10_000);
            let change = json!({"key": "ConnectionTimeOut", "value": "120"});
            world.call("ChangeConfiguration", change);
            world.run(100_000);
            world.plug(1);
            world.run(2_000);
            assert_eq!(starts(&world), [(1, "A".to_owned())], "30 s are 120 s now");
        }
    }
}

/// Another car comes before the first one's transaction is concluded: its meter is
/// slow, and hands are fast. It has not had its transaction, so its card starts one.
#[test]
fn a_car_that_comes_while_the_last_one_is_still_being_billed_is_charged() {
    for mut world in fixed(&[("MeterValueSampleInterval", "0")]) {
        charge(&mut world, "TAG1");
        world.outlet(1).polled = true;
        world.unplug(1);
        world.plug(1);
        world.run(10_000);
        assert_eq!(world.shows(1, "status"), "Preparing");
        world.card("TAG2");
        world.run(3_000);
        assert_eq!(world.last("StartTransaction").payload["idTag"], "TAG2");
        assert_eq!(world.watch.broken, []);
    }
}

/// The lock is still opening for the last driver when the next one is let in.
#[test]
fn a_lock_that_is_opening_is_closed_again_before_anything_begins() {
    for mut world in worlds(&[Cable::Socket], &[("MeterValueSampleInterval", "0")]) {
        charge(&mut world, "TAG1");
        world.outlet(1).lock_ms = 800;
        world.unplug_car(1);
        world.plug(1);
        world.card("TAG2");
        world.run(5_000);
        assert_eq!(world.last("StartTransaction").payload["idTag"], "TAG2");
        assert_eq!(world.outlets[0].state.lock, LockState::Locked);
        assert_eq!(world.shows(1, "status"), "Charging");
    }
}
