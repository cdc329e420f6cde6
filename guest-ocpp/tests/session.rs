//! A whole session, remote start and stop, with and without amnesia.

use plugpoint_ocpp_world::{Settings, World};
use serde_json::json;

fn worlds() -> impl Iterator<Item = World> {
    [false, true].into_iter().map(|amnesia| {
        let mut world = World::new(Settings {
            amnesia,
            ..Settings::default()
        });
        world.run(1_000);
        assert_eq!(
            world.news(),
            ["Boot", "Status(0,Available)", "Status(1,Available)"],
            "{:#?}",
            world.log()
        );
        world
    })
}

#[test]
fn plug_card_charge_card_unplug() {
    for mut world in worlds() {
        world.plug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Preparing)"]);
        world.card("TAG1");
        world.run(1_000);
        assert_eq!(
            world.news(),
            ["Authorize(TAG1)", "Start(TAG1)", "Status(1,Charging)"]
        );
        assert_eq!(world.shows(1, "transaction"), "1001");
        world.run(180_000);
        assert_eq!(world.news(), ["MeterValues", "MeterValues", "MeterValues"]);
        world.card("tag1");
        world.run(1_000);
        assert_eq!(world.news(), ["Stop(Local)", "Status(1,Finishing)"]);
        world.unplug(1);
        world.run(1_000);
        assert_eq!(world.news(), ["Status(1,Available)"]);
        let start = world.last("StartTransaction").payload["meterStart"]
            .as_i64()
            .unwrap();
        let stop = world.last("StopTransaction").payload["meterStop"]
            .as_i64()
            .unwrap();
        assert_eq!(stop - start, (world.outlets[0].delivered_mwh / 1000) as i64);
        assert!(stop > start);
        assert_eq!(world.shows(0, "queue"), "0");
    }
}

#[test]
fn remote_start_and_stop() {
    for mut world in worlds() {
        world.plug(1);
        let answer = world.call(
            "RemoteStartTransaction",
            json!({"connectorId": 1, "idTag": "TAG1"}),
        );
        assert_eq!(answer, json!({"status": "Accepted"}));
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
        let answer = world.call("RemoteStopTransaction", json!({"transactionId": 1001}));
        assert_eq!(answer, json!({"status": "Accepted"}));
        world.run(1_000);
        assert_eq!(world.news(), ["Stop(Remote)", "Status(1,Finishing)"]);
    }
}
