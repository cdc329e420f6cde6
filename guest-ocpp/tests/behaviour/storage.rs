//! A flash that takes nothing any more.

use plugpoint_ocpp_world::close;
use serde_json::json;

use crate::{charge, fixed};

#[test]
fn what_is_charging_goes_on() {
    for mut world in fixed(&[("MeterValueSampleInterval", "10")]) {
        charge(&mut world, "TAG1");
        world.flash.broken = true;
        world.run(600_000);
        assert_eq!(world.outlets[0].closings, 1);
        assert!(world.outlets[0].state.permit.is_some());
        let change = json!({"key": "HeartbeatInterval", "value": "77"});
        assert_eq!(
            world.call("ChangeConfiguration", change)["status"],
            "Rejected"
        );
        let ask = json!({"key": ["HeartbeatInterval"]});
        assert_eq!(
            world.call("GetConfiguration", ask)["configurationKey"][0]["value"],
            "3600"
        );
        world.unplug(1);
        world.run(10_000);
        world.flash.broken = false;
        world.run(700_000);
        assert_eq!(
            close(&world).unwrap().len(),
            1,
            "ended as soon as that can be kept"
        );
    }
}

#[test]
fn a_charger_starts_and_answers_without_keeping_anything() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.flash.broken = true;
        world.power_cycle();
        world.run(60_000);
        assert_eq!(world.shows(0, "registration"), "Accepted");
        assert!(
            world.outlets[0].state.permit.is_none(),
            "what the power broke off stays off"
        );
        world.flash.broken = false;
        world.run(700_000);
        let told = close(&world).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(world.last("StopTransaction").payload["reason"], "PowerLoss");
    }
}

#[test]
fn nothing_is_begun_that_could_not_be_kept() {
    for mut world in fixed(&[]) {
        world.flash.broken = true;
        charge(&mut world, "TAG1");
        world.run(30_000);
        assert_eq!(world.outlets[0].closings, 0);
        world.unplug(1);
        world.flash.broken = false;
        world.run(700_000);
        charge(&mut world, "TAG1");
        assert_eq!(world.outlets[0].closings, 1);
    }
}
