//! Profiles of transactions, also those that a remote start brings along.

use plugpoint_ocpp_world::World;
use serde_json::{Value, json};

use super::{clear, limit, offered, profile, set, transaction, with, word};
use crate::{charge, fixed, leave};

#[test]
fn a_profile_of_a_transaction_is_for_this_one_only() {
    for mut world in fixed(&[]) {
        assert_eq!(set(&mut world, 1, profile(1, "TxProfile", 8.0)), "Rejected");
        charge(&mut world, "TAG1");
        let id = transaction(&world);
        let of =
            |id: i64, limit: f64| with(profile(1, "TxProfile", limit), "transactionId", json!(id));
        assert_eq!(set(&mut world, 0, of(id, 8.0)), "Rejected");
        assert_eq!(set(&mut world, 1, of(id + 1, 8.0)), "Rejected");
        assert_eq!(offered(&world, 1), 32_000);
        assert_eq!(set(&mut world, 1, of(id, 8.0)), "Accepted");
        assert_eq!(offered(&world, 1), 8_000);
        // Without a number it is for the one that is running.
        assert_eq!(set(&mut world, 1, profile(2, "TxProfile", 9.0)), "Accepted");
        assert_eq!(offered(&world, 1), 9_000);
        leave(&mut world, "TAG1");
        assert_eq!(limit(&mut world, 1), 32.0);
        assert_eq!(clear(&mut world, json!({})), "Unknown");
        charge(&mut world, "TAG1");
        assert_eq!(offered(&world, 1), 32_000);
        let kept = world.flash.keys().any(|key| key.contains("transaction/"));
        assert!(!kept, "{:?}", world.flash.keys().collect::<Vec<_>>());
    }
}

fn remote_start(world: &mut World, profile: Value) -> String {
    let request = json!({"idTag": "TAG1", "connectorId": 1, "chargingProfile": profile});
    word(&world.call("RemoteStartTransaction", request))
}

#[test]
fn a_remote_start_brings_its_profile_along() {
    for mut world in fixed(&[]) {
        assert_eq!(
            remote_start(&mut world, profile(1, "TxProfile", 9.0)),
            "Accepted"
        );
        world.run(1_000);
        assert_eq!(limit(&mut world, 1), 32.0, "it is of no transaction yet");
        world.permits.clear();
        world.plug(1);
        world.run(2_000);
        assert_eq!(offered(&world, 1), 9_000);
        // There was never more, not for a moment.
        assert_eq!(world.permits.len(), 1);
        let id = transaction(&world);
        // The same stack level for the transaction replaces it (errata 3.42).
        let next = with(profile(2, "TxProfile", 11.0), "transactionId", json!(id));
        assert_eq!(set(&mut world, 1, next), "Accepted");
        assert_eq!(offered(&world, 1), 11_000);
        assert_eq!(clear(&mut world, json!({"id": 1})), "Unknown");
    }
}

#[test]
fn the_profile_of_a_remote_start_goes_with_its_grant() {
    for mut world in fixed(&[("ConnectionTimeOut", "30")]) {
        assert_eq!(
            remote_start(&mut world, profile(1, "TxProfile", 9.0)),
            "Accepted"
        );
        world.run(40_000);
        charge(&mut world, "TAG1");
        assert_eq!(offered(&world, 1), 32_000);
    }
}

#[test]
fn a_remote_start_with_another_profile_starts_nothing() {
    for mut world in fixed(&[]) {
        world.plug(1);
        for (bad, expected) in [
            (profile(1, "TxDefaultProfile", 9.0), "Rejected"),
            (
                with(profile(1, "TxProfile", 9.0), "transactionId", json!(5)),
                "Rejected",
            ),
            (
                with(profile(1, "TxProfile", 9.0), "stackLevel", json!(50)),
                "Rejected",
            ),
            (json!({}), "OccurenceConstraintViolation"),
        ] {
            assert_eq!(remote_start(&mut world, bad), expected);
        }
        world.run(5_000);
        assert!(world.all("StartTransaction").is_empty());
    }
}

#[test]
fn without_smart_charging_the_profile_of_a_remote_start_is_ignored() {
    for mut world in fixed(&[("SupportedFeatureProfiles", "Core")]) {
        world.plug(1);
        assert_eq!(
            remote_start(&mut world, profile(1, "TxProfile", 9.0)),
            "Accepted"
        );
        world.run(5_000);
        assert_eq!(offered(&world, 1), 32_000);
        for call in [
            "SetChargingProfile",
            "ClearChargingProfile",
            "GetCompositeSchedule",
        ] {
            assert_eq!(world.call(call, json!({})), "NotSupported");
        }
    }
}
