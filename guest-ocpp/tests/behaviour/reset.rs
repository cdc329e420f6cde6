//! Reset, when things do not go as they should.

use plugpoint_ocpp_world::{Reply, close};
use serde_json::json;

use crate::{charge, fixed};

#[test]
fn a_reset_that_is_asked_for_again_comes_no_later() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.central.always("StopTransaction", Reply::Silence);
        for _ in 0..9 {
            let answer = world.call("Reset", json!({"type": "Hard"}));
            assert_eq!(answer["status"], "Accepted");
            assert_eq!(world.restarts, 0);
            world.run(1_000);
        }
        world.run(2_000);
        assert_eq!(world.restarts, 1, "after the 10 s of the first");
        world.central.relent("StopTransaction");
        world.run(400_000);
        world.unplug(1);
        world.run(1_000);
        close(&world).unwrap();
    }
}

#[test]
fn a_reset_that_is_not_carried_out_is_tried_as_often_as_configured_and_given_up() {
    for mut world in fixed(&[("ResetRetries", "2")]) {
        world.ignores_restarts = true;
        world.call("Reset", json!({"type": "Soft"}));
        world.run(20_000);
        assert_eq!(world.restarts, 1);
        world.run(300_000);
        assert_eq!(world.restarts, 3, "once, and two retries");
        let complaint = |line: &String| line.starts_with("Error: soft reset was not carried out");
        assert!(world.log().iter().any(complaint));
        // Somebody is served again.
        charge(&mut world, "TAG1");
        assert_eq!(world.shows(1, "status"), "Charging");
    }
}

#[test]
fn a_full_disk_is_named_and_does_not_keep_a_charger_from_being_reset() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.flash.broken = true;
        assert_eq!(
            world.call("Reset", json!({"type": "Hard"})),
            "InternalError"
        );
        let why = world.errors.last().unwrap();
        assert!(why.contains("disk is full or failing"), "{why}");
        let answer = world.call("Reset", json!({"type": "Hard"}));
        assert_eq!(answer["status"], "Accepted");
        world.run(15_000);
        assert_eq!(world.restarts, 1);
        world.flash.broken = false;
        world.run(700_000);
        assert_eq!(close(&world).unwrap().len(), 1);
        assert_eq!(world.last("StopTransaction").payload["reason"], "Reboot");
    }
}
