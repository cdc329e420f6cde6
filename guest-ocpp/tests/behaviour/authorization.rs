//! Cards and wishes.

use plugpoint_guest::protocol::{Attributes, Cable, LinkFailure, LockState, Verdict};
use plugpoint_ocpp_world::Reply;
use serde_json::json;

use crate::{charge, fixed, leave, worlds};

#[test]
fn a_card_while_another_is_asked_about_waits_its_turn() {
    for mut world in fixed(&[]) {
        world.central.latency_ms = 2_000;
        world
            .central
            .tags
            .insert("BAD".to_owned(), json!({"status": "Blocked"}));
        world.plug(1);
        world.run(5_000);
        world.news();
        world.card("BAD");
        world.run(500);
        world.card("TAG1");
        world.card("BAD");
        world.card("tag1");
        world.run(20_000);
        assert_eq!(
            world.news(),
            [
                "Authorize(BAD)",
                "Authorize(TAG1)",
                "Start(TAG1)",
                "Status(1,Charging)"
            ]
        );
    }
}

#[test]
fn no_answer_to_authorize_is_like_being_offline() {
    for (unknown, begins) in [("true", 1), ("false", 0)] {
        for mut world in fixed(&[
            ("AllowOfflineTxForUnknownId", unknown),
            ("MessageTimeout", "10"),
        ]) {
            world.central.always("Authorize", Reply::Silence);
            charge(&mut world, "TAG1");
            world.run(5_000);
            assert_eq!(world.outlets[0].closings, 0);
            world.run(10_000);
            assert_eq!(world.outlets[0].closings, begins);
        }
    }
}

#[test]
fn a_link_that_drops_while_asking_is_like_being_offline() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        world.central.always("Authorize", Reply::Silence);
        charge(&mut world, "TAG1");
        world.cut_link(LinkFailure::Silent);
        world.run(1_000);
        assert_eq!(world.outlets[0].closings, 1);
    }
}

#[test]
fn offline_the_cache_counts_and_what_is_not_accepted_there_is_refused() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        let bad = json!({"status": "Blocked"});
        let old = json!({"status": "Accepted", "expiryDate": "2026-11-22T12:01:00+00"});
        world.central.tags.insert("BAD".to_owned(), bad);
        world.central.tags.insert("OLD".to_owned(), old);
        for tag in ["BAD", "OLD", "GOOD"] {
            charge(&mut world, tag);
            leave(&mut world, tag);
        }
        assert_eq!(world.outlets[0].closings, 2);
        world.run(60_000);
        world.set_online(false);
        for (tag, closings) in [("bad", 2), ("old", 2), ("good", 3), ("new", 4)] {
            charge(&mut world, tag);
            leave(&mut world, tag);
            assert_eq!(world.outlets[0].closings, closings, "{tag}");
        }
    }
}

/// The world's policy is `guest-policy` itself: the rules here are those of a charger.
#[test]
fn offline_a_card_that_was_refused_gains_nothing_from_the_list_and_cache_not_counting() {
    for mut world in fixed(&[
        ("LocalAuthorizeOffline", "false"),
        ("AllowOfflineTxForUnknownId", "true"),
    ]) {
        let bad = json!({"status": "Blocked"});
        world.central.tags.insert("BAD".to_owned(), bad);
        charge(&mut world, "BAD");
        leave(&mut world, "BAD");
        world.set_online(false);
        charge(&mut world, "BAD");
        assert_eq!(world.outlets[0].closings, 0);
        world.unplug(1);
        charge(&mut world, "NEW");
        assert_eq!(world.outlets[0].closings, 1);
    }
}

#[test]
fn the_cache_is_bounded_and_survives_the_power() {
    let [mut world, _] = fixed(&[]);
    for number in 0..300 {
        charge(&mut world, &format!("TAG{number}"));
        leave(&mut world, &format!("TAG{number}"));
    }
    let kept = world
        .flash
        .keys()
        .filter(|key| key.starts_with("cache/"))
        .count();
    assert_eq!(kept, 250);
    world.power_cycle();
    world.set_online(false);
    charge(&mut world, "TAG299");
    assert_eq!(world.outlets[0].closings, 301);
    leave(&mut world, "TAG299");
    charge(&mut world, "TAG0");
    assert_eq!(world.outlets[0].closings, 301, "the oldest is gone");
}

#[test]
fn a_verdict_limits_current_and_energy() {
    for mut world in fixed(&[]) {
        let attributes = Attributes {
            limit_ma: Some(6_000),
            energy_limit_wh: Some(100),
            ..Attributes::default()
        };
        world
            .verdicts
            .insert("TAG1".to_owned(), Verdict::Accept(attributes));
        charge(&mut world, "TAG1");
        let permit = world.outlets[0].state.permit.clone().unwrap();
        assert_eq!(
            (permit.limit_ma, permit.energy_limit_wh, permit.phases),
            (6_000, Some(100), 3)
        );
    }
}

#[test]
fn free_vend_needs_no_card() {
    for mut world in fixed(&[]) {
        world
            .verdicts
            .insert(String::new(), Verdict::Accept(Attributes::default()));
        world.plug(1);
        world.run(2_000);
        assert_eq!(
            world.news(),
            [
                "Status(1,Preparing)",
                "Start(FREEVEND)",
                "Status(1,Charging)"
            ]
        );
    }
}

#[test]
fn a_second_remote_start_is_refused_while_the_first_is_on_its_way() {
    for mut world in fixed(&[]) {
        let request = json!({"idTag": "TAG1"});
        assert_eq!(
            world.call("RemoteStartTransaction", request.clone())["status"],
            "Accepted"
        );
        assert_eq!(
            world.call("RemoteStartTransaction", request)["status"],
            "Rejected"
        );
    }
}

#[test]
fn a_tag_that_is_too_long_is_refused() {
    for mut world in fixed(&[]) {
        world.plug(1);
        world.card("X16WG99J2QIEGCC0MCJ5-");
        world.run(2_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        // Nor would the first 20 characters do, which are somebody's.
        world.card(&format!("{:0<255}", "TAG1"));
        world.run(2_000);
        assert!(world.news().is_empty());
        let log = world.log().join("\n");
        assert!(log.contains("its token has 255 characters"), "{log}");
    }
}

#[test]
fn a_socket_is_locked_before_and_released_after() {
    for mut world in worlds(&[Cable::Socket], &[]) {
        world.plug(1);
        world.run(1_000);
        assert_eq!(world.outlets[0].state.lock, LockState::Unlocked);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.outlets[0].state.lock, LockState::Locked);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.outlets[0].state.lock, LockState::Unlocked);
    }
}

#[test]
fn after_a_power_failure_the_plug_is_released() {
    for mut world in worlds(&[Cable::Socket], &[]) {
        charge(&mut world, "TAG1");
        world.power_cycle();
        world.run(2_000);
        assert_eq!(world.outlets[0].state.lock, LockState::Unlocked);
    }
}
