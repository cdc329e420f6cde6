//! Boards that do not know the time.

use plugpoint_ocpp_world::{Reply, Settings, World};
use serde_json::json;

use crate::time_of;

fn world(ocpp: &[(&str, &str)], amnesia: bool) -> World {
    let ocpp = ocpp
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    World::new(Settings {
        has_clock: false,
        ocpp,
        amnesia,
        ..Settings::default()
    })
}

/// The central system's word is a few ms on its way.
fn assert_near(stamp: &str, expected: &str) {
    assert!(
        (time_of(stamp) - time_of(expected)).abs() <= 20,
        "{stamp} is not {expected}"
    );
}

fn stamp(world: &World, action: &str) -> String {
    world.last(action).payload["timestamp"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn nothing_is_begun_that_could_not_be_given_a_time() {
    for amnesia in [false, true] {
        let mut world = world(&[("AllowOfflineTxForUnknownId", "true")], amnesia);
        world.set_online(false);
        world.plug(1);
        world.card("TAG1");
        world.run(10_000);
        assert_eq!(world.outlets[0].closings, 0);
        world.set_online(true);
        world.run(2_000);
        world.card("TAG1");
        world.run(2_000);
        assert_near(
            &stamp(&world, "StartTransaction"),
            "2026-11-22T12:00:12.000Z",
        );
    }
}

#[test]
fn what_was_noted_before_is_given_its_time_later() {
    for amnesia in [false, true] {
        let keys = [
            ("AllowOfflineTxForUnknownId", "true"),
            ("PlugpointOfflineTransactionsWithoutClock", "true"),
        ];
        let mut world = world(&keys, amnesia);
        world.set_online(false);
        world.plug(1);
        world.card("TAG1");
        world.run(30_000);
        world.card("TAG1");
        world.run(1_000);
        world.set_online(true);
        world.run(2_000);
        assert_near(
            &stamp(&world, "StartTransaction"),
            "2026-11-22T12:00:00.000Z",
        );
        assert_near(
            &stamp(&world, "StopTransaction"),
            "2026-11-22T12:00:30.200Z",
        );
    }
}

#[test]
fn also_over_a_power_failure_and_the_same_each_time() {
    for amnesia in [false, true] {
        let keys = [
            ("AllowOfflineTxForUnknownId", "true"),
            ("PlugpointOfflineTransactionsWithoutClock", "true"),
            ("TransactionMessageRetryInterval", "5"),
        ];
        let mut world = world(&keys, amnesia);
        world.set_online(false);
        world.plug(1);
        world.card("TAG1");
        world.run(30_000);
        world.card("TAG1");
        world.run(1_000);
        world.power_cycle();
        world
            .central
            .plan("StartTransaction", Reply::Error("InternalError"));
        world.set_online(true);
        world.run(20_000);
        let starts = world.all("StartTransaction");
        assert_eq!(starts.len(), 2);
        assert_eq!(starts[0].payload, starts[1].payload);
        // A boot that never knew the time ended before the next one began.
        let (start, stop) = (
            stamp(&world, "StartTransaction"),
            stamp(&world, "StopTransaction"),
        );
        assert!(start < stop, "{start} {stop}");
        assert!(stop.as_str() <= "2026-11-22T12:00:33", "{stop}");
        assert!(start.as_str() >= "2026-11-22T11:55:00", "{start}");
    }
}

#[test]
fn the_central_system_s_time_counts_at_once() {
    for amnesia in [false, true] {
        let mut world = world(&[], amnesia);
        let boot =
            json!({"status": "Accepted", "currentTime": "2030-01-01T00:00:00+02", "interval": 60});
        world.central.plan("BootNotification", Reply::Result(boot));
        world.run(1_000);
        assert_eq!(
            &stamp(&world, "StatusNotification")[..16],
            "2029-12-31T22:00"
        );
    }
}

#[test]
fn milliseconds_can_be_left_out() {
    let mut world = world(&[("PlugpointTimestampMilliseconds", "false")], false);
    world.run(1_000);
    assert_eq!(stamp(&world, "StatusNotification"), "2026-11-22T12:00:00Z");
}

#[test]
fn a_time_that_cannot_be_is_logged_and_not_taken() {
    for amnesia in [false, true] {
        for wrong in [
            "1970-01-01T00:00:00Z",
            "2024-12-31T23:59:59Z",
            "2051-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            let mut world = world(&[], amnesia);
            let boot = json!({"status": "Accepted", "currentTime": wrong, "interval": 60});
            world.central.plan("BootNotification", Reply::Result(boot));
            world.run(1_000);
            assert_eq!(world.shows(0, "registration"), "Accepted");
            let status = &world.last("StatusNotification").payload;
            assert!(status.get("timestamp").is_none(), "{wrong}: {status}");
            let complaint = |line: &String| line.contains("implausible") && line.contains(wrong);
            assert!(world.log().iter().any(complaint), "{wrong}");
            // The next heartbeat says what time it is.
            world.run(61_000);
            world.plug(1);
            world.run(1_000);
            assert_near(
                &stamp(&world, "StatusNotification"),
                "2026-11-22T12:01:02.000Z",
            );
        }
    }
}
