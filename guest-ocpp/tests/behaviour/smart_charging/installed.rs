//! What is taken, refused and cleared, and what the power does to it.

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::World;
use serde_json::{Value, json};

use super::{clear, limit, profile, set, with, word};
use crate::{fixed, worlds};

#[test]
fn what_cannot_be_is_an_error_that_says_where() {
    let good = || profile(1, "TxDefaultProfile", 10.0);
    let periods = |periods: Value| with(good(), "chargingSchedule.chargingSchedulePeriod", periods);
    let one = |name: &str, value: Value| {
        let mut period = json!({"startPeriod": 0, "limit": 8});
        period[name] = value;
        periods(json!([period]))
    };
    let cases = [
        (7, good(), "PropertyConstraintViolation", "connectorId 7"),
        (
            1,
            json!({}),
            "OccurenceConstraintViolation",
            "chargingProfileId",
        ),
        (
            1,
            with(good(), "stackLevel", json!(-1)),
            "PropertyConstraintViolation",
            "stackLevel",
        ),
        (
            1,
            with(good(), "chargingProfilePurpose", json!("Tx")),
            "PropertyConstraintViolation",
            "chargingProfilePurpose",
        ),
        (
            1,
            with(good(), "chargingProfileKind", json!("Daily")),
            "PropertyConstraintViolation",
            "chargingProfileKind",
        ),
        (
            1,
            with(good(), "chargingProfileKind", json!("Recurring")),
            "OccurenceConstraintViolation",
            "recurrencyKind",
        ),
        (
            1,
            with(good(), "recurrencyKind", json!("Monthly")),
            "PropertyConstraintViolation",
            "recurrencyKind",
        ),
        (
            1,
            with(good(), "validFrom", json!("yesterday")),
            "PropertyConstraintViolation",
            "validFrom",
        ),
        (
            1,
            with(good(), "chargingSchedule.chargingRateUnit", json!("kW")),
            "PropertyConstraintViolation",
            "chargingSchedule: chargingRateUnit",
        ),
        (
            1,
            with(good(), "chargingSchedule.duration", json!(-5)),
            "PropertyConstraintViolation",
            "duration",
        ),
        (
            1,
            periods(json!([])),
            "OccurenceConstraintViolation",
            "chargingSchedulePeriod",
        ),
        (
            1,
            periods(json!(5)),
            "TypeConstraintViolation",
            "chargingSchedulePeriod",
        ),
        (
            1,
            periods(json!([{"startPeriod": 5, "limit": 8}])),
            "PropertyConstraintViolation",
            "[0]: startPeriod",
        ),
        (
            1,
            periods(json!([{"startPeriod": 0, "limit": 8}, {"startPeriod": 0, "limit": 9}])),
            "PropertyConstraintViolation",
            "[1]: startPeriod",
        ),
        (
            1,
            periods(json!([{"startPeriod": 0}])),
            "OccurenceConstraintViolation",
            "[0]: limit",
        ),
        (
            1,
            one("limit", json!(-0.1)),
            "PropertyConstraintViolation",
            "[0]: limit",
        ),
        (
            1,
            one("limit", json!("8")),
            "TypeConstraintViolation",
            "[0]: limit",
        ),
        (
            1,
            one("limit", json!(1e300)),
            "PropertyConstraintViolation",
            "[0]: limit",
        ),
        (
            1,
            one("numberPhases", json!(4)),
            "PropertyConstraintViolation",
            "[0]: numberPhases",
        ),
    ];
    for mut world in fixed(&[]) {
        for (connector, bad, code, place) in &cases {
            assert_eq!(set(&mut world, *connector, bad.clone()), *code, "{bad}");
            let said = world.errors.last().expect("a description");
            assert!(said.contains(place), "{bad}: {said}");
        }
        // Beyond any number, which no tool of ours would write.
        let text = json!([2, "inf", "SetChargingProfile", {
            "connectorId": 1, "csChargingProfiles": one("limit", json!(777))
        }]);
        world.frame(&text.to_string().replace("777", "1e999"));
        world.run(100);
        assert_eq!(world.answers["inf"], "PropertyConstraintViolation");
        assert_eq!(clear(&mut world, json!({})), "Unknown", "nothing was taken");
        let unit = json!({"connectorId": 1, "duration": 5, "chargingRateUnit": "kW"});
        let answer = world.call("GetCompositeSchedule", unit);
        assert_eq!(answer, "PropertyConstraintViolation");
        let nowhere = json!({"connectorId": 9, "duration": 5});
        assert_eq!(
            word(&world.call("GetCompositeSchedule", nowhere)),
            "Rejected"
        );
    }
}

#[test]
fn what_is_too_much_is_rejected() {
    let keys = [
        ("ChargeProfileMaxStackLevel", "2"),
        ("ChargingScheduleMaxPeriods", "3"),
        ("MaxChargingProfilesInstalled", "2"),
        ("ChargingScheduleAllowedChargingRateUnit", "Current"),
    ];
    for mut world in fixed(&keys) {
        let level = |id: i64, level: i64| {
            with(
                profile(id, "TxDefaultProfile", 10.0),
                "stackLevel",
                json!(level),
            )
        };
        assert_eq!(set(&mut world, 1, level(1, 3)), "Rejected");
        let four: Vec<Value> = (0..4)
            .map(|second| json!({"startPeriod": second, "limit": 8}))
            .collect();
        let long = with(
            level(1, 0),
            "chargingSchedule.chargingSchedulePeriod",
            json!(four),
        );
        assert_eq!(set(&mut world, 1, long), "Rejected");
        let watts = with(level(1, 0), "chargingSchedule.chargingRateUnit", json!("W"));
        assert_eq!(set(&mut world, 1, watts), "NotSupported");
        let overall = profile(1, "ChargePointMaxProfile", 10.0);
        assert_eq!(set(&mut world, 1, overall), "Rejected");
        assert_eq!(set(&mut world, 1, level(1, 0)), "Accepted");
        assert_eq!(set(&mut world, 1, level(2, 1)), "Accepted");
        assert_eq!(set(&mut world, 1, level(3, 2)), "Rejected");
        // One that replaces another is none too many: by its place, or by its id.
        assert_eq!(set(&mut world, 1, level(3, 1)), "Accepted");
        assert_eq!(set(&mut world, 1, level(3, 2)), "Accepted");
        assert_eq!(clear(&mut world, json!({"id": 2})), "Unknown");
        let unit = json!({"connectorId": 1, "duration": 5, "chargingRateUnit": "W"});
        assert_eq!(word(&world.call("GetCompositeSchedule", unit)), "Rejected");
    }
}

#[test]
fn what_is_cleared_fits_in_all_that_is_said() {
    for mut world in worlds(&[Cable::Fixed, Cable::Fixed], &[]) {
        let fill = |world: &mut World| {
            clear(world, json!({}));
            for (connector, id, purpose, level) in [
                (0, 1, "ChargePointMaxProfile", 0),
                (0, 2, "TxDefaultProfile", 0),
                (1, 3, "TxDefaultProfile", 0),
                (1, 4, "TxDefaultProfile", 1),
                (2, 5, "TxDefaultProfile", 1),
            ] {
                let profile = with(profile(id, purpose, 10.0), "stackLevel", json!(level));
                assert_eq!(set(world, connector, profile), "Accepted");
            }
        };
        for (request, gone) in [
            (json!({"id": 3}), vec![3]),
            (json!({"id": 3, "connectorId": 2, "stackLevel": 7}), vec![3]),
            (json!({"connectorId": 0}), vec![1, 2]),
            (json!({"stackLevel": 0}), vec![1, 2, 3]),
            (json!({"stackLevel": 1, "connectorId": 2}), vec![5]),
            (
                json!({"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}),
                vec![2, 3],
            ),
            (json!({"chargingProfilePurpose": "TxProfile"}), vec![]),
            (json!({"connectorId": 9}), vec![]),
            (json!({}), vec![1, 2, 3, 4, 5]),
        ] {
            fill(&mut world);
            let expected = if gone.is_empty() {
                "Unknown"
            } else {
                "Accepted"
            };
            assert_eq!(clear(&mut world, request.clone()), expected, "{request}");
            let left: Vec<i64> = (1..=5)
                .filter(|id| clear(&mut world, json!({"id": id})) == "Accepted")
                .collect();
            let stays: Vec<i64> = (1..=5).filter(|id| !gone.contains(id)).collect();
            assert_eq!(left, stays, "{request}");
        }
    }
}

#[test]
fn the_power_does_not_bring_back_what_was_replaced_or_cleared() {
    for mut world in fixed(&[]) {
        let default = |id: i64, limit: f64| profile(id, "TxDefaultProfile", limit);
        assert_eq!(set(&mut world, 1, default(1, 10.0)), "Accepted");
        world.power_cycle();
        world.run(2_000);
        assert_eq!(limit(&mut world, 1), 10.0);
        // The same place, another id.
        assert_eq!(set(&mut world, 1, default(2, 12.0)), "Accepted");
        world.power_cycle();
        world.run(2_000);
        assert_eq!(limit(&mut world, 1), 12.0);
        assert_eq!(clear(&mut world, json!({"id": 1})), "Unknown");
        // The same id, another place.
        assert_eq!(set(&mut world, 0, default(2, 14.0)), "Accepted");
        world.power_cycle();
        world.run(2_000);
        assert_eq!(limit(&mut world, 1), 14.0);
        assert_eq!(clear(&mut world, json!({})), "Accepted");
        world.power_cycle();
        world.run(2_000);
        assert_eq!(limit(&mut world, 1), 32.0);
    }
}

/// Whether the flash is written to by what a test does.
fn writes(world: &mut World, act: impl FnOnce(&mut World)) -> bool {
    world.run(60_000);
    world.flash.broken = true;
    act(world);
    let failed = world.log().iter().any(|line| line.contains("stored"));
    world.flash.broken = false;
    failed
}

#[test]
fn a_profile_that_only_comes_again_is_not_written() {
    let [mut world, _] = fixed(&[]);
    let default = profile(1, "TxDefaultProfile", 10.0);
    assert_eq!(set(&mut world, 1, default.clone()), "Accepted");
    let again = default.clone();
    assert!(!writes(&mut world, |world| {
        assert_eq!(set(world, 1, again), "Accepted");
    }));
    assert!(writes(&mut world, |world| {
        let other = with(default, "stackLevel", json!(1));
        assert_eq!(set(world, 1, other), "InternalError");
    }));
}

#[test]
fn finer_limits_are_rounded_down_to_tenths() {
    for mut world in fixed(&[]) {
        for (limit_set, shown) in [(8.1, 8.1), (16.67, 16.6), (9.999, 9.9), (7.0, 7.0)] {
            let default = profile(1, "TxDefaultProfile", limit_set);
            assert_eq!(set(&mut world, 1, default), "Accepted");
            assert_eq!(limit(&mut world, 1), shown);
        }
    }
}

#[test]
fn the_answer_has_its_start_once_or_twice() {
    for (value, repeated) in [("true", true), ("false", false)] {
        for mut world in fixed(&[("PlugpointCompositeStartSchedule", value)]) {
            let request = json!({"connectorId": 1, "duration": 300});
            let answer = world.call("GetCompositeSchedule", request);
            let start = &answer["scheduleStart"];
            assert_eq!(answer["connectorId"], 1);
            let schedule = &answer["chargingSchedule"];
            assert_eq!(schedule.get("startSchedule"), repeated.then_some(start));
            assert_eq!(schedule["duration"], 300);
            assert_eq!(schedule["chargingRateUnit"], "A");
            let only = json!([{"startPeriod": 0, "limit": 32, "numberPhases": 3}]);
            assert_eq!(schedule["chargingSchedulePeriod"], only);
        }
    }
}
