//! More than one connector.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{World, close};
use serde_json::json;

use crate::worlds;

fn two() -> [World; 2] {
    worlds(&[Cable::Fixed, Cable::Socket], &[])
}

#[test]
fn one_reader_serves_two_overlapping_sessions() {
    for mut world in two() {
        world.plug(2);
        world.card("TAG2");
        world.run(2_000);
        world.plug(1);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.last("StartTransaction").payload["connectorId"], 1);
        world.card("TAG2");
        world.run(2_000);
        assert_eq!(world.last("StopTransaction").payload["transactionId"], 1001);
        world.unplug(2);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.last("StopTransaction").payload["transactionId"], 1002);
        assert_eq!(close(&world).unwrap().len(), 2);
    }
}

#[test]
fn cards_at_all_connectors_at_once_are_all_served() {
    for mut world in worlds(&[Cable::Fixed; 10], &[("MinimumStatusDuration", "0")]) {
        world.central.latency_ms = 2_000;
        for outlet in 1..=10 {
            world.plug(outlet);
            world.card(&format!("TAG{outlet}"));
        }
        world.run(120_000);
        for outlet in &world.outlets {
            assert_eq!(outlet.closings, 1, "connector {}", outlet.state.outlet);
        }
    }
}

#[test]
fn a_card_before_the_plug_counts_for_whichever_is_plugged_in() {
    for mut world in two() {
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(world.news(), ["Authorize(TAG1)"]);
        world.plug(2);
        world.run(2_000);
        assert_eq!(
            world.news(),
            ["Status(2,Preparing)", "Start(TAG1)", "Status(2,Charging)"]
        );
        world.plug(1);
        world.run(2_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"], "it counts once");
    }
}

#[test]
fn a_remote_start_without_connector_takes_the_car_that_waits() {
    for mut world in two() {
        world.plug(2);
        world.run(1_000);
        assert_eq!(
            world.call("RemoteStartTransaction", json!({"idTag": "TAG1"}))["status"],
            "Accepted"
        );
        world.run(2_000);
        assert_eq!(world.last("StartTransaction").payload["connectorId"], 2);
    }
}

#[test]
fn the_whole_charger_goes_out_of_order_when_the_last_session_ends() {
    for mut world in two() {
        world.plug(1);
        world.card("TAG1");
        world.run(2_000);
        world.news();
        let order = json!({"connectorId": 0, "type": "Inoperative"});
        assert_eq!(
            world.call("ChangeAvailability", order)["status"],
            "Scheduled"
        );
        world.run(1_000);
        assert_eq!(world.news(), ["Status(2,Unavailable)"]);
        world.card("TAG1");
        world.run(2_000);
        assert_eq!(
            world.news(),
            [
                "Stop(Local)",
                "Status(0,Unavailable)",
                "Status(1,Unavailable)"
            ]
        );
        world.power_cycle();
        world.run(2_000);
        let order = json!({"connectorId": 0, "type": "Operative"});
        world.news();
        assert_eq!(
            world.call("ChangeAvailability", order)["status"],
            "Accepted"
        );
        world.run(1_000);
        assert_eq!(
            world.news(),
            [
                "Status(0,Available)",
                "Status(1,Preparing)",
                "Status(2,Available)"
            ]
        );
    }
}
