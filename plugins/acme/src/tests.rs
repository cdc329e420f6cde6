//! The component in a simulated world: virtual time, a car, a central system. Once with
//! one instance for ever, once with a fresh one for each event.

use plugpoint_ocpp_world::{Settings, World};
use serde_json::json;

fn worlds() -> [World; 2] {
    [false, true].map(|amnesia| {
        let mut world = World::new(Settings {
            build: &crate::BUILD,
            amnesia,
            ..Settings::default()
        });
        world.run(1_000);
        world
    })
}

fn charge(world: &mut World) {
    world.plug(1);
    world.card("04A1B2C3");
    world.run(60_000);
    world.unplug(1);
    world.run(2_000);
}

fn sessions(world: &mut World) -> String {
    let request = json!({"vendorId": "com.example.acme", "messageId": "Sessions"});
    let answer = world.call("DataTransfer", request);
    assert_eq!(answer["status"], "Accepted");
    answer["data"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn sessions_are_counted_also_over_a_power_cut() {
    for mut world in worlds() {
        assert_eq!(sessions(&mut world), "0");
        charge(&mut world);
        world.power_cycle();
        world.run(2_000);
        charge(&mut world);
        assert_eq!(sessions(&mut world), "2");
    }
}

#[test]
fn each_session_is_reported_unless_that_is_switched_off() {
    for mut world in worlds() {
        charge(&mut world);
        let report = world.last("DataTransfer").payload.clone();
        assert_eq!(report["messageId"], "SessionReport");
        let data = report["data"].as_str().unwrap_or_default();
        assert!(data.starts_with(r#"{"connector":1,"energyWh":"#), "{data}");
        let off = json!({"key": "AcmeSessionReports", "value": "false"});
        assert_eq!(world.call("ChangeConfiguration", off)["status"], "Accepted");
        charge(&mut world);
        assert_eq!(world.all("DataTransfer").len(), 1);
    }
}

#[test]
fn other_messages_are_left_to_the_charge_point() {
    for mut world in worlds() {
        for (vendor, status) in [
            ("com.example.acme", "UnknownMessageId"),
            ("com.example.other", "UnknownVendorId"),
        ] {
            let answer = world.call("DataTransfer", json!({"vendorId": vendor}));
            assert_eq!(answer["status"], status);
        }
    }
}
