//! Reservations: for whom a connector is kept, until when, and what is said of it.

use plugpoint_guest::protocol::{Cable, FaultKind};
use plugpoint_ocpp_world::{Settings, World};
use serde_json::{Value, json};

use crate::{charge, fixed, leave, worlds};

const TWO: [Cable; 2] = [Cable::Fixed, Cable::Fixed];

/// A time of the day on which the world begins, at noon.
fn at(time: &str) -> String {
    format!("2026-11-22T{time}Z")
}

fn reserve_until(world: &mut World, id: i64, connector: i64, tag: &str, time: &str) -> Value {
    let request = json!({
        "connectorId": connector,
        "expiryDate": at(time),
        "idTag": tag,
        "reservationId": id,
    });
    let answer = world.call("ReserveNow", request);
    world.run(100);
    answer.get("status").cloned().unwrap_or(answer)
}

fn reserve(world: &mut World, id: i64, connector: i64, tag: &str) -> Value {
    reserve_until(world, id, connector, tag, "13:00:00")
}

fn reserve_for_group(world: &mut World, id: i64, connector: i64, tag: &str, parent: &str) -> Value {
    let request = json!({
        "connectorId": connector,
        "expiryDate": at("13:00:00"),
        "idTag": tag,
        "parentIdTag": parent,
        "reservationId": id,
    });
    let answer = world.call("ReserveNow", request);
    world.run(100);
    answer["status"].clone()
}

fn cancel(world: &mut World, id: i64) -> Value {
    let answer = world.call("CancelReservation", json!({"reservationId": id}));
    world.run(100);
    answer["status"].clone()
}

/// What was said of a connector since the last time.
fn said(world: &mut World, connector: u32) -> Vec<String> {
    let from = world.sent.len();
    let news = world.news();
    let fresh = &world.sent[from - news.len()..];
    fresh
        .iter()
        .filter(|sent| {
            sent.action == "StatusNotification" && sent.payload["connectorId"] == connector
        })
        .filter_map(|sent| sent.payload["status"].as_str().map(str::to_owned))
        .collect()
}

/// The reservation that the last StartTransaction names.
fn redeemed(world: &World) -> Option<&Value> {
    let start = world.last("StartTransaction");
    start.payload.get("reservationId")
}

fn closings(world: &World) -> Vec<u64> {
    world.outlets.iter().map(|outlet| outlet.closings).collect()
}

#[test]
fn it_is_for_its_holder_and_nobody_else() {
    for mut world in fixed(&[]) {
        assert_eq!(reserve(&mut world, 7, 1, "MINE"), "Accepted");
        assert_eq!(said(&mut world, 1), ["Reserved"]);
        assert_eq!(world.shows(1, "status"), "Reserved");
        // A car comes, and somebody with another card.
        world.plug(1);
        world.card("OTHER");
        world.run(2_000);
        assert_eq!(world.all("Authorize").len(), 0);
        assert_eq!(said(&mut world, 1), [""; 0]);
        let start = json!({"connectorId": 1, "idTag": "OTHER"});
        assert_eq!(
            world.call("RemoteStartTransaction", start)["status"],
            "Rejected"
        );
        world.card("mine");
        world.run(3_000);
        assert_eq!(said(&mut world, 1), ["Preparing", "Charging"]);
        let start = &world.last("StartTransaction").payload;
        assert_eq!(
            (&start["idTag"], &start["reservationId"]),
            (&json!("mine"), &json!(7))
        );
        leave(&mut world, "mine");
        assert_eq!(said(&mut world, 1), ["Finishing", "Available"]);
        charge(&mut world, "OTHER");
        assert_eq!(closings(&world), [2]);
        assert_eq!(redeemed(&world), None);
    }
}

#[test]
fn whoever_holds_it_may_come_before_the_car() {
    for mut world in fixed(&[("ConnectionTimeOut", "30")]) {
        reserve(&mut world, 7, 1, "MINE");
        said(&mut world, 1);
        world.card("MINE");
        world.run(1_000);
        assert_eq!(said(&mut world, 1), ["Preparing"]);
        world.run(30_000);
        // Not said to be free in between for longer than the table of steps wants.
        assert_eq!(said(&mut world, 1), ["Available", "Reserved"]);
        charge(&mut world, "OTHER");
        assert_eq!(closings(&world), [0]);
        let start = json!({"connectorId": 1, "idTag": "MINE"});
        assert_eq!(
            world.call("RemoteStartTransaction", start)["status"],
            "Accepted"
        );
        world.run(2_000);
        assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
    }
}

#[test]
fn members_of_its_group_may_use_it() {
    let of = |group: &str| json!({"status": "Accepted", "parentIdTag": group});
    for checks in ["true", "false"] {
        for remote in [false, true] {
            for mut world in fixed(&[("AuthorizeRemoteTxRequests", checks)]) {
                world.central.tags.insert("FRIEND".to_owned(), of("us"));
                world.central.tags.insert("STRANGER".to_owned(), of("THEM"));
                assert_eq!(
                    reserve_for_group(&mut world, 7, 1, "MINE", "US"),
                    "Accepted"
                );
                for (tag, closed) in [("STRANGER", 0), ("LONELY", 0), ("FRIEND", 1)] {
                    world.plug(1);
                    if remote {
                        let start = json!({"connectorId": 1, "idTag": tag});
                        world.call("RemoteStartTransaction", start);
                    } else {
                        world.card(tag);
                    }
                    world.run(3_000);
                    assert_eq!(closings(&world), [closed], "{tag}");
                    assert_eq!(world.last("Authorize").payload["idTag"], tag);
                    if closed == 0 {
                        world.unplug(1);
                        world.run(1_000);
                    }
                }
                assert_eq!(world.all("Authorize").len(), 3);
                assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
            }
        }
    }
}

#[test]
fn a_list_that_knows_the_group_is_asked_first() {
    for mut world in fixed(&[("LocalPreAuthorize", "true")]) {
        let friend =
            json!({"idTag": "FRIEND", "idTagInfo": {"status": "Accepted", "parentIdTag": "US"}});
        let list =
            json!({"listVersion": 1, "updateType": "Full", "localAuthorizationList": [friend]});
        if world.call("SendLocalList", list)["status"] != "Accepted" {
            // A build without that profile.
            return;
        }
        reserve_for_group(&mut world, 7, 1, "MINE", "US");
        charge(&mut world, "FRIEND");
        assert_eq!(world.all("Authorize").len(), 0);
        assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
    }
}

#[test]
fn it_expires_on_time() {
    for plugged in [false, true] {
        for mut world in fixed(&[]) {
            reserve_until(&mut world, 7, 1, "MINE", "12:02:00");
            if plugged {
                world.plug(1);
            }
            let left = 120_000 - (world.ms - 100_000);
            world.run(left - 1);
            assert_eq!(said(&mut world, 1), ["Reserved"]);
            world.run(20);
            let free = if plugged { "Preparing" } else { "Available" };
            assert_eq!(said(&mut world, 1), [free]);
            charge(&mut world, "OTHER");
            assert_eq!(closings(&world), [1]);
            assert_eq!(redeemed(&world), None);
        }
    }
}

#[test]
fn one_that_has_expired_is_not_made() {
    for mut world in fixed(&[]) {
        assert_eq!(
            reserve_until(&mut world, 7, 1, "MINE", "11:59:00"),
            "Rejected"
        );
        assert_eq!(said(&mut world, 1), [""; 0]);
    }
}

#[test]
fn it_outlives_the_power_and_so_does_its_end() {
    for mut world in fixed(&[]) {
        reserve_until(&mut world, 7, 1, "MINE", "12:10:00");
        world.power_cycle();
        world.run(5_000);
        assert_eq!(said(&mut world, 1).last().unwrap(), "Reserved");
        charge(&mut world, "OTHER");
        assert_eq!(closings(&world), [0]);
        world.unplug(1);
        // In the dark it expires.
        world.power_off();
        world.run(700_000);
        world.power_on();
        world.run(5_000);
        assert_eq!(said(&mut world, 1).last().unwrap(), "Available");
        reserve(&mut world, 8, 1, "MINE");
        assert_eq!(cancel(&mut world, 8), "Accepted");
        world.power_cycle();
        world.run(5_000);
        assert_eq!(said(&mut world, 1).last().unwrap(), "Available");
        assert_eq!(cancel(&mut world, 8), "Rejected");
    }
}

#[test]
fn while_nobody_knows_the_time_it_does_not_expire() {
    for amnesia in [false, true] {
        let mut world = World::new(Settings {
            amnesia,
            has_clock: false,
            ..Settings::default()
        });
        world.run(2_000);
        reserve_until(&mut world, 7, 1, "MINE", "12:05:00");
        world.set_online(false);
        world.power_off();
        world.run(600_000);
        world.power_on();
        world.run(60_000);
        assert_eq!(world.shows(1, "status"), "Reserved");
        world.set_online(true);
        world.run(10_000);
        assert_eq!(world.shows(1, "status"), "Available");
    }
}

#[test]
fn the_answer_says_why_not() {
    for mut world in worlds(&TWO, &[]) {
        for connector in [3, -1, 4_294_967_297] {
            assert_eq!(reserve(&mut world, 1, connector, "MINE"), "Rejected");
        }
        world.plug(1);
        world.run(1_000);
        assert_eq!(reserve(&mut world, 1, 1, "MINE"), "Occupied");
        world.card("OTHER");
        world.run(2_000);
        assert_eq!(reserve(&mut world, 1, 1, "MINE"), "Occupied");
        world.set_fault(2, Some(FaultKind::GroundFailure));
        world.run(500);
        assert_eq!(reserve(&mut world, 1, 2, "MINE"), "Faulted");
        assert_eq!(reserve(&mut world, 1, 0, "MINE"), "Occupied");
        world.set_fault(2, None);
        let change = json!({"connectorId": 2, "type": "Inoperative"});
        world.call("ChangeAvailability", change);
        assert_eq!(reserve(&mut world, 1, 2, "MINE"), "Unavailable");
        let change = json!({"connectorId": 2, "type": "Operative"});
        world.call("ChangeAvailability", change);
        assert_eq!(reserve(&mut world, 1, 2, "MINE"), "Accepted");
        assert_eq!(
            reserve(&mut world, 2, 2, "MINE"),
            "Occupied",
            "by another number"
        );
        for (field, value, code) in [
            (
                "expiryDate",
                json!("tomorrow"),
                "PropertyConstraintViolation",
            ),
            ("expiryDate", json!(7), "TypeConstraintViolation"),
            (
                "idTag",
                json!("123456789012345678901"),
                "PropertyConstraintViolation",
            ),
            ("reservationId", json!("7"), "TypeConstraintViolation"),
            ("reservationId", Value::Null, "TypeConstraintViolation"),
        ] {
            let mut request = json!({
                "connectorId": 2, "expiryDate": at("13:00:00"), "idTag": "MINE", "reservationId": 1,
            });
            request[field] = value;
            assert_eq!(world.call("ReserveNow", request), code, "{field}");
        }
        assert_eq!(cancel(&mut world, 2), "Rejected");
        assert_eq!(cancel(&mut world, 1), "Accepted");
    }
}

#[test]
fn one_of_the_same_number_takes_its_place() {
    for mut world in worlds(&TWO, &[]) {
        reserve(&mut world, 7, 1, "MINE");
        assert_eq!(reserve(&mut world, 7, 1, "YOURS"), "Accepted");
        assert_eq!(said(&mut world, 1), ["Reserved"]);
        assert_eq!(reserve(&mut world, 7, 2, "YOURS"), "Accepted");
        assert_eq!(said(&mut world, 1), ["Available"]);
        assert_eq!(world.shows(1, "status"), "Available");
        assert_eq!(world.shows(2, "status"), "Reserved");
        // Where that does not work, the first one stays.
        world.plug(1);
        world.run(500);
        assert_eq!(reserve(&mut world, 7, 1, "YOURS"), "Occupied");
        assert_eq!(world.shows(2, "status"), "Reserved");
    }
}

#[test]
fn it_ends_when_its_connector_is_out_of_use() {
    for mut world in fixed(&[]) {
        reserve(&mut world, 7, 1, "MINE");
        world.set_fault(1, Some(FaultKind::GroundFailure));
        world.run(500);
        world.set_fault(1, None);
        world.run(500);
        assert_eq!(said(&mut world, 1), ["Reserved", "Faulted", "Available"]);
        assert_eq!(cancel(&mut world, 7), "Rejected");
        reserve(&mut world, 8, 1, "MINE");
        for kind in ["Inoperative", "Operative"] {
            let change = json!({"connectorId": 1, "type": kind});
            assert_eq!(
                world.call("ChangeAvailability", change)["status"],
                "Accepted"
            );
            world.run(500);
        }
        assert_eq!(
            said(&mut world, 1),
            ["Reserved", "Unavailable", "Available"]
        );
        assert_eq!(cancel(&mut world, 8), "Rejected");
    }
}

#[test]
fn after_a_cancel_anybody_may_charge() {
    for mut world in fixed(&[]) {
        reserve(&mut world, 7, 1, "MINE");
        world.plug(1);
        world.run(500);
        assert_eq!(cancel(&mut world, 7), "Accepted");
        assert_eq!(said(&mut world, 1), ["Reserved", "Preparing"]);
        world.card("OTHER");
        world.run(2_000);
        assert_eq!(redeemed(&world), None);
        // Also when its holder was let in before.
        leave(&mut world, "OTHER");
        reserve(&mut world, 8, 1, "MINE");
        world.card("MINE");
        world.run(500);
        assert_eq!(cancel(&mut world, 8), "Accepted");
        world.plug(1);
        world.run(2_000);
        assert_eq!(closings(&world), [2]);
        assert_eq!(redeemed(&world), None);
    }
}

#[test]
fn with_connector_0_one_is_kept_whichever_that_is() {
    for mut world in worlds(&TWO, &[]) {
        assert_eq!(reserve(&mut world, 7, 0, "MINE"), "Accepted");
        assert_eq!(
            [
                said(&mut world, 0),
                said(&mut world, 1),
                said(&mut world, 2)
            ],
            [[""; 0]; 3]
        );
        // There are two, so somebody else may have one.
        world.plug(1);
        world.run(500);
        assert_eq!(
            (world.shows(1, "status"), world.shows(2, "status")),
            ("Preparing", "Reserved")
        );
        world.card("OTHER");
        world.run(2_000);
        assert_eq!(closings(&world), [1, 0]);
        assert_eq!(redeemed(&world), None);
        // The other one not.
        world.plug(2);
        world.card("THIRD");
        world.run(2_000);
        assert_eq!(world.shows(2, "status"), "Reserved");
        assert_eq!(closings(&world), [1, 0]);
        assert_eq!(reserve(&mut world, 8, 0, "THIRD"), "Occupied");
        world.card("MINE");
        world.run(2_000);
        assert_eq!(closings(&world), [1, 1]);
        assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
        assert!(world.all("StatusNotification").iter().all(|sent| {
            sent.payload["connectorId"] != 0 || sent.payload["status"] != "Reserved"
        }));
    }
}

#[test]
fn of_one_connector_the_one_is_kept() {
    for mut world in fixed(&[]) {
        assert_eq!(reserve(&mut world, 7, 0, "MINE"), "Accepted");
        assert_eq!(said(&mut world, 1), ["Reserved"]);
        world.plug(1);
        world.power_cycle();
        world.run(5_000);
        assert_eq!(world.shows(1, "status"), "Reserved", "with a car in it");
        world.card("OTHER");
        world.run(1_000);
        assert_eq!(closings(&world), [0]);
        world.card("MINE");
        world.run(2_000);
        assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
    }
}

#[test]
fn a_charger_may_not_know_of_connector_0() {
    for mut world in fixed(&[("ReserveConnectorZeroSupported", "false")]) {
        assert_eq!(reserve(&mut world, 7, 0, "MINE"), "Rejected");
        assert_eq!(reserve(&mut world, 7, 1, "MINE"), "Accepted");
    }
}

#[test]
fn who_waits_for_any_connector_is_not_locked_out() {
    for mut world in worlds(&TWO, &[]) {
        world.card("FIRST");
        world.run(1_000);
        assert_eq!(reserve(&mut world, 7, 1, "MINE"), "Accepted");
        assert_eq!(reserve(&mut world, 8, 2, "MINE"), "Occupied");
        world.plug(1);
        world.run(2_000);
        assert_eq!(closings(&world), [0, 0], "that one is reserved");
        world.plug(2);
        world.run(2_000);
        assert_eq!(closings(&world), [0, 1]);
    }
}

#[test]
fn offline_it_counts_as_well() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        reserve(&mut world, 7, 1, "MINE");
        world.set_online(false);
        charge(&mut world, "OTHER");
        assert_eq!(closings(&world), [0]);
        world.unplug(1);
        charge(&mut world, "MINE");
        assert_eq!(closings(&world), [1]);
        world.set_online(true);
        world.run(5_000);
        assert_eq!(world.last("StartTransaction").payload["reservationId"], 7);
    }
}

#[test]
fn when_the_power_fails_it_is_made_or_not() {
    for amnesia in [false, true] {
        let begin = || {
            let mut world = World::new(Settings {
                amnesia,
                ..Settings::default()
            });
            world.run(2_000);
            world
        };
        let deed = |world: &mut World| {
            reserve(world, 7, 1, "MINE");
            world.plug(1);
            world.card("OTHER");
            world.run(1_000);
            world.card("MINE");
            world.run(5_000);
        };
        let mut clean = begin();
        let before = clean.events;
        deed(&mut clean);
        assert_eq!(clean.last("StartTransaction").payload["reservationId"], 7);
        for event in before + 1..=clean.events {
            for behind in [false, true] {
                let mut world = begin();
                world.cut_at = Some((event, behind));
                deed(&mut world);
                world.run(60_000);
                let starts = world.all("StartTransaction");
                let wrong = starts.iter().any(|sent| sent.payload["idTag"] == "OTHER");
                let made = world
                    .answers
                    .values()
                    .any(|answer| answer["status"] == "Accepted");
                assert!(!(made && wrong), "{event} {behind}: {:#?}", world.log());
                // Used up by its holder, or still there.
                let used = starts.iter().any(|sent| sent.payload["reservationId"] == 7);
                let left = cancel(&mut world, 7) == "Accepted";
                assert!(!(used && left), "{event} {behind}");
                assert!(
                    !made || used || left,
                    "{event} {behind}: {:#?}",
                    world.log()
                );
            }
        }
    }
}
